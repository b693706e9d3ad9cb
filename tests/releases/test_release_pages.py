"""The library's pages about methods and releases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.consoles.models import Console
from dashboard.methods.models import Method
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector, Release
from dashboard.people.models import Role
from dashboard.releases import reading, tasks
from dashboard.releases.candidates import known_releases
from dashboard.releases.models import ReleaseReading
from tests.factories import make_account, make_account_connector, make_connector, make_user
from tests.pages import HOSTILE, assert_only_letters, part, queries_of, signed_in, text_of

OLD_MAILCHIMP = 15718


@pytest.fixture
def mailchimp(harbour: Account) -> CatalogueConnector:
    """A connector of the library, of which an older release is installed as well."""
    connector: CatalogueConnector = CatalogueConnector.objects.get(name="MailChimp")
    make_account_connector(
        account=harbour,
        connector_name="MailChimp",
        connector_version=connector.version,
        release_id=OLD_MAILCHIMP,
    )
    return connector


def url(name: str, connector: CatalogueConnector, *more: object) -> str:
    return reverse(name, args=[connector.pk, *more])


def read(browser: Client, connector: CatalogueConnector, *releases: int) -> None:
    """Press “Read it now”, and let a worker read."""
    wanted = [str(one) for one in releases or (connector.release_id,)]
    answer = browser.post(url("library_read", connector), {"release": wanted})
    assert answer.status_code == 302
    for one in ReleaseReading.objects.filter(finished_at=None):
        tasks.read_release(one.pk)


def test_the_methods_of_a_connector_are_read_when_somebody_looks(
    agent: Client, mailchimp: CatalogueConnector, sent_messages: Any
) -> None:
    before = text_of(agent.get(url("library_method_list", mailchimp)))
    assert "Not all of this has been read yet" in before
    agent.post(url("library_read", mailchimp), {"release": str(mailchimp.release_id)})
    page = url("library_method_list", mailchimp)
    waiting = agent.get(page)
    assert "Reading from Cyclr" in text_of(waiting)
    seen = waiting.context["version"]
    assert part(agent, page, "method-table", seen=seen).status_code == 204

    read(agent, mailchimp)

    drawn = part(agent, page, "method-table", seen=seen)
    assert "List Subscribers" in text_of(drawn)
    assert "methods-read" in drawn["HX-Trigger-After-Settle"]
    choice = text_of(part(agent, page, "method-category"))
    assert 'hx-trigger="methods-read from:body"' in choice
    assert choice.count("<option") == 1 + len(agent.get(page).context["categories"]) > 1

    after = text_of(agent.get(url("library_method_list", mailchimp)))
    assert "Read it now" not in after
    assert "List Subscribers" in after
    assert "Writes" in after
    assert "Reads" in after


def test_methods_are_found_by_words_and_by_category(
    agent: Client, mailchimp: CatalogueConnector
) -> None:
    read(agent, mailchimp)
    page = url("library_method_list", mailchimp)
    categories = agent.get(page).context["categories"]

    found = part(agent, page, "method-table", field="q", q="delete")
    none = text_of(agent.get(page, {"q": "delete", "category": "Elsewhere"}))
    one_category = agent.get(page, {"category": categories[0]}).context["page"]

    assert found["HX-Replace-Url"] == f"{page}?q=delete"
    assert all(one.name.startswith("Delete") for one in found.context["page"])
    assert {one.category for one in one_category} == {categories[0]}
    assert "in any category" in none
    assert "Show all methods" in none


def test_a_method_says_what_it_takes(agent: Client, mailchimp: CatalogueConnector) -> None:
    read(agent, mailchimp)
    method = Method.objects.get(release_id=mailchimp.release_id, name="List Subscribers")

    shown = text_of(agent.get(url("library_method_detail", mailchimp, method.key)))

    assert "updatedSince" in shown
    assert "Optional" in shown
    assert "Reads" in shown
    assert method.unique_id in shown
    assert agent.get(url("library_method_detail", mailchimp, "0" * 32)).status_code == 404


def test_two_releases_are_compared(agent: Client, mailchimp: CatalogueConnector) -> None:
    page = url("library_compare", mailchimp)
    before = agent.get(page)
    assert "is not known yet" in text_of(before)
    assert (before.context["before"].release_id, before.context["now"].release_id) == (
        OLD_MAILCHIMP,
        mailchimp.release_id,
    )
    read(agent, mailchimp, OLD_MAILCHIMP, mailchimp.release_id)

    found = agent.get(page)

    assert [one.target for one in found.context["settings"].added] == ["Dc"]
    methods = found.context["methods"]
    assert {one.name.split()[0] for one in methods.added} == {"Update"}
    assert any(
        "may be given too" in difference
        for one in methods.changed
        for difference in one.differences
    )
    assert "New" in text_of(found)
    turned = agent.get(page, {"from": mailchimp.release_id, "to": OLD_MAILCHIMP})
    assert [one.target for one in turned.context["settings"].removed] == ["Dc"]
    assert "Gone" in text_of(turned)


@pytest.mark.parametrize(
    "query", ["from=x&to=y", "from=0", "from=99&to=98", f"from={'9' * 40}", "from=%00", "to=-1"]
)
def test_rubbish_in_the_address_is_the_usual_comparison(
    agent: Client, mailchimp: CatalogueConnector, query: str
) -> None:
    answer = agent.get(f"{url('library_compare', mailchimp)}?{query}")

    assert answer.status_code == 200
    assert answer.context["before"].release_id == OLD_MAILCHIMP


def test_a_single_release_has_nothing_to_be_compared_with(agent: Client, harbour: Account) -> None:
    connector = CatalogueConnector.objects.get(name="Airtable")

    assert "Only one release is known" in text_of(agent.get(url("library_compare", connector)))


def test_only_known_releases_are_read_and_few_at_a_time(
    agent: Client, mailchimp: CatalogueConnector
) -> None:
    wanted = ["1", "x", "²", str(10**30), str(OLD_MAILCHIMP), str(OLD_MAILCHIMP)]
    elsewhere = {"release": wanted, "next": "https://evil.example/"}

    answer = agent.post(url("library_read", mailchimp), elsewhere)
    agent.post(url("library_read", mailchimp), elsewhere)

    assert answer["Location"] == url("library_method_list", mailchimp)
    assert [one.release_id for one in ReleaseReading.objects.all()] == [OLD_MAILCHIMP]
    assert agent.get(url("library_read", mailchimp)).status_code == 405


def test_a_release_that_cyclr_does_not_know_any_more_is_said_so(
    agent: Client, mailchimp: CatalogueConnector, cyclr: CyclrState
) -> None:
    cyclr.connectors.remove(cyclr.connectors[OLD_MAILCHIMP])

    read(agent, mailchimp, OLD_MAILCHIMP)

    shown = text_of(agent.get(url("library_compare", mailchimp)))
    assert f"Release {OLD_MAILCHIMP} could not be read" in shown
    assert "Cyclr does not tell of this release any more." in shown


def test_a_silent_cyclr_is_asked_again_and_then_given_up(
    agent: Client, mailchimp: CatalogueConnector, cyclr: CyclrState
) -> None:
    cyclr.faults.respond("GET", "/connectors/{id}", status=503)
    read(agent, mailchimp)
    one = ReleaseReading.objects.get()
    assert not one.is_finished

    ReleaseReading.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    tasks.read_release(one.pk)

    one.refresh_from_db()
    assert one.last_error == "Cyclr did not answer in time."
    assert "could not be read" in text_of(agent.get(url("library_method_list", mailchimp)))


def test_a_release_that_is_replaced_is_kept(
    agent: Client, harbour: Account, console: Console, cyclr: CyclrState
) -> None:
    [live] = [one for one in cyclr.connectors.values() if one.name == "Airtable"]
    cyclr.connectors.remove(live)
    parameters = [{**one, "IsOptional": True} for one in live.document["Parameters"]]
    cyclr.connectors.add({**live.document, "Id": 29_001, "Parameters": parameters})

    sync.refresh_library(console)
    sync.refresh_library(console)

    kept = Release.objects.get()
    assert (kept.name, kept.release_id) == ("Airtable", live.id)
    connector = CatalogueConnector.objects.get(name="Airtable")
    assert connector.release_id == 29_001
    found = agent.get(url("library_compare", connector)).context
    assert found["before"].release_id == live.id
    assert {one.differences for one in found["settings"].changed} == {("optional now",)}


def test_a_custom_connector_is_asked_for_as_its_account(
    agent: Client, console: Console, harbour: Account
) -> None:
    other = make_account(console=console)
    own = make_connector(console=console, account=other, name="Own App", release_id=77)
    make_account_connector(account=other, connector_name="Own App", release_id=76)
    make_account_connector(account=harbour, connector_name="Own App", release_id=75)

    assert reading.account_for(own, 77) == other
    assert set(known_releases(own)) == {76, 77}


def test_without_an_account_nobody_is_asked(db: None) -> None:
    connector = make_connector()
    agent = signed_in(make_user(role=Role.AGENT, console=connector.console))

    read(agent, connector)

    assert not ReleaseReading.objects.exists()


def test_whom_the_library_is_asked_for_has_the_release(harbour: Account) -> None:
    connector = CatalogueConnector.objects.get(name="MailChimp")
    one = make_account_connector(
        account=make_account(console=harbour.console), release_id=OLD_MAILCHIMP
    )

    assert reading.account_for(connector, OLD_MAILCHIMP) == one.account
    AccountConnector.objects.filter(pk=one.pk).update(gone_at=timezone.now())
    assert (
        reading.account_for(connector, OLD_MAILCHIMP) == sync.catalogue_accounts(harbour.console)[0]
    )


def test_another_console_s_connector_is_not_there(db: None) -> None:
    other = make_connector()
    viewer = signed_in(make_user(role=Role.VIEWER, console=make_connector().console))

    for name in ("library_method_list", "library_compare"):
        assert viewer.get(url(name, other)).status_code == 404
    assert viewer.post(url("library_read", other)).status_code == 404


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_outside_are_only_letters(name: str, db: None) -> None:
    text = name.replace("\x00", "")
    old = {"Name": text, "TargetName": "a", "IsAccountConnectorProperty": True, "Id": 1}
    new = {**old, "Name": f"{text}!", "Values": [text], "DataType": text}
    connector = make_connector(name="App", version=text[:50], release_id=5, parameters=[new])
    Release.objects.create(
        console=connector.console,
        release_id=4,
        name="App",
        version=text[:50],
        parameters=[old, {**old, "TargetName": text or "b"}],
    )
    viewer = signed_in(make_user(role=Role.VIEWER, console=connector.console))
    for release, key, label in (
        (4, "k" * 32, text),
        (5, "k" * 32, f"{text}?"),
        (5, "n" * 32, text),
    ):
        Method.objects.create(
            console=connector.console,
            release_id=release,
            key=key,
            name=label,
            category=text,
            description=text,
            endpoint=text,
            inputs=[
                {"group": "parameter", "id": 1, "name": text, "target": text, "values": [text]}
            ],
        )
    account = make_account(console=connector.console)
    for release in (4, 5):
        ReleaseReading.objects.create(
            console=connector.console,
            account=account,
            release_id=release,
            finished_at=timezone.now(),
            said=text,
        )

    pages = [
        viewer.get(url("library_detail", connector)),
        viewer.get(url("library_method_list", connector)),
        viewer.get(url("library_method_detail", connector, "k" * 32)),
        viewer.get(url("library_compare", connector)),
    ]

    for page in pages:
        assert page.status_code == 200
        assert_only_letters(text_of(page))


def test_a_page_costs_the_same_for_few_and_for_many(
    agent: Client, mailchimp: CatalogueConnector
) -> None:
    read(agent, mailchimp, OLD_MAILCHIMP, mailchimp.release_id)
    pages = [url("library_method_list", mailchimp), url("library_compare", mailchimp)]
    few = [queries_of(agent, one) for one in pages]
    template = Method.objects.filter(release_id=mailchimp.release_id)[0]
    Method.objects.bulk_create(
        Method(
            console=template.console,
            release_id=template.release_id,
            key=f"{n:032}",
            name=f"List {n}",
            inputs=template.inputs,
        )
        for n in range(40)
    )

    assert [queries_of(agent, one) for one in pages] == few
    assert max(few) <= 20


def test_old_readings_are_forgotten(agent: Client, mailchimp: CatalogueConnector) -> None:
    read(agent, mailchimp)
    ReleaseReading.objects.update(finished_at=timezone.now() - timedelta(days=40))

    tasks.forget_readings()

    assert not ReleaseReading.objects.exists()
    assert Release.objects.exists()
