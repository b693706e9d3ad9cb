"""Nobody learns by time who is known here: the same work, whoever's address was typed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import get_hasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.common import limits
from dashboard.people.models import Role, SignInFailure
from dashboard.sign_in.models import PasswordMail
from dashboard.team.models import Invitation, hash_of
from tests.factories import make_user

pytestmark = pytest.mark.django_db

Work = tuple[int, list[str], int]


@pytest.fixture(autouse=True)
def limits_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other test has counted."""
    monkeypatch.setattr(limits, "_counts", {})


def known() -> str:
    return make_user(Role.AGENT).email


def unknown() -> str:
    return "nobody@desk.example"


def deactivated() -> str:
    return make_user(Role.AGENT, is_active=False).email


def by_company_alone() -> str:
    user = make_user(Role.AGENT)
    user.set_unusable_password()
    user.save()
    return user.email


def in_capitals() -> str:
    return make_user(Role.AGENT).email.upper()


WHOSE = [known, deactivated, by_company_alone, in_capitals]


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Work]]:
    """Hashes, statements without their values, and mails to be handed over, while it lasts."""
    hasher = type(get_hasher())
    encode, hashes, found = hasher.encode, [0], list[Work]()

    def counting(self: object, *args: object, **named: object) -> object:
        hashes[0] += 1
        return encode(self, *args, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, CaptureQueriesContext(connection) as asked:
        patch.setattr(hasher, "encode", counting)
        before = PasswordMail.objects.count()
        yield found
        mails = PasswordMail.objects.count() - before
    statements = [re.sub(r"'(?:[^']|'')*'|\b\d+\b|s\d+_x\d+", "?", one["sql"]) for one in asked]
    shapes = [re.sub(r"[?\s,()]+", " ", one)[:60] for one in statements]
    found.append((hashes[0], shapes, mails))


def work_of(
    whose: Callable[[], str], url: str, monkeypatch: pytest.MonkeyPatch, *, tries: int = 1
) -> tuple[int, Work]:
    """The answer's status and what the last of so many tries took."""
    email, client = whose(), Client()
    for _ in range(tries - 1):
        client.post(url, {"email": email, "password": "a wrong password"})
    with counted(monkeypatch) as found:
        answer = client.post(url, {"email": email, "password": "a wrong password"})
    return answer.status_code, found[0]


@pytest.mark.parametrize("whose", WHOSE)
def test_a_wrong_password_takes_the_same_work_for_every_address(
    whose: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nobodys = work_of(unknown, "/sign-in/", monkeypatch)

    assert work_of(whose, "/sign-in/", monkeypatch) == nobodys
    assert nobodys[1][0] == 1  # a hash, for nobody too


@pytest.mark.parametrize("whose", WHOSE)
def test_so_does_being_told_to_wait(
    whose: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nobodys = work_of(unknown, "/sign-in/", monkeypatch, tries=11)
    monkeypatch.setattr(limits, "_counts", {})
    SignInFailure.objects.all().delete()
    theirs = work_of(whose, "/sign-in/", monkeypatch, tries=11)

    assert theirs == nobodys and nobodys[0] == 429 and nobodys[1][0] == 0


@pytest.mark.parametrize("whose", WHOSE)
def test_asking_for_a_new_password_takes_the_same_work_and_one_job(
    whose: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nobodys = work_of(unknown, "/sign-in/forgotten/", monkeypatch)

    assert work_of(whose, "/sign-in/forgotten/", monkeypatch) == nobodys
    assert nobodys[1][2] == 1


def never_made() -> str:
    return "a" * 64


def ended(**columns: object) -> str:
    token = secrets.token_hex(32)
    week = {"expires_at": timezone.now() + timedelta(days=7)}
    Invitation.objects.create(
        token_hash=hash_of(token),
        email=f"{token[:8]}@desk.example",
        role=Role.AGENT,
        invited_by=make_user(Role.ADMIN),
        **week | columns,
    )
    return token


@pytest.mark.parametrize(
    "over",
    [
        lambda: {"expires_at": timezone.now() - timedelta(days=1)},
        lambda: {"withdrawn_at": timezone.now()},
        lambda: {"accepted_at": timezone.now(), "user": make_user(Role.AGENT)},
    ],
    ids=["expired", "withdrawn", "accepted"],
)
def test_an_invitation_that_has_ended_costs_what_one_costs_that_never_was(
    over: Callable[[], dict[str, object]],
) -> None:
    answers = []
    for token in (never_made(), ended(**over())):
        with CaptureQueriesContext(connection) as asked:
            answer = Client().get(f"/invitation/{token}/")
        answers.append((answer.status_code, answer.text, len(asked)))

    assert answers[0] == answers[1] and answers[0][0] == 404
