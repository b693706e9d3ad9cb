"""One connector into many accounts: the table, what differs, each account once."""

from __future__ import annotations

import csv
import io
import uuid
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.bulk.models import BulkRun
from dashboard.bulk.services import MOST_ROWS
from dashboard.bulk.tables import LARGEST_TABLE, TOO_LONG, read_table
from dashboard.bulk.tasks import feed_runs
from dashboard.common import encryption
from dashboard.common.tables import TableError
from dashboard.consoles.models import Console
from dashboard.installs.many.form import InstallManyForm
from dashboard.links.models import Link
from dashboard.mirror import sync
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.people.models import Role
from tests.factories import make_user
from tests.simulated import Hands, library, read_cyclr

SECRET = "sk-canary-per-account"


@pytest.fixture
def lead(client: Client, console: Console, cyclr: CyclrState) -> Client:
    """A browser of a lead, accounts and library read."""
    read_cyclr(console, cyclr)
    client.force_login(make_user(Role.LEAD))
    return client


def accounts() -> list[Account]:
    """The accounts by name."""
    return list(Account.objects.order_by("sort_name", "pk"))


def post(client: Client, connector: CatalogueConnector, table: str, **more: Any) -> Any:
    """Send the form as a browser does."""
    form = InstallManyForm(connector)
    data = {
        "submission": str(uuid.uuid4()),
        "release": str(connector.release_id),
        "name": connector.name,
        "method": form.method_key,
        "table": table,
    } | more
    return client.post(reverse("install_many", args=[connector.pk]), data)


# -- the table -----------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_table_is_read_whatever_stands_between_its_cells(delimiter: str) -> None:
    text = f'\ufeffAccount id{delimiter}Region\r\na-1{delimiter}"eu"\r\n\r\n a-2 {delimiter}\r\n'

    table = read_table(text)

    assert table.columns == ("Region",)
    assert table.lines == [(2, "a-1", ("eu",)), (4, "a-2", ("",))]


def test_bare_ids_need_no_heading() -> None:
    assert read_table("a-1\n\nb/2 \n").lines == [(1, "a-1", ()), (3, "b/2", ())]


