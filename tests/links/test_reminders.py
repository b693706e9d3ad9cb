"""Reminders: by the customer's clock, once each, until there is nothing to remind of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import Actor, AuditEntry
from dashboard.links import services, tasks
from dashboard.links.mail import mailing, reminders
from dashboard.links.models import Link, LinkEvent, LinkMail, MailKind, MailState
from dashboard.people.models import Role
from tests.factories import make_account, make_account_connector, make_link, make_user
from tests.links.postbox import outbox, read
from tests.links.steps import address
from tests.pages import signed_in

ANA = "ana@customer.example"
HEADLESS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "HeadlessChrome/119.0.6045.105 Safari/537.36"
)
MONDAY = datetime(2027, 3, 8, 10, 30, tzinfo=UTC)
"""When the invitations of these tests leave: half past ten in London."""


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that stands; `clock.move_to(…)` sets it."""
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def work() -> list[int]:
    """Queue what is due and send what waits; the numbers of the reminders that were queued."""
    before = set(LinkMail.objects.values_list("pk", flat=True))
    tasks.keep_reminding()
    new = list(LinkMail.objects.exclude(pk__in=before).order_by("pk"))
    for mail in new:
        tasks.send_mail(mail.pk)
    return [mail.number for mail in new]


def invite(link: Link) -> LinkMail:
    """Mail the link to its recipient, now."""
    mail = mailing.queue_mail(link, Actor.system())
    tasks.send_mail(mail.pk)
    mail.refresh_from_db()
    assert mail.state == MailState.SENT
    return mail


@pytest.fixture
def invited(db: None, clock: Any) -> Link:
    """A link that is reminded of, mailed on Monday; it works for thirty days."""
    link = make_link(
        account=make_account(timezone="Europe/London"),
        recipient_email=ANA,
        has_reminders=True,
        expires_at=MONDAY + timedelta(days=30),
    )
    invite(link)
    return link


def test_three_reminders_leave_after_one_three_and_six_days(invited: Link, clock: Any) -> None:
    left = []
    for hours in range(24 * 14):
        clock.move_to(MONDAY + timedelta(hours=hours))
        left += [(number, hours / 24) for number in work()]

    assert left == [(1, 1), (2, 3), (3, 6)]
    assert [read(mail)["Subject"].startswith("Reminder: ") for mail in outbox()] == [
        *(False, True, True, True)
    ]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Tokyo", "2027-03-10 00:00"),  # half past seven in the evening there: next morning
        ("America/Los_Angeles", "2027-03-09 17:00"),  # half past three at night: nine o'clock
        ("Asia/Kolkata", "2027-03-09 10:30"),  # four in the afternoon: at once
        ("Mars/Olympus", "2027-03-09 10:30"),  # nobody knows: UTC
        ("", "2027-03-09 10:30"),
    ],
)
def test_they_leave_by_day_where_the_customer_is(
    zone: str, expected: str, db: None, clock: Any
) -> None:
    clock.move_to(MONDAY)
    link = make_link(account=make_account(timezone=zone), recipient_email=ANA, has_reminders=True)
    invite(link)
    moment = MONDAY
    while not work():
        moment += timedelta(minutes=30)
        clock.move_to(moment)

    assert f"{moment:%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize(
    ("hour", "is_day"), [(8, False), (9, True), (16, True), (17, False), (0, False)]
)
def test_the_day_begins_at_nine_and_ends_at_five(hour: int, is_day: bool) -> None:
    assert reminders.is_daytime(MONDAY.replace(hour=hour, minute=59), UTC) is is_day


def test_a_dispatcher_that_was_away_sends_the_newest_alone(invited: Link, clock: Any) -> None:
    clock.move_to(MONDAY + timedelta(days=7))
    numbers = work()
    clock.move_to(MONDAY + timedelta(days=8))

    assert numbers == [3]
    assert work() == []


def test_two_dispatchers_at_once_queue_one(invited: Link, clock: Any) -> None:
    clock.move_to(MONDAY + timedelta(days=1))
    for _ in range(3):
        tasks.keep_reminding()

    assert LinkMail.objects.filter(kind=MailKind.REMINDER).count() == 1


def test_never_on_a_day_with_another_message(invited: Link, clock: Any) -> None:
    other = make_link(account=invited.account, recipient_email=ANA)
    clock.move_to(MONDAY + timedelta(days=1))
    invite(other)
    assert work() == []
    clock.move_to(MONDAY + timedelta(days=1, hours=24))

    assert work() == [1]


