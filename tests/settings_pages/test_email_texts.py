"""A console's own words in messages: where they are typed, and what customers get of them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation

from dashboard.audit.models import Actor, AuditEntry
from dashboard.consoles.models import Console
from dashboard.launches import mailing as launch_mailing
from dashboard.launches.models import LaunchLink
from dashboard.links import tasks
from dashboard.links.mail import email_content, mailing, own_texts
from dashboard.links.mail.own_texts import PlaceholderError
from dashboard.links.models import EmailText, Link, MailKind
from dashboard.people.models import Role
from dashboard.settings_pages.email_text_views import style_hashes
from tests.factories import (
    make_account,
    make_account_connector,
    make_console,
    make_launch_link,
    make_link,
    make_user,
)
from tests.links.postbox import outbox, part, read
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, signed_in, text_of

pytestmark = pytest.mark.django_db
MESSAGES = ["invitation", "reminder", "launch-launch", "launch-orbit", "launch-marketplace"]
SAMPLE_ADDRESS = "https://example.com/c/the-address-of-the-link"
LANGUAGES = [code for code, _ in settings.LANGUAGES]


@pytest.fixture
def console() -> Console:
    """The console whose messages are worded."""
    return make_console(name="EU live", partner_name="Larkfield", support_email="help@lark.example")


@pytest.fixture
def admin(console: Console) -> Client:
    """An administrator's browser."""
    return signed_in(make_user(Role.ADMIN))


def at(
    console: Console,
    message: str = "invitation",
    language: str = "en",
    view: str = "email_text_edit",
) -> str:
    """The page about one message in one language."""
    return f"{reverse(view)}?console={console.pk}&message={message}&language={language}"


def version_on(page: str) -> str:
    """What the form knows of the words that are stored."""
    found = re.search(r'name="version" value="([^"]*)"', page)
    assert found
    return found.group(1)


def save(admin: Client, url: str, **values: str) -> Any:
    """Open the page and save it with these entries."""
    return admin.post(url, {"version": version_on(text_of(admin.get(url))), **values})


def put(console: Console, message: str = "invitation", language: str = "en", **texts: str) -> None:
    """Words as they are stored."""
    EmailText.objects.create(console=console, message=message, language=language, **texts)


def link_of(console: Console, **values: Any) -> Link:
    """A link to a customer of the console."""
    app = make_account_connector(account=make_account(console=console, name="Harbour"), name="Xero")
    values = {"recipient_email": "ana@harbour.example", "recipient_name": "Ana"} | values
    return make_link(connectors=[app], **values)


def written(console: Console, message: str, language: str) -> Any:
    """The message about a real link."""
    return write(real_link(console, message, language), message)


def real_link(console: Console, message: str, language: str) -> Any:
    """A link to a customer who is called as in the preview."""
    account = make_account(console=console, name="Harbour Books", timezone="Europe/London")
    if message in {"invitation", "reminder"}:
        apps = [make_account_connector(account=account, name=name) for name in ("HubSpot", "Xero")]
        return make_link(connectors=apps, language=language, recipient_name="Ana Ruiz")
    product = message.removeprefix("launch-")
    return make_launch_link(
        account=account, product=product, language=language, recipient_name="Ana Ruiz"
    )


def write(link: Any, message: str) -> Any:
    """The message about it."""
    if isinstance(link, LaunchLink):
        return launch_mailing.write(link)
    return email_content.write(link, MailKind(message))


def frame(page: str) -> str:
    """The message's HTML in the preview."""
    found = re.search(r'srcdoc="([^"]*)"', page)
    assert found
    return unescape(found.group(1))


# ---- who ----


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT, Role.LEAD])
def test_texts_are_for_administrators(role: Role, console: Console) -> None:
    person = signed_in(make_user(role))

    assert person.get(at(console)).status_code == 403
    for view in ("email_text_edit", "email_text_preview", "email_text_reset"):
        assert person.post(at(console, view=view)).status_code == 403
    assert "E-mail texts" not in text_of(person.get(reverse("settings_index")))


