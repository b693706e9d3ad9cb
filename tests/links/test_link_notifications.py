"""What staff are told of a link's events, and what is not worth telling."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.common.timing import format_short
from dashboard.links import notification_kinds, services, timeline
from dashboard.links.attempts import confirming, starting
from dashboard.links.models import Link, LinkItem, LinkState
from dashboard.links.tasks import tell_of_expiring
from dashboard.mirror.models import AccountConnector
from dashboard.notifications.models import Notification
from tests.factories import make_account, make_account_connector, make_link
from tests.links.steps import to_cyclr
from tests.simulated import Hands

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def told() -> list[tuple[str, str, str]]:
    """Kind, words and details of every notification, oldest first."""
    rows = Notification.objects.order_by("pk")
    return [
        (notification.kind, notification.message, notification.details) for notification in rows
    ]


def two_apps() -> Link:
    account = make_account(name="Harbour Books")
    names = ("HubSpot", "Xero")
    return make_link(
        connectors=[make_account_connector(account=account, name=name) for name in names]
    )


def connect(item: LinkItem) -> None:
    item.link = Link.objects.get(pk=item.link_id)
    confirming.confirm(item, is_authenticated=True)


def fail(item: LinkItem) -> None:
    """A start that came to nothing, as the check after fifteen minutes finds it."""
    past = timezone.now() - timedelta(minutes=1)
    LinkItem.objects.filter(pk=item.pk).update(check_until=past, next_check_at=past)
    confirming.confirm(LinkItem.objects.get(pk=item.pk), is_authenticated=False)


def aged(link: Link, **values: object) -> Link:
    """As if it had been made two hours ago."""
    Link.objects.filter(pk=link.pk).update(created_at=timezone.now() - 2 * HOUR, **values)
    return link


def test_one_of_two_apps_is_told_and_then_the_whole_link() -> None:
    hubspot, xero = two_apps().items.all()

    connect(hubspot)
    connect(xero)

    assert told() == [
        (
            notification_kinds.APP_CONNECTED,
            "Harbour Books: HubSpot is connected",
            "1 of 2 apps left.",
        ),
        (notification_kinds.LINK_CONNECTED, "Harbour Books: everything is connected", ""),
    ]


def test_a_link_of_one_app_is_told_once() -> None:
    link = make_link()

    connect(link.items.get())

    assert [kind for kind, _, _ in told()] == [notification_kinds.LINK_CONNECTED]


def test_a_notification_leads_to_the_link_and_belongs_to_its_console() -> None:
    link = make_link()

    connect(link.items.get())

    notification = Notification.objects.get()
    assert notification.url == link.get_absolute_url()
    assert (notification.console, notification.account) == (link.console, link.account)


def test_an_account_without_a_name_is_called_by_its_id() -> None:
    link = make_link(account=make_account(name="  ", cyclr_id="shop-1042.example"))

    services.ask_for_new(link)

    assert told()[0][1] == "shop-1042.example asks for a new link"


def test_three_failed_starts_are_told_once() -> None:
    link = make_link(account=make_account(name="Harbour Books"))
    item = link.items.get()

    fail(item)
    fail(item)
    assert told() == []
    fail(item)
    fail(item)

    name = item.account_connector.name
    assert told() == [
        (
            notification_kinds.STARTS_FAILED,
            f"Harbour Books: {name} failed three times",
            "Started and not finished",
        )
    ]


def test_refusals_by_cyclr_count_as_failed_starts(
    cyclr: CyclrState, link: Link, hands: Hands
) -> None:
    item = link.items.get()
    LinkItem.objects.filter(pk=item.pk).update(failures=2)
    cyclr.faults.respond("POST", "/v1.0/accounts/{id}/signintoken", status=422)

    starting.start(item)
    hands.work()

    assert [kind for kind, _, _ in told()] == [notification_kinds.STARTS_FAILED]


def test_a_connected_app_is_no_trouble_any_more() -> None:
    link = two_apps()
    hubspot, _ = link.items.all()
    connect(hubspot)
    Notification.objects.all().delete()

    LinkItem.objects.filter(pk=hubspot.pk).update(failures=3)
    timeline.record(link, "unfinished", "HubSpot was started and not finished", hubspot)

    assert told() == []


def test_a_customer_who_asks_for_a_new_link_is_told() -> None:
    end = timezone.now() - HOUR
    link = make_link(account=make_account(name="Harbour Books"), expires_at=end)

    services.ask_for_new(link)
    services.ask_for_new(link)

    assert told() == [
        (
            notification_kinds.NEW_LINK_ASKED,
            "Harbour Books asks for a new link",
            f"Theirs expired {format_short(end)} UTC.",
        )
    ]


def test_a_machine_that_asks_is_named() -> None:
    services.ask_for_new(make_link(), label={"robot": True, "why": "A program, not a browser"})

    assert told()[0][2].startswith("Likely a machine. ")


def test_what_a_bounce_said_is_told() -> None:
    link = make_link(account=make_account(name="Harbour Books"))

    timeline.record(link, "bounced", "The invitation came back", said="550 No such user")

    assert told() == [
        (
            notification_kinds.MAIL_BOUNCED,
            "Harbour Books: the message with the link came back",
            "550 No such user",
        )
    ]


def test_another_account_than_before_is_told() -> None:
    link = make_link(account=make_account(name="Harbour Books"))
    item = link.items.get()
    words = "Connected as ana@shop.example; it was ben@shop.example before"

    timeline.record(link, "other-account", words, item)

    assert told() == [
        (
            notification_kinds.OTHER_ACCOUNT,
            f"Harbour Books: {item.account_connector} is another account than before",
            words,
        )
    ]


def test_a_message_that_was_never_sent_is_told() -> None:
    link = make_link(account=make_account(name="Harbour Books"))

    timeline.record(
        link, "unmailed", "The message was not sent", why="The mail server offers no TLS."
    )

    words = "Harbour Books: the message with the link was not sent"
    assert told() == [(notification_kinds.MAIL_BOUNCED, words, "The mail server offers no TLS.")]


def test_a_refused_entry_is_told_once_a_day() -> None:
    link = make_link(account=make_account(name="Harbour Books"))
    item = link.items.get()

    for _ in range(2):
        timeline.record(link, "entry-refused", "Refused", item, said="Invalid key")

    name = item.account_connector.name
    words = f"Harbour Books: what was typed for {name} did not connect it"
    assert told() == [(notification_kinds.ENTRY_REFUSED, words, "Invalid key")]


@pytest.mark.parametrize(
    "event", ["created", "opened", "started", "returned", "mailed", "revoked", "extended"]
)
def test_what_goes_as_it_should_is_not_told(event: str) -> None:
    link = make_link()

    timeline.record(link, event, "As usual", link.items.get())

    assert told() == []


def test_a_link_that_soon_ends_unfinished_is_told_once_for_each_end() -> None:
    link = aged(make_link(expires_at=timezone.now() + 23 * HOUR, state=LinkState.OPENED))

    tell_of_expiring()
    tell_of_expiring()
    Link.objects.update(expires_at=timezone.now() + 22 * HOUR)
    tell_of_expiring()

    end = link.expires_at
    assert [kind for kind, _, _ in told()] == [notification_kinds.LINK_EXPIRES] * 2
    assert told()[0][2] == f"Opened, works until {format_short(end)} UTC."


@pytest.mark.parametrize(
    "made",
    [
        lambda: aged(make_link(expires_at=timezone.now() + 25 * HOUR)),
        lambda: aged(make_link(expires_at=timezone.now() - HOUR)),
        lambda: aged(make_link(expires_at=timezone.now() + HOUR, revoked_at=timezone.now())),
        lambda: aged(make_link(expires_at=timezone.now() + HOUR), connected_at=timezone.now()),
        lambda: make_link(expires_at=timezone.now() + HOUR),
    ],
    ids=["later", "ended", "revoked", "connected", "just made"],
)
def test_other_links_are_not_told_of(made: Callable[[], Link]) -> None:
    made()

    tell_of_expiring()

    assert told() == []


def test_nothing_of_the_address_or_the_sign_in_is_told(
    cyclr: CyclrState, link: Link, hands: Hands, customer: Client
) -> None:
    url = to_cyclr(customer, link, hands)
    hubspot = AccountConnector.objects.get(pk=link.items.get().account_connector_id)
    connect(link.items.select_related("link", "account_connector").get())

    text = repr(list(Notification.objects.values()))
    assert str(hubspot.account) in text
    assert link.token() not in text
    assert url not in text
