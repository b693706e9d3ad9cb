"""Mail to somebody whose sign-in was changed, and names of passkeys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.people.models import Role, User
from dashboard.people.signals import password_set
from dashboard.sign_in import factors, notices, seeds_at_rest, tasks, trail
from dashboard.sign_in.models import SecurityMail
from tests.factories import PASSWORD, make_user
from tests.pages import HOSTILE, assert_only_letters, signed_in, text_of

pytestmark = pytest.mark.django_db
NEW = "seven quiet herons wade"


@pytest.fixture
def person() -> User:
    return make_user(Role.AGENT, name="Ann")


def work() -> list[Any]:
    """Hand over what waits; answers the messages of that."""
    before = len(mail.outbox)
    for job in SecurityMail.objects.filter(finished_at=None):
        tasks.mail_security_notice(job.pk)
    return mail.outbox[before:]


def passkey_of(user: User, name: str = "Laptop") -> Authenticator:
    return Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": name, "credential": {}}
    )


@pytest.mark.parametrize("action", sorted(notices.CHANGES))
def test_each_change_is_told_in_words_without_secrets(person: User, action: str) -> None:
    notices.tell(person, action)

    [message] = work()

    assert message.to == [person.email]
    assert message.subject.startswith("Cyclr Desk: ")
    assert notices.CHANGES[action] in message.body and "If it was not" in message.body
    assert not re.search(r"https?://\S+/\S", message.body)  # nothing that opens anything
    assert message.extra_headers["Message-ID"].startswith("<security-")
    entry = AuditEntry.objects.get(action__startswith="told by mail")
    assert entry.target == "Ann" and entry.details["change"] == action
    assert work() == []


def test_a_new_password_is_told_however_it_was_chosen(person: User) -> None:
    signed_in(person).post("/security/password/", {"current": PASSWORD, "new": NEW, "again": NEW})
    [message] = work()
    assert "Your password was changed" in message.body and NEW not in message.body

    password_set.send(sender=None, user=person)
    assert "set by an administrator" in work()[0].body


def test_factors_and_codes_are_told(person: User) -> None:
    one = passkey_of(person)
    factors.recovery_codes(person, anew=True)
    [message] = work()
    assert "New recovery codes were made" in message.body
    with seeds_at_rest.of(person):
        for code in factors.recovery_codes(person):
            assert code not in message.body
    factors.remove(person, one)
    assert "A passkey was removed" in work()[0].body
    passkey_of(person)
    call_command("remove_second_factors", person.email)
    assert "All your second factors were removed" in work()[0].body


def test_another_address_is_told_at_the_one_before(person: User) -> None:
    before, person.email = person.email, "new@desk.example"
    person.save()

    [message] = work()

    assert message.to == [before] and "was changed" in message.body
    person.name = "Anna"
    person.save()
    assert work() == []


def test_what_concerns_nobodys_sign_in_is_not_told(person: User) -> None:
    trail.did(person, "renamed a passkey")

    assert not SecurityMail.objects.exists()


def test_without_a_mail_server_nothing_waits(person: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    notices.tell(person, "added a passkey")

    assert not SecurityMail.objects.exists()


def test_old_ones_go(person: User) -> None:
    notices.tell(person, "added a passkey")
    SecurityMail.objects.update(created_at=timezone.now() - notices.KEPT * 2)
    notices.tell(person, "removed a passkey")

    assert [one.action for one in SecurityMail.objects.all()] == ["removed a passkey"]


# ---- names of passkeys ----


@pytest.mark.parametrize("name", HOSTILE)
def test_a_passkey_takes_any_name_that_can_be_read(person: User, name: str) -> None:
    one = passkey_of(person)
    client = signed_in(person)

    answer = client.post(f"/security/{one.pk}/rename/", {"name": name})

    assert answer["Location"] == "/security/"
    one.refresh_from_db()
    assert 0 < len(one.data["name"]) <= 60
    assert_only_letters(text_of(client.get("/security/")))


def test_only_ones_own_passkey_is_renamed_and_it_is_recorded(person: User) -> None:
    one, other = passkey_of(person), passkey_of(make_user())
    client = signed_in(person)

    client.post(f"/security/{one.pk}/rename/", {"name": " Work key "})
    assert client.post(f"/security/{other.pk}/rename/", {"name": "Mine"}).status_code == 404
    assert (
        Client().post(f"/security/{one.pk}/rename/", {"name": "x"})["Location"].startswith("/sign")
    )

    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.data["name"], other.data["name"]) == ("Work key", "Laptop")
    assert AuditEntry.objects.filter(action="renamed a passkey").count() == 1
