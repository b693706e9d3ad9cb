"""The staff's side of sending: the preview, the button, the QR code, the edits, the second link."""

from __future__ import annotations

import io
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
import segno
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import Actor, AuditEntry
from dashboard.links import progress, services, tasks
from dashboard.links.mail import mailing
from dashboard.links.models import Link, LinkEvent, LinkMail, LinkState, MailState
from dashboard.people.models import Role
from tests.factories import make_account_connector, make_console, make_link, make_user
from tests.links.postbox import outbox, read
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, signed_in, text_of

ANA = "ana@customer.example"

PAGES = ("link_send", "link_letter", "link_edit")
BUTTONS = ("link_send", "link_sent", "link_send_anew", "link_edit")


@pytest.fixture
def made(db: None) -> Link:
    """A link that nobody has sent yet, with an address on file."""
    return make_link(recipient_email=ANA, recipient_name="Ana")


def url(name: str, link: Link, *more: str) -> str:
    """One of the link's pages."""
    return reverse(name, args=[link.pk, *more])


def submission_on(page: str) -> str:
    """The hidden id of the form that counts once."""
    found = re.search(r'name="submission" value="([0-9a-f-]{36})"', page)
    assert found, page
    return found.group(1)


def press_send(agent: Client, link: Link) -> Any:
    """Open the preview and press its button."""
    page = text_of(agent.get(url("link_send", link)))
    return agent.post(url("link_send", link), {"submission": submission_on(page)}, follow=True)


# ---- who may ----


@pytest.mark.parametrize("name", PAGES)
def test_a_viewer_does_not_see_what_is_sent(name: str, made: Link) -> None:
    viewer = signed_in(make_user(Role.VIEWER))

    assert viewer.get(url(name, made)).status_code == 403
    assert viewer.get(url("link_qr", made, "svg")).status_code == 403


@pytest.mark.parametrize("name", BUTTONS)
def test_another_console_s_link_is_not_there(name: str, made: Link) -> None:
    stranger = signed_in(make_user(Role.ADMIN, console=make_console()))

    with nothing_changes():
        assert stranger.post(url(name, made)).status_code == 404


# ---- the preview ----


def test_the_preview_shows_the_message_and_sends_nothing(agent: Client, made: Link) -> None:
    agent.get(url("link_send", made))  # who saw the address is recorded, once
    with nothing_changes():
        page = text_of(agent.get(url("link_send", made)))

    assert ANA in page and "desk@localhost" in page
    assert "Larkfield asks you to connect" in page
    assert made.url() in page and "Hello Ana," in page
    assert "Send e-mail" in page


def test_the_formatted_message_stands_in_a_frame_that_can_do_nothing(
    agent: Client, made: Link
) -> None:
    page = agent.get(url("link_send", made))
    letter = agent.get(url("link_letter", made))

    assert f'sandbox src="{url("link_letter", made)}"' in text_of(page)
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    policy = letter["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy
    assert "script-src" not in policy and "frame-ancestors 'self'" in policy
    assert letter["X-Frame-Options"] == "SAMEORIGIN"
    assert letter["Cache-Control"] == "no-store"
    assert made.url() in text_of(letter)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_letters(name: str, agent: Client, db: None) -> None:
    app = make_account_connector(name=name)
    link = make_link(connectors=[app], recipient_email=ANA, recipient_name=name[:200], message=name)

    for page in ("link_send", "link_letter", "link_edit", "link_detail"):
        html = text_of(agent.get(url(page, link)))
        ours = r'<textarea.*?</textarea>|<img class="qr"[^>]*>'
        assert_only_letters(re.sub(ours, "", html, flags=re.DOTALL))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"recipient_email": ""}, "No e-mail address on file"),
        ({"revoked_at": timezone.now()}, "The link has ended"),
        ({"expires_at": timezone.now()}, "The link has ended"),
    ],
)
def test_what_cannot_be_sent_says_why(
    columns: dict[str, Any], words: str, agent: Client, made: Link
) -> None:
    Link.objects.update(**columns)
    preview = agent.get(url("link_send", made), follow=True)
    pressed = agent.post(url("link_send", made), {"submission": uuid.uuid4()}, follow=True)

    assert words in text_of(preview) and words in text_of(pressed)
    assert LinkMail.objects.count() == 0


