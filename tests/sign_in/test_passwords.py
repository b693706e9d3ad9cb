"""New passwords: what is refused, one's own, and by a link in a mail."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.people.models import Role, User
from dashboard.people.services import ensure_administrator, set_password
from dashboard.sign_in.models import PasswordMail
from dashboard.sign_in.passwords import choose_by_link, link_for
from dashboard.sign_in.tasks import mail_password_link
from dashboard.team.leaving import end_sessions
from tests.factories import PASSWORD, make_user
from tests.pages import signed_in

pytestmark = pytest.mark.django_db

NEW = "lantern orbit pickle"
WEAK = [
    "1",
    "short",
    "a" * 12,
    " " * 12,
    "passwordpassword",
    "abcabcabcabc",
    "abababababab",
    "qwertyuiopas",
    "123456789012",
    "zyxwvutsrqponm",
    "Password2026!!",
    "mara.miller@desk.example",
    "MaraMiller2026",
    "cyclrdesk-mara",
    "x" * 1001,
]


@pytest.fixture
def person() -> User:
    return make_user(Role.AGENT, email="mara.miller@desk.example", name="Mara Miller")


@pytest.mark.parametrize("weak", WEAK)
def test_a_weak_password_is_refused_wherever_one_is_set(
    person: User, monkeypatch: Any, weak: str
) -> None:
    with pytest.raises(ValidationError):
        set_password(person, weak)
    monkeypatch.setattr("sys.stdin", io.StringIO(weak + "\n"))
    with pytest.raises(CommandError):
        call_command("set_password", person.email)
    User.objects.all().delete()
    with pytest.raises(ValidationError):
        ensure_administrator("mara.miller@desk.example", weak)


@pytest.mark.parametrize(
    "good",
    [NEW, "correct-horse-battery-staple", "tr0ub4dor&3-xkcd", "日本語のとても長い合言葉です"],
)
def test_a_good_password_is_taken(person: User, good: str) -> None:
    set_password(person, good)

    assert person.check_password(good)


def test_a_weak_first_password_stops_the_start_with_its_name(settings: Any) -> None:
    settings.DESK_ADMIN_EMAIL, settings.DESK_ADMIN_PASSWORD = "first@desk.example", "1"

    with pytest.raises(CommandError, match="DESK_ADMIN_PASSWORD"):
        call_command("prepare")
    assert not User.objects.exists()


# ---- one's own ----


def change(client: Client, current: str = PASSWORD, new: str = NEW, again: str = "") -> Any:
    data = {"current": current, "new": new, "again": again or new}
    return client.post("/security/password/", data)


def test_a_changed_password_ends_other_sessions_and_not_this_one(person: User) -> None:
    here, elsewhere = signed_in(person), signed_in(person)

    assert change(here).status_code == 302

    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert AuditEntry.objects.filter(action="changed their password").count() == 1


@pytest.mark.parametrize(
    ("current", "new", "again", "said"),
    [
        ("wrong", NEW, NEW, "This is not your password."),
        (PASSWORD, NEW, "another", "It differs from the first one."),
        (PASSWORD, "a" * 12, "a" * 12, "more different characters"),
        (PASSWORD, "", "", "New password"),
    ],
)
def test_what_cannot_be_changed_says_why_and_echoes_no_password(
    person: User, current: str, new: str, again: str, said: str
) -> None:
    answer = change(signed_in(person), current, new, again)

    assert answer.status_code == 422
    assert said in answer.text
    assert NEW not in answer.text
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_the_present_password_cannot_be_guessed_at_an_open_desk(person: User) -> None:
    client = signed_in(person)
    for _ in range(10):
        change(client, "wrong")

    assert "Too many tries" in change(client).text


# ---- by a link ----


def ask(client: Client, email: str, **extra: Any) -> Any:
    return client.post("/sign-in/forgotten/", {"email": email}, **extra)


def work_off() -> None:
    for job in PasswordMail.objects.filter(finished_at=None):
        mail_password_link.apply(args=job.message_arguments)


def link_in_the_mail() -> str:
    found = re.search(r"https?://[^/]+(/sign-in/new-password/\S+)", str(mail.outbox[-1].body))
    assert found
    return found.group(1)


def asked_link(person: User) -> str:
    ask(Client(), person.email)
    work_off()
    return link_in_the_mail()


def test_a_link_lets_choose_a_new_password_once(person: User) -> None:
    other, client = signed_in(person), Client()
    url = asked_link(person)
    page = client.get(url, follow=True)
    assert page.request["PATH_INFO"] == "/sign-in/new-password/"
    done = client.post("/sign-in/new-password/", {"new": NEW, "again": NEW}, follow=True)

    assert "Your password is changed" in done.text
    assert client.post("/sign-in/", {"email": person.email, "password": NEW}).status_code == 302
    assert other.get("/").status_code == 302
    assert Client().get(url).status_code == 410


def test_a_link_is_read_as_often_as_scanners_like(person: User) -> None:
    url = asked_link(person)
    for _ in range(3):
        Client().head(url)
        Client().get(url)

    assert Client().get(url).status_code == 302


def test_a_link_ends_after_an_hour(person: User) -> None:
    url = asked_link(person)

    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=5)):
        assert Client().get(url).status_code == 410


def test_known_and_unknown_addresses_are_answered_alike_and_only_known_ones_mailed(
    person: User,
) -> None:
    leaver = make_user(is_active=False)
    by_company = make_user()
    by_company.set_unusable_password()
    by_company.save()
    emails = [person.email, "nobody@x.example", leaver.email, by_company.email]
    pages = {re.sub(r'token" value="[^"]+', "", ask(Client(), email).text) for email in emails}
    work_off()

    assert len(pages) == 1
    assert [message.to for message in mail.outbox] == [[person.email]]
    assert PasswordMail.objects.count() == 4


@pytest.mark.parametrize("forged", ["x", "1-", "-", "zzzzzzzzzzzzzz-abc", "1-abc-def", "a\x00b"])
def test_a_forged_link_is_over(person: User, forged: str) -> None:
    assert Client().get(f"/sign-in/new-password/{forged}/").status_code == 410


def test_nobody_is_flooded_with_mail(person: User) -> None:
    for number in range(6):
        ask(Client(), person.email, REMOTE_ADDR=f"10.1.{number}.1")
    for _ in range(10):
        ask(Client(), "nobody@x.example", REMOTE_ADDR="10.2.0.1")
    work_off()

    assert len(mail.outbox) == 3
    assert ask(Client(), person.email, REMOTE_ADDR="10.2.0.1").status_code == 429


def test_without_a_mail_server_the_page_says_so(person: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"

    assert "No mail leaves this installation" in Client().get("/sign-in/forgotten/").text
    ask(Client(), person.email)
    assert not PasswordMail.objects.exists()


def test_who_came_by_a_link_is_no_stranger(person: User) -> None:
    for number in range(10):
        data = {"email": person.email, "password": "wrong"}
        Client().post("/sign-in/", data, REMOTE_ADDR=f"10.0.{number}.1")
    client = Client()
    client.get(asked_link(person), follow=True)
    client.post("/sign-in/new-password/", {"new": NEW, "again": NEW})

    assert client.post("/sign-in/", {"email": person.email, "password": NEW}).status_code == 302


def test_a_link_ends_when_the_person_is_signed_out_everywhere(person: User) -> None:
    path = urlsplit(link_for(person)).path
    end_sessions(person, make_user(Role.ADMIN))

    assert Client().get(path).status_code == 410


def test_of_two_who_use_a_link_at_once_one_succeeds(person: User) -> None:
    key = link_for(person).rstrip("/").rpartition("/")[2]
    request = RequestFactory().get("/")

    assert choose_by_link(key, NEW, request)
    assert not choose_by_link(key, "another lantern orbit", request)
    person.refresh_from_db()
    assert person.check_password(NEW)
