"""Notifications by e-mail: to whom, when, and what is in them."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.jobs.messages import Message
from dashboard.links import notification_kinds
from dashboard.notifications import mailing, preferences, tasks
from dashboard.notifications.kinds import KINDS
from dashboard.notifications.models import (
    Notification,
    NotificationMail,
    NotificationPreference,
    SendState,
)
from dashboard.people.models import Role, User
from tests.factories import make_console, make_user
from tests.pages import HOSTILE, signed_in, text_of
from tests.simulated import dispatch_due

pytestmark = pytest.mark.django_db
WISHES = "/notices/wishes/"
SOON = timedelta(seconds=31)


@pytest.fixture
def colleague(console: Console) -> User:
    """An agent of the console who wants to hear of finished links."""
    user = make_user(Role.AGENT, console=console, email="mara@desk.example")
    NotificationPreference.objects.create(user=user, kind=notification_kinds.LINK_CONNECTED)
    return user


def send(user: User, after: timedelta = SOON) -> None:
    """The worker's part, once what happened was gathered."""
    with time_machine.travel(timezone.now() + after, tick=True):
        tasks.send_mail(user.pk)


class Broken(BaseEmailBackend):
    """A mail server that does not take messages."""

    error: ClassVar[Exception] = OSError("no route")

    def send_messages(self, messages: Any) -> int:
        raise self.error


@pytest.fixture
def broken(settings: Any) -> type[Broken]:
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    return Broken


# ---- preferences ----


def test_nobody_gets_mail_who_did_not_ask_for_it(tell: Callable[..., Notification]) -> None:
    make_user(Role.ADMIN)

    tell()

    assert not NotificationMail.objects.exists()


def test_what_is_ticked_is_wanted_from_then_on(console: Console) -> None:
    user = make_user(Role.VIEWER, console=console)
    browser = signed_in(user)

    browser.post(WISHES, {"all": ["link-connected", "starts-failed"]})
    browser.post(WISHES, {"all": ["starts-failed"]})

    assert preferences.preferences_of(user) == {(None, "starts-failed")}
    page = text_of(browser.get(WISHES))
    assert page.count('type="checkbox"') == len(KINDS)
    assert page.count(" checked") == 1


def test_several_consoles_have_wishes_of_their_own(console: Console) -> None:
    there = make_console(name="US live")
    user = make_user(Role.AGENT)

    signed_in(user).post(WISHES, {f"console-{there.pk}": ["new-link-asked"]})

    assert preferences.preferences_of(user) == {(there.pk, "new-link-asked")}


def test_a_kind_or_console_that_nobody_knows_is_refused(console: Console) -> None:
    user = make_user(Role.AGENT, console=console)
    other = make_console()

    refused = signed_in(user).post(WISHES, {"all": ["everything"]})
    signed_in(user).post(WISHES, {f"console-{other.pk}": ["link-connected"]})

    assert refused.status_code == 422
    assert preferences.preferences_of(user) == set()


# ---- messages ----


def test_the_message_says_what_and_where(
    colleague: User, tell: Callable[..., Notification], settings: Any
) -> None:
    settings.DESK_URL = "https://desk.example"
    tell(details="HubSpot, Xero.")

    send(colleague)

    (message,) = mail.outbox
    assert message.to == ["mara@desk.example"]
    assert message.subject == "Cyclr Desk: Harbour Books: everything is connected"
    assert "HubSpot, Xero." in message.body
    assert "https://desk.example/links/7/\n" in message.body
    assert f"https://desk.example{WISHES}" in message.body
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    assert message.content_subtype == "plain"


def test_a_burst_is_one_message(colleague: User, tell: Callable[..., Notification]) -> None:
    for n in range(3):
        tell(message=f"Customer {n} is connected")

    send(colleague)
    send(colleague)

    (message,) = mail.outbox
    assert message.subject == "Cyclr Desk: 3 notifications"
    assert all(f"Customer {n} is connected" in message.body for n in range(3))
    assert set(NotificationMail.objects.values_list("state", flat=True)) == {SendState.SENT}


def test_nothing_is_sent_before_it_was_gathered(
    colleague: User, tell: Callable[..., Notification]
) -> None:
    tell()

    tasks.send_mail(colleague.pk)

    assert mail.outbox == []