# ---- sending ----


def test_the_button_sends_once_however_often_it_is_pressed(agent: Client, made: Link) -> None:
    submission = submission_on(text_of(agent.get(url("link_send", made))))
    for _ in range(3):
        answer = agent.post(url("link_send", made), {"submission": submission}, follow=True)
        assert "On its way" in text_of(answer) or "Sent" in text_of(answer)
        tasks.send_mail(LinkMail.objects.get().pk)

    assert len(outbox()) == 1
    assert AuditEntry.objects.filter(action="links.mail").count() == 1


def test_the_page_tells_what_came_of_it(agent: Client, made: Link) -> None:
    page = text_of(press_send(agent, made))
    assert "On its way" in page and "Send again" in page
    tasks.send_mail(LinkMail.objects.get().pk)
    page = text_of(agent.get(made.get_absolute_url()))
    assert f"Mailed to {ANA}" in page and 'data-state="sent"' in page
    LinkMail.objects.update(
        state=MailState.BOUNCED, last_error="550 nobody", finished_at=timezone.now()
    )

    page = text_of(agent.get(made.get_absolute_url()))
    assert "Bounced" in page and "550 nobody" in page


def test_it_can_be_sent_again_later(agent: Client, made: Link) -> None:
    for _ in range(2):
        press_send(agent, made)
        tasks.send_mail(LinkMail.objects.filter(state=MailState.WAITING).get().pk)

    assert len(outbox()) == 2
    assert len({read(message)["Message-ID"] for message in outbox()}) == 2


@pytest.mark.parametrize("submission", ["", "x", "\x00", "1" * 5000])
def test_a_broken_form_sends_nothing(submission: str, agent: Client, made: Link) -> None:
    answer = agent.post(url("link_send", made), {"submission": submission})

    assert answer.status_code == 422
    assert LinkMail.objects.count() == 0


def test_a_submission_of_another_link_is_refused_in_words(agent: Client, made: Link) -> None:
    submission = submission_on(text_of(agent.get(url("link_send", made))))
    agent.post(url("link_send", made), {"submission": submission})
    other = make_link(recipient_email="bo@customer.example", account=made.account)
    answer = agent.post(url("link_send", other), {"submission": submission}, follow=True)

    assert "already used" in text_of(answer)
    assert LinkMail.objects.count() == 1


# ---- other ways ----


def test_who_sent_it_another_way_says_so_once(agent: Client, made: Link) -> None:
    assert "I sent it another way" in text_of(agent.get(made.get_absolute_url()))
    for _ in range(2):
        page = text_of(agent.post(url("link_sent", made), follow=True))

    assert "I sent it another way" not in page
    made.refresh_from_db()
    assert made.state_label == "Sent" and made.sent_at is not None
    event = LinkEvent.objects.get(link=made)
    assert event.event == "sent" and event.message.startswith("Sent another way, says Person")


def test_an_opened_link_is_not_put_back_to_sent(made: Link) -> None:
    progress.move(made, LinkState.OPENED)

    assert not mailing.mark_sent(made, Actor.staff(make_user()))
    made.refresh_from_db()
    assert made.state_label == "Opened"


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_qr_code_holds_the_address(kind: str, agent: Client, made: Link) -> None:
    answer = agent.get(url("link_qr", made, kind))

    drawn = io.BytesIO()
    code = segno.make(made.url(), error="m", micro=False)
    code.save(drawn, kind=kind, scale=8, border=4, dark="#000", light="#fff")
    assert answer.content == drawn.getvalue()
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("kind", ["exe", "txt", "..", "svgz"])
def test_no_other_picture_is_drawn(kind: str, agent: Client, made: Link) -> None:
    assert agent.get(f"/links/{made.pk}/qr.{kind}").status_code == 404


def test_an_ended_link_has_no_qr_code(agent: Client, made: Link) -> None:
    Link.objects.update(revoked_at=timezone.now())

    assert agent.get(url("link_qr", made, "svg")).status_code == 404
    assert agent.get(url("link_letter", made)).status_code == 404


