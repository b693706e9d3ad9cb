"""What people paste and attackers try, in every field: taken to the letter or refused in words."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from dashboard.bulk.models import BulkRow, BulkRun
from dashboard.common import encryption
from dashboard.common.pasted import clean_pasted
from dashboard.installs.form import InstallForm
from dashboard.installs.many.form import InstallManyForm
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.operations.input import decrypted_input
from dashboard.operations.models import Operation
from dashboard.people.models import Role
from tests.factories import make_account, make_connector, make_console, make_user

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><script>alert(1)</script>",
    "{{7*7}}{% debug %}",
    "<b hx-get=/x hx-trigger=load>",
    "<b data-hx-get=/x>",
    "javascript:alert(1)",
    "JaVa\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<svg onload=alert(1)><animate attributeName=href></svg>",
    "config",
    "htmx",
)
TEXTS = (
    "",
    "   ",
    "x",
    "a" * 255,
    "a" * 256,
    "long " * 2000,
    "a\0b",
    "Invoice\u202efdp.exe",
    "zero\u200bwidth",
    "Z" + "\u0301" * 1000,
    "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "İstanbul ß",
    "مكتبة النخيل",
    "\ufeffmark",
    "a\r\nb",
    "line\u2028end",
    "e\u0301",
    "\u00e9",
    "раypal",
)
NUMBERS = (
    *("-1", "0", "2147483648", "9007199254740993", "9223372036854775808", "1e999", "NaN"),
    *("Infinity", "1_000", "٢٥", "9" * 5000, "false", "{8f8df8ef-0000-4000-8000-000000000000}"),
)
JSON = ('{"a":1,"a":2}', "[" * 5000, "[1,]", "null", '{"__proto__":{}}')
DATES = (
    *("0001-01-01", "9999-12-31T23:59:59-14:00", "2026-03-01T09:00:00", "2026-03-01T09:00+14:00"),
    *("2025-02-29", "2016-12-31T23:59:60Z", "/Date(0)/", "2026-03-01T09:00:00.1234567Z"),
)
TABLES = (
    *("=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx", 'a"b', '""', "a\r\nBcc: x@evil.example"),
    *("ü@bücher.example", "a" * 64 + "@example.com", '"a b"@example.com'),
)
PATHS = (
    *("../../etc/passwd", "%2e%2e%2f", "%00", "//evil.example", "https:evil", "[::1]"),
    *("https://good@evil", "2130706433", "https://x.example/" + "y" * 8000),
)
NAMES = (
    *("Null", "None", "O'Brien", "'; DROP TABLE operations; --", "100%_\\", "${jndi:ldap://x}"),
    *(" kept ", "***", "-----BEGIN KEY-----\nabc\n-----END KEY-----\n", "s" * 65_536),
)
BAD = {
    "markup": MARKUP,
    "texts": TEXTS,
    "numbers": NUMBERS,
    "json": JSON,
    "dates": DATES,
    "tables": TABLES,
    "paths": PATHS,
    "names": NAMES,
}
every_kind = pytest.mark.parametrize("kind", BAD)

KINDS = ("Text", "Integer", "Float", "Boolean", "DateTime")
BASIC = {"Id": "b", "AuthName": "Basic", "AuthType": "Basic"}
KEY = {"Id": "k", "AuthName": "Key", "AuthType": "ApiKey"}
SIGN_IN = {"Id": "o", "AuthName": "OAuth", "AuthType": "OAuth2", "OAuth2Type": "AuthorisationCode"}
METHODS = {"basic": BASIC, "key": KEY, "sign-in": SIGN_IN}


def setting(number: int, **values: Any) -> dict[str, Any]:
    """One that need not be filled in."""
    made_up = {
        "Id": number,
        "Name": f"Setting {number}",
        "TargetName": f"setting{number}",
        "IsAccountConnectorProperty": True,
        "IsOptional": True,
        "DataType": "Text",
    }
    return made_up | values


def with_every_field(account: Account, method: dict[str, Any]) -> CatalogueConnector:
    """A connector with a setting of each kind."""
    settings = [setting(n, DataType=kind) for n, kind in enumerate(KINDS)]
    settings += [
        setting(10, IsSensitive=True),
        setting(11, IsSensitive=True, IsMultiline=True),
        setting(12, IsMultiline=True),
        setting(13, Values=["eu", "us"]),
    ]
    return make_connector(
        console=account.console,
        name="Parcel Desk",
        version="2",
        authentication=[method],
        parameters=settings,
    )


@pytest.fixture
def account(db: None) -> Account:
    """An account of a console."""
    return make_account(console=make_console(), cyclr_id="shop-1", name="Shop")


def entries(form: InstallForm, value: str) -> dict[str, str]:
    """The form with one value in all its fields."""
    typed: dict[str, str] = {}
    for name in form.fields:
        if name in {"wants_link", "by_customer", "is_native", "file", "table", "skips_existing"}:
            continue
        is_choice = len(getattr(form.fields[name], "fields", ())) > 1
        typed[name] = "*" if is_choice and value else value
        typed[f"{name}_other"] = value
    return typed | {
        "submission": str(uuid.uuid4()),
        "release": str(form.connector.release_id),
        "layout": form.layout_now,
        "method": form.method_key,
    }


def assert_harmless(html: str) -> None:
    """Nothing that was typed became markup."""
    for markup in ("<script>alert", "<img src=x", "<b hx-get", "<b data-hx", "<svg onload", "49{%"):
        assert markup not in html


@every_kind
@pytest.mark.parametrize("method", METHODS)
def test_each_field_takes_it_to_the_letter_or_says_no(
    method: str, kind: str, account: Account
) -> None:
    """Each field by itself, all others as they should be."""
    connector = with_every_field(account, METHODS[method])
    empty = InstallForm(connector, account)
    fine = entries(empty, "") | {"name": "Mine", "auth-user": "ana", "auth-key": "k"}
    ours = {"submission", "release", "layout", "wants_link", "by_customer", "is_native"}
    for value in BAD[kind]:
        bad = entries(empty, value)
        for name in set(empty.fields) - ours:
            query = QueryDict(mutable=True)
            query.update(fine | {key: bad[key] for key in (name, f"{name}_other")})
            check_field(InstallForm(connector, account, query), name, value)


def check_field(form: InstallForm, name: str, value: str) -> None:
    """One field's entry: refused there, or taken as it was typed but for what nobody means."""
    halves = {"auth-ClientId", "auth-ClientSecret", "auth-access"}
    if not form.is_valid():
        assert set(form.errors) <= {name, *halves}, value
        return
    cleaned, typed = form.cleaned_data[name], value.replace("\r\n", "\n")
    if name in {"name", "description"} or not typed.strip():
        assert str(cleaned).strip() == clean_pasted(typed).strip(), value
    elif type(form.fields[name]).__name__ in {"UntrustedText", "ChoiceOrAnother", "UserName"}:
        assert cleaned in {clean_pasted(typed), clean_pasted(typed, is_password=True)}, value