def test_a_cell_may_hold_lines_and_quotes() -> None:
    table = read_table('account,Key\na-1,"-----BEGIN\nx ""y""\n-----END"\n')

    assert table.lines == [(2, "a-1", ('-----BEGIN\nx "y"\n-----END',))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "at least one account id"),
        (" \n ", "at least one account id"),
        ('""', "at least one account id"),
        (",,\n,", "at least one account id"),
        ("Account id\n", "no line below"),
        ("Region,Key\neu,1\n", "must be “Account id”"),
        ('account,Key\na-1,"open\n', "cannot be read"),
        ("account\na\0b", "characters that no table has"),
        ("account" + ",x" * 300 + "\na" + ",1" * 300, "columns"),
        ("account\n" + "a\n" * (MOST_ROWS + 1), "Split it"),
        ("x" * (LARGEST_TABLE + 1), "larger than 2 MB"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(text: str, words: str) -> None:
    with pytest.raises(TableError) as caught:
        read_table(text)

    assert words in caught.value.messages[0]


# -- the form ------------------------------------------------------------------------------------


def test_many_installs_from_one_form(lead: Client, cyclr: CyclrState, hands: Hands) -> None:
    connector = library("Generic Webhook")
    ids = [account.cyclr_id for account in accounts()[:4]]

    response = post(lead, connector, "\n".join([*ids, "nobody", ids[0]]))

    run = BulkRun.objects.get()
    assert response.url == run.get_absolute_url()
    problems = [row.problem for row in run.rows.all()]
    assert problems[4:] == [
        "No account with this id is in this console.",
        "This account is already on line 1.",
    ]
    lead.post(reverse("bulk_run_start", args=[run.reference]))
    for _ in range(5):
        feed_runs()
        hands.work()
    installs = [effect.account for effect in cyclr.ledger if effect.kind == "install"]
    assert sorted(map(str, installs)) == sorted(ids)


def test_a_cell_wins_over_the_form(lead: Client, cyclr: CyclrState, hands: Hands) -> None:
    connector = library("Freshdesk")
    one, two = accounts()[:2]
    table = (
        "Account id,API key,Freshdesk Domain,Account name\n"
        f'{one.cyclr_id},{SECRET},one.example,"{one.name}"\n{two.cyclr_id},,,\n'
    )

    fields = {"auth-key": "shared-canary-key", "parameter-0": "shared.example"}
    response = post(lead, connector, table, **fields)

    assert response.status_code == 302, response.content.decode()
    run = BulkRun.objects.get()
    lead.post(reverse("bulk_run_start", args=[run.reference]))
    feed_runs()
    hands.work()
    installed = [
        next(c for c in cyclr.installed[a.cyclr_id] if c.connector_name == "Freshdesk")
        for a in (one, two)
    ]
    assert [c.auth_value for c in installed] == [SECRET, "shared-canary-key"]
    assert [c.properties[0]["Value"] for c in installed] == ["one.example", "shared.example"]


def test_no_secret_of_the_table_is_stored_or_shown(lead: Client) -> None:
    connector = library("Freshdesk")
    table = f"account,API key\n{accounts()[0].cyclr_id},{SECRET}\n"

    refused = post(lead, connector, table, **{"parameter-0": ""})
    post(lead, connector, table, **{"parameter-0": "x.example"})

    assert refused.status_code == 422
    assert SECRET not in refused.content.decode()
    run = BulkRun.objects.get()
    row = run.rows.get()
    assert SECRET not in str([row.display_input, row.encrypted_input, run.display_input, row.label])
    page = lead.get(run.get_absolute_url()).content.decode()
    assert SECRET not in page
    assert "API key" in page


def typed(response: Any) -> str:
    """What the table's field is drawn with."""
    page = unescape(response.content.decode())
    return page.split('name="table"')[1].split(">", 1)[1].split("</textarea>")[0].strip()


def test_a_table_comes_back_less_its_secrets(lead: Client) -> None:
    connector = library("Freshdesk")
    one, two = (account.cyclr_id for account in accounts()[:2])
    table = (
        "Account id,API key,APi kye,Freshdesk Domain,Account name\n"
        f'{one},{SECRET},,a.example,"One, Ltd"\n{two},,{SECRET},b.example,Two\n'
    )

    response = post(lead, connector, table)

    assert response.status_code == 422
    assert SECRET not in response.content.decode()
    assert typed(response).splitlines() == [
        "Account id,API key,APi kye,Freshdesk Domain,Account name",
        f'{one},,,a.example,"One, Ltd"',
        f"{two},,,b.example,Two",
    ]
    said = unescape(response.content.decode())
    assert "The cells of “API key”, “APi kye” were not kept: enter them again." in said
    assert "Fill this in." not in said, "the table may have been meant to fill it"


@pytest.mark.parametrize("table", ['account,Key\n"x,{}', "a,{}\nb,{}", "{}," * 9])
def test_a_table_that_is_not_understood_does_not_come_back(lead: Client, table: str) -> None:
    response = post(lead, library("Freshdesk"), table.replace("{}", SECRET))

    assert response.status_code == 422
    assert SECRET not in response.content.decode()
    assert "It may hold secrets, so it was not kept." in response.content.decode()


def test_where_nothing_is_secret_the_table_comes_back_as_it_was(lead: Client) -> None:
    table = f"Account id;Colour\n{accounts()[0].cyclr_id};red"

    response = post(lead, library("Generic Webhook"), table)

    assert response.status_code == 422
    assert typed(response) == table


def test_another_method_keeps_the_table_less_its_secrets(lead: Client) -> None:
    connector = library("Zendesk")
    account = accounts()[0].cyclr_id
    table = f"Account id,Password,Zendesk Subdomain\n{account},{SECRET},acme\n"

    response = post(lead, connector, table, redraw="1", method=connector.methods[1].id)

    assert SECRET not in response.content.decode()
    assert typed(response).splitlines()[1] == f"{account},,acme"
    assert "Secrets in the table were not kept" in response.content.decode()


def test_a_column_may_be_called_name(lead: Client) -> None:
    connector = library("Generic Webhook")

    post(lead, connector, f"Account id,Name\n{accounts()[0].cyclr_id},Till hook\n")

    entries = BulkRun.objects.get().rows.get().display_input["entries"]
    assert entries == [["Name in each account", "Till hook"]]


def test_a_line_with_too_many_cells_is_left_out(lead: Client) -> None:
    connector = library("Freshdesk")
    one, two = (account.cyclr_id for account in accounts()[:2])
    table = f"Account id,API key\n{one},half,of a key\n{two},whole,,\n"

    post(lead, connector, table, **{"parameter-0": "x.example"})

    problems = [row.problem for row in BulkRun.objects.get().rows.all()]
    assert problems == [TOO_LONG, ""]


def test_a_file_and_a_table_are_one_too_many(lead: Client) -> None:
    account = accounts()[0].cyclr_id
    file = SimpleUploadedFile("a.csv", account.encode())

    response = post(lead, library("Generic Webhook"), account, file=file)

    assert response.status_code == 422
    assert "Use one: this file, or the ids and the table above." in response.content.decode()
    assert not BulkRun.objects.exists()


def test_a_file_must_be_chosen_again_when_something_else_was_wrong(lead: Client) -> None:
    file = SimpleUploadedFile("a.csv", accounts()[0].cyclr_id.encode())

    response = post(lead, library("Freshdesk"), "", file=file)

    assert response.status_code == 422
    assert "Choose the file again" in response.content.decode()


def test_a_bad_cell_leaves_out_its_line_alone(lead: Client) -> None:
    connector = library("SFTP Private Key")
    form = InstallManyForm(connector)
    label = str(form["parameter-0"].label)
    one, two = accounts()[:2]
    shared = {f"parameter-{n}": "x" for n in range(1, len(form.parameters))}

    post(lead, connector, f"account,{label}\n{one.cyclr_id},h\n{two.cyclr_id},\n", **shared)

    problems = [row.problem for row in BulkRun.objects.get().rows.all()]
    assert problems == ["", f"{label}: nothing is entered."]


def test_an_unknown_column_is_named_with_those_that_are_known(lead: Client) -> None:
    connector = library("Freshdesk")

    response = post(lead, connector, f"account,Colour<b>\n{accounts()[0].cyclr_id},red\n")

    page = response.content.decode()
    assert response.status_code == 422
    assert "No field is called “Colour&lt;b&gt;”" in page
    assert "Freshdesk Domain" in page
    assert not BulkRun.objects.exists()


def test_accounts_that_have_it_are_left_out_when_asked(
    lead: Client, cyclr: CyclrState, console: Console
) -> None:
    connector = library("Generic Webhook")
    account = accounts()[0]
    cyclr.install(account.cyclr_id, connector.release_id)
    sync.refresh_account(account)

    post(lead, connector, account.cyclr_id, skips_existing="on")
    post(lead, connector, account.cyclr_id)

    problems = [run.rows.get().problem for run in BulkRun.objects.order_by("pk")]
    assert problems == ["It has Generic Webhook already.", ""]


def test_a_file_does_as_well(lead: Client) -> None:
    connector = library("Generic Webhook")
    content = f"\ufeffAccount id\n{accounts()[0].cyclr_id}\n".encode()

    post(lead, connector, "", file=SimpleUploadedFile("a.csv", content))

    assert BulkRun.objects.get().rows.get().account == accounts()[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Account id\n\xff\xfe\n", "not UTF-8"),
        (b"x" * (2 * 1024 * 1024 + 1), "larger than 2 MB"),
        (b"PK\x03\x04\0\0", "characters that no table has"),
    ],
)
def test_a_wrong_file_is_refused_in_words(lead: Client, content: bytes, words: str) -> None:
    connector = library("Generic Webhook")

    response = post(lead, connector, "", file=SimpleUploadedFile("a.csv", content))

    assert response.status_code == 422
    assert words in response.content.decode()


