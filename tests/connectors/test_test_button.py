"""The button Test on a connector's page: a POST, a worker, and the result by itself."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.connectors import connection_tests
from dashboard.connectors.models import ConnectionTest, ConnectionTestMethod
from dashboard.mirror.models import AccountConnector
from dashboard.people.models import Role
from tests.connectors.conftest import say, work
from tests.factories import make_user
from tests.pages import part, signed_in, text_of

FACTS = "connector-facts"


def press_test(browser: Client, connector: AccountConnector) -> str:
    """Press the button as htmx does; the part that comes back."""
    url = reverse("connector_test", args=[connector.pk])
    return text_of(browser.post(url, headers={"HX-Request": "true", "HX-Target": FACTS}))


def test_the_result_appears_by_itself(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod, agent: Client
) -> None:
    page = text_of(agent.get(mailchimp.get_absolute_url()))
    assert f'hx-post="/connectors/{mailchimp.pk}/test/"' in page

    testing = press_test(agent, mailchimp)
    assert ">Testing<" in testing and "poll-1s from:body" in testing
    work()
    shown = text_of(part(agent, mailchimp.get_absolute_url(), FACTS))

    assert ">It works<" in shown and "poll-1s" not in shown
    assert "Connected as" in shown and "robin.alder@customer.example" in shown
    assert "Not tested yet" not in shown


def test_what_does_not_work_says_why_with_their_words(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod, agent: Client
) -> None:
    say(cyclr, mailchimp, {"Status": 401, "Body": {"Message": "The <b>key</b> was revoked."}})
    press_test(agent, mailchimp)
    work()

    page = text_of(agent.get(mailchimp.get_absolute_url()))

    assert ">It does not work<" in page
    assert "was refused (401): the credentials do not work." in page
    assert "<b>key</b>" not in page


def test_it_is_there_only_where_a_method_is_chosen(
    mailchimp: AccountConnector, agent: Client
) -> None:
    assert "/test/" not in text_of(agent.get(mailchimp.get_absolute_url()))

    answer = agent.post(reverse("connector_test", args=[mailchimp.pk]), follow=True)

    assert connection_tests.NO_METHOD in text_of(answer)
    assert not ConnectionTest.objects.exists()


def test_what_is_gone_is_not_asked(
    mailchimp: AccountConnector, test_method: ConnectionTestMethod, agent: Client
) -> None:
    AccountConnector.objects.filter(pk=mailchimp.pk).update(gone_at=timezone.now())

    press_test(agent, mailchimp)
    assert not ConnectionTest.objects.exists()
    connection_tests.ask(mailchimp, Actor.system())
    work()

    assert ConnectionTest.objects.get().summary == "It is gone from Cyclr."


def test_viewers_see_the_result_and_no_button(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod, agent: Client
) -> None:
    press_test(agent, mailchimp)
    work()
    viewer = signed_in(make_user(Role.VIEWER))

    page = text_of(viewer.get(mailchimp.get_absolute_url()))

    assert ">It works<" in page and "/test/" not in page
    assert viewer.post(reverse("connector_test", args=[mailchimp.pk])).status_code == 403
    assert agent.get(reverse("connector_test", args=[mailchimp.pk])).status_code == 405


def test_the_history_tells_who_tested_it(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod, agent: Client
) -> None:
    press_test(agent, mailchimp)
    work()

    assert "Tested" in text_of(agent.get(mailchimp.get_absolute_url()))
