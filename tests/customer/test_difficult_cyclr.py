"""A Cyclr that is hard to live with: odd tokens, slow consent, a wrong clock, many refusals."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.consoles import pacing
from dashboard.consoles.models import Console
from dashboard.jobs.messages import Message
from dashboard.links import services, tasks
from dashboard.links.attempts import checking
from dashboard.links.models import (
    AccountCheck,
    AttemptState,
    ConnectAttempt,
    Link,
    LinkItem,
    LinkState,
)
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from tests.links.steps import consent, open_consent, press_continue, to_cyclr
from tests.simulated import Hands, dispatch_due

SIGN_IN = "/accounts/{id}/signintoken"


def test_a_token_of_any_letters_arrives_as_cyclr_made_it(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    odd = "a+b/c==&d=e%2B f#g?ü"
    cyclr.faults.rewrite("POST", SIGN_IN, lambda answer: {**answer, "Token": odd})
    url = to_cyclr(customer, link, hands)

    assert parse_qs(urlsplit(url).query)["token"] == [odd]
    assert urlsplit(url).fragment == ""


def test_a_consent_that_takes_many_minutes_is_connected_on_return(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    press = open_consent(cyclr, to_cyclr(customer, link, hands))
    for minutes in (1, 5, 13, 16):
        hands.later(minutes * 60)
        tasks.check_account(link.account_id)
    item = link.items.get()
    assert (item.next_check_at, item.failures) == (None, 1)  # taken for a failed start
    customer.get(urlsplit(press("Approve")).path)
    tasks.check_account(link.account_id)

    link.refresh_from_db()
    assert link.state_label == "Connected"
    assert link.items.get().failures == 0


def test_a_clock_that_runs_behind_changes_nothing(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    cyclr.advance(-30 * 60)
    back = consent(cyclr, to_cyclr(customer, link, hands), "Approve")
    customer.get(urlsplit(back).path)
    tasks.check_account(link.account_id)

    link.refresh_from_db()
    assert link.state_label == "Connected"


def test_with_every_second_token_refused_every_customer_comes_through(
    cyclr: CyclrState, harbour: Account, customer: Client, hands: Hands
) -> None:
    hubspot = AccountConnector.objects.get(account=harbour, connector_name="HubSpot")
    for turn in range(6):
        cyclr.faults.rate_limit("POST", SIGN_IN, retry_after="2", times=1, skip=turn)
    waits = []
    for _ in range(6):
        link = services.create_link(Actor.system(), harbour, [hubspot])
        waits.append(press_continue(customer, link)["Location"])
    for seconds in range(0, 40, 3):
        hands.later(seconds)
        pacing.forget_holds()  # held back together in life; here the clock is ours
        hands.work()

    assert all(customer.get(wait).status_code in {200, 302} for wait in waits)
    assert not ConnectAttempt.objects.filter(state=AttemptState.FAILED).exists()
    assert ConnectAttempt.objects.exclude(state=AttemptState.WAITING).count() == 6


@pytest.fixture
def many_started(cyclr: CyclrState, console: Console) -> list[Link]:
    """200 links of 20 accounts, all started within the same minute."""
    sync.refresh_accounts(console)
    accounts = list(Account.objects.filter(console=console)[:20])
    slack_id = next(one.id for one in cyclr.connectors.values() if one.name == "Slack")
    for account in accounts:
        cyclr.install(account.cyclr_id, slack_id, name="For the links")
        sync.refresh_account(account)
    links = []
    moment = timezone.now()
    for account in accounts:
        slack = AccountConnector.objects.get(account=account, name="For the links")
        made = [services.create_link(Actor.system(), account, [slack]) for _ in range(10)]
        links += made
    LinkItem.objects.update(
        state=LinkState.STARTED,
        starts=1,
        started_at=moment,
        next_check_at=moment,
        check_until=moment + checking.GRACE,
    )
    return links


@pytest.mark.redis
def test_two_hundred_links_at_once_are_verified_within_the_rate(
    cyclr: CyclrState, many_started: list[Link], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CYCLR_CALLS_PER_SECOND = 40
    limit = cyclr.faults.limit_rate(80, 1.0)  # a full bucket, and a second's filling
    asked: list[int] = []

    def carry_out(message: Message, account_id: int) -> bool:
        asked.append(account_id)
        tasks.check_account(account_id)
        return True

    monkeypatch.setattr(Message, "send", carry_out)
    for item in LinkItem.objects.select_related("account_connector")[:200:10]:
        cyclr.authenticate(item.account_connector.cyclr_id)
    before = len(cyclr.requests)
    dispatch_due(AccountCheck)
    calls = [one for one in list(cyclr.requests)[before:] if "/oauth/" not in one.path]

    assert len(asked) == len(set(asked)) == 20
    assert len(calls) <= 2 * 20  # a listing is a page and the empty one after it
    assert not [one for one in calls if one.status == 429], limit
    states = Link.objects.filter(pk__in=[link.pk for link in many_started])
    assert set(states.values_list("state", flat=True)) == {LinkState.CONNECTED}