def test_the_table_to_fill_in_can_be_sent_back(lead: Client) -> None:
    connector = library("Generic Webhook")

    response = lead.get(reverse("install_many_table", args=[connector.pk]))

    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][:2] == ["Account id", "Account name"]
    assert len(rows) == 1 + len(accounts())
    assert post(lead, connector, text).status_code == 302
    assert not BulkRun.objects.get().rows.exclude(problem="").exists()


def test_the_same_form_twice_is_one_run(lead: Client) -> None:
    connector = library("Generic Webhook")
    submission = str(uuid.uuid4())
    first, second = (
        post(lead, connector, accounts()[0].cyclr_id, submission=submission) for _ in range(2)
    )

    assert first.url == second.url
    assert BulkRun.objects.count() == 1


def test_an_agent_may_not(client: Client, console: Console, cyclr: CyclrState) -> None:
    read_cyclr(console, cyclr)
    client.force_login(make_user(Role.AGENT))
    connector = library("Generic Webhook")

    assert client.get(reverse("install_many", args=[connector.pk])).status_code == 403
    assert post(client, connector, "a").status_code == 403
    page = client.get(connector.get_absolute_url()).content.decode()
    assert "Install into many accounts" not in page


def asking(connector: CatalogueConnector, *names: str) -> CatalogueConnector:
    """The connector, with these optional settings; a name is `label/target`."""
    connector.parameters = [
        {
            "Id": number,
            "Name": name.split("/")[0],
            "TargetName": name.split("/")[-1],
            "IsAccountConnectorProperty": True,
            "IsOptional": True,
            "DataType": "Text",
        }
        for number, name in enumerate(names, 1)
    ]
    connector.save()
    return connector