def test_a_new_invitation_begins_the_count_anew(invited: Link, clock: Any) -> None:
    clock.move_to(MONDAY + timedelta(days=2))
    invite(invited)
    clock.move_to(MONDAY + timedelta(days=2, hours=23))
    assert work() == []
    clock.move_to(MONDAY + timedelta(days=3))

    assert work() == [1]


@pytest.mark.parametrize(
    "columns",
    [
        {"connected_at": MONDAY},
        {"revoked_at": MONDAY},
        {"expires_at": MONDAY + timedelta(hours=1)},
        {"reminders_ended_at": MONDAY},
        {"has_reminders": False},
        {"recipient_email": ""},
        {"recipient_email": "bo@customer.example"},
    ],
)
def test_they_stop_when_there_is_nothing_to_remind_of(
    columns: dict[str, Any], invited: Link, clock: Any
) -> None:
    Link.objects.update(**columns)
    clock.move_to(MONDAY + timedelta(days=1))

    assert work() == []


@pytest.mark.parametrize("columns", [{"has_reminders": False}, {"reminders_ended_at": MONDAY}])
def test_one_that_waits_is_dropped_when_it_is_no_longer_wanted(
    columns: dict[str, Any], invited: Link, clock: Any
) -> None:
    clock.move_to(MONDAY + timedelta(days=1))
    tasks.keep_reminding()
    mail = LinkMail.objects.get(kind=MailKind.REMINDER)
    Link.objects.update(**columns)
    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert mail.state == MailState.DROPPED


def test_one_that_is_late_waits_for_the_next_morning(invited: Link, clock: Any) -> None:
    clock.move_to(MONDAY + timedelta(days=1))
    tasks.keep_reminding()
    mail = LinkMail.objects.get(kind=MailKind.REMINDER)
    clock.move_to(MONDAY + timedelta(days=1, hours=10))
    tasks.send_mail(mail.pk)
    mail.refresh_from_db()
    assert mail.not_before == datetime(2027, 3, 10, 9, tzinfo=UTC)
    clock.move_to(mail.not_before)
    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert mail.state == MailState.SENT


def test_after_a_bounce_nobody_is_reminded(invited: Link, clock: Any) -> None:
    LinkMail.objects.create(
        link=invited,
        kind=MailKind.INVITATION,
        recipient=ANA,
        state=MailState.BOUNCED,
        finished_at=timezone.now(),
        actor_kind="system",
        actor_name="Cyclr Desk",
    )
    clock.move_to(MONDAY + timedelta(days=1))

    assert work() == []


def test_after_a_bounce_that_was_mended_reminders_go_on(invited: Link, clock: Any) -> None:
    clock.move_to(MONDAY + timedelta(hours=1))
    bounced = mailing.queue_mail(invited, Actor.system())
    LinkMail.objects.filter(pk=bounced.pk).update(
        state=MailState.BOUNCED, finished_at=timezone.now()
    )
    clock.move_to(MONDAY + timedelta(days=1))
    assert work() == []
    invite(invited)
    clock.move_to(MONDAY + timedelta(days=2))

    assert work() == [1]


def test_looking_for_reminders_is_cheap(
    db: None, clock: Any, django_assert_max_num_queries: Any
) -> None:
    first = make_account_connector()
    for number in range(10):
        link = make_link(
            connectors=[first], recipient_email=f"{number}@customer.example", has_reminders=True
        )
        invite(link)

    with django_assert_max_num_queries(1):
        tasks.keep_reminding()  # nothing is due yet


# ---- the customer's wish ----


def press_end(customer: Client, link: Link) -> Any:
    """Open the page and press its button."""
    path = f"{address(link)}/reminders"
    page = customer.get(path).content.decode()
    assert "End reminders" in page
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    return customer.post(path, {"csrfmiddlewaretoken": token})


def test_a_customer_ends_the_reminders(invited: Link, customer: Client, clock: Any) -> None:
    answer = press_end(customer, invited)

    assert answer.status_code == 200 and b"No more reminders" in answer.content
    clock.move_to(MONDAY + timedelta(days=1))
    assert work() == []
    invited.refresh_from_db()
    assert invited.is_usable
    assert LinkEvent.objects.filter(link=invited, event="unsubscribed").count() == 1
    assert AuditEntry.objects.filter(action="links.unsubscribe").count() == 1


def test_opening_the_page_ends_nothing(invited: Link, customer: Client) -> None:
    for ask in (customer.get, customer.head):
        assert ask(f"{address(invited)}/reminders").status_code == 200

    invited.refresh_from_db()
    assert invited.reminders_ended_at is None


