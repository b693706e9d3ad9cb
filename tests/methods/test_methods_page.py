"""What a connector can do: read by a worker, searched, marked as reading or writing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import AuditEntry
from dashboard.methods import reading
from dashboard.methods.models import Method, MethodMark, MethodReading
from dashboard.mirror.models import Account, AccountConnector
from dashboard.people.models import Role
from tests.factories import make_account_connector, make_console, make_user
from tests.methods.conftest import HOSTILE_ONE, install, method, read, url_of, work
from tests.pages import part, signed_in, text_of


def list_of(connector: AccountConnector) -> str:
    return reverse("method_list", args=[connector.pk])


def test_a_worker_reads_the_methods_and_the_page_shows_them_by_itself(
    harbour: Account, agent: Client
) -> None:
    connector = AccountConnector.objects.get(account=harbour, connector_name="MailChimp")
    url = list_of(connector)
    first = text_of(agent.get(url))
    assert 'hx-trigger="submit, load"' in first and not MethodReading.objects.exists()

    agent.post(reverse("method_read", args=[connector.pk]))
    waiting = agent.get(url)
    assert "poll-1s from:body" in text_of(waiting)
    assert part(agent, url, seen=waiting.context["version"]).status_code == 204
    work()
    found = text_of(part(agent, url, seen=waiting.context["version"]))

    assert "List Subscribers" in found and "poll-1s from" not in found
    assert 'href="/connectors/' in text_of(agent.get(connector.get_absolute_url()))


def test_the_connectors_page_leads_to_its_methods(
    mailchimp: AccountConnector, agent: Client
) -> None:
    assert f'href="{list_of(mailchimp)}"' in text_of(agent.get(mailchimp.get_absolute_url()))


def test_the_choice_of_categories_is_filled_as_the_methods_are_read(
    cyclr: CyclrState, harbour: Account, agent: Client
) -> None:
    connector: AccountConnector = AccountConnector.objects.get(
        account=harbour, connector_name="MailChimp"
    )
    url = list_of(connector)
    before = text_of(agent.get(url))
    agent.post(f"{url}read/")
    seen = agent.get(url).context["version"]
    work()

    drawn = part(agent, url, "method-table", seen=seen)
    typed = part(agent, url, "method-table", field="q", q="list")
    choice = text_of(part(agent, url, "method-category", category="Subscribers"))

    assert before.count("<option") == 1
    assert "methods-read" in drawn["HX-Trigger-After-Settle"]
    assert "HX-Trigger-After-Settle" not in typed
    assert 'id="method-category"' in choice
    assert choice.count("<option") == 1 + len(Method.objects.of(connector).categories()) > 1


def test_methods_are_searched_and_narrowed_to_a_category(
    mailchimp: AccountConnector, agent: Client
) -> None:
    url = list_of(mailchimp)
    category = method(mailchimp, "List Subscribers").category

    searched = text_of(part(agent, url, "method-table", field="q", q="subscr list"))
    narrowed = text_of(agent.get(url, {"category": category, "q": "nothing like it"}))

    assert "List Subscribers" in searched and "Add Subscriber" not in searched
    assert "No method matches" in narrowed


def test_a_release_that_was_read_lately_is_not_read_again(
    mailchimp: AccountConnector, agent: Client
) -> None:
    page = text_of(agent.get(list_of(mailchimp)))

    assert "submit, load" not in page and MethodReading.objects.count() == 1


def test_another_release_has_methods_of_its_own(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    AccountConnector.objects.filter(pk=mailchimp.pk).update(release_id=999_999)

    page = text_of(agent.get(list_of(mailchimp)))

    assert "have not been read yet" in page and "List Subscribers" not in page


def test_a_second_reading_replaces_what_changed_and_keeps_addresses(
    mailchimp: AccountConnector,
) -> None:
    one = method(mailchimp, "List Subscribers")
    Method.objects.filter(pk=one.pk).update(name="An old name")
    Method.objects.create(console=one.console, release_id=one.release_id, key="gone", name="Gone")

    read(mailchimp)

    assert method(mailchimp, "List Subscribers").key == one.key
    assert not Method.objects.filter(key="gone").exists()


def test_a_reading_that_is_refused_says_so(
    cyclr: CyclrState, harbour: Account, agent: Client
) -> None:
    cyclr.faults.respond("GET", "/connectors/{id}/methods", status=404)
    connector = AccountConnector.objects.get(account=harbour, connector_name="MailChimp")
    read(connector)

    page = text_of(agent.get(list_of(connector)))

    assert "The methods could not be read" in page and "no longer has this release" in page


def test_a_connector_whose_release_is_not_known_says_so(agent: Client, db: None) -> None:
    connector = make_account_connector(release_id=None)

    assert "Its release is not known" in text_of(agent.get(list_of(connector)))
    assert reading.ask(connector) is None


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("List Subscribers", True),
        ("Get Subscriber", True),
        ("Search Contacts", True),
        ("Add Subscriber", False),
        ("Delete Subscriber", False),
    ],
)
def test_the_name_says_whether_a_method_reads(
    mailchimp: AccountConnector, name: str, reads: bool
) -> None:
    assert reading.is_reading(method(mailchimp, name)) is reads


def test_a_lead_marks_a_method_either_way_and_that_is_recorded(
    mailchimp: AccountConnector, lead: Client
) -> None:
    url = reverse("method_mark", args=[mailchimp.pk, method(mailchimp, "Add Subscriber").key])

    lead.post(url, {"effect": "reads"})
    assert reading.is_reading(method(mailchimp, "Add Subscriber"))
    lead.post(url, {"effect": "writes"})

    assert not reading.is_reading(method(mailchimp, "Add Subscriber"))
    assert AuditEntry.objects.filter(action="methods.mark").count() == 2
    assert MethodMark.objects.count() == 1


def test_an_agent_marks_nothing(mailchimp: AccountConnector, agent: Client) -> None:
    url = reverse("method_mark", args=[mailchimp.pk, method(mailchimp, "Add Subscriber").key])

    assert agent.post(url, {"effect": "reads"}).status_code == 403
    assert not MethodMark.objects.exists()


def test_methods_of_another_console_are_not_there(
    mailchimp: AccountConnector, cyclr: CyclrState
) -> None:
    stranger = signed_in(make_user(Role.LEAD, console=make_console()))

    for url in (list_of(mailchimp), url_of(mailchimp, "List Subscribers")):
        assert stranger.get(url).status_code == 404


def test_hostile_names_are_text(cyclr: CyclrState, harbour: Account, lead: Client) -> None:
    connector = install(cyclr, harbour, HOSTILE_ONE)

    pages: list[Any] = [lead.get(list_of(connector))]
    pages += [
        lead.get(reverse("method_detail", args=[connector.pk, one.key]))
        for one in Method.objects.of(connector)
    ]

    for page in map(text_of, pages):
        assert (
            "<script>alert" not in page and "<img src=x" not in page and "<svg onload" not in page
        )