def test_the_dispatcher_finds_what_is_due(
    colleague: User, tell: Callable[..., Notification], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []

    def send(_message: Message, pk: int) -> bool:
        sent.append(pk)
        return True

    monkeypatch.setattr(Message, "send", send)
    tell()
    tell()

    dispatch_due(NotificationMail)
    assert sent == []
    with time_machine.travel(timezone.now() + SOON, tick=False):
        dispatch_due(NotificationMail)
        dispatch_due(NotificationMail)

    assert sent == [colleague.pk]


@pytest.mark.parametrize("how", ["left", "role", "wish", "console"])
def test_who_may_not_or_will_not_any_more_gets_nothing(
    colleague: User, tell: Callable[..., Notification], how: str
) -> None:
    notification = tell()
    match how:
        case "left":
            User.objects.filter(pk=colleague.pk).update(is_active=False)
        case "role":
            colleague.memberships.all().delete()
        case "wish":
            colleague.notification_preferences.all().delete()
        case "console":
            Console.objects.filter(pk=notification.console_id).update(retired_at=timezone.now())

    send(colleague)

    assert mail.outbox == []
    assert NotificationMail.objects.get().state == SendState.DROPPED


def test_a_kind_or_console_that_is_not_wanted_is_not_mailed(
    colleague: User, tell: Callable[..., Notification]
) -> None:
    tell(kind=notification_kinds.NEW_LINK_ASKED)
    NotificationPreference.objects.update(console=make_console())
    tell()

    assert not NotificationMail.objects.exists()


def test_a_mail_server_that_is_away_is_asked_again_for_a_day(
    colleague: User, tell: Callable[..., Notification], broken: type[Broken], settings: Any
) -> None:
    tell()
    send(colleague)
    row = NotificationMail.objects.get()
    assert (row.state, row.tries) == (SendState.WAITING, 1)
    assert row.not_before > timezone.now() + timedelta(minutes=1)

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    send(colleague, after=timedelta(minutes=3))

    assert len(mail.outbox) == 1


def test_after_a_day_it_is_given_up_in_words(
    colleague: User, tell: Callable[..., Notification], broken: type[Broken]
) -> None:
    tell()

    for hours in range(30):
        send(colleague, after=timedelta(hours=hours, minutes=1))

    row = NotificationMail.objects.get()
    assert row.state == SendState.FAILED
    assert row.last_error == (
        "The mail server does not answer as it should. It was tried for a day."
    )


@pytest.mark.parametrize(
    ("code", "said", "state"),
    [
        (550, b"5.1.1 no such user", SendState.FAILED),
        (550, b"5.7.1 you may not send", SendState.WAITING),
        (450, b"no", SendState.WAITING),
    ],
)
def test_a_refused_address_is_told_from_a_busy_server(
    colleague: User,
    tell: Callable[..., Notification],
    broken: type[Broken],
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    said: bytes,
    state: SendState,
) -> None:
    refusal = smtplib.SMTPRecipientsRefused({"mara@desk.example": (code, said)})
    monkeypatch.setattr(broken, "error", refusal)
    tell()

    send(colleague)

    assert NotificationMail.objects.get().state == state


@pytest.mark.parametrize(
    ("error", "state"),
    [(ValueError("no header"), SendState.FAILED), (SoftTimeLimitExceeded(), SendState.WAITING)],
)
def test_what_cannot_be_written_is_given_up_and_a_server_that_drips_is_not(
    colleague: User,
    tell: Callable[..., Notification],
    broken: type[Broken],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    state: SendState,
) -> None:
    monkeypatch.setattr(broken, "error", error)
    tell()

    send(colleague)

    row = NotificationMail.objects.get()
    assert (row.state, row.leased_until) == (state, None)
    assert row.last_error


@pytest.mark.parametrize("text", [*HOSTILE, "a\r\nBcc: victim@example.org", "x" * 5000])
def test_no_name_becomes_a_header(
    colleague: User, tell: Callable[..., Notification], text: str
) -> None:
    tell(message=text)

    send(colleague)

    head = mail.outbox[0].message().as_string().split("\n\n")[0]
    assert "\nBcc:" not in head
    assert len(mail.outbox[0].subject) <= mailing.LONGEST_SUBJECT


def test_the_page_names_where_mail_goes(client: Client, colleague: User) -> None:
    client.force_login(colleague)

    page = text_of(client.get(reverse("notification_preferences")))

    assert "To <bdi>mara@desk.example</bdi>" in page