def test_a_mail_program_ends_them_with_one_click(invited: Link, customer: Client) -> None:
    for _ in range(2):
        answer = customer.post(f"{address(invited)}/reminders", {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200

    invited.refresh_from_db()
    assert invited.reminders_ended_at is not None
    assert LinkEvent.objects.filter(link=invited, event="unsubscribed").count() == 1


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("List-Unsubscribe=One-Click", FORM),
        ("List-Unsubscribe=One-Click\r\n", FORM),
        ("list-unsubscribe=one-click", FORM),
        ("more=x&List-Unsubscribe=One-Click", FORM),
        ("List-Unsubscribe=One-Click", f"{FORM}; charset=utf-8"),
        ("List-Unsubscribe=One-Click", "text/plain"),
        ("", FORM),
        ("", ""),
        ("{}", "application/json"),
        ("--x\r\nbroken", "multipart/form-data; boundary=x"),
        ("broken", "multipart/form-data"),
        (
            '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
            "One-Click\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
    ],
)
@pytest.mark.parametrize("glued", ["", "."])
def test_a_mail_program_may_post_in_any_honest_way(
    body: str, kind: str, glued: str, invited: Link
) -> None:
    program = Client(enforce_csrf_checks=True)
    answer = program.generic("POST", f"{address(invited)}/reminders{glued}", body, kind)

    assert answer.status_code == 200
    invited.refresh_from_db()
    assert invited.reminders_ended_at is not None


def test_what_a_mail_program_posts_is_the_customer_s_wish(invited: Link) -> None:
    program = Client(headers={"User-Agent": "Mail-Unsubscriber/1.0"})
    program.post(f"{address(invited)}/reminders", {"List-Unsubscribe": "One-Click"})

    line = LinkEvent.objects.get(link=invited, event="unsubscribed")
    assert not line.is_robot and "mail program" in line.details["why"]
    assert reminders.was_ended_by(invited) == ""  # read before it was ended
    invited.refresh_from_db()
    assert reminders.was_ended_by(invited) == "Ended by the customer"


@pytest.mark.parametrize("how", ["button", "switch"])
def test_staff_begin_reminders_again_that_a_scanner_ended(
    invited: Link, how: str, clock: Any
) -> None:
    scanner = Client(headers={"User-Agent": HEADLESS, "Accept-Language": "en"})
    scanner.post(f"{address(invited)}/reminders")
    agent = signed_in(make_user(Role.AGENT))
    page = agent.get(invited.get_absolute_url()).content.decode()
    assert "Ended by what is likely a mail scanner" in page
    if how == "button":
        agent.post(reverse("link_remind", args=[invited.pk]))
    else:
        for wanted in (False, True):
            switch(invited, has_reminders=wanted)
    page = agent.get(invited.get_absolute_url()).content.decode()
    assert "Ended by" not in page and "After 1, 3 and 6 days" in page
    clock.move_to(MONDAY + timedelta(days=1))

    assert work() == [1]


def switch(link: Link, **changes: object) -> None:
    """Change a link's details as its form does."""
    link.refresh_from_db()
    details = {name: getattr(link, name) for name in services.DETAILS} | changes
    version = services.details_version(link)
    services.edit(link, Actor.system(), details, version=version)


@pytest.mark.parametrize("data", [{}, {"List-Unsubscribe": "One-Click"}])
def test_an_address_that_is_not_ours_looks_like_any_other(
    data: dict[str, str], db: None, customer: Client
) -> None:
    path = reverse("link_reminders", args=["a" * 64])
    answer = customer.post(path, data) if data else customer.get(path)

    assert answer.status_code == 404
    assert b"This address does not work" in answer.content


def test_a_machine_that_ends_them_is_labelled(invited: Link) -> None:
    scanner = Client(enforce_csrf_checks=True, headers={"User-Agent": "SafeLinks scanner"})
    scanner.post(f"{address(invited)}/reminders", {"List-Unsubscribe": "One-Click"})

    assert LinkEvent.objects.get(link=invited, event="unsubscribed").is_robot


def test_another_recipient_has_not_asked_for_an_end(invited: Link) -> None:

    Link.objects.update(reminders_ended_at=timezone.now())
    invited.refresh_from_db()
    details = {name: getattr(invited, name) for name in services.DETAILS}
    version = services.details_version(invited)
    details["recipient_email"] = "bo@customer.example"
    services.edit(invited, Actor.system(), details, version=version)

    assert invited.reminders_ended_at is None
