"""Asking Cyclr what came of a start: when it fails, lags, is slow, or comes hours late."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.consoles.services import client
from dashboard.jobs.messages import Message
from dashboard.links import services, tasks
from dashboard.links.attempts import confirming, starting
from dashboard.links.models import (
    AccountCheck,
    AttemptState,
    ConnectAttempt,
    Link,
    LinkEvent,
    LinkItem,
    LinkState,
)
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from tests.factories import make_account_connector, make_link
from tests.links.steps import consent, press_continue, to_cyclr
from tests.simulated import Hands, dispatch_due

LISTING = ("GET", "/account/connectors")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The messages that the chores send, while no worker takes them."""
    messages: list[tuple[str, int]] = []

    def send(message: Message, *args: int) -> bool:
        messages.append((message.task.rpartition(".")[2], args[0]))
        return True

    monkeypatch.setattr(Message, "send", send)
    return messages


@pytest.fixture
def hubspot(harbour: Account) -> AccountConnector:
    """HubSpot of Harbour Books, which is not authenticated."""
    return AccountConnector.objects.get(account=harbour, connector_name="HubSpot")


@pytest.fixture
def reconnect(cyclr: CyclrState, hubspot: AccountConnector) -> Link:
    """A link over HubSpot, which Cyclr has called authenticated all along."""
    cyclr.authenticate(hubspot.cyclr_id)
    sync.refresh_account(hubspot.account)
    hubspot.refresh_from_db()
    return services.create_link(Actor.system(), hubspot.account, [hubspot])


def listings(cyclr: CyclrState) -> int:
    """How often an account's connectors were listed, pages counted."""
    return sum(request.path.endswith("/account/connectors") for request in list(cyclr.requests))


def words_of(link: Link, event: str) -> list[str]:
    """The timeline's lines about an event."""
    return list(LinkEvent.objects.filter(link=link, event=event).values_list("message", flat=True))


# ---- errors ----


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "Cyclr does not know this account any more"),
        (401, "Cyclr does not know this account any more"),
        (403, "Cyclr refuses to tell (403)"),
    ],
)
def test_a_refusal_ends_the_check_at_once_and_says_why(
    status: int, words: str, cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, link, hands)
    cyclr.faults.respond(*LISTING, status=status)
    hands.later(6)
    tasks.check_account(link.account_id)

    assert link.items.get().next_check_at is None
    assert any(words in line for line in words_of(link, "unchecked"))
    asked = listings(cyclr)
    hands.later(600)
    tasks.check_account(link.account_id)
    assert listings(cyclr) == asked


