"""Launch links by mail: seen before, sent once, written in the customer's language."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail as django_mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.launches import tasks
from dashboard.launches.models import LaunchLink, LaunchMail
from dashboard.links.models import MailState
from dashboard.people.models import Role
from tests.factories import make_account, make_launch_link, make_user
from tests.links.postbox import BACKEND, Faulty, outbox, part, read
from tests.links.steps import PERSON
from tests.pages import nothing_changes, signed_in, text_of

pytestmark = pytest.mark.django_db
TO = "ana@harbour.example"


@pytest.fixture(autouse=True)
def mail_server(settings: Any) -> Iterator[None]:
    """One that takes everything, unless a test puts errors into `Faulty.errors`."""
    settings.EMAIL_BACKEND = BACKEND
    Faulty.errors = []
    django_mail.outbox = []
    yield
    Faulty.errors = []


@pytest.fixture
def lead(db: None) -> Client:
    """A browser of a lead."""
    return signed_in(make_user(Role.LEAD))


def url(link: LaunchLink, name: str = "launch_link_send") -> str:
    return reverse(name, args=[link.pk])


def press(browser: Client, link: LaunchLink, submission: str = "", **values: str) -> Any:
    """Press Send."""
    data = {"submission": submission or str(uuid.uuid4()), "recipient_email": TO}
    return browser.post(url(link), data | values)


def work() -> None:
    """The worker's part."""
    for pk in LaunchMail.objects.due(timezone.now()).values_list("pk", flat=True):
        tasks.send_launch_mail(pk)


def test_the_message_is_seen_then_sent_and_its_way_is_told(lead: Client) -> None:
    link = make_launch_link(product="orbit", message="See you there.")
    page = text_of(lead.get(url(link)))
    letter = lead.get(url(link, "launch_link_letter"))
    assert "look after your integrations" in page and link.url() in page
    assert link.url() in text_of(letter) and "sandbox" in letter["Content-Security-Policy"]

    press(lead, link, recipient_name="Ana")
    assert "On its way" in text_of(lead.get(link.get_absolute_url()))
    work()

    message = read(outbox()[0])
    assert message["To"] == TO and "integrations" in message["Subject"]
    for kind in ("plain", "html"):
        text = part(message, kind)
        assert link.url() in text and "See you there." in text and "Hello Ana," in text
        assert "can sign in for you" in " ".join(text.split())
    link.refresh_from_db()
    shown = text_of(lead.get(link.get_absolute_url()))
    assert link.state == "sent" and f"Mailed to {TO}" in shown and "<bdi>Ana</bdi>, " in shown
    assert AuditEntry.objects.get(action="launches.mail").details["recipient"] == TO
    assert link.token() not in str(list(LaunchMail.objects.values()))


def test_the_preview_greets_whom_the_form_names(lead: Client) -> None:
    link = make_launch_link(recipient_name="Ana")
    typed = {"recipient_name": " O'Brien & <b>Söhne</b> "}
    page = text_of(lead.get(url(link), typed))
    letter = re.search(r'<iframe[^>]+src="([^"]+)"', page)
    assert letter is not None
    html = text_of(lead.get(unescape(letter[1])))

    assert "Hello O&#x27;Brien &amp; &lt;b&gt;Söhne&lt;/b&gt;," in html and "<b>Söhne" not in page
    link.refresh_from_db()
    assert link.recipient_name == "Ana"
    assert "Hello Ana," in text_of(lead.get(url(link), {"recipient_name": "a\nb"}))
    assert "Hello Ana," not in text_of(lead.get(url(link), {"recipient_name": ""}))
    assert "Hello Mia," in text_of(press(lead, link, recipient_email="no", recipient_name="Mia"))


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_it_is_written_in_the_language_of_the_link(lead: Client, language: str) -> None:
    link = make_launch_link(language=language)
    press(lead, link)
    work()

    message = read(outbox()[0])
    assert "integrations" not in message["Subject"]
    assert "Do not forward" not in part(message, "plain") + part(message, "html")


