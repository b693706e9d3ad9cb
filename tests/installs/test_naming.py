"""Installs by the id of a release, by name, and by name and version."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api.simulator import CyclrState
from dashboard.bulk.models import BulkRun
from dashboard.bulk.tasks import feed_runs
from dashboard.consoles.models import Console
from dashboard.installs.form import InstallForm
from dashboard.installs.many.form import InstallManyForm
from dashboard.installs.naming import (
    By,
    Entry,
    NotMeantError,
    entries_for,
    meant,
    versions_of,
    ways_of,
)
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.operations.models import Operation, State
from dashboard.people.models import Role
from tests.factories import make_account, make_connector, make_user
from tests.pages import HOSTILE, text_of
from tests.simulated import Hands, library, read_cyclr

ENTRIES = [
    Entry(1, "HubSpot", "1.0", 17273),
    Entry(2, "Zendesk", "v2.0", 500),
    Entry(3, "Zendesk", "v3", 501),
    Entry(4, "Slack", "", 600),
    Entry(5, "12345", "", 700),
    Entry(6, "Zendesk v3", "", 800),
    Entry(7, "SuiteTalk", "REST Web, Services", 900),
]


def connector(pk: int) -> CatalogueConnector:
    entry = next(one for one in ENTRIES if one.pk == pk)
    return CatalogueConnector(
        pk=pk, name=entry.name, version=entry.version, release_id=entry.release_id
    )


# ---- what a line of a table means ----


@pytest.mark.parametrize(
    ("pk", "written", "version", "by"),
    [
        (1, "17273", "", By.ID),
        (1, " 017273 ", "", By.ID),
        (1, "HubSpot", "", By.NAME),
        (1, " hubspot ", "", By.NAME),
        (1, "HubSpot 1.0", "", By.VERSION),
        (1, "hubspot, 1.0", "", By.VERSION),
        (1, "HubSpot@1.0", "", By.VERSION),
        (1, "HubSpot/1.0", "", By.VERSION),
        (1, "HubSpot", "1.0", By.VERSION),
        (1, "", "1.0", By.VERSION),
        (2, "Zendesk v2.0", "", By.VERSION),
        (2, "Zendesk", "V2.0", By.VERSION),
        (4, "Slack", "", By.NAME),
        (5, "700", "", By.ID),
        (7, "SuiteTalk REST Web, Services", "", By.VERSION),
        (1, "", "", None),
        (1, " ", " ", None),
    ],
)
def test_a_connector_is_meant(pk: int, written: str, version: str, by: By | None) -> None:
    assert meant(connector(pk), ENTRIES, written, version) == by


@pytest.mark.parametrize(
    ("pk", "written", "version", "words"),
    [
        (1, "Slack", "", "“Slack” is Slack, and this table installs HubSpot 1.0"),
        (1, "600", "", "“600” is Slack, and this table installs HubSpot 1.0"),
        (1, "99", "", "No connector’s live release has the id 99."),
        (1, "9" * 5000, "", "No connector’s live release has the id 999"),
        (1, "0", "", "No connector’s live release has the id 0."),
        (5, "12345", "", "Write the id of the connector of that name, 700."),
        (1, "17273", "1.0", "Write an id, or a name and a version"),
        (1, "HubSpott", "", "No connector in the library is called “HubSpott”."),
        (1, "HubSpot", "2.0", "HubSpot has no version “2.0”, but 1.0."),
        (4, "Slack", "1.0", "Slack has no version “1.0”, but one without a version."),
        (2, "Zendesk", "", "Zendesk has several versions: v2.0, v3. Write which, as in “Zendesk"),
        (3, "Zendesk v3", "", "may be one of several: Zendesk v3 (800), Zendesk v3 (501)"),
        (1, "<b>", "", "No connector in the library is called “<b>”."),
        (1, "x" * 500, "", "…”."),
    ],
)
def test_what_is_not_clear_is_said_in_words(
    pk: int, written: str, version: str, words: str
) -> None:
    with pytest.raises(NotMeantError) as raised:
        meant(connector(pk), ENTRIES, written, version)

    assert words in str(raised.value)


@given(st.text(max_size=40), st.text(max_size=10))
def test_nothing_that_is_written_does_more_than_be_refused(written: str, version: str) -> None:
    try:
        by = meant(connector(1), ENTRIES, written, version)
    except NotMeantError as error:
        assert str(error)
    else:
        assert by in {None, *By}


@pytest.mark.django_db
def test_a_connector_of_an_account_alone_goes_by_its_id() -> None:
    account = make_account()
    own = make_connector(console=account.console, account=account, name="Own App")

    assert "installs_by" not in InstallForm(own, account, ways=ways_of(own)).fields
    assert meant(own, entries_for(own), "Own App") == By.ID


@pytest.mark.django_db
def test_the_form_offers_what_is_sure() -> None:
    one = make_connector(name="HubSpot", version="1.0")
    bare = make_connector(console=one.console, name="Slack")
    digits = make_connector(console=one.console, name="12345")

    def offered(connector: CatalogueConnector) -> list[str]:
        form = InstallForm(connector, None, ways=ways_of(connector))
        field: Any = form.fields.get("installs_by")
        return [value for value, _ in field.choices] if field else []

    assert offered(one) == ["id", "version", "name"]
    assert offered(bare) == ["id", "name"]
    assert offered(digits) == []
    make_connector(console=one.console, name="HubSpot", version="2.0")
    assert versions_of(one) == 2
    assert offered(one) == ["id", "version"]


# ---- by the form ----


def fill(account: Account, name: str, **values: Any) -> tuple[str, dict[str, Any]]:
    connector = library(name)
    form = InstallForm(connector, account)
    data: dict[str, Any] = {
        "submission": str(uuid.uuid4()),
        "release": connector.release_id,
        "name": f"{name} of ours",
        "method": form.method_key,
    }
    for bound in form.visible_fields():
        if bound.name.startswith("parameter-") and bound.field.required:
            data[bound.name] = "us1"
    return reverse("install_new", args=[account.pk, connector.pk]), data | values


def replace_release(cyclr: CyclrState, name: str, number: int, **values: Any) -> None:
    """A newer release comes out, with other ids; the earlier one is deprecated."""
    [live] = [c for c in cyclr.connectors.values() if c.name == name and c.release == "Live"]
    parameters = [{**one, "Id": one["Id"] + 900_000} for one in live.document["Parameters"]]
    cyclr.connectors.remove(live)
    cyclr.connectors.add({**live.document, "Simulator": {"Release": "Deprecated"}})
    cyclr.connectors.add({**live.document, "Id": number, "Parameters": parameters, **values})


@pytest.mark.parametrize(
    ("by", "release"), [("id", 16919), ("version", 29_001), ("name", 29_001), ("", 16919)]
)
def test_the_release_is_installed_that_is_asked_for(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands, by: str, release: int
) -> None:
    url, data = fill(harbour, "MailChimp", installs_by=by)
    assert agent.post(url, data).status_code == 302
    replace_release(cyclr, "MailChimp", 29_001)

    hands.work()

    operation = Operation.objects.get(kind="installs.install")
    assert operation.state == State.DONE, operation.error
    there = [c for c in cyclr.installed[harbour.cyclr_id] if c.connector_name == "MailChimp"][-1]
    assert there.connector_id == release
    assert {one["Value"] for one in there.properties} == {"us1"}
    assert operation.account_connector is not None
    assert operation.account_connector.release_id == release


def test_a_lost_answer_installs_once_by_name_too(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands, settings: Any
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30
    cyclr.faults.drop_after_effect("POST", "/connectors/{name}/install", times=1)
    url, data = fill(harbour, "Slack", installs_by="name")
    before = len(cyclr.installed[harbour.cyclr_id])
    agent.post(url, data)
    hands.work()
    for seconds in (3, 60, 125, 160, 170):
        hands.later(seconds)
        hands.work()

    assert len(cyclr.installed[harbour.cyclr_id]) == before + 1
    assert Operation.objects.get(kind="installs.install").state == State.DONE


def test_a_name_that_cyclr_does_not_know_any_more_is_said_at_the_choice(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    url, data = fill(harbour, "Slack", installs_by="name")
    agent.post(url, data)
    for one in [c for c in cyclr.connectors.values() if c.name == "Slack"]:
        cyclr.connectors.remove(one)

    hands.work()

    operation = Operation.objects.get(kind="installs.install")
    assert operation.state == State.FAILED
    assert "no live release under the name “Slack”" in operation.error
    again = text_of(agent.get(f"{url}?from={operation.reference}"))
    assert "no live release under the name" in again
    assert '<details class="uncover" open>' in " ".join(again.split())


def test_the_operation_says_by_what_it_was_asked(harbour: Account, agent: Client) -> None:
    url, data = fill(harbour, "MailChimp", installs_by="version")
    agent.post(url, data)

    shown = Operation.objects.get(kind="installs.install").display_input["entries"]

    assert ["Release", "The latest of version v3"] in shown


def test_another_choice_than_those_offered_is_refused(harbour: Account, agent: Client) -> None:
    url, data = fill(harbour, "Slack", installs_by="anything")

    assert agent.post(url, data).status_code == 422


# ---- for many ----


@pytest.fixture
def lead(client: Client, console: Console, cyclr: CyclrState) -> Client:
    read_cyclr(console, cyclr)
    client.force_login(make_user(Role.LEAD))
    return client


def post(client: Client, name: str, table: str, **more: Any) -> Any:
    connector = library(name)
    data = {
        "submission": str(uuid.uuid4()),
        "release": str(connector.release_id),
        "name": connector.name,
        "method": InstallManyForm(connector).method_key,
        "table": table,
        "parameter-0": "us1",
    }
    return client.post(reverse("install_many", args=[connector.pk]), data | more)


def test_a_column_says_which_connector_is_meant(
    lead: Client, cyclr: CyclrState, hands: Hands
) -> None:
    some = list(Account.objects.exclude(connectors__connector_name="MailChimp")[:5])
    lines = ["MailChimp", "MailChimp v3", "16919", "", "Slack"]
    table = "Account id\tConnector\n" + "\n".join(
        f"{account.cyclr_id}\t{line}" for account, line in zip(some, lines, strict=True)
    )

    answer = post(lead, "MailChimp", table, installs_by="name")
    assert answer.status_code == 302
    run = BulkRun.objects.get()
    rows = list(run.rows.order_by("number"))
    assert [bool(row.problem) for row in rows] == [False, False, False, False, True]
    assert "is Slack 1.0, and this table installs MailChimp v3" in rows[4].problem
    assert "Installed by" in text_of(lead.get(run.get_absolute_url()))
    replace_release(cyclr, "MailChimp", 29_001)
    lead.post(reverse("bulk_run_start", args=[run.reference]))
    for _ in range(3):
        feed_runs()
        hands.work()

    there = {}
    for account in some[:4]:
        of_it = [c for c in cyclr.installed[account.cyclr_id] if c.connector_name == "MailChimp"]
        there[account.pk] = of_it[-1].connector_id
    assert [there[account.pk] for account in some[:4]] == [29_001, 29_001, 16919, 29_001]


def test_name_and_version_may_have_columns_of_their_own(lead: Client) -> None:
    account = Account.objects.exclude(connectors__connector_name="MailChimp")[0]
    table = f"Account id\tConnector name\tConnector version\n{account.cyclr_id}\tMailChimp\tv4"

    post(lead, "MailChimp", table)

    [row] = BulkRun.objects.get().rows.all()
    assert "Connector: MailChimp has no version “v4”, but v3." in row.problem


def test_two_columns_for_one_thing_are_refused(lead: Client) -> None:
    answer = post(lead, "MailChimp", "Account id\tConnector\tRelease id\na\tb\tc")

    assert answer.status_code == 422
    assert "Two columns are for the connector’s id or name." in text_of(answer)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_in_the_column_are_only_letters(lead: Client, name: str) -> None:
    account = Account.objects.exclude(connectors__connector_name="MailChimp")[0]
    cell = '"' + name.replace('"', '""').replace("\x00", "") + '"'

    answer = post(lead, "MailChimp", f"Account id,Connector\n{account.cyclr_id},{cell}")

    assert answer.status_code in {302, 422}
    for run in BulkRun.objects.all():
        shown = text_of(lead.get(run.get_absolute_url()))
        assert "<script>alert(1)" not in shown
        assert "<img src=x" not in shown


@pytest.mark.django_db
def test_the_library_is_searched_by_the_id_of_a_release() -> None:
    one = make_connector(name="HubSpot", release_id=17273)
    digits = make_connector(console=one.console, name="17273 Rail", release_id=5)

    assert set(CatalogueConnector.objects.search("17273")) == {one, digits}
    assert set(CatalogueConnector.objects.search(" 17273 ")) == {one, digits}
    assert set(CatalogueConnector.objects.search("9" * 40)) == set()