@every_kind
def test_the_page_with_it_in_all_fields_stands(kind: str, account: Account, agent: Client) -> None:
    connector = with_every_field(account, BASIC)
    for value in BAD[kind]:
        other = make_account(console=account.console)
        typed = entries(InstallForm(connector, other), value)
        place = [other.pk, connector.pk]
        url, check = reverse("install_new", args=place), reverse("install_check", args=place)

        answers = [
            agent.post(url, typed),
            agent.post(url, typed | {"redraw": "1"}),
            agent.post(check, typed | {"submission": str(uuid.uuid4())}),
            agent.get(url),
            agent.post(url, dict.fromkeys(typed, value)),
            agent.get(url, {"method": value, "from": value}),
        ]

        for answer in answers:
            assert answer.status_code in {200, 302, 409, 422}, value
            assert_harmless(answer.content.decode())
        for operation in Operation.objects.filter(account=other):
            assert_harmless(agent.get(operation.get_absolute_url()).content.decode())
            name = decrypted_input(operation)["name"]
            assert name == value.strip().replace("\r\n", "\n")


@pytest.mark.parametrize(
    "raw", ["%FF%FE", "%ED%A0%80", "%00", "%", "%E2%80", quote("\x80\xff", encoding="latin-1")]
)
def test_bytes_that_are_no_text_are_refused_or_replaced(
    raw: str, account: Account, agent: Client
) -> None:
    connector = with_every_field(account, BASIC)
    typed = entries(InstallForm(connector, account), "RAW")
    url = reverse("install_new", args=[account.pk, connector.pk])

    answer = agent.post(
        url,
        urlencode(typed).replace("RAW", raw),
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code in {302, 422}


@pytest.fixture
def lead(account: Account) -> Client:
    """A browser of a lead."""
    client = Client()
    client.force_login(make_user(Role.LEAD))
    return client


def posted_table(lead: Client, connector: CatalogueConnector, **more: Any) -> Any:
    """The answer to the form for many accounts."""
    form = InstallManyForm(connector)
    data = entries(form, "") | {"name": "Mine", "auth-user": "ana", "auth-password": "pw"} | more
    return lead.post(reverse("install_many", args=[connector.pk]), data)


@every_kind
def test_a_table_with_it_in_a_cell_is_taken_to_the_letter_or_refused(
    kind: str, account: Account, lead: Client
) -> None:
    """In quotation marks, as programs write it; once in all columns, once in each text's own."""
    connector = with_every_field(account, BASIC)
    headings = InstallManyForm(connector).column_headings()
    texts = ("parameter-0", "parameter-5", "parameter-6", "parameter-7")
    for value in BAD[kind]:
        cell = '"' + value.replace('"', '""') + '"'
        whole = ",".join(f'"{heading}"' for heading in headings.values())
        check_table(lead, connector, f"Account id,{whole}\nshop-1{f',{cell}' * len(headings)}\n")
        for name in texts:
            row = check_table(lead, connector, f"Account id,{headings[name]}\nshop-1,{cell}\n")
            if row is None or row.problem:
                assert "\0" in value or '"' in value
                continue
            values = encryption.decrypt_json(
                row.encrypted_input, associated_data=row.associated_data
            )["values"]
            sent = [one["Value"] for one in values["properties"]]
            assert sent == ([clean_pasted(value)] if value.strip() else [])


def check_table(lead: Client, connector: CatalogueConnector, table: str) -> BulkRow | None:
    """The row that comes of a table with one line, if it is taken."""
    answer = posted_table(lead, connector, table=table)
    assert answer.status_code in {302, 422}
    assert_harmless(answer.content.decode())
    if answer.status_code == 422:
        return None
    row: BulkRow = BulkRow.objects.latest("pk")
    assert_harmless(lead.get(row.run.get_absolute_url()).content.decode())
    return row


@every_kind
def test_anything_for_a_table_an_account_or_a_heading_is_refused_in_words(
    kind: str, account: Account, lead: Client
) -> None:
    connector = with_every_field(account, BASIC)
    for value in BAD[kind]:
        tables: list[dict[str, Any]] = [
            {"table": value},
            {"table": f"Account id\n{value}\n"},
            {"table": f"Account id,{value}\nshop-1,x\n"},
            {"table": f'{value}\n"'},
            {"table": "", "file": SimpleUploadedFile("a.csv", value.encode() or b"\n")},
            {"table": "", "file": SimpleUploadedFile(f"{value[:50]}.csv", b"\xff\xfe")},
        ]
        for table in tables:
            answer = posted_table(lead, connector, **table)

            assert answer.status_code in {302, 422}, value
            assert_harmless(answer.content.decode())
    for run in BulkRun.objects.all():
        assert_harmless(lead.get(run.get_absolute_url()).content.decode())