@pytest.mark.parametrize(
    "names",
    [
        ("Account name/AccountName", "Region"),
        ("Account Name", "Account id", "id"),
        ("Region/r1", "Region/r2"),
        ("=HYPERLINK(1)", "+1", "a;b;c;d;e"),
        ("Name", "Description", "API key"),
        ("two\nlines", "  spaces   in  it"),
    ],
)
def test_each_setting_has_a_column_of_its_own_in_the_table_to_fill_in(
    lead: Client, names: tuple[str, ...]
) -> None:
    connector = asking(library("Generic Webhook"), *names)
    answer = lead.get(reverse("install_many_table", args=[connector.pk]))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    heading, line, *_ = csv.reader(io.StringIO(text, newline=""))
    assert not any(cell.startswith(("=", "+")) for cell in heading)
    values = [f"value {n}" for n in range(len(names))]
    table = io.StringIO(newline="")
    csv.writer(table).writerows([heading, [*line[: -len(names)], *values]])

    response = post(lead, connector, table.getvalue())

    assert response.status_code == 302, response.content.decode()
    row = BulkRun.objects.get().rows.get()
    asked = encryption.decrypt_json(row.encrypted_input, associated_data=row.associated_data)
    assert [one["Value"] for one in asked["values"]["properties"]] == values


def test_a_user_name_without_a_password_is_hidden_in_its_line(lead: Client) -> None:
    connector = library("Generic Webhook")
    connector.authentication = [{"Id": "b", "AuthName": "Basic", "AuthType": "Basic"}]
    connector.save()
    one, two = accounts()[:2]
    heading = "account,User name,Password"

    post(lead, connector, f"{heading}\n{one.cyclr_id},{SECRET},\n{two.cyclr_id},ana,pw\n")

    shown = [str(row.display_input) for row in BulkRun.objects.get().rows.all()]
    assert SECRET not in shown[0]
    assert "ana" in shown[1] and "pw" not in shown[1]


