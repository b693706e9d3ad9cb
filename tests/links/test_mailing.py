"""Mail to customers: written when it is sent, sent once, and never a place for others' headers."""

from __future__ import annotations

import re
import smtplib
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.bulk.models import BulkRun
from dashboard.common import encryption
from dashboard.consoles.branding import brand_of
from dashboard.consoles.colours import ENOUGH_FOR_TEXT, contrast
from dashboard.consoles.models import Branding, Console
from dashboard.jobs.messages import Message
from dashboard.links import progress, tasks
from dashboard.links.attempts import confirming
from dashboard.links.mail import delivery, email_content, mailing
from dashboard.links.mail.outbox import LOST_KEY
from dashboard.links.models import Link, LinkEvent, LinkMail, LinkState, MailKind, MailState
from dashboard.notifications import mail_trouble
from dashboard.notifications.mail_trouble import MAIL_REFUSED
from dashboard.notifications.models import Notification
from dashboard.people.models import Role
from tests.factories import make_account_connector, make_link, make_user
from tests.links.postbox import BACKEND, Faulty, outbox, part, read, read_raw, smtp_server
from tests.pages import HOSTILE, signed_in
from tests.simulated import Hands, dispatch_due

ANA = "ana@customer.example"


@pytest.fixture
def mailed(db: None) -> Link:
    """A link that can be mailed to Ana."""
    return make_link(recipient_email=ANA, recipient_name="Ana")


@pytest.fixture
def faulty(settings: Any) -> list[Exception]:
    """The errors that the mail server raises next."""
    settings.EMAIL_BACKEND = BACKEND
    Faulty.errors.clear()
    return Faulty.errors


def queued(link: Link, kind: MailKind = MailKind.INVITATION) -> LinkMail:
    """A message in the outbox."""
    return mailing.queue_mail(link, Actor.system(), kind)


def sent(link: Link, kind: MailKind = MailKind.INVITATION) -> Any:
    """The message as a mail program reads it."""
    tasks.send_mail(queued(link, kind).pk)
    return read(outbox()[-1])


def events(link: Link) -> list[str]:
    """What stands on the timeline, oldest first."""
    rows = LinkEvent.objects.filter(link=link).order_by("pk")
    return list(rows.values_list("event", flat=True))


# ---- one message ----


def test_a_message_leads_to_the_link_and_is_noted(mailed: Link) -> None:
    message = sent(mailed)

    assert message["To"] == ANA
    app = mailed.items.get().account_connector
    assert message["Subject"] == f"Larkfield asks you to connect {app}"
    for kind in ("plain", "html"):
        assert mailed.url() in part(message, kind)
    assert f"\n{mailed.url()}\n" in part(message, "plain")  # on a line of its own
    mailed.refresh_from_db()
    assert mailed.state_label == "Sent" and mailed.sent_at is not None
    assert events(mailed) == ["mailed"]


def test_sent_twice_it_leaves_once(mailed: Link) -> None:
    mail = queued(mailed)
    for _ in range(3):
        tasks.send_mail(mail.pk)

    assert len(outbox()) == 1
    assert events(mailed) == ["mailed"]


def test_while_one_worker_is_at_it_another_does_nothing(mailed: Link) -> None:
    mail = queued(mailed)
    LinkMail.objects.update(leased_until=timezone.now() + LinkMail.policy.lease_length)
    tasks.send_mail(mail.pk)

    assert outbox() == []