def test_a_link_whose_key_was_dropped_offers_nothing_to_send(made: Link, settings: Any) -> None:
    settings.CREDENTIAL_KEYS = ["another-key-another-key-another-key-another"]
    agent = signed_in(make_user(Role.AGENT))  # what sessions held is lost with the key as well

    assert agent.get(url("link_qr", made, "svg")).status_code == 404
    page = text_of(agent.get(url("link_send", made), follow=True))
    assert "is no longer available" in page and "Send by e-mail" not in page


def test_the_mail_program_gets_a_short_message(agent: Client, made: Link) -> None:
    page = text_of(agent.get(made.get_absolute_url()))
    found = re.search(r'href="(mailto:[^"]+)"', page)

    assert found
    assert found.group(1).startswith("mailto:ana@customer.example?subject=Larkfield%20asks")
    assert made.token() in found.group(1) and len(found.group(1)) < 1500


# ---- the form ----


def create(agent: Client, **values: Any) -> Any:
    """Fill in Create link."""
    app = make_account_connector()
    path = reverse("link_new", args=[app.account_id])
    made_up = {"submission": uuid.uuid4(), "connectors": [app.pk], "expires": "604800"}
    return agent.post(path, made_up | values)


def test_a_link_is_made_with_all_its_wishes(agent: Client) -> None:
    answer = create(
        agent,
        recipient_email=ANA,
        language="de",
        has_reminders="on",
        ticket_url="help.example.com/tickets/42",
    )

    assert answer.status_code == 302
    link = Link.objects.get()
    assert (link.language, link.has_reminders) == ("de", True)
    assert link.ticket_url == "https://help.example.com/tickets/42"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"has_reminders": "on"}, "Reminders are sent by e-mail: enter an address."),
        ({"language": "xx"}, "not one of the available choices"),
        ({"ticket_url": "javascript:alert(1)"}, "valid URL"),
        ({"ticket_url": "ftp://files.example.com/x"}, "Give an address like https://"),
        ({"ticket_url": "https://good@evil.example"}, "Give an address like https://"),
        ({"recipient_email": "ana@customer.example\r\nBcc: x@y.example"}, "give one address"),
        ({"recipient_name": "Ana\r\nBcc: x@y.example"}, "A name is one line"),
    ],
)
def test_wrong_wishes_are_refused_in_words_and_kept(
    values: dict[str, str], words: str, agent: Client
) -> None:
    answer = create(agent, message="Kept as it was", **values)

    assert answer.status_code == 422
    assert words in text_of(answer) and "Kept as it was" in text_of(answer)
    assert Link.objects.count() == 0


# ---- editing ----


def edit(agent: Client, link: Link, version: str, **values: Any) -> Any:
    """Fill in Edit link."""
    now = {"recipient_email": link.recipient_email, "recipient_name": link.recipient_name}
    return agent.post(url("link_edit", link), now | {"version": version} | values, follow=True)


def test_a_link_is_changed_and_the_change_is_told(agent: Client, made: Link) -> None:
    version = services.details_version(made)
    answer = edit(agent, made, version, recipient_email="bo@customer.example", language="fr")

    assert "Saved." in text_of(answer)
    made.refresh_from_db()
    assert (made.recipient_email, made.language) == ("bo@customer.example", "fr")
    event = LinkEvent.objects.get(link=made)
    assert (event.event, event.details["why"]) == ("edited", "Recipient email, language")
    entry = AuditEntry.objects.get(action="links.edit")
    assert entry.details["changed"] == ["recipient_email", "language"]


def test_two_colleagues_do_not_overwrite_each_other(agent: Client, made: Link) -> None:
    version = services.details_version(made)
    edit(agent, made, version, message="From the first")
    answer = edit(agent, made, version, message="From the second")

    assert answer.status_code == 409
    page = text_of(answer)
    assert "A colleague changed this link in the meantime" in page
    assert "From the first" in page and "From the second" in page
    made.refresh_from_db()
    assert made.message == "From the first"


def test_who_has_read_the_other_change_may_replace_it(agent: Client, made: Link) -> None:
    version = services.details_version(made)
    edit(agent, made, version, message="From the first")
    page = text_of(edit(agent, made, version, message="From the second"))
    found = re.search(r'name="version" value="([^"]+)"', page)
    assert found
    edit(agent, made, found.group(1), message="From the second")

    made.refresh_from_db()
    assert made.message == "From the second"