def test_while_cyclr_is_away_the_pauses_grow_and_the_check_ends(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_cyclr(customer, link, hands)
    cyclr.faults.respond(*LISTING, status=503)
    monkeypatch.setattr(time, "sleep", lambda _: None)  # between the client's own tries
    began = timezone.now()
    pauses: list[float] = []
    while (due := link.items.get().next_check_at) is not None and len(pauses) < 60:
        hands.stop()
        hands.later((due - timezone.now()).total_seconds() + 0.1)
        moment = timezone.now()
        tasks.check_account(link.account_id)
        again = link.items.get().next_check_at
        if again is not None:
            pauses.append((again - moment).total_seconds())

    assert pauses[0] < 7 and 59 < pauses[-1] < 62
    assert (
        pauses == sorted(pauses) or max(b - a for a, b in zip(pauses[1:], pauses, strict=False)) < 1
    )
    assert len(pauses) < 30
    assert timezone.now() - began < timedelta(minutes=16)
    assert any("Cyclr did not answer" in line for line in words_of(link, "unchecked"))


def test_cyclr_says_when_to_ask_again(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, link, hands)
    cyclr.faults.rate_limit(*LISTING, retry_after="40")
    hands.later(6)
    moment = timezone.now()
    tasks.check_account(link.account_id)

    again = link.items.get().next_check_at
    assert again is not None and 39 < (again - moment).total_seconds() < 45


def test_a_check_that_never_comes_about_ends_too(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks in the worker: it is not tried every half minute for ever."""
    to_cyclr(customer, link, hands)
    monkeypatch.setattr(sync, "write_account_connectors", lambda *_: 1 / 0)
    hands.later(6)
    tasks.check_account(link.account_id)
    hands.later(26 * 60)
    asked = listings(cyclr)
    tasks.check_account(link.account_id)

    assert listings(cyclr) == asked
    assert link.items.get().next_check_at is None
    assert any("nobody could look in time" in line for line in words_of(link, "unchecked"))


def test_a_customer_who_comes_back_while_the_list_is_read_is_looked_at_again(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, link, hands)
    LinkItem.objects.update(check_until=timezone.now())
    item = link.items.select_related("link", "account_connector").get()
    starting.record_return(ConnectAttempt.objects.select_related("item__link__console").get())
    confirming.confirm(item, is_authenticated=False)

    now = link.items.get()
    assert now.next_check_at is not None and now.next_check_at <= timezone.now()
    assert not words_of(link, "unfinished")


# ---- what a listing proves ----


def lost(rows: list[Any]) -> list[Any]:
    """A listing that lags: nothing is in it."""
    return []


def silent(rows: list[Any]) -> list[Any]:
    """A listing that does not say who is authenticated."""
    return [{**row, "Authenticated": None} for row in rows]


@pytest.mark.parametrize("change", [lost, silent])
def test_a_listing_that_says_nothing_proves_nothing(
    change: Callable[[Any], Any],
    cyclr: CyclrState,
    reconnect: Link,
    customer: Client,
    hands: Hands,
) -> None:
    back = consent(cyclr, to_cyclr(customer, reconnect, hands), "Approve")
    customer.get(urlsplit(back).path)
    cyclr.faults.rewrite(*LISTING, change)
    tasks.check_account(reconnect.account_id)
    item = reconnect.items.get()
    assert item.was_authenticated and item.next_check_at is not None and item.checked_at is None
    cyclr.faults.clear()
    hands.later(10)
    tasks.check_account(reconnect.account_id)

    reconnect.refresh_from_db()
    assert reconnect.state_label == "Returned"
    hands.later(16 * 60)
    tasks.check_account(reconnect.account_id)
    assert words_of(reconnect, "unproven")


def test_a_connector_that_is_never_listed_ends_in_words(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, link, hands)
    cyclr.faults.rewrite(*LISTING, lost)
    hands.later(16 * 60)
    tasks.check_account(link.account_id)

    assert link.items.get().next_check_at is None
    assert any("does not list it" in line for line in words_of(link, "unchecked"))


def test_a_reconnect_after_an_explicit_no_is_connected(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, reconnect, hands)
    cyclr.deauthenticate(hubspot.cyclr_id)
    hands.later(6)
    tasks.check_account(reconnect.account_id)
    cyclr.authenticate(hubspot.cyclr_id)
    hands.later(60)
    tasks.check_account(reconnect.account_id)

    reconnect.refresh_from_db()
    assert reconnect.state_label == "Connected"


def test_a_return_from_an_earlier_start_does_not_count_for_the_last_one(
    cyclr: CyclrState, reconnect: Link, customer: Client, hands: Hands
) -> None:
    back = consent(cyclr, to_cyclr(customer, reconnect, hands), "Approve")
    customer.get(urlsplit(back).path)
    hands.later(20)
    to_cyclr(customer, reconnect, hands)
    hands.later(20 + 16 * 60)
    tasks.check_account(reconnect.account_id)

    assert words_of(reconnect, "unfinished") and not words_of(reconnect, "unproven")


def test_starts_at_the_same_time_are_all_counted(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    for _ in range(2):
        press_continue(customer, link)
    hands.work()
    rows = ConnectAttempt.objects.select_related("item__link__console", "item__account_connector")
    for attempt in list(rows):
        assert starting.take_redirect(attempt)

    assert link.items.get().starts == 2


# ---- after the fifteen minutes ----


@pytest.mark.parametrize("is_expired", [False, True])
def test_a_consent_after_the_last_look_is_found_by_the_normal_sync(
    is_expired: bool,
    cyclr: CyclrState,
    link: Link,
    hubspot: AccountConnector,
    customer: Client,
    hands: Hands,
) -> None:
    to_cyclr(customer, link, hands)
    hands.later(16 * 60)
    tasks.check_account(link.account_id)
    assert words_of(link, "unfinished")
    cyclr.authenticate(hubspot.cyclr_id)
    if is_expired:
        Link.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    hands.later(60 * 60)
    sync.refresh_account(hubspot.account)
    tasks.confirm_late()
    tasks.confirm_late()

    link.refresh_from_db()
    assert link.state_label == "Connected"
    assert len(words_of(link, "connected")) == 1


def test_what_the_mirror_read_before_the_start_confirms_nothing(
    cyclr: CyclrState, link: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, link, hands)
    AccountConnector.objects.update(
        authenticated=True,
        authenticated_since=None,
        seen_at=timezone.now() - timedelta(minutes=1),
    )
    tasks.confirm_late()

    assert link.items.get().connected_at is None


def test_a_listing_that_began_before_the_start_cannot_undo_what_the_start_read(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    account = hubspot.account
    began = timezone.now()
    listed = client(account.console).account(account.cyclr_id).connectors.all()
    cyclr.deauthenticate(hubspot.cyclr_id)
    to_cyclr(customer, reconnect, hands)
    sync.write_account_connectors(account, listed, began)
    tasks.confirm_late()

    hubspot.refresh_from_db()
    assert hubspot.authenticated is False
    assert reconnect.items.get().connected_at is None


def test_an_authentication_lost_and_won_after_the_check_counts(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, reconnect, hands)
    hands.later(16 * 60)
    tasks.check_account(reconnect.account_id)
    tasks.confirm_late()
    for act in (cyclr.deauthenticate, cyclr.authenticate):
        assert reconnect.items.get().connected_at is None
        act(hubspot.cyclr_id)
        sync.refresh_account(hubspot.account)
        tasks.confirm_late()

    assert reconnect.items.get().connected_at is not None


def test_a_revoked_link_is_not_confirmed_late(
    cyclr: CyclrState, link: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, link, hands)
    services.revoke(link, Actor.system())
    cyclr.authenticate(hubspot.cyclr_id)
    sync.refresh_account(hubspot.account)
    tasks.confirm_late()

    link.refresh_from_db()
    assert link.state_label == "Revoked"


def test_looking_for_late_consents_is_cheap(db: None, django_assert_num_queries: Any) -> None:
    for _ in range(20):
        link = make_link()
        link.items.update(started_at=timezone.now(), state=LinkState.STARTED)
    with django_assert_num_queries(2):
        tasks.confirm_late()


def test_the_last_of_two_apps_makes_the_link_connected(db: None) -> None:
    first = make_account_connector()
    link = make_link(connectors=[first, make_account_connector(account=first.account)])
    rows = LinkItem.objects.select_related("link__account", "account_connector")
    for item in list(rows.filter(link=link)):
        confirming.confirm(item, is_authenticated=True)

    link.refresh_from_db()
    assert link.state_label == "Connected" and link.connected_at is not None


# ---- messages ----


def test_without_workers_each_account_and_attempt_gets_one_message_in_five_seconds(
    cyclr: CyclrState,
    link: Link,
    hubspot: AccountConnector,
    customer: Client,
    hands: Hands,
    sent: list[tuple[str, int]],
) -> None:
    for _ in range(2):
        other = services.create_link(Actor.system(), hubspot.account, [hubspot])
        to_cyclr(customer, other, hands)
    press_continue(customer, link)
    attempt = ConnectAttempt.objects.get(state=AttemptState.WAITING)
    hands.later(6)
    for _ in range(4):
        dispatch_due(AccountCheck, ConnectAttempt)
    assert sorted(sent) == [
        ("check_account", hubspot.account_id),
        ("request_sign_in_token", attempt.pk),
    ]
    hands.later(12)
    for _ in range(4):
        dispatch_due(AccountCheck, ConnectAttempt)

    assert len(sent) == 4


def test_with_workers_the_next_look_does_not_wait_for_the_gap(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands, sent: list[tuple[str, int]]
) -> None:
    to_cyclr(customer, link, hands)
    hands.later(6)
    dispatch_due(AccountCheck, ConnectAttempt)
    tasks.check_account(link.account_id)
    hands.later(6 + 2.5)  # two seconds after the first look
    dispatch_due(AccountCheck, ConnectAttempt)

    assert len(sent) == 2


def test_while_the_broker_is_away_nothing_counts_as_sent(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_cyclr(customer, link, hands)
    tries: list[object] = []

    def send(*args: object) -> bool:
        tries.append(args)
        return False

    monkeypatch.setattr(Message, "send", send)
    hands.later(6)
    for _ in range(3):
        dispatch_due(AccountCheck, ConnectAttempt)

    assert len(tries) == 3


# ---- a console that is not in use any more ----


def test_a_retired_console_is_asked_nothing(
    cyclr: CyclrState,
    link: Link,
    hubspot: AccountConnector,
    customer: Client,
    hands: Hands,
    sent: list[tuple[str, int]],
) -> None:
    to_cyclr(customer, link, hands)
    press_continue(customer, link)
    waiting = ConnectAttempt.objects.get(state=AttemptState.WAITING)
    cyclr.authenticate(hubspot.cyclr_id)
    sync.refresh_account(hubspot.account)
    link.console.retired_at = timezone.now()
    link.console.save()
    hands.later(8)
    asked = len(cyclr.requests)
    dispatch_due(AccountCheck, ConnectAttempt)
    tasks.confirm_late()
    tasks.check_account(link.account_id)
    tasks.request_sign_in_token(waiting.pk)

    assert not sent
    assert len(cyclr.requests) == asked
    assert link.items.get().connected_at is None
    waiting.refresh_from_db()
    assert waiting.state == AttemptState.OVER


# ---- sign-in tokens ----


def test_staff_read_why_a_start_could_not_be_prepared(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    cyclr.faults.rate_limit("POST", "/accounts/{id}/signintoken", retry_after="600")
    press_continue(customer, link)
    hands.work()

    assert ConnectAttempt.objects.get().state == AttemptState.FAILED
    assert words_of(link, "refused") == ["Cyclr did not answer: the sign-in could not be prepared"]


def test_words_of_cyclr_that_no_database_takes_do_no_harm(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    cyclr.faults.respond(
        "POST", "/accounts/{id}/signintoken", status=400, body={"Message": "No\x00 way"}
    )
    press_continue(customer, link)
    hands.work()

    assert ConnectAttempt.objects.get().state == AttemptState.FAILED
    assert "\x00" not in str(LinkEvent.objects.get(event="refused").details)