def test_pressed_twice_it_is_one_message(lead: Client) -> None:
    link, submission = make_launch_link(), str(uuid.uuid4())
    press(lead, link, submission)
    press(lead, link, submission)
    press(lead, link)  # while the first one waits
    work()
    press(lead, link, submission)
    work()
    assert len(outbox()) == 1 and LaunchMail.objects.count() == 1

    press(lead, link)
    work()
    assert len(outbox()) == 2


def test_a_used_form_sends_to_nobody_else(lead: Client) -> None:
    link, submission = make_launch_link(), str(uuid.uuid4())
    press(lead, link, submission)
    press(lead, link, submission, recipient_email="eve@other.example")
    press(lead, make_launch_link(account=link.account, console=link.console), submission)

    assert [mail.recipient for mail in LaunchMail.objects.all()] == [TO]


@pytest.mark.parametrize(
    ("error", "state", "words"),
    [
        (SMTPRecipientsRefused({TO: (550, b"No such user")}), "bounced", "cannot be reached"),
        (SMTPServerDisconnected("away"), "waiting", "On its way"),
    ],
)
def test_what_became_of_it_is_told(lead: Client, error: Exception, state: str, words: str) -> None:
    link = make_launch_link()
    Faulty.errors = [error]
    press(lead, link)
    work()

    assert LaunchMail.objects.get().state == state
    assert words in text_of(lead.get(link.get_absolute_url()))
    link.refresh_from_db()
    assert link.state == "created"


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(hours=1)},
        {"recipient_email": "other@harbour.example"},
    ],
)
def test_what_is_not_needed_any_more_is_not_sent(lead: Client, change: dict[str, Any]) -> None:
    link = make_launch_link()
    press(lead, link)
    LaunchLink.objects.filter(pk=link.pk).update(**change)
    work()

    assert outbox() == [] and LaunchMail.objects.get().state == MailState.DROPPED


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"recipient_email": ""}, "Fill this in"),
        ({"recipient_email": "nobody"}, "e-mail"),
        ({"recipient_name": "Ana\nBcc: x@y.example"}, "one line"),
    ],
)
def test_a_wrong_recipient_is_said_beside_the_field(
    lead: Client, values: dict[str, str], words: str
) -> None:
    link = make_launch_link()
    with nothing_changes():
        answer = press(lead, link, **values)

    assert answer.status_code == 422 and words in text_of(answer)


def test_a_new_link_with_a_recipient_leads_to_its_message(lead: Client) -> None:
    account = make_account()
    data = {"submission": str(uuid.uuid4()), "product": "launch", "expires": "604800"}
    data |= {"recipient_email": TO, "recipient_name": "Ana"}
    answer = lead.post(reverse("launch_link_new", args=[account.pk]), data)

    link = LaunchLink.objects.get()
    assert answer["Location"] == url(link) and link.recipient_email == TO
    assert f'value="{TO}"' in text_of(lead.get(url(link)))


def test_a_person_who_opens_a_sent_link_moves_it_on() -> None:
    link = make_launch_link(state="sent")
    Client(headers=PERSON).get(urlsplit(link.url()).path)

    link.refresh_from_db()
    assert link.state == "opened"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
def test_others_may_not(role: Role) -> None:
    link, browser = make_launch_link(), signed_in(make_user(role))

    with nothing_changes():
        assert browser.get(url(link)).status_code in {403, 404}
        assert browser.get(url(link, "launch_link_letter")).status_code in {403, 404}
        assert press(browser, link).status_code in {403, 404}


def test_an_ended_link_is_not_sent(lead: Client) -> None:
    link = make_launch_link(revoked_at=timezone.now())

    assert lead.get(url(link))["Location"] == link.get_absolute_url()
    press(lead, link)
    assert not LaunchMail.objects.exists()
    assert lead.get(url(link, "launch_link_letter")).status_code == 404