def test_after_a_worker_that_died_it_is_sent_with_the_same_message_id(
    mailed: Link, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = queued(mailed)
    with monkeypatch.context() as patch:
        died = lambda *_: sys.exit()  # noqa: E731 - nothing that could be noted
        patch.setattr(delivery.LinkOutbox, "_record_taken", died)
        with pytest.raises(SystemExit):
            tasks.send_mail(mail.pk)
    tasks.send_mail(mail.pk)
    assert len(outbox()) == 1
    hands.later(LinkMail.policy.lease_length.total_seconds() + 1)
    tasks.send_mail(mail.pk)

    first, second = (read(message)["Message-ID"] for message in outbox())
    mail.refresh_from_db()
    assert first == second == mail.message_id
    assert mail.state == MailState.SENT


def test_a_customer_who_is_further_is_not_put_back(mailed: Link) -> None:
    progress.move(mailed, LinkState.STARTED)
    sent(mailed)

    mailed.refresh_from_db()
    assert mailed.state_label == "Started"


def test_a_link_over_several_apps_lists_those_that_are_left(db: None) -> None:
    first = make_account_connector(name="HubSpot")
    others = [make_account_connector(account=first.account, name=name) for name in ("Xero", "Wix")]
    link = make_link(connectors=[first, *others], recipient_email=ANA)
    item = link.items.select_related("link__account", "account_connector").first()
    assert item is not None
    confirming.confirm(item, is_authenticated=True)
    message = sent(link)

    assert message["Subject"] == "Larkfield asks you to connect 2 apps"
    assert "- Xero\n- Wix\n" in part(message, "plain")
    assert "HubSpot" not in part(message, "plain")


def test_headers_say_that_a_machine_wrote_and_who_answers(mailed: Link) -> None:
    mailed.console.support_email = "support@larkfield.example"
    mailed.console.save()
    message = sent(mailed)

    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Reply-To"] == "support@larkfield.example"
    assert message["From"] == "Larkfield <desk@localhost>"
    assert message["List-Unsubscribe"] is None


@time_machine.travel(datetime(2027, 3, 10, 12, tzinfo=UTC))
def test_a_reminder_can_be_ended_by_one_click(db: None) -> None:
    mailed = make_link(recipient_email=ANA, has_reminders=True)
    message = sent(mailed, MailKind.REMINDER)

    page = f"{mailed.url()}/reminders"
    assert message["List-Unsubscribe"].strip() == f"<{page}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert page in part(message, "plain") and page in part(message, "html")
    assert message["Subject"].startswith("Reminder: ")


def test_the_link_s_language_wins_over_the_partner_s(
    mailed: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    Branding.objects.create(console=mailed.console, language="fr")
    brand = brand_of(mailed.console)

    assert email_content.language_of(mailed.language, brand) == "fr"
    mailed.language = "de"
    assert email_content.language_of(mailed.language, brand) == "de"
    assert '<html lang="de">' in email_content.write(mailed).html
    mailed.language = "xx"
    assert email_content.language_of(mailed.language, brand) == "fr"


def test_the_partner_s_branding_is_used_and_a_wrong_colour_is_not(mailed: Link) -> None:
    row = Branding.objects.create(
        console=mailed.console,
        partner_name="Lerche & Söhne",
        colour="#0a693c",
        privacy_url="https://lerche.example/privacy",
        imprint_url="http://lerche.example/imprint",
    )
    letter = email_content.write(mailed)
    assert "background: #0a693c" in letter.html and "Lerche &amp; Söhne" in letter.html
    assert letter.subject.startswith("Lerche & Söhne asks")
    assert "https://lerche.example/privacy" in letter.text
    assert "http://lerche.example/imprint" not in letter.text + letter.html
    Branding.objects.filter(pk=row.pk).update(colour="red;}x")

    assert "red;" not in email_content.write(mailed).html


@pytest.mark.parametrize("colour", ["#ffee00", "#ffffff", "#7fd6c2"])
def test_words_can_be_read_on_a_button_of_any_colour(mailed: Link, colour: str) -> None:
    Branding.objects.create(console=mailed.console, colour=colour)

    html = email_content.write(mailed).html
    ((ground, words),) = re.findall(r"background: (#[0-9a-f]{6}); color: (#[0-9a-f]{3,6})", html)
    assert contrast(ground, words) >= ENOUGH_FOR_TEXT


# ---- hostile names ----


@pytest.mark.parametrize(
    "name", [*HOSTILE, "x" * 300, "ü" * 300, "a\r\nBcc: evil@x.example", "=?utf-8?q?x?="]
)
def test_no_name_makes_a_header_or_markup(name: str, db: None) -> None:
    app = make_account_connector(name=name, connector_name=name)
    app.account.name = name
    app.account.save()
    app.account.console.partner_name = name[:200]
    app.account.console.save()
    link = make_link(connectors=[app], recipient_email=ANA, recipient_name=name[:200], message=name)
    message = sent(link)

    assert set(message.keys()) == {
        *("Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID"),
        *("Auto-Submitted", "X-Auto-Response-Suppress"),
    }
    assert message["To"] == ANA
    assert len(message["Subject"]) <= email_content.SUBJECT_AT_MOST
    for header in ("Subject", "From"):
        assert not any(letter in message[header] for letter in "\r\n\0\u202e\u200b")
    assert message["From"].addresses[0].addr_spec == "desk@localhost"
    html = part(message, "html")
    for markup in ("<script", "<img", "<b hx-get", "49{%"):
        assert markup not in html
    assert mailed_address(link) in html


def mailed_address(link: Link) -> str:
    """The address as HTML holds it."""
    return f'<a href="{link.url()}"'


def test_names_in_the_plain_text_are_not_escaped(db: None) -> None:
    link = make_link(recipient_email=ANA, recipient_name="O'Brien & <Sons>")

    assert "Hello O'Brien & <Sons>,\n" in part(sent(link), "plain")


def test_an_address_of_another_script_is_sent_as_mail_servers_want_it(
    db: None, settings: Any
) -> None:
    link = make_link(recipient_email="ana@bücher.example")
    with smtp_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        tasks.send_mail(queued(link).pk)

    assert server.recipients == ["rcpt TO:<ana@xn--bcher-kva.example>"]
    message = read_raw(server.bodies[0])
    assert link.url() in part(message, "plain")
    assert LinkMail.objects.get().state == MailState.SENT


# ---- what mail servers say ----


@pytest.mark.parametrize(
    ("answers", "state", "words"),
    [
        ({"RCPT": "550 5.1.1 no such user"}, MailState.BOUNCED, "550 5.1.1 no such user"),
        ({"END": "550 5.1.1 no such user"}, MailState.BOUNCED, "550 5.1.1 no such user"),
        ({"END": "554 looks like spam"}, MailState.WAITING, "refuses what we send: 554 looks like"),
        ({"RCPT": "554 5.7.1 Relay denied"}, MailState.WAITING, "refuses to send this from us"),
        ({"RCPT": "451 come back later"}, MailState.WAITING, "puts it off: 451 come back later"),
        ({"MAIL": "550 who are you"}, MailState.WAITING, "refuses the sender’s address"),
        ({"EHLO": "421 busy", "HELO": "421 busy"}, MailState.WAITING, "does not answer"),
        ({"QUIT": "500 what"}, MailState.SENT, ""),
    ],
)
def test_what_a_server_says_decides(
    answers: dict[str, str], state: str, words: str, mailed: Link, settings: Any
) -> None:
    with smtp_server(**answers) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        tasks.send_mail(queued(mailed).pk)

    mail = LinkMail.objects.get()
    assert mail.state == state
    assert words in mail.last_error


def test_a_server_that_is_away_is_tried_again_later_and_later(
    mailed: Link, faulty: list[Exception], hands: Hands
) -> None:
    faulty.extend(ConnectionRefusedError() for _ in range(3))
    mail = queued(mailed)
    pauses = []
    for _ in range(3):
        tasks.send_mail(mail.pk)
        mail.refresh_from_db()
        pauses.append(round((mail.not_before - timezone.now()).total_seconds()))
        tasks.send_mail(mail.pk)  # too early: nothing happens
        hands.later((mail.not_before - timezone.now()).total_seconds() + sum(pauses[:-1]) + 1)
    tasks.send_mail(mail.pk)

    assert pauses == [60, 120, 240]
    assert len(outbox()) == 1


def test_after_a_day_it_is_given_up_and_said(
    mailed: Link, faulty: list[Exception], hands: Hands
) -> None:
    faulty.append(TimeoutError())
    mail = queued(mailed)
    LinkMail.objects.update(created_at=timezone.now() - timedelta(hours=23, minutes=59, seconds=30))
    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert mail.state == MailState.FAILED
    assert events(mailed) == ["unmailed"]
    mailed.refresh_from_db()
    assert mailed.state_label == "Created"


def test_a_bounce_is_told_once_and_without_the_address_of_the_link(
    mailed: Link, faulty: list[Exception]
) -> None:
    said = f"blocked address {mailed.url().upper()}".encode()
    faulty.append(smtplib.SMTPRecipientsRefused({ANA: (550, b"5.1.1 " + said)}))
    tasks.send_mail(queued(mailed).pk)

    event = LinkEvent.objects.get(link=mailed)
    assert (event.event, event.mark) == ("bounced", "failed")
    assert ANA in event.message and "blocked" in event.details["why"]
    stored = f"{event.details} {LinkMail.objects.get().last_error}".lower()
    assert mailed.token()[:16] not in stored


def test_an_address_that_a_server_quotes_over_several_lines_is_cut(
    mailed: Link, faulty: list[Exception]
) -> None:
    token = mailed.token()
    quoted = f"blocked address /c/{token[:10]}=\n{token[10:]}".encode()
    faulty.append(smtplib.SMTPDataError(554, quoted))
    tasks.send_mail(queued(mailed).pk)

    said = LinkMail.objects.get().last_error
    assert said.startswith("The mail server refuses what we send: 554 blocked address /c/")
    assert not any(token[n : n + 8] in said for n in range(57))


def test_a_server_that_drips_is_put_off_like_one_that_is_away(
    mailed: Link, faulty: list[Exception]
) -> None:
    faulty.append(SoftTimeLimitExceeded())
    tasks.send_mail(queued(mailed).pk)

    mail = LinkMail.objects.get()
    assert mail.state == MailState.WAITING and mail.not_before > timezone.now()
    assert mail.last_error == "The mail server answers too slowly."


def test_a_message_that_cannot_be_written_fails_in_words(
    mailed: Link, faulty: list[Exception]
) -> None:
    faulty.append(ValueError("Header values can't contain newlines"))
    tasks.send_mail(queued(mailed).pk)

    mail = LinkMail.objects.get()
    assert mail.state == MailState.FAILED
    assert mail.last_error.startswith("The message could not be written: ")


def test_a_link_whose_key_was_dropped_fails_in_words(mailed: Link, settings: Any) -> None:
    mail = queued(mailed)
    settings.CREDENTIAL_KEYS = ["another-key-another-key-another-key-another"]
    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert (mail.state, mail.last_error) == (MailState.FAILED, LOST_KEY)


# ---- refusals that are about us ----

NOT_OURS = smtplib.SMTPDataError(554, b"5.2.252 SendAsDenied; not allowed to send as desk")
TOLD = Notification.objects.filter(kind=MAIL_REFUSED)


def test_a_refusal_about_us_blames_nobody_and_is_told_once(
    db: None, faulty: list[Exception]
) -> None:
    first = make_link(recipient_email=ANA)
    for _ in range(3):
        faulty.append(NOT_OURS)
        tasks.send_mail(queued(make_link(account=first.account, recipient_email=ANA)).pk)

    assert set(LinkMail.objects.values_list("state", flat=True)) == {MailState.WAITING}
    assert not LinkEvent.objects.filter(event="bounced").exists()
    notification = TOLD.get()
    assert "5.2.252 SendAsDenied" in notification.details


def test_meanwhile_nothing_is_tried_by_itself_and_then_one(
    mailed: Link, faulty: list[Exception], messages: list[int], hands: Hands
) -> None:
    faulty.append(NOT_OURS)
    tasks.send_mail(queued(mailed).pk)
    others = [queued(make_link(account=mailed.account, recipient_email=ANA)) for _ in range(3)]
    LinkMail.objects.filter(tries=0).update(published_at=None)
    dispatch_due(LinkMail)
    assert messages == []
    hands.later(mail_trouble.COOL_DOWN.total_seconds() + 1)
    dispatch_due(LinkMail)

    assert len(messages) == 1
    assert messages[0] in {one.pk for one in (*others, LinkMail.objects.earliest("pk"))}


def test_once_a_message_is_taken_the_others_leave_and_the_next_trouble_is_told_anew(
    mailed: Link, faulty: list[Exception]
) -> None:
    faulty.append(NOT_OURS)
    held = queued(mailed)
    tasks.send_mail(held.pk)
    tasks.send_mail(queued(make_link(account=mailed.account, recipient_email=ANA)).pk)
    tasks.send_mail(held.pk)
    assert len(outbox()) == 2
    faulty.append(NOT_OURS)
    tasks.send_mail(queued(mailed).pk)

    assert TOLD.count() == 2


def test_a_refusal_about_us_pauses_the_campaign(db: None, faulty: list[Exception]) -> None:
    first = make_link(recipient_email=ANA)
    run = BulkRun(console=first.console, kind="links.create", title="Reconnect", state="running")
    run.actor = Actor.system()
    run.save()
    faulty.append(NOT_OURS)
    tasks.send_mail(queued(make_link(account=first.account, recipient_email=ANA, run=run)).pk)

    run.refresh_from_db()
    assert run.state == "paused"
    assert "5.2.252 SendAsDenied" in run.halted


# ---- without a mail server ----


def test_a_message_that_became_a_file_is_not_called_mailed(
    mailed: Link, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    tasks.send_mail(queued(mailed).pk)

    mailed.refresh_from_db()
    assert mailed.state_label == "Sent to a file" and mailed.shape == "sent"
    (event,) = LinkEvent.objects.filter(link=mailed)
    assert event.message == f"Written to a file, not mailed to {ANA}: no mail server is set"
    page = signed_in(make_user(Role.AGENT)).get(mailed.get_absolute_url()).content.decode()
    assert "Mailed to" not in page and ">Sent<" not in page
    assert "Written to a file" in page


@pytest.mark.parametrize("how", ["mailed", "another way"])
def test_once_it_really_was_sent_it_is_called_so(
    mailed: Link, settings: Any, tmp_path: Path, how: str
) -> None:
    usual = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    tasks.send_mail(queued(mailed).pk)
    settings.EMAIL_BACKEND = usual
    if how == "mailed":
        tasks.send_mail(queued(mailed).pk)
    else:
        assert mailing.mark_sent(mailed, Actor.staff(make_user()))

    mailed.refresh_from_db()
    assert mailed.state_label == "Sent"


def test_the_preview_says_that_no_mail_server_is_set(mailed: Link, settings: Any) -> None:
    browser = signed_in(make_user(Role.AGENT))
    path = f"{mailed.get_absolute_url()}send/"
    assert "No mail server is set" not in browser.get(path).content.decode()

    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    assert "No mail server is set" in browser.get(path).content.decode()


# ---- what is not needed any more ----


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"revoked_at": timezone.now()}, "The link was revoked."),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "The link has expired."),
        ({"connected_at": timezone.now()}, "Everything is connected by now."),
        ({"recipient_email": "bo@customer.example"}, "The recipient was changed."),
    ],
)
def test_what_is_not_needed_any_more_is_not_sent(
    columns: dict[str, Any], words: str, mailed: Link
) -> None:
    mail = queued(mailed)
    Link.objects.update(**columns)
    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert (mail.state, mail.last_error) == (MailState.DROPPED, words)
    assert outbox() == []


