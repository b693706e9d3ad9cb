"""A connector whose newest test failed is *Not working* wherever it is named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.campaigns import planning
from dashboard.connectors import connection_tests
from dashboard.connectors.evidence import Evidence
from dashboard.connectors.models import ConnectionTest, ConnectionTestMethod
from dashboard.jobs.leases import Lease
from dashboard.links import services
from dashboard.links.forms import LinkForm
from dashboard.links.requirements import requirements_of_all
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from dashboard.mirror.writing_evidence import write_test_failed
from tests.connectors.conftest import say, work
from tests.connectors.test_test_button import FACTS, press_test
from tests.pages import part, text_of
from tests.simulated import Hands

METHOD = ("POST", "/account/connectors/{id}/methods/{method}")
WHY = "was refused (401): the credentials do not work."
STATE = 'data-state="not-working">Not working<'


@pytest.fixture
def failed(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> AccountConnector:
    """MailChimp of Harbour Books: it was proven to work, and its newest test failed."""
    test(mailchimp)
    say(cyclr, mailchimp, {"Status": 401, "Body": {"Message": "The key was revoked."}})
    test(mailchimp)
    return mailchimp


def test(connector: AccountConnector) -> ConnectionTest:
    """Have it tested by a worker."""
    run = connection_tests.ask(connector, Actor.system())
    assert run is not None
    work()
    run.refresh_from_db()
    connector.refresh_from_db()
    return run


test.__test__ = False  # type: ignore[attr-defined]


def pages(connector: AccountConnector) -> dict[str, str]:
    """Where the connector, or its account, is named to staff."""
    link = services.create_link(Actor.system(), connector.account, [connector])
    return {
        "connector": connector.get_absolute_url(),
        "account": connector.account.get_absolute_url(),
        "fleet": f"{reverse('connector_list')}?state=not-working",
        "overview": f"{reverse('overview')}?show=not-working",
        "link": link.get_absolute_url(),
    }


@pytest.mark.parametrize("page", ["connector", "account", "fleet", "overview", "link"])
def test_every_page_that_names_it_says_so_with_why_and_when(
    page: str, failed: AccountConnector, agent: Client
) -> None:
    shown = text_of(agent.get(pages(failed)[page]))

    assert STATE in shown and WHY in shown
    assert failed.name in shown


def test_lists_of_accounts_and_figures_count_it(failed: AccountConnector, agent: Client) -> None:
    name = failed.account.name
    listed = text_of(agent.get(reverse("account_list"), {"not_working": "1"}))
    overview = text_of(agent.get(reverse("overview")))

    assert name in listed and 'data-state="not-working">1 not working<' in listed
    assert 'Not working <span class="num">1</span>' in overview
    Account.objects.update(not_working_count=0)
    assert name not in text_of(agent.get(reverse("account_list"), {"not_working": "1"}))


def test_what_cyclr_says_and_what_was_proven_stay_two_facts(
    failed: AccountConnector, agent: Client
) -> None:
    page = text_of(agent.get(failed.get_absolute_url()))
    facts = page.partition(f'id="{FACTS}"')[2].partition("</section>")[0]

    assert 'data-state="authenticated">Authenticated<' in facts
    assert "Last proven working" in facts and STATE in facts
    assert 'data-state="done"' not in facts


def test_the_fleet_s_other_filters_leave_it_out(failed: AccountConnector, agent: Client) -> None:
    for state in ("authenticated", "not-authenticated"):
        page = text_of(agent.get(reverse("connector_list"), {"state": state, "q": "harbour"}))
        assert f'id="row-connector-{failed.pk}"' not in page


def test_the_history_says_what_came_of_each_test(failed: AccountConnector, agent: Client) -> None:
    ConnectionTest.objects.all().delete()
    connection_tests.ask(failed, Actor.staff(agent_user(agent)))
    work()

    page = text_of(agent.get(failed.get_absolute_url()))
    history = page.partition('id="connector-history"')[2]
    assert "Tested: does not work" in history and WHY in history


def agent_user(agent: Client):  # type: ignore[no-untyped-def]
    """Who is signed in."""
    from dashboard.people.models import User

    return User.objects.get(pk=agent.session["_auth_user_id"])


def test_a_test_that_works_ends_it(
    cyclr: CyclrState, failed: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    say(cyclr, failed, {"contacts": [{"email": "robin@customer.example"}]})
    test(failed)

    assert (failed.state, failed.test_failed_at, failed.test_failure) == ("Authenticated", None, "")
    assert failed.failing_since is None
    assert Account.objects.get(pk=failed.account_id).not_working_count == 0


@pytest.mark.parametrize("status", [404, 500])
def test_a_test_that_says_nothing_leaves_it_as_it_is(
    status: int, cyclr: CyclrState, failed: AccountConnector, hands: Hands
) -> None:
    cyclr.faults.respond(*METHOD, status=status)
    run = connection_tests.ask(failed, Actor.system())
    assert run is not None
    for seconds in range(0, 700, 100):
        hands.later(seconds)
        work()

    run.refresh_from_db()
    failed.refresh_from_db()
    assert run.is_finished and run.worked is None
    assert failed.state == "Not working"


@pytest.mark.parametrize("status", [401, 404])
def test_an_account_that_cyclr_does_not_know_any_more_is_no_dead_connector(
    status: int,
    cyclr: CyclrState,
    mailchimp: AccountConnector,
    test_method: ConnectionTestMethod,
) -> None:
    cyclr.faults.respond(*METHOD, status=401)
    cyclr.faults.respond("GET", "/account/connectors/{id}", status=status)

    run = test(mailchimp)

    assert run.worked is None and "does not know the account" in run.summary
    assert mailchimp.state == "Authenticated"


def test_a_test_that_fails_again_keeps_since_when(failed: AccountConnector) -> None:
    first = failed.test_failed_at
    assert first is not None and failed.failing_since == first

    write_test_failed(failed, first + timedelta(days=1), "401 again")

    failed.refresh_from_db()
    assert failed.test_failed_at == first + timedelta(days=1)
    assert failed.failing_since == first


def test_an_older_test_that_ends_later_does_not_undo_a_newer_one(
    failed: AccountConnector,
) -> None:
    began = failed.test_failed_at
    assert began is not None
    for worked, found in ((True, "Not working"), (False, "Not working")):
        run = ConnectionTest(account_connector=failed, began_at=began - timedelta(seconds=9))
        run.actor = Actor.system()
        run.save()
        connection_tests._finish(Lease(run), Evidence(worked, summary="older"))
        failed.refresh_from_db()
        assert failed.state == found and failed.test_failed_at == began


def test_new_credentials_end_it_until_they_are_tested(
    cyclr: CyclrState, failed: AccountConnector
) -> None:
    cyclr.deauthenticate(failed.cyclr_id)
    sync.refresh_account(failed.account)
    failed.refresh_from_db()
    assert failed.state == "Not authenticated"
    cyclr.authenticate(failed.cyclr_id)
    sync.refresh_account(failed.account)

    failed.refresh_from_db()
    assert (failed.state, failed.test_failed_at) == ("Authenticated", None)
    assert Account.objects.get(pk=failed.account_id).not_working_count == 0


def test_it_can_be_reconnected_like_what_is_not_authenticated(
    failed: AccountConnector, agent: Client
) -> None:
    others = failed.account.connectors.exclude(pk=failed.pk)
    others.update(authenticated=True)
    form = LinkForm(list(requirements_of_all([failed, *others]).values()))
    plans = planning.plan([failed])

    assert form.initial["connectors"] == [str(failed.pk)]
    assert plans[0].connectors == [failed]
    page = text_of(agent.get(failed.account.get_absolute_url()))
    assert f"/links/new/?connector={failed.pk}" in page


# ---- trouble while it is tested ----


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "The third party, or Cyclr for it, answers with an error (500)."),
        (429, "The third party asks for a pause (429)."),
    ],
)
def test_a_test_that_meets_trouble_says_so_and_keeps_the_last_answer_in_view(
    status: int,
    words: str,
    cyclr: CyclrState,
    failed: AccountConnector,
    agent: Client,
    hands: Hands,
) -> None:
    cyclr.faults.respond(*METHOD, status=status, headers={"Retry-After": "30"})
    press_test(agent, failed)
    work()
    hands.later(2)
    shown = text_of(part(agent, failed.get_absolute_url(), FACTS))

    assert "Testing: put off" in shown and words in shown
    assert "It is tried again" in shown and "poll-1s from:body" in shown
    assert "It does not work" in shown and WHY in shown
    assert "Cyclr answers with an error" not in text_of(agent.get(reverse("account_list")))


def test_a_test_that_is_planned_for_later_is_not_shown_as_running(
    mailchimp: AccountConnector, test_method: ConnectionTestMethod, agent: Client
) -> None:
    connection_tests.ask(mailchimp, Actor.link(1), not_before=timezone.now() + timedelta(minutes=5))

    assert "Testing" not in text_of(agent.get(mailchimp.get_absolute_url()))
