"""What people paste: what is taken off, what is asked about, and PEM in its lines."""

from __future__ import annotations

import pytest

from dashboard.common.pasted import clean_pasted, doubt_about, holds_mask, is_mask, name_of

KEY = "pk_live_0123456789"
INVISIBLE = ["\u200b", "\u200c", "\u2060", "\ufeff", "\xad", "\u200e", "\u202c", "\u2800", "\u3164"]
BLANKS = [
    " ",
    "\u00a0",
    "\t",
    "\n",
    "\r\n",
    "\u2028",
    "\u3000",
    "\u202f",
    "\x0b",
    " \u00a0\u200b\n",
]


@pytest.mark.parametrize("extra", [*INVISIBLE, *BLANKS])
def test_blanks_and_invisible_characters_around_a_key_are_taken_off(extra: str) -> None:
    assert (
        clean_pasted(KEY + extra)
        == clean_pasted(extra + KEY)
        == clean_pasted(f"{extra}{KEY}{extra}")
        == KEY
    )


@pytest.mark.parametrize("extra", ["\u200b", "\u2060", "\ufeff", "\xad", "\u200e", "\u202c"])
def test_what_has_no_width_is_meant_nowhere(extra: str) -> None:
    assert clean_pasted(f"pk_{extra}live{extra}_1") == "pk_live_1"


@pytest.mark.parametrize(
    "kept", ["a b", "Jane  Doe", "a\nb", "نام\u200cها", "👩\u200d💻", "x\x00y"]
)
def test_what_stands_within_stays(kept: str) -> None:
    assert clean_pasted(kept) == kept


@pytest.mark.parametrize("extra", ["\t", "\n", "\r\n", "\u200b", "\u2028", "\ufeff\n"])
def test_a_password_loses_what_no_keyboard_types(extra: str) -> None:
    assert clean_pasted(f"{extra}pass word {extra}", is_password=True) == "pass word "


@pytest.mark.parametrize("text", ["pw ", " pw", "pw\u00a0"])
def test_a_space_at_an_end_of_a_password_is_in_doubt(text: str) -> None:
    assert clean_pasted(text, is_password=True) == text
    assert doubt_about(text) == " "


@pytest.mark.parametrize(
    ("text", "doubt"),
    [("pass word", ""), ("a\u00a0b", "\u00a0"), ("a\tb", "\t"), ("a\u2003b", "\u2003"), ("", "")],
)
def test_a_blank_that_looks_like_another_is_in_doubt(text: str, doubt: str) -> None:
    assert doubt_about(text) == doubt


def test_characters_are_named_as_people_look_them_up() -> None:
    assert name_of("\u00a0") == "U+00A0 No-break space"
    assert name_of("\t") == "U+0009 Tab"


# ---- PEM ----

LINES = [
    "MIIBszCCARygAwIBAgIJAJmRzT0y1yqOMA0GCSqGSIb3DQEBCwUAMBQxEjAQBgNV",
    "AKxq1sZ5AKxq1sZ5AKxq1sZ5AQ==",
]
CERTIFICATE = "\n".join(["-----BEGIN CERTIFICATE-----", *LINES, "-----END CERTIFICATE-----\n"])
PRIVATE = CERTIFICATE.replace("CERTIFICATE", "PRIVATE KEY")
LOCKED = "\n".join(
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "Proc-Type: 4,ENCRYPTED",
        "DEK-Info: AES-128-CBC,0123456789ABCDEF",
        "",
        *LINES,
        "-----END RSA PRIVATE KEY-----\n",
    ]
)
PEMS = [CERTIFICATE, PRIVATE, LOCKED, CERTIFICATE + CERTIFICATE + PRIVATE]


@pytest.mark.parametrize("pem", PEMS)
@pytest.mark.parametrize(
    "flattened",
    [
        lambda pem: pem,
        lambda pem: pem.replace("\n", " "),  # as a one-line field or a cell does
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.replace("\n", "\\n"),  # as in JSON and in settings files
        lambda pem: pem.replace("\n", "\\r\\n"),
        lambda pem: '"' + pem.replace("\n", "\\n") + '"',
        lambda pem: "\n\t " + pem + "\u200b\n",
    ],
)
def test_pem_gets_its_lines_back(pem: str, flattened: object) -> None:
    assert clean_pasted(flattened(pem)) == pem  # type: ignore[operator]
    assert clean_pasted(flattened(pem), is_password=True) == pem  # type: ignore[operator]


def test_pem_without_any_blank_is_cut_into_lines() -> None:
    run_together = CERTIFICATE.replace("\n", "")

    assert clean_pasted(run_together) == CERTIFICATE.removesuffix("\n")


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\\nAA==\\n'
        '-----END PRIVATE KEY-----\\n"}',
        "-----BEGIN CERTIFICATE----- and no end",
        "see -----BEGIN A----- AA== -----END A----- below",
        r"a\nb",
    ],
)
def test_what_is_not_pem_alone_stays_as_it_is(text: str) -> None:
    assert clean_pasted(text) == text


@pytest.mark.parametrize("text", ["***", "********", "••••", " ●●●● \n", "■■■", "∙∙∙∙∙∙"])
def test_a_mask_is_known_by_what_it_is_made_of(text: str) -> None:
    assert is_mask(text) and holds_mask(text)


@pytest.mark.parametrize("text", ["", "  ", "*", "**", "* *", "a***", "pass", "***x"])
def test_what_holds_anything_else_is_no_mask(text: str) -> None:
    assert not is_mask(text)


@pytest.mark.parametrize(
    ("text", "holds"),
    [("sk_••••4242", True), ("****1234", True), ("*•●", False), ("a*b*c", False), ("", False)],
)
def test_a_part_of_a_value_may_be_masked(text: str, holds: bool) -> None:
    assert holds_mask(text) is holds