def test_what_a_line_leaves_empty_is_left_to_that_customer(
    lead: Client, cyclr: CyclrState, hands: Hands
) -> None:
    connector = library("Shopify")
    one, other = [row for row in accounts() if row.cyclr_id != "shop-1042.example"][:2]
    table = (
        f"Account id,Hostname,API key\n{one.cyclr_id},one.example,{SECRET}\n{other.cyclr_id},,\n"
    )
    answer = post(lead, connector, table, by_customer="on", skips_existing="on")
    assert answer.status_code == 302, answer.content.decode()
    run = BulkRun.objects.get()
    lead.post(reverse("bulk_run_start", args=[run.reference]))
    for _ in range(3):
        feed_runs()
        hands.work()

    of_one, of_other = (cyclr.installed[row.cyclr_id][-1] for row in (one, other))
    assert (of_one.connector_name, of_one.authenticated) == ("Shopify", True)
    assert (of_other.connector_name, of_other.authenticated) == ("Shopify", False)
    assert [link.account for link in Link.objects.all()] == [other]


# -- what a spreadsheet did to it -----------------------------------------------------------------


def rows_of(run: BulkRun) -> list[tuple[str, dict[str, Any]]]:
    """Problem and entries of each row."""
    return [
        (row.problem, dict(map(tuple, row.display_input.get("entries", []))))
        for row in run.rows.all()
    ]


def listing(connector: CatalogueConnector, **more: Any) -> CatalogueConnector:
    """The connector, with one setting."""
    one = {"Id": 1, "Name": "Mode", "TargetName": "Mode", "IsOptional": True, "DataType": "Text"}
    connector.parameters = [one | {"IsAccountConnectorProperty": True} | more]
    connector.save()
    return connector


@pytest.mark.parametrize(
    ("cell", "values", "value"),
    [
        ("TRUE", ["true", "false"], "true"),
        ("FALSCH", ["true", "false"], "false"),
        ("vrai", ["Yes", "No"], "Yes"),
        ("no", ["1", "0"], "0"),
        ("sí", ["true", "false"], "true"),
        ("VERDADERO", ["true", "false", "auto"], "true"),
        (" live ", ["Live", "Test"], "Live"),
        ("eu west", ["EU-West", "US"], "EU-West"),
        ("1", ["1", "2"], "1"),
    ],
)
def test_a_listed_value_is_known_however_it_is_written(
    lead: Client, cell: str, values: list[str], value: str
) -> None:
    connector = listing(library("Generic Webhook"), Values=values)

    post(lead, connector, f"Account id\tMode\n{accounts()[0].cyclr_id}\t{cell}\n")

    assert rows_of(BulkRun.objects.get()) == [("", {"Mode": value})]


@pytest.mark.parametrize("cell", ["TRUE", "wahr", "OUI", "1", "yes"])
def test_a_flag_is_read_as_spreadsheets_write_it(lead: Client, cell: str) -> None:
    connector = listing(library("Generic Webhook"), DataType="Boolean")

    post(lead, connector, f"Account id\tMode\n{accounts()[0].cyclr_id}\t{cell}\n")

    assert rows_of(BulkRun.objects.get()) == [("", {"Mode": "true"})]


def test_what_is_no_flag_says_what_is_possible(lead: Client) -> None:
    connector = listing(library("Generic Webhook"), DataType="Boolean")

    post(lead, connector, f"Account id\tMode\n{accounts()[0].cyclr_id}\tperhaps\n")

    [(problem, _)] = rows_of(BulkRun.objects.get())
    assert problem == "Mode: Choose Yes or No, or write true or false."