def test_of_a_console_that_was_retired_nothing_is_sent_and_the_reason_is_true(mailed: Link) -> None:
    mail = queued(mailed)
    Console.objects.update(retired_at=timezone.now())
    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert (mail.state, mail.last_error) == (MailState.DROPPED, "Its console is no longer in use.")
    assert outbox() == []


# ---- the outbox ----


def test_the_same_submission_is_one_message(mailed: Link) -> None:
    submission, actor = uuid.uuid4(), Actor.staff(make_user())
    first = mailing.send_link(mailed, actor, submission)
    tasks.send_mail(first.pk)
    again = mailing.send_link(mailed, actor, submission)

    assert again.pk == first.pk
    assert LinkMail.objects.count() == 1


def test_two_colleagues_at_once_send_one_message(mailed: Link) -> None:
    for _ in range(2):
        mailing.send_link(mailed, Actor.staff(make_user()), uuid.uuid4())

    assert LinkMail.objects.count() == 1


def test_a_submission_of_another_link_is_refused(mailed: Link) -> None:
    submission, actor = uuid.uuid4(), Actor.staff(make_user())
    mailing.send_link(mailed, actor, submission)
    other = make_link(recipient_email=ANA, account=mailed.account)

    with pytest.raises(mailing.UsedElsewhereError):
        mailing.send_link(other, actor, submission)


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids that the dispatcher sends off, while no worker takes them."""
    sent_off: list[int] = []

    def send(message: Message, pk: int) -> bool:
        assert (message.task, message.queue) == (tasks.send_mail.name, "bulk")
        sent_off.append(pk)
        return True

    monkeypatch.setattr(Message, "send", send)
    return sent_off


def test_a_lost_message_is_sent_off_again_but_not_in_a_heap(
    mailed: Link, messages: list[int], hands: Hands
) -> None:
    mail = queued(mailed)
    dispatch_due(LinkMail)
    assert messages == []  # it left with the commit
    hands.later(31)
    for _ in range(3):
        dispatch_due(LinkMail)

    assert messages == [mail.pk]


def test_a_campaign_s_messages_go_after_a_colleague_s_and_a_few_at_a_time(
    db: None, messages: list[int], hands: Hands
) -> None:
    first = make_link(recipient_email=ANA)
    run = BulkRun(console=first.console, kind="links.create", title="Reconnect")
    run.actor = Actor.system()
    run.save()
    many = [
        queued(make_link(recipient_email=ANA, account=first.account, run=run)) for _ in range(25)
    ]
    hands.later(31)
    alone = queued(first)
    LinkMail.objects.filter(pk=alone.pk).update(published_at=None)
    dispatch_due(LinkMail)

    assert messages == [alone.pk, *[mail.pk for mail in many[:19]]]


def test_while_the_server_is_away_one_message_at_a_time_tries(
    db: None, messages: list[int], faulty: list[Exception], hands: Hands
) -> None:
    faulty.append(TimeoutError())
    tasks.send_mail(queued(make_link(recipient_email=ANA)).pk)
    for _ in range(5):
        queued(make_link(recipient_email=ANA))
    LinkMail.objects.filter(tries=0).update(published_at=None)
    for _ in range(3):
        dispatch_due(LinkMail)

    assert len(messages) == 1


# ---- secrets ----


def test_the_address_is_stored_nowhere_and_logged_nowhere(
    mailed: Link, faulty: list[Exception], caplog: pytest.LogCaptureFixture, hands: Hands
) -> None:
    faulty.append(smtplib.SMTPServerDisconnected(f"while sending {mailed.url()}"))
    mail = queued(mailed)
    tasks.send_mail(mail.pk)
    hands.later(61)
    tasks.send_mail(mail.pk)

    assert len(outbox()) == 1
    stored = [*LinkMail.objects.values(), *LinkEvent.objects.values(), *Link.objects.values()]
    code = encryption.code_for(mailed.public_id, purpose="link", key=mailed.key_id)
    assert mailed.token()[16:48] not in f"{stored} {caplog.text}"
    assert code.hex()[:16] not in f"{stored} {caplog.text}"


def test_a_letter_does_not_show_the_address_in_tracebacks(mailed: Link) -> None:
    assert mailed.token() not in repr(email_content.write(mailed, MailKind.REMINDER))
