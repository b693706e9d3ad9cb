"""Whose account a customer connected, and whether a reconnect works."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.connectors.models import ConnectionTest, ConnectionTestMethod
from dashboard.links import notification_kinds, progress, services, tasks
from dashboard.links.attempts import confirming, starting
from dashboard.links.models import Link, LinkEvent, LinkItem
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from dashboard.notifications.models import Notification
from tests.connectors.conftest import choose, say, work
from tests.links.steps import address, consent, to_cyclr
from tests.simulated import Hands

BEFORE, NOW = "owner@harbour.example", "intern@elsewhere.example"


@pytest.fixture
def hubspot(harbour: Account) -> AccountConnector:
    """HubSpot of Harbour Books, which is not authenticated."""
    return AccountConnector.objects.get(account=harbour, connector_name="HubSpot")


@pytest.fixture
def method(hubspot: AccountConnector) -> ConnectionTestMethod:
    """What proves HubSpot, and where its answer says whose it is."""
    return choose(hubspot, "List Contacts", "user.email")


@pytest.fixture
def reconnect(cyclr: CyclrState, hubspot: AccountConnector, method: ConnectionTestMethod) -> Link:
    """A link over HubSpot, which Cyclr has called authenticated all along, as `BEFORE`."""
    cyclr.authenticate(hubspot.cyclr_id)
    sync.refresh_account(hubspot.account)
    AccountConnector.objects.filter(pk=hubspot.pk).update(identity=BEFORE)
    hubspot.refresh_from_db()
    return services.create_link(Actor.system(), hubspot.account, [hubspot])


def answers(email: str) -> dict[str, Any]:
    """What HubSpot says of who is signed in."""
    return {"user": {"email": email}}


def come_back(cyclr: CyclrState, customer: Client, link: Link, hands: Hands) -> str:
    """Start, approve, return, and have Cyclr read; the path of the return page."""
    back = urlsplit(consent(cyclr, to_cyclr(customer, link, hands), "Approve"))
    path = f"{back.path}?{back.query}"
    customer.get(path)
    tasks.check_account(link.account_id)
    return path


def events(link: Link) -> list[str]:
    """The kinds of lines on the timeline, oldest first."""
    rows = LinkEvent.objects.filter(link=link).exclude(event__in=["created", "opened"])
    return list(rows.order_by("pk").values_list("event", flat=True))


def words(link: Link, event: str) -> str:
    """The newest line about an event."""
    return str(LinkEvent.objects.filter(link=link, event=event)[0].message)


# ---- whose account ----


def test_what_was_connected_says_as_whom(
    cyclr: CyclrState,
    link: Link,
    hubspot: AccountConnector,
    method: ConnectionTestMethod,
    customer: Client,
    hands: Hands,
) -> None:
    say(cyclr, hubspot, answers(NOW))

    come_back(cyclr, customer, link, hands)
    work()

    item = link.items.get()
    hubspot.refresh_from_db()
    assert item.identity == hubspot.identity == NOW
    assert events(link)[-1] == "identity"
    assert words(link, "identity") == f"Connected as {NOW}"
    assert not item.is_other_account


def test_another_account_than_before_is_a_warning_for_staff_and_customer(
    cyclr: CyclrState,
    reconnect: Link,
    hubspot: AccountConnector,
    customer: Client,
    agent: Client,
    hands: Hands,
) -> None:
    say(cyclr, hubspot, answers(NOW))

    back = come_back(cyclr, customer, reconnect, hands)
    work()

    line = f"Connected as {NOW}; it was {BEFORE} before"
    assert words(reconnect, "other-account") == line
    staff = agent.get(reconnect.get_absolute_url()).content.decode()
    assert line in staff
    for path in (back, address(reconnect)):
        page = customer.get(path).content.decode()
        assert f"You connected <bdi>{NOW}</bdi>. Before it was <bdi>{BEFORE}</bdi>." in page
        assert "Connect again" in page
        assert "Connected" in page


def test_the_same_account_in_other_letters_is_no_other(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    say(cyclr, hubspot, answers("Owner@HARBOUR.example"))

    come_back(cyclr, customer, reconnect, hands)
    work()

    assert "other-account" not in events(reconnect)
    assert "Connect again" not in customer.get(address(reconnect)).content.decode()


def test_who_connected_the_wrong_account_can_connect_again_and_stays_connected(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    say(cyclr, hubspot, answers(NOW))
    come_back(cyclr, customer, reconnect, hands)
    work()
    connected_at = reconnect.items.get().connected_at
    say(cyclr, hubspot, answers(BEFORE))

    back = come_back(cyclr, customer, reconnect, hands)
    work()

    item = reconnect.items.get()
    reconnect.refresh_from_db()
    assert item.connected_at == connected_at and reconnect.state_label == "Connected"
    assert item.identity == BEFORE and not item.is_other_account
    assert events(reconnect)[-3:] == ["started", "returned", "identity"]
    assert "Connect again" not in customer.get(back).content.decode()
    with pytest.raises(progress.NotUsableError):
        starting.start(item)


def test_a_key_of_another_account_is_a_warning_and_no_way_to_a_sign_in(
    reconnect: Link, hubspot: AccountConnector, customer: Client
) -> None:
    method = {"Id": 1, "AuthName": "Key", "AuthType": "ApiKey"}
    AccountConnector.objects.filter(pk=hubspot.pk).update(
        authentication=[method], authentication_id=1
    )
    item = reconnect.items.select_related("link__account", "account_connector").get()
    item.identity, item.identity_before = NOW, BEFORE
    item.save()
    confirming.accept(item)
    page = customer.get(address(reconnect)).content.decode()
    with pytest.raises(progress.NotUsableError):
        starting.start(item)

    assert f"You connected <bdi>{NOW}</bdi>." in page
    assert "tell whoever sent you the link" in page
    assert "Connect again" not in page and "connect again" not in page


def test_who_connects_the_wrong_account_twice_is_told_twice(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    say(cyclr, hubspot, answers(NOW))

    for _ in range(2):
        come_back(cyclr, customer, reconnect, hands)
        work()

    assert events(reconnect).count("other-account") == 2
    assert "Connect again" in customer.get(address(reconnect)).content.decode()


def test_a_second_start_that_nobody_comes_back_from_is_looked_into_later(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    say(cyclr, hubspot, answers(NOW))
    come_back(cyclr, customer, reconnect, hands)
    work()
    consent(cyclr, to_cyclr(customer, reconnect, hands), "Approve")
    say(cyclr, hubspot, answers(BEFORE))
    work()
    assert reconnect.items.get().identity == NOW

    hands.later(301)
    work()

    assert reconnect.items.get().identity == BEFORE


def test_an_expired_link_warns_and_starts_nothing(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    say(cyclr, hubspot, answers(NOW))
    come_back(cyclr, customer, reconnect, hands)
    work()
    Link.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    page = customer.get(address(reconnect)).content.decode()

    assert "Before it was" in page and "Connect again" not in page
    item = LinkItem.objects.select_related("link__console").get(link=reconnect)
    with pytest.raises(progress.NotUsableError):
        starting.start(item)


# ---- does a reconnect work ----


def test_a_reconnect_of_what_was_authenticated_all_along_is_connected_once_it_is_proven(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    say(cyclr, hubspot, answers(BEFORE))

    back = come_back(cyclr, customer, reconnect, hands)
    before = customer.get(back).content.decode()
    work()

    reconnect.refresh_from_db()
    assert 'data-state="connected"' not in before
    assert reconnect.state_label == "Connected"
    assert events(reconnect) == ["started", "returned", "connected", "all-connected", "identity"]
    assert "is connected</h1>" in customer.get(back).content.decode()


def test_without_a_test_method_it_stays_returned(
    cyclr: CyclrState, reconnect: Link, customer: Client, hands: Hands
) -> None:
    ConnectionTestMethod.objects.all().delete()

    come_back(cyclr, customer, reconnect, hands)
    work()

    reconnect.refresh_from_db()
    assert reconnect.state_label == "Returned"
    assert not ConnectionTest.objects.exists()


def test_what_does_not_work_stays_returned_and_both_sides_are_told(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    say(cyclr, hubspot, {"Status": 401, "Body": {"Message": "expired"}})

    back = come_back(cyclr, customer, reconnect, hands)
    work()

    item = reconnect.items.get()
    assert item.connected_at is None and item.failures == 1
    assert words(reconnect, "not-working") == "HubSpot: returned, but it does not work"
    page = customer.get(back).content.decode()
    assert "does not let us in yet" in page and "Try again" in page
    hands.later(16 * 60)
    tasks.check_account(reconnect.account_id)
    assert events(reconnect).count("not-working") == 1
    assert "unproven" not in events(reconnect)


def test_the_third_return_that_does_not_work_is_told_as_three_failures(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    reconnect.items.update(failures=2)
    say(cyclr, hubspot, {"Status": 401, "Body": {}})
    come_back(cyclr, customer, reconnect, hands)
    work()

    notification = Notification.objects.get(kind=notification_kinds.STARTS_FAILED)
    assert notification.details == "Returned, and it does not work"


def test_it_is_proven_again_a_little_later_and_not_for_ever(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    say(cyclr, hubspot, {"Status": 401, "Body": {}})
    come_back(cyclr, customer, reconnect, hands)
    work()
    for seconds in (5, 30, 60, 120, 240):
        hands.later(seconds)
        tasks.check_account(reconnect.account_id)
        work()
    assert ConnectionTest.objects.count() == 3

    say(cyclr, hubspot, answers(BEFORE))
    come_back(cyclr, customer, reconnect, hands)
    work()

    reconnect.refresh_from_db()
    assert reconnect.state_label == "Connected"


def test_our_address_refused_leaves_it_returned_and_not_proven(
    cyclr: CyclrState, reconnect: Link, customer: Client, hands: Hands
) -> None:
    cyclr.allowed_ips = []

    come_back(cyclr, customer, reconnect, hands)
    work()

    item = reconnect.items.get()
    assert item.connected_at is None and item.failures == 0
    assert words(reconnect, "unproven") == "HubSpot: returned, not proven to work"


def test_who_did_not_come_back_is_not_proven(
    cyclr: CyclrState, reconnect: Link, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, reconnect, hands)
    hands.later(6)
    tasks.check_account(reconnect.account_id)

    assert not ConnectionTest.objects.exists()


def test_a_test_that_began_before_the_return_says_nothing(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    say(cyclr, hubspot, answers(BEFORE))
    come_back(cyclr, customer, reconnect, hands)
    LinkItem.objects.update(returned_at=timezone.now() + timedelta(seconds=5))

    work()

    assert reconnect.items.get().connected_at is None


def test_a_revoked_link_learns_nothing_more(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    say(cyclr, hubspot, answers(NOW))
    come_back(cyclr, customer, reconnect, hands)
    services.revoke(reconnect, Actor.system())

    work()

    reconnect.refresh_from_db()
    assert reconnect.state_label == "Revoked"
    assert reconnect.items.get().identity == ""


def test_hostile_identities_are_only_letters(
    cyclr: CyclrState, reconnect: Link, hubspot: AccountConnector, customer: Client, hands: Hands
) -> None:
    say(cyclr, hubspot, answers("<img src=x onerror=alert(1)>\u202e"))

    back = come_back(cyclr, customer, reconnect, hands)
    work()

    page = customer.get(back).content.decode()
    assert "<img" not in page and "\u202e" not in page
    assert "&lt;img src=x" in page