@pytest.mark.parametrize(
    ("more", "cell", "words"),
    [
        ({"Values": ["a", "b"]}, "c", "“c” is none of the listed values, which are a, b"),
        ({}, "1,23457E+16", "“1,23457E+16” looks like a number that a spreadsheet has shortened"),
        ({"IsSensitive": True}, "1E+16", "what is entered looks like a number"),
        ({}, "'0042", "begins with an apostrophe"),
        ({"IsSensitive": True}, '"quoted-7f3"', "stands between quotation marks"),
        ({"DataType": "Text"}, "#NAME?", "in place of a value"),
    ],
)
def test_what_is_doubtful_is_left_out_until_somebody_confirms_it(
    lead: Client, more: dict[str, Any], cell: str, words: str
) -> None:
    connector = listing(library("Generic Webhook"), **more)
    one, two = accounts()[:2]

    post(lead, connector, f"Account id\tMode\n{one.cyclr_id}\t{cell}\n{two.cyclr_id}\t\n")

    run = BulkRun.objects.get()
    page = unescape(lead.get(run.get_absolute_url()).content.decode())
    assert words in page
    assert "1 line to confirm" in page
    assert [bool(problem) for problem, _ in rows_of(run)] == [True, False]
    lead.post(reverse("bulk_run_confirm", args=[run.reference]))
    assert [bool(problem) for problem, _ in rows_of(run)] == [False, False]
    page = lead.get(run.get_absolute_url()).content.decode()
    assert "to confirm" not in page
    if more.get("IsSensitive"):
        assert cell.strip('"') not in page


def test_what_is_not_confirmed_is_not_carried_out(
    lead: Client, cyclr: CyclrState, hands: Hands
) -> None:
    connector = listing(library("Generic Webhook"))
    post(lead, connector, f"Account id\tMode\n{accounts()[0].cyclr_id}\t1E+16\n")
    run = BulkRun.objects.get()

    lead.post(reverse("bulk_run_start", args=[run.reference]))
    lead.post(reverse("bulk_run_confirm", args=[run.reference]))
    feed_runs()
    hands.work()

    assert not [effect for effect in cyclr.ledger if effect.kind == "install"]
    assert run.rows.get().encrypted_input == ""


@pytest.mark.parametrize("cell", ["1,5", "1.500"])
def test_a_decimal_of_another_language_is_not_guessed(lead: Client, cell: str) -> None:
    connector = listing(library("Generic Webhook"), DataType="Decimal")

    post(lead, connector, f"Account id;Mode\n{accounts()[0].cyclr_id};{cell}\n")

    [(problem, _)] = rows_of(BulkRun.objects.get())
    assert "comma" in problem


def test_a_key_goes_to_nobody_whose_name_is_not_beside_the_id(lead: Client) -> None:
    one, two = [a for a in accounts() if a.name.replace(" ", "").isalnum() and a.name.isascii()][:2]
    table = f"Account id,Account name,API key\n{one.cyclr_id},{two.name},k1\n{two.cyclr_id},,k2\n"

    post(lead, library("Freshdesk"), table, **{"parameter-0": "x.example"})

    run = BulkRun.objects.get()
    assert [row.account for row in run.rows.all()] == [None, two]
    page = unescape(lead.get(run.get_absolute_url()).content.decode())
    above, listed = page.split('id="bulk-show-all"')
    assert f"“{one.name}”" in above
    assert f"“{two.name}”" in above
    assert one.name not in listed


def test_a_line_that_cannot_be_read_shows_nothing_of_itself(lead: Client) -> None:
    one, two = accounts()[:2]
    table = f'Account id,API key,Colour\n{one.cyclr_id},"{SECRET}\n{SECRET}"\n{two.cyclr_id},x,\n'

    refused = post(lead, library("Freshdesk"), table)
    table = table.replace(",Colour", ",Freshdesk domain").replace("x,\n", "x,a.example\n")
    post(lead, library("Freshdesk"), table)

    assert SECRET not in refused.content.decode()
    run = BulkRun.objects.get()
    assert [row.label for row in run.rows.all()][:2] == ["(not read)", "(not read)"]
    assert SECRET not in lead.get(run.get_absolute_url()).content.decode()