def test_an_administrator_of_one_console_words_that_one_alone(console: Console) -> None:
    other = make_console(name="Elsewhere")
    admin = signed_in(make_user(Role.ADMIN, console=console))

    assert "Elsewhere" not in text_of(admin.get(reverse("email_text_edit")))
    for view in ("email_text_edit", "email_text_preview", "email_text_reset"):
        assert admin.post(at(other, view=view), {"subject": "Mine"}).status_code == 404
    assert not EmailText.objects.exists()


def test_without_a_console_the_page_says_so() -> None:
    page = signed_in(make_user(Role.ADMIN)).get(reverse("email_text_edit"))

    assert page.status_code == 200 and "No console to write for" in text_of(page)


@pytest.mark.parametrize(
    "asked", [{"message": "x"}, {"language": "xx"}, {"console": "0"}, {"message": "\0"}]
)
def test_what_there_is_not_is_not_found(asked: dict[str, str], admin: Client) -> None:
    assert admin.get(reverse("email_text_edit"), asked).status_code == 404


# ---- each message, each language ----


def test_every_message_to_customers_can_be_worded(admin: Client) -> None:
    page = text_of(admin.get(reverse("email_text_edit")))

    assert [message.name for message in own_texts.messages()] == MESSAGES
    for message in own_texts.messages():
        assert f">{message.label}" in page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("message", MESSAGES)
def test_own_words_stand_in_the_message_and_what_protects_stays(
    message: str, language: str, admin: Client, console: Console
) -> None:
    link = real_link(console, message, language)
    ours = write(link, message)
    url = at(console, message, language)
    answer = save(
        admin, url, subject="From {partner} {{1}}", opening="For {account}.\n\nUntil {until}."
    )
    own = write(link, message)

    assert answer.status_code == 302
    assert own.subject == "From Larkfield {1}"
    assert "\n\nFor Harbour Books.\n\nUntil " in own.text
    assert "For Harbour Books.</bdi></p>" in own.html
    for words in (ours, own):
        assert words.text.count(link.url()) == ours.text.count(link.url())
    assert own.text.split("\n\n")[-4:] == ours.text.split("\n\n")[-4:]
    assert own.html[own.html.index("<a") :] == ours.html[ours.html.index("<a") :]
    others = [code for code in LANGUAGES if code != language]
    assert "From Larkfield" not in written(console, message, others[0]).subject


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("message", MESSAGES)
def test_ours_stands_in_grey_and_can_be_saved_as_it_is(
    message: str, language: str, admin: Client, console: Console
) -> None:
    chosen = next(one for one in own_texts.messages() if one.name == message)
    with translation.override(language):
        ours = chosen.ours()
    url = at(console, message, language)
    page = unescape(text_of(admin.get(url)))
    assert f'placeholder="{ours.subject}"' in page and f'placeholder="{ours.opening}"' in page
    if message in {"invitation", "reminder"}:
        link: Any = link_of(console, language=language)  # over one app, as the sentence is
    else:
        link = real_link(console, message, language)
    before = write(link, message)

    answer = save(admin, url, subject=ours.subject, opening=ours.opening)

    after = write(link, message)
    assert answer.status_code == 302 and EmailText.objects.exists()
    assert (after.subject, after.text, after.html) == (before.subject, before.text, before.html)


def test_another_console_keeps_its_words(admin: Client, console: Console) -> None:
    save(admin, at(console), subject="Own", opening="Own words")
    other = make_console(name="US live", partner_name="Otherfield")

    assert written(other, "invitation", "en").subject.startswith("Otherfield asks")
    assert written(console, "invitation", "en").subject == "Own"


def test_what_is_sent_and_what_staff_see_before_have_the_own_words(
    admin: Client, console: Console
) -> None:
    put(console, subject="Hello from {partner}", opening="{asked_by}: {connectors} for {customer}")
    link = link_of(console)
    mail = mailing.queue_mail(link, Actor.system())
    tasks.send_mail(mail.pk)

    message = read(outbox()[-1])
    assert message["Subject"] == "Hello from Larkfield"
    assert "Xero for Ana" in part(message, "plain") and "Xero for Ana" in part(message, "html")
    page = text_of(admin.get(reverse("link_send", args=[link.pk])))
    assert "Hello from Larkfield" in page and "Xero for Ana" in page
    assert "Xero for Ana" in text_of(admin.get(reverse("link_letter", args=[link.pk])))
    assert "subject=Hello%20from%20Larkfield" in email_content.mailto(link, link.url())


