"""A table of several connectors: each line names its own, and what is not clear is left out."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.bulk.models import BulkRow, BulkRun
from dashboard.bulk.tasks import feed_runs
from dashboard.common import encryption
from dashboard.consoles.models import Console
from dashboard.installs.many.several import NO_COLUMN
from dashboard.links.models import Link
from dashboard.mirror import sync
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.people.models import Membership, Role
from tests.factories import make_console, make_user
from tests.pages import HOSTILE, assert_only_letters, text_of
from tests.simulated import Hands, library, read_cyclr

URL = "/library/install/"
SECRET = "sk-canary-of-a-line"


@pytest.fixture
def lead(client: Client, console: Console, cyclr: CyclrState) -> Client:
    """A browser of a lead, accounts and library read."""
    read_cyclr(console, cyclr)
    client.force_login(make_user(Role.LEAD))
    return client


def post(client: Client, *lines: str, **more: Any) -> Any:
    """Send the table as a browser does."""
    data = {"submission": str(uuid.uuid4()), "table": "\n".join(lines), "skips_existing": "on"}
    return client.post(URL, data | more)


def rows() -> list[BulkRow]:
    """The lines of the one preview."""
    found = BulkRun.objects.get().rows.select_related("connector", "account")
    return list(found.order_by("number"))


def empty_accounts(count: int) -> list[Account]:
    """Accounts in which nothing is installed."""
    return list(Account.objects.filter(connector_count=0, gone_at=None).order_by("pk")[:count])


def test_each_line_installs_its_own_connector_by_id_name_or_version(
    lead: Client, cyclr: CyclrState, hands: Hands
) -> None:
    one, two = empty_accounts(2)
    freshdesk = library("Freshdesk")
    answer = post(
        lead,
        "Account id\tConnector\tAPI key\tFreshdesk Domain",
        f"{one.cyclr_id}\tFreshdesk\t{SECRET}\tone",
        f"{one.cyclr_id}\tSlack",
        f"{two.cyclr_id}\t{freshdesk.release_id}\t{SECRET}\ttwo",
        f"{two.cyclr_id}\tSlack 1.0",
        wants_link="on",
    )
    assert answer.status_code == 302
    run = BulkRun.objects.get()
    assert [row.problem for row in rows()] == [""] * 4
    assert [row.connector and row.connector.name for row in rows()] == [
        "Freshdesk",
        "Slack",
        "Freshdesk",
        "Slack",
    ]
    shown = text_of(lead.get(run.get_absolute_url()))
    assert "Freshdesk 2.0" in shown and SECRET not in shown

    lead.post(reverse("bulk_run_start", args=[run.reference]))
    for _ in range(6):
        feed_runs()
        hands.work()

    for account in (one, two):
        there = {each.connector_name for each in cyclr.installed[account.cyclr_id]}
        assert there >= {"Freshdesk", "Slack"}
    assert len([effect for effect in cyclr.ledger if effect.kind == "install"]) == 4
    titles = {row.operation.title for row in rows() if row.operation}
    assert titles == {"Install Freshdesk", "Install Slack"}
    assert Link.objects.count() == 2  # Slack is signed in to


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("Nobody knows this", "Connector: No connector in the library is called"),
        ("99999999", "Connector: No connector’s live release has the id 99999999."),
        ("", "Connector: No connector is named."),
    ],
)
def test_what_is_unknown_is_said_by_its_line_and_the_others_stay(
    cell: str, words: str, lead: Client
) -> None:
    [account] = empty_accounts(1)

    post(lead, "Account id,Connector", f"{account.cyclr_id},{cell}", f"{account.cyclr_id},Slack")

    bad, good = rows()
    assert bad.problem.startswith(words) and bad.account == account and not good.problem


def test_a_name_of_several_versions_is_asked_about(lead: Client) -> None:
    [account] = empty_accounts(1)
    slack = library("Slack")
    slack.pk, slack.version, slack.release_id = None, "2.0", 99_002
    slack.save()

    post(
        lead,
        "Account id,Connector,Connector version",
        f"{account.cyclr_id},Slack,",
        f"{account.cyclr_id},Slack,2.0",
    )

    unclear, clear = rows()
    assert "Slack has several versions" in unclear.problem
    assert not clear.problem and clear.connector == slack


def test_what_a_connector_of_an_account_alone_is_called_is_known_there_only(lead: Client) -> None:
    one, two = empty_accounts(2)
    own = library("Slack")
    own.pk, own.account, own.name, own.release_id = None, one, "Own tool", 99_003
    own.save()

    post(lead, "Account id,Connector", f"{one.cyclr_id},Own tool", f"{two.cyclr_id},Own tool")

    here, there = rows()
    assert here.connector == own and not here.problem
    assert "No connector in the library is called" in there.problem


def test_a_cell_that_a_connector_has_no_field_for_leaves_out_its_line(lead: Client) -> None:
    one, two = empty_accounts(2)

    post(
        lead,
        "Account id,Connector,API key,Freshdesk Domain",
        f"{one.cyclr_id},Freshdesk,{SECRET},one",
        f"{one.cyclr_id},Slack,{SECRET},",
        f"{two.cyclr_id},Freshdesk,,one",
    )

    good, strange, lacking = rows()
    assert not good.problem
    assert strange.problem == "Slack has no field “API key”."
    assert "nothing is entered" in lacking.problem
    assert SECRET not in str([row.display_input for row in rows()])
    values = encryption.decrypt_json(good.encrypted_input, associated_data=good.associated_data)
    assert values["values"]["auth_value"] == SECRET


def test_of_several_ways_to_authenticate_the_line_says_which(lead: Client) -> None:
    one, two = empty_accounts(2)
    zendesk = library("Zendesk")

    post(
        lead,
        "Account id,Connector,Authentication,Zendesk Subdomain",
        f"{one.cyclr_id},Zendesk,,acme",
        f"{two.cyclr_id},Zendesk,oauth 2,acme",
    )

    unsaid, said = rows()
    assert "Authentication: write how Zendesk authenticates" in unsaid.problem
    assert len(zendesk.methods) > 1 and not said.problem
    assert ["Authentication", "OAuth 2"] in said.display_input["entries"]


def test_the_same_connector_twice_in_an_account_is_taken_once(lead: Client) -> None:
    [account] = empty_accounts(1)

    post(lead, "Account id,Connector", *[f"{account.cyclr_id},Slack"] * 2)

    first, second = rows()
    assert not first.problem
    assert second.problem == "This account is already on line 2 with Slack."


def test_accounts_that_have_it_are_left_out_and_unknown_ones_said(lead: Client) -> None:
    having = Account.objects.get(cyclr_id="shop-1042.example")
    sync.refresh_account(having)

    post(lead, "Account id,Connector", f"{having.cyclr_id},HubSpot", "no-such-account,Slack")

    has, unknown = rows()
    assert has.problem == "It has HubSpot already." and "No account with this id" in unknown.problem


@pytest.mark.parametrize("table", ["shop-1\nshop-2", "Account id,Name\nshop-1,x"])
def test_without_a_column_for_the_connector_it_is_refused(table: str, lead: Client) -> None:
    answer = post(lead, table)

    assert answer.status_code == 422 and NO_COLUMN in text_of(answer)


def test_a_table_that_is_refused_comes_back_less_what_may_be_secret(lead: Client) -> None:
    answer = post(lead, "Account id,Connector,Release id,API key", f"a,Slack,b,{SECRET}")

    html = text_of(answer)
    assert answer.status_code == 422 and SECRET not in html
    assert "Two columns are for the connector’s id or name." in html
    assert "The cells of “API key” were not kept" in html


def test_the_same_form_twice_is_one_run(lead: Client) -> None:
    [account] = empty_accounts(1)
    table, submission = f"Account id,Connector\n{account.cyclr_id},Slack", str(uuid.uuid4())

    first = post(lead, table, submission=submission)
    again = post(lead, table, submission=submission)

    assert first["Location"] == again["Location"] and BulkRun.objects.count() == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_letters(name: str, lead: Client) -> None:
    [account] = empty_accounts(1)
    cell = '"' + name.replace('"', '""').replace("\x00", "") + '"'

    answer = post(lead, "Account id,Connector", f"{account.cyclr_id},{cell}")

    assert answer.status_code in {302, 422}
    for run in BulkRun.objects.all():
        assert_only_letters(text_of(lead.get(run.get_absolute_url())))


def test_only_leads_may_and_only_in_their_console(client: Client, console: Console) -> None:
    client.force_login(make_user(Role.AGENT))
    assert client.get(URL).status_code == 403
    assert "Install from a table" not in text_of(client.get("/library/"))
    other = make_console()
    user = make_user(Role.AGENT)
    Membership.objects.create(user=user, console=other, role=Role.LEAD)
    client.force_login(user)

    page = client.get(URL, {"console": console.pk})

    assert page.context["console"] == other
    assert "Install from a table" in text_of(client.get("/library/"))
    assert not CatalogueConnector.objects.exists() or page.status_code == 200


def test_of_several_consoles_one_is_chosen_first(lead: Client) -> None:
    other = make_console()

    choice = text_of(lead.get(URL))

    assert "In which console?" in choice and f"?console={other.pk}" in choice