def test_pressed_twice_a_change_is_one(agent: Client, made: Link) -> None:
    version = services.details_version(made)
    for _ in range(2):
        assert edit(agent, made, version, message="New").status_code == 200

    assert AuditEntry.objects.filter(action="links.edit").count() == 1


def test_an_ended_link_is_not_changed(agent: Client, made: Link) -> None:
    version = services.details_version(made)
    Link.objects.update(revoked_at=timezone.now())
    answer = edit(agent, made, version, message="New")

    assert "can no longer be changed" in text_of(answer)
    made.refresh_from_db()
    assert made.message == ""


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_is_typed_comes_back_as_it_was(name: str, agent: Client, made: Link) -> None:
    edit(agent, made, services.details_version(made), message=name)

    made.refresh_from_db()
    assert made.message == (name.strip() if len(name) <= 2000 else "")


# ---- the customer asks for a new link ----


def press_anew(agent: Client, link: Link) -> Any:
    """Press the button that stands where the customer asks."""
    page = text_of(agent.get(link.get_absolute_url()))
    assert "The customer asks for a new link" in page
    data = {"submission": submission_on(page)}
    for _ in range(2):
        answer = agent.post(url("link_send_anew", link), data, follow=True)
    return answer


def test_an_expired_link_is_extended_and_sent_to_the_address_on_file(
    agent: Client, made: Link
) -> None:
    Link.objects.update(expires_at=timezone.now() - timedelta(hours=1), is_new_link_asked=True)
    press_anew(agent, made)

    tasks.send_mail(LinkMail.objects.get().pk)
    assert read(outbox()[0])["To"] == ANA
    made.refresh_from_db()
    assert made.is_usable and not made.is_new_link_asked


def test_a_revoked_link_is_replaced_once_by_one_that_is_mailed(agent: Client, made: Link) -> None:
    Link.objects.update(revoked_at=timezone.now(), is_new_link_asked=True, message="Hello")
    press_anew(agent, made)

    new = Link.objects.exclude(pk=made.pk).get()
    mail = LinkMail.objects.get()
    assert (mail.link, mail.recipient, new.message) == (new, ANA, "Hello")
    assert [item.account_connector for item in new.items.all()] == [
        made.items.get().account_connector
    ]
    made.refresh_from_db()
    assert not made.is_usable and not made.is_new_link_asked


@pytest.mark.parametrize("ending", ["revoked_at", "expires_at"])
def test_two_colleagues_who_answer_at_once_send_one_link(
    agent: Client, made: Link, ending: str
) -> None:
    over = timezone.now() - timedelta(hours=1)
    Link.objects.update(**{ending: over}, is_new_link_asked=True)
    press_anew(agent, made)
    tasks.send_mail(LinkMail.objects.get().pk)
    late = agent.post(url("link_send_anew", made), {"submission": uuid.uuid4()}, follow=True)

    assert "has already been sent a new link" in text_of(late)
    assert LinkMail.objects.count() == 1
    assert Link.objects.filter(revoked_at=None).count() == 1


def test_without_an_address_on_file_nothing_is_sent(agent: Client, db: None) -> None:
    link = make_link(expires_at=timezone.now() - timedelta(hours=1), is_new_link_asked=True)
    assert "Extend and send again" not in text_of(agent.get(link.get_absolute_url()))
    answer = agent.post(url("link_send_anew", link), {"submission": uuid.uuid4()}, follow=True)

    assert "No e-mail address on file" in text_of(answer)
    link.refresh_from_db()
    assert not link.is_usable and LinkMail.objects.count() == 0


def test_a_link_that_is_done_is_not_sent_anew(agent: Client, made: Link) -> None:
    Link.objects.update(connected_at=timezone.now(), state=LinkState.CONNECTED)
    answer = agent.post(url("link_send_anew", made), {"submission": uuid.uuid4()}, follow=True)

    assert "Nothing is left to connect" in text_of(answer)
    assert LinkMail.objects.count() == 0