# ---- what cannot be used ----


@pytest.mark.parametrize(
    "text", ["{nobody}", "{", "}", "{account", "{{account}", "{ account }", "{}", "{account.name}"]
)
def test_a_placeholder_that_is_none_is_an_error_at_the_field_and_nothing_is_lost(
    text: str, admin: Client, console: Console
) -> None:
    with nothing_changes():
        answer = save(admin, at(console), subject=f"S {text}", opening=f"O {text}")

    page = unescape(text_of(answer))
    assert answer.status_code == 422
    assert page.count("For the sign itself, write") >= 2
    assert f'value="S {text}"' in page and f"O {text}</textarea>" in page


def test_the_address_is_never_in_a_subject(admin: Client, console: Console) -> None:
    answer = save(admin, at(console), subject="Open {link}")

    assert answer.status_code == 422
    assert "whoever sees it could use the link" in text_of(answer)
    put(console, subject="Open {link}")
    link = link_of(console)
    assert link.token() not in email_content.write(link).subject


def test_a_message_without_connectors_has_no_such_placeholder(
    admin: Client, console: Console
) -> None:
    answer = save(admin, at(console, "launch-orbit"), opening="Connect {connectors}")

    assert answer.status_code == 422 and "is no placeholder" in text_of(answer)


@pytest.mark.parametrize(
    ("subject", "opening", "said"),
    [
        ("x" * 151, "", "at most 150 characters"),
        ("", "x" * 2_001, "at most 2,000 characters"),
        ("a\nBcc: evil@x.example", "", "one line of text"),
        ("pay\u202etxt", "", "cannot be seen: U+202E"),
        ("", "zero\u200bwidth", "cannot be seen: U+200B"),
        ("\0", "", "Null characters"),
    ],
)
def test_what_does_not_belong_into_a_message_is_told(
    subject: str, opening: str, said: str, admin: Client, console: Console
) -> None:
    with nothing_changes():
        answer = save(admin, at(console), subject=subject, opening=opening)

    assert answer.status_code == 422 and said in text_of(answer)


@pytest.mark.parametrize("text", ["{nobody}", "{", "}}}", "  "])
def test_stored_words_that_cannot_be_used_fall_back_to_ours(text: str, console: Console) -> None:
    ours = written(console, "invitation", "en")
    put(console, subject=text, opening=text)

    own = written(console, "invitation", "en")

    assert own.subject == ours.subject and "It takes a few minutes" in own.text


@pytest.mark.parametrize("name", [*HOSTILE, "=?utf-8?q?x?=", "{link}", "a\r\nBcc: evil@x.example"])
def test_hostile_words_and_names_are_only_letters(name: str, console: Console) -> None:
    typed = name.replace("{", "{{").replace("}", "}}").replace("\0", "")
    put(console, subject=typed[:200], opening=f"{typed}\n\n{{account}}")
    app = make_account_connector(account=make_account(console=console, name=name), name=name)
    to = {"recipient_email": "ana@harbour.example", "recipient_name": name[:200]}
    link = make_link(connectors=[app], **to)
    mail = mailing.queue_mail(link, Actor.system())
    tasks.send_mail(mail.pk)

    message = read(outbox()[-1])
    assert set(message.keys()) == {
        *("Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID"),
        *("Auto-Submitted", "X-Auto-Response-Suppress", "Reply-To"),
    }
    assert not any(letter in message["Subject"] for letter in "\r\n\0\u202e\u200b")
    html = part(message, "html")
    for markup in ("<script", "<img", "<b hx-get", "49{%"):
        assert markup not in html
    assert html.count("<a ") == 1  # the button
    assert part(message, "plain").count(link.url()) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_words_are_only_letters_on_the_page(
    name: str, admin: Client, console: Console
) -> None:
    answer = save(admin, at(console), subject=name, opening=name)
    assert answer.status_code in {302, 422}
    pages = [text_of(admin.get(at(console)))]
    pages += [text_of(answer)] if answer.status_code == 422 else []
    for page in pages:
        # What was typed stays as it is where it is typed.
        page_alone = re.sub(
            r' (srcdoc|value)="[^"]*"|<textarea.*?</textarea>', "", page, flags=re.S
        )
        assert_only_letters(page_alone)
        assert_only_letters(re.sub(r' style="[^"]*"', "", frame(page)))


