"""Settings as operators write them: taken as meant, or refused in one sentence with a proposal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard.environment.groups import ALL
from dashboard.environment.reading import Environment, read

CYCLR = (
    "CYCLR_API_URL=https://api.test\nCYCLR_SERVICE_URL=https://s.test\n"
    "CYCLR_CLIENT_ID=id\nCYCLR_CLIENT_SECRET=secret\n"
)


def from_process(tmp_path: Path, **settings: str) -> Environment:
    return read({"DESK_VAR": str(tmp_path), **settings}, root=tmp_path)


def from_file(tmp_path: Path, text: str | bytes, **settings: str) -> Environment:
    raw = text if isinstance(text, bytes) else text.encode()
    (tmp_path / ".env").write_bytes(raw)
    return from_process(tmp_path, **settings)


def value(environment: Environment, name: str) -> Any:
    return environment[ALL[name]]


def complaint(tmp_path: Path, text: str | bytes = "", **settings: str) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        from_file(tmp_path, text, **settings)
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("DEFAULT_FROM_EMAIL", '"Acme, Inc." <c@acme.example>', '"Acme, Inc." <c@acme.example>'),
        ("DEFAULT_FROM_EMAIL", "Müller <c@acme.example>", "Müller <c@acme.example>"),
        ("PUBLIC_URL", "HTTPS://Desk.example.com:443/", "https://desk.example.com"),
        ("PUBLIC_URL", "http://[::1]:8000", "http://[::1]:8000"),
        ("ALLOWED_HOSTS", "a.test, b.test ,, .c.test", ["a.test", "b.test", ".c.test"]),
        ("CSRF_TRUSTED_ORIGINS", "https://*.a.test", ["https://*.a.test"]),
        ("BEHIND_TLS_PROXY", "Yes", True),
        ("SSL_REDIRECT", "off", False),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("LOG_LEVEL", "WARN", "WARNING"),
        ("DESK_LEASE_FOR", "2.5", 2.5),
        ("TRUSTED_PROXIES", "2", 2),
        ("DESK_EGRESS_ADDRESSES", "203.0.113.7, 2001:DB8::/32", ["203.0.113.7", "2001:db8::/32"]),
        ("SECRET_KEY", "$HOME${x}", "$HOME${x}"),
        ("SECRET_KEY", " spaces around\r", "spaces around"),
        ("PARTNER_NAME", "Caf’é # 1", "Caf’é # 1"),
        ("PARTNER_NAME", "", ""),
        ("PORT", "", 8000),
        ("LOCAL_CYCLR_OPTIONS", "--world 'my world.json'", ["--world", "my world.json"]),
    ],
)
def test_what_is_right_is_taken_as_it_is_meant(
    name: str, text: str, expected: Any, tmp_path: Path
) -> None:
    assert value(from_process(tmp_path, **{name: text}), name) == expected


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("DEFAULT_FROM_EMAIL", "Acme, Inc. <c@acme.example>", '"Acme, Inc." <c@acme.example>'),
        ("DEFAULT_FROM_EMAIL", "Acme Inc", "Example Ltd <connect@example.com>"),
        ("DEFAULT_FROM_EMAIL", "c@müller.example", "c@xn--mller-kva.example"),
        ("DEFAULT_FROM_EMAIL", "müller@acme.example", "support@example.com"),
        ("DEFAULT_FROM_EMAIL", "a@acme.example, b@acme.example", "connect@example.com"),
        ("SUPPORT_EMAIL", "Jane <jane@acme.example>", "support@example.com"),
        ("DESK_SECURITY_CONTACT", "http://acme.example/", "security@example.com"),
        ("DESK_ADMIN_EMAIL", "anna", "anna@example.com"),
        ("PUBLIC_URL", "https://müller.example", "https://xn--mller-kva.example"),
        ("PUBLIC_URL", "https://faß.example", "https://xn--fa-hia.example"),
        ("PUBLIC_URL", "https://x.example/desk", "https://x.example"),
        ("PUBLIC_URL", "https://x.example?a=b", "https://x.example"),
        ("PUBLIC_URL", "desk.example.com", "https://desk.example.com"),
        ("PUBLIC_URL", "localhost:8000", "http://localhost:8000"),
        ("PUBLIC_URL", "https//x.example", "https://x.example"),
        ("PUBLIC_URL", "https://my_host", "https://desk.example.com"),
        ("PUBLIC_URL", "https://x.example:99999", "https://desk.example.com"),
        ("DESK_URL", "https://x.example    # where staff reach theirs", "https://x.example"),
        ("CYCLR_API_URL", "http://api.cyclr.com", "https://api.cyclr.com"),
        ("CYCLR_API_URL", "https://api.cyclr.com/v1.0", "https://api.cyclr.com"),
        ("CYCLR_CLIENT_ID", "...", "replace the dots"),
        ("ALLOWED_HOSTS", "https://a.test/", "a.test"),
        ("ALLOWED_HOSTS", "a.test:8000", "a.test"),
        ("ALLOWED_HOSTS", "a.test b.test", "separated by commas"),
        ("ALLOWED_HOSTS", "*.a.test", ".a.test"),
        ("ALLOWED_HOSTS", '"a.test, b.test"', "quotation mark"),
        ("CSRF_TRUSTED_ORIGINS", "a.test", "https://a.test"),
        ("BEHIND_TLS_PROXY", "enabled", "true or false"),
        ("BEHIND_TLS_PROXY", "true # as we have one", "true or false"),
        ("WEB_CONCURRENCY", "x", "1 to 64"),
        ("PORT", "99999", "1 to 65535"),
        ("PORT", "８０００", "1 to 65535"),
        ("TRUSTED_PROXIES", "1.5", "0 to 20"),
        ("DESK_EGRESS_ADDRESSES", "desk.example.com", "IP address"),
        ("DESK_EGRESS_ADDRESSES", "203.0.113.7/24", "203.0.113.0/28"),
        ("DESK_LEASE_FOR", "30s", "without a unit"),
        ("DESK_LEASE_FOR", "0,5", "0.5"),
        ("DESK_LEASE_FOR", "0", "above 0"),
        ("CYCLR_CALLS_PER_SECOND", "nan", "number of calls"),
        ("LOG_LEVEL", "loud", "DEBUG, INFO, WARNING or ERROR"),
        ("DESK_PROCESS", "wroker", "worker"),
        ("DESK_VAR", "~/desk", "whole path"),
        ("DESK_VAR", "/srv/desk             # another directory", "behind the path"),
        ("LOCAL_CYCLR_OPTIONS", "--world 'x", "quotation mark"),
        ("PARTNER_NAME", "Zero\N{ZERO WIDTH SPACE}width", "U+200B"),
        ("PARTNER_NAME", "“Acme”", "quotation marks"),
    ],
)
def test_what_cannot_work_is_one_sentence_with_a_proposal(
    name: str, text: str, remedy: str, tmp_path: Path
) -> None:
    said = complaint(tmp_path, **{name: text})

    assert said.startswith(f"{name} ") and said.endswith(".") and "\n" not in said
    assert remedy in said


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("SECRET_KEY", "# python -c s3cret", "comment"),
        ("SECRET_KEY", "s3cret\N{NO-BREAK SPACE}x", "U+00A0"),
        ("CREDENTIAL_KEYS", "s3cret", "32 characters"),
        ("DATABASE_URL", "postgres://u:s3cret#w@h/db", "%23 for #"),
        ("DATABASE_URL", "postgres://u:s3cret/w@h/db", "%2F for /"),
        ("DATABASE_URL", "postgres://u:s3cret@h", "/name"),
        ("DATABASE_URL", "postgres://u:s3cret@h:x/db", "/name"),
        ("DATABASE_URL", "mysql://u:s3cret@h/db", "postgres://"),
        ("DATABASE_URL", "postgres://u:s3cret@h/db?pool=4", "pool is true or false"),
        ("REDIS_URL", "redis://:s3cret#w@h:6379/0", "%23 for #"),
        ("REDIS_URL", "redis://:s3cret@h:6379/x", "redis://127.0.0.1:6379/0"),
        ("REDIS_URL", "unix:///s3cret", "redis://127.0.0.1:6379/0"),
        ("EMAIL_URL", "smtp+tls://u:s3cretä@h.test", "accented"),
        ("EMAIL_URL", "smtp+tls://u:s3cret#@h.test", "%23 for #"),
        ("EMAIL_URL", "smtps://u:s3cret@h.test", "smtp+ssl://"),
        ("EMAIL_URL", "smtp+tls://u:s3cret@h.test:465", "smtp+ssl://"),
        ("EMAIL_URL", "smtp://u:s3cret@h.test", "this machine only"),
    ],
)
def test_a_secret_that_cannot_work_is_not_shown(
    name: str, text: str, remedy: str, tmp_path: Path
) -> None:
    said = complaint(tmp_path, **{name: text})

    assert said.startswith(f"{name} cannot be used: ") and remedy in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p%23w@h:5/db", {"HOST": "h", "PORT": "5", "PASSWORD": "p#w", "NAME": "db"}),
        ("postgres://u@/db?host=/run/PG", {"HOST": "/run/PG", "USER": "u", "NAME": "db"}),
        ("postgres://u@%2Frun%2FPG/db", {"HOST": "/run/PG", "USER": "u", "NAME": "db"}),
        ("postgresql:///db", {"HOST": "", "NAME": "db"}),
        ("postgres://h/db?sslmode=require", {"OPTIONS": {"sslmode": "require"}}),
        ("postgres://h/db?pool=true", {"OPTIONS": {"pool": True}}),
        (
            "postgres://h/db?sslmode=require&pool=True",
            {"OPTIONS": {"sslmode": "require", "pool": True}},
        ),
        ("postgres://h/db?pool=false&sslmode=require", {"OPTIONS": {"sslmode": "require"}}),
        ("sqlite:////srv/my%20desk.sqlite3", {"NAME": "/srv/my desk.sqlite3"}),
        ("sqlite://:memory:", {"NAME": ":memory:"}),
    ],
)
def test_a_database_is_one_address(url: str, expected: dict[str, Any], tmp_path: Path) -> None:
    config = value(from_process(tmp_path, DATABASE_URL=url), "DATABASE_URL")

    assert {name: config[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        ("PARTNER_NAME=Acme   # as customers know us", "PARTNER_NAME", "Acme"),
        ("SECRET_KEY=      # make one", "SECRET_KEY", ""),
        ("SECRET_KEY=#hash$sign", "SECRET_KEY", "#hash$sign"),
        ("export PORT=8001", "PORT", 8001),
        ("PORT = 8001", "PORT", 8001),
        ("PORT=8001\r", "PORT", 8001),
        ("PORT='8001'", "PORT", 8001),
        ("SECRET_KEY='a b # c'", "SECRET_KEY", None),
        ("PARTNER_NAME='a $b # c'", "PARTNER_NAME", "a $b # c"),
        ('ALLOWED_HOSTS="a.test, b.test"', "ALLOWED_HOSTS", ["a.test", "b.test"]),
        ("COMPOSE_PROJECT_NAME=x\nPORT=8001", "PORT", 8001),
        ("PORT=8001\nPORT=8001", "PORT", 8001),
    ],
)
def test_a_line_of_a_file_is_read_as_it_is_meant(
    line: str, name: str, expected: Any, tmp_path: Path
) -> None:
    if expected is None:
        assert f"{name} (.env, line 1) cannot be used" in complaint(tmp_path, line)
    else:
        assert value(from_file(tmp_path, f"{line}\n"), name) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_that_says_its_encoding_is_read(encoding: str, tmp_path: Path) -> None:
    mark = "" if encoding in {"utf-8-sig", "utf-16"} else "\ufeff"
    text = f"{mark}PARTNER_NAME=Müller\r\n".encode(encoding)

    assert value(from_file(tmp_path, text), "PARTNER_NAME") == "Müller"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n# x\n\nPORT\n", ".env, line 4, cannot be read: write PORT=value"),
        ("A=b\nPORT: 8000\n", ".env, line 2, cannot be read: write PORT=value"),
        ("A=b\nSECRET_KEY='abc\n", ".env, line 2, cannot be read: a quotation mark is opened"),
        ("SECRET_KEY='abc' def\n", ".env, line 1, cannot be read: behind the closing"),
        ('SECRET_KEY="a\nB="\n', ".env, line 1, has a value of several lines"),
        ("A=b\nPORT=1\nPORT=2\n", "twice, by PORT (.env, line 2) and PORT (.env, line 3)"),
        ("PORT=1\nPORT_FILE=/x\n", "PORT (.env, line 1) and PORT_FILE (.env, line 2): remove one."),
        ("A=b\nPORT=x\n", "PORT is 'x' (.env, line 2): give a number from 1 to 65535."),
        ("A=b\n\nCYCLR_API_ULR=x\n", "CYCLR_API_ULR (.env, line 3) is no setting: rename it to CY"),
        ("DESK_COLOUR=x\n", "DESK_COLOUR (.env, line 1) is no setting: see docs/settings.md"),
        ("DESK_ENV_FILE=x\n", ".env, line 1: DESK_ENV_FILE works in the environment only."),
        (b"A=b\nPARTNER_NAME=M\xfcller\n", ".env, line 2, is not UTF-8: save the file as UTF-8."),
        ("PORT=8000\n".encode("utf-16-le"), ".env is not plain text: save the file as UTF-8."),
    ],
)
def test_a_line_that_cannot_be_meant_is_named_with_its_number(
    text: str | bytes, said: str, tmp_path: Path
) -> None:
    assert said in complaint(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CYCLR_API_ULR", "CYCLR_API_URL"),
        ("CYCLR_APIURL", "CYCLR_API_URL"),
        ("cyclr_api_url", "CYCLR_API_URL"),
        ("CYCLR-API-URL", "CYCLR_API_URL"),
        ("CYCLR_SECRET", "CYCLR_CLIENT_SECRET"),
        ("CYCLR_CLIENT_SERCET_FILE", "CYCLR_CLIENT_SECRET"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("ALLOWED_HOST", "ALLOWED_HOSTS"),
        ("DESK_SYNC", "DESK_SYNC_EVERY"),
        ("DESK_ENV_FIEL", "DESK_ENV_FILE"),
        ("PROT", "PORT"),
    ],
)
def test_a_near_miss_of_a_name_is_refused(name: str, meant: str, tmp_path: Path) -> None:
    assert f"{name} in the environment is no setting: rename it to {meant}" in complaint(
        tmp_path, **{name: "x"}
    )


@pytest.mark.parametrize(
    "name",
    ["CYCLR", "DESK", "HOME", "POST", "REDIS_PORT", "SECRET_KEY_BASE", "API_URL", "SSL_CERT"],
)
def test_what_is_meant_for_other_programs_is_left_alone(name: str, tmp_path: Path) -> None:
    assert from_process(tmp_path, **{name: "x"}).doubts == []


def test_a_name_of_ours_that_is_near_to_none_is_told(tmp_path: Path) -> None:
    doubts = from_process(tmp_path, CYCLR_UK_ID="x").doubts

    assert doubts == ["CYCLR_UK_ID in the environment is no setting of this dashboard."]


def test_a_value_from_a_file_has_no_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xef\xbb\xbf secret\r\n\n")
    secret = tmp_path / "secret"

    assert value(from_process(tmp_path, SECRET_KEY_FILE=str(secret)), "SECRET_KEY") == "secret"


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read (No such file"), (b" \n", "is empty"), (b"a\nb", "U+000A")],
)
def test_a_file_that_holds_no_value_is_named(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)

    sentence = complaint(tmp_path, SECRET_KEY_FILE=str(file))

    assert said in sentence and str(file) in sentence and "SECRET_KEY_FILE" in sentence


def test_the_environment_counts_before_the_file_and_an_empty_variable_too(tmp_path: Path) -> None:
    found = from_file(tmp_path, "PORT=1\nPARTNER_NAME=File\n", PORT="2", PARTNER_NAME="")

    assert (value(found, "PORT"), value(found, "PARTNER_NAME")) == (2, "")


def test_no_empty_variable_hides_the_keys_that_were_made(tmp_path: Path) -> None:
    (tmp_path / "keys.env").write_text("SECRET_KEY=made\n")

    assert value(from_process(tmp_path, SECRET_KEY=""), "SECRET_KEY") == "made"


@pytest.mark.parametrize("left_out", ["CYCLR_CLIENT_ID", "CYCLR_SERVICE_URL"])
def test_a_console_is_all_of_its_four_settings(left_out: str, tmp_path: Path) -> None:
    text = "".join(line for line in CYCLR.splitlines(True) if not line.startswith(left_out))

    assert f"so {left_out} is needed too" in complaint(tmp_path, text)


def test_a_console_without_its_address_is_told(tmp_path: Path) -> None:
    (doubt,) = from_file(tmp_path, "A=b\nCYCLR_CLIENT_ID=id\n").doubts

    assert doubt.startswith("CYCLR_CLIENT_ID (.env, line 2) is set, so CYCLR_API_URL is needed")


def test_an_empty_address_in_the_environment_asks_for_the_local_cyclr(tmp_path: Path) -> None:
    assert not value(from_file(tmp_path, CYCLR, CYCLR_API_URL=""), "CYCLR_API_URL")


def test_staff_cannot_sign_in_over_http_beside_customers_over_https(tmp_path: Path) -> None:
    said = complaint(tmp_path, PUBLIC_URL="https://c.test", DESK_URL="http://d.test")

    assert "DESK_URL is 'http://d.test': write https://d.test" in said


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    said = complaint(tmp_path, DESK_ENV_FILE=str(tmp_path / "settings"))

    assert said.startswith(f"{tmp_path / 'settings'} cannot be read (No such file")