def test_what_is_put_in_is_not_filled_in_again() -> None:
    made = own_texts.fill("{account} {{account}}", {"account": "{partner}", "partner": "x"})

    assert made == "{partner} {account}"
    with pytest.raises(PlaceholderError):
        own_texts.fill("{partner!r}", {"partner": "x"})


# ---- the preview ----


@pytest.mark.parametrize("message", MESSAGES)
def test_the_preview_is_what_is_sent(message: str, admin: Client, console: Console) -> None:
    typed = {"subject": "To {customer}", "opening": "One of {partner}.\n\nTwo, {account}\nthree."}
    with nothing_changes():
        shown = admin.post(at(console, message, "de", "email_text_preview"), typed)
    save(admin, at(console, message, "de"), **typed)
    page = text_of(admin.get(at(console, message, "de")))

    link = real_link(console, message, "de")
    sent = write(link, message).html.replace(link.url(), SAMPLE_ADDRESS)
    time = r"\d\d?:\d\d"  # when the link ends: a minute may have passed
    for shown_html in (frame(text_of(shown)), frame(page)):
        assert re.sub(time, "", shown_html) == re.sub(time, "", sent)
    assert "To Ana Ruiz" in page and "Two, Harbour Books<br>three." in sent


def test_the_preview_keeps_what_is_stored_where_the_entry_is_wrong(
    admin: Client, console: Console
) -> None:
    put(console, subject="Stored", opening="Stored words")
    shown = admin.post(
        at(console, view="email_text_preview"), {"subject": "{x}", "opening": "Typed words"}
    )

    assert "Stored</bdi>" in text_of(shown) and "Typed words" in frame(text_of(shown))


def test_the_styles_of_the_previewed_mail_are_let_in_by_their_hashes_and_no_others(
    admin: Client, console: Console
) -> None:
    page = admin.get(at(console))
    policy = page["Content-Security-Policy"]

    for digest in style_hashes(frame(text_of(page))):
        assert digest in policy
    assert "unsafe-inline" not in policy and "sandbox" in text_of(page)


# ---- reset, and two at once ----


def test_reset_brings_ours_back_and_is_recorded(admin: Client, console: Console) -> None:
    ours = written(console, "reminder", "fr").subject
    url = at(console, "reminder", "fr")
    save(admin, url, subject="Own", opening="Own")
    page = unescape(text_of(admin.get(url)))
    found = re.search(r'action="([^"]*/reset/[^"]*)"', page)
    assert found and "· own" in page

    answer = admin.post(found.group(1))

    assert answer.status_code == 302 and not EmailText.objects.exists()
    assert written(console, "reminder", "fr").subject == ours
    assert "/reset/" not in text_of(admin.get(url))
    entries = AuditEntry.objects.filter(action="settings.email_text").order_by("pk")
    assert [entry.details["is_ours"] for entry in entries] == [False, True]
    assert entries[0].details["changed"] == ["subject", "opening"]


def test_emptied_by_hand_it_is_ours_too_and_saved_unchanged_nothing_is_recorded(
    admin: Client, console: Console
) -> None:
    put(console, subject="Own")
    save(admin, at(console))
    assert not EmailText.objects.exists()

    with nothing_changes():
        save(admin, at(console))
        save(admin, at(console), subject=" \t ", opening=" \r\n ")


def test_of_two_people_at_once_the_second_is_told_and_may_replace(
    admin: Client, console: Console
) -> None:
    first_seen = version_on(text_of(admin.get(at(console))))
    save(admin, at(console), subject="Theirs")

    answer = admin.post(at(console), {"version": first_seen, "subject": "Mine", "opening": "M"})
    page = text_of(answer)
    assert answer.status_code == 422 and "Somebody else changed this" in page
    assert 'value="Mine"' in page and EmailText.objects.get().subject == "Theirs"
    again = {"version": version_on(page), "subject": "Mine", "opening": "M"}

    assert admin.post(at(console), again).status_code == 302
    assert EmailText.objects.get().subject == "Mine"
    stale = f"{at(console, view='email_text_reset')}&version={first_seen}"
    assert "Look at it first" in text_of(admin.post(stale, follow=True))
    assert EmailText.objects.get().subject == "Mine"
