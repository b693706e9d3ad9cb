"""Inviting colleagues, and becoming one: once, within a week, by a password."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.common import limits
from dashboard.consoles.models import Console
from dashboard.notifications.models import SendState
from dashboard.people.models import Membership, Role, User
from dashboard.team import invitations, tasks
from dashboard.team.invitations import NotPossibleError
from dashboard.team.models import Invitation, InvitationMail
from tests.factories import make_console, make_user
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, signed_in, text_of

pytestmark = pytest.mark.django_db
PASSWORD = "seven quiet herons wade"
EMAIL = "new@desk.example"


@pytest.fixture
def admin() -> User:
    """Who administers everything."""
    return make_user(Role.ADMIN)


@pytest.fixture
def no_mail(settings: Any) -> None:
    """No mail server is set: messages would be files."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"


@pytest.fixture(autouse=True)
def limits_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other test has counted."""
    monkeypatch.setattr(limits, "_counts", {})


def token_of(url: str) -> str:
    """The token in an invitation's address."""
    found = re.search(r"/invitation/([0-9a-f]{64})/", url)
    assert found
    return found[1]


def invited(admin: User, email: str = EMAIL, **role: Any) -> tuple[Invitation, str]:
    """An invitation and its token, as its mail tells it."""
    asked = {"role": Role.AGENT, "console": None} | role
    invitations.invite(admin, email, asked["role"], asked["console"])
    job = InvitationMail.objects.first()
    assert job is not None
    tasks.send_invitation(job.pk)
    return Invitation.objects.get(email=email), token_of(str(mail.outbox[-1].body))


def accept(token: str, **data: str) -> Any:
    """Fill in the page and send it."""
    values = {"name": "Nora", "password": PASSWORD, "again": PASSWORD} | data
    return Client().post(reverse("invitation", args=[token]), values)


def test_an_invitation_is_mailed_and_becomes_a_colleague_with_its_role(admin: User) -> None:
    console = make_console()
    data = {"email": EMAIL, "role": str(Role.LEAD.value), "console": str(console.pk)}
    page = signed_in(admin).post(reverse("invitation_new"), data)
    job = InvitationMail.objects.get()
    tasks.send_invitation(job.pk)
    token = token_of(str(mail.outbox[0].body))
    answer = accept(token)
    user = User.objects.get(email=EMAIL)

    assert page.status_code == 302 and mail.outbox[0].to == [EMAIL]
    assert answer["Location"] == reverse("invitation_accepted")
    assert user.check_password(PASSWORD) and user.name == "Nora"
    assert [(one.console, one.role) for one in user.memberships.all()] == [(console, Role.LEAD)]
    assert Invitation.objects.get().invited_by == admin
    signing_in = Client().post(reverse("sign_in"), {"email": EMAIL, "password": PASSWORD})
    assert signing_in.status_code == 302


def test_without_a_mail_server_the_address_is_shown_once(admin: User, no_mail: None) -> None:
    client = signed_in(admin)
    data = {"email": EMAIL, "role": str(Role.VIEWER.value), "console": "all"}
    page = text_of(client.post(reverse("invitation_new"), data))
    token = token_of(page)

    assert "shown only once" in page and not InvitationMail.objects.exists()
    assert token not in text_of(client.get(reverse("person_list")))
    assert accept(token).status_code == 302


def test_the_database_holds_no_token_that_works(admin: User) -> None:
    invitations.invite(admin, EMAIL, Role.AGENT, None)
    job = InvitationMail.objects.get()
    waiting = json.dumps(list(InvitationMail.objects.values()), default=str)
    tasks.send_invitation(job.pk)
    token = token_of(str(mail.outbox[0].body))
    job.refresh_from_db()
    stored = json.dumps(list(Invitation.objects.values()), default=str) + waiting

    assert token not in stored
    assert job.state == SendState.SENT and job.encrypted_token == ""
    for stolen in (job.token_hash, Invitation.objects.get().token_hash):
        assert Client().get(reverse("invitation", args=[stolen])).status_code == 404


def test_a_scanner_that_opens_it_uses_nothing_up(admin: User) -> None:
    _, token = invited(admin)
    url = reverse("invitation", args=[token])
    with nothing_changes():
        for _ in range(3):
            assert Client().get(url).status_code == 200
            assert Client().head(url).status_code == 200
            assert Client().post(url).status_code == 422  # presses the button

    assert accept(token).status_code == 302


def test_it_works_once(admin: User) -> None:
    _, token = invited(admin)
    assert accept(token).status_code == 302
    again = accept(token, password="quite another password", again="quite another password")

    assert again.status_code == 404
    assert User.objects.get(email=EMAIL).check_password(PASSWORD)


def test_every_address_that_does_not_work_reads_the_same(admin: User) -> None:
    _, used = invited(admin)
    accept(used)
    expired_one, expired = invited(admin, "late@desk.example")
    Invitation.objects.filter(pk=expired_one.pk).update(expires_at=timezone.now())
    withdrawn_one, withdrawn = invited(admin, "gone@desk.example")
    client = signed_in(admin)
    client.post(reverse("invitation_withdraw", args=[withdrawn_one.pk]))
    tokens = [used, expired, withdrawn, "f" * 64, "x", used[:40], "%00", "é" * 64]
    pages = {
        (answer.status_code, answer.content)
        for answer in (Client().get(f"/invitation/{token}/") for token in tokens)
    }

    assert len(pages) == 1 and next(iter(pages))[0] == 404


def test_what_a_mail_program_glues_to_the_address_is_forgiven(admin: User) -> None:
    _, token = invited(admin)

    for glued in (token + ".", token + ">", token.upper()):
        assert Client().get(f"/invitation/{glued}/").status_code == 200


def test_sending_again_ends_the_address_before(admin: User) -> None:
    one, former = invited(admin)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    signed_in(admin).post(reverse("invitation_resend", args=[one.pk]))
    job = InvitationMail.objects.first()
    assert job is not None
    tasks.send_invitation(job.pk)

    assert accept(former).status_code == 404
    assert accept(token_of(str(mail.outbox[-1].body))).status_code == 302


def test_a_message_whose_invitation_was_withdrawn_meanwhile_is_dropped(admin: User) -> None:
    invitations.invite(admin, EMAIL, Role.AGENT, None)
    Invitation.objects.update(withdrawn_at=timezone.now())
    job = InvitationMail.objects.get()
    tasks.send_invitation(job.pk)
    job.refresh_from_db()

    assert job.state == SendState.DROPPED and not mail.outbox and job.encrypted_token == ""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "passwordpassword", "again": PASSWORD}, "differ"),
        ({"password": "", "again": ""}, "required"),
        ({"name": ""}, "required"),
        ({"name": "x" * 201}, "at most 200"),
    ],
)
def test_a_mistake_is_said_and_the_name_stays(
    admin: User, data: dict[str, str], words: str
) -> None:
    _, token = invited(admin)
    page = accept(token, **data)

    assert page.status_code == 422 and words in text_of(page)
    assert PASSWORD not in text_of(page) and not User.objects.filter(email=EMAIL).exists()
    assert data.get("name", "Nora") in text_of(page)
    assert accept(token).status_code == 302


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_taken_or_refused_in_words(admin: User, name: str) -> None:
    _, token = invited(admin)
    page = accept(token, name=name)

    assert page.status_code in {302, 422}
    assert_only_letters(text_of(signed_in(admin).get(reverse("person_list"))))


def test_passwords_are_limited_by_network(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.team import invitation_views

    monkeypatch.setattr(invitation_views, "MOST_TRIES", 0)
    _, token = invited(admin)
    page = accept(token)

    assert page.status_code == 429 and int(page["Retry-After"]) > 0
    assert not User.objects.filter(email=EMAIL).exists()


@pytest.mark.parametrize("email", ["", "x", "a@b@c", "a b@desk.example\r\nBcc: x@evil.example"])
def test_what_is_no_address_is_refused(admin: User, email: str) -> None:
    data = {"email": email, "role": "2", "console": "all"}
    page = signed_in(admin).post(reverse("invitation_new"), data)

    assert page.status_code == 422 and not Invitation.objects.exists()


def test_who_is_here_or_invited_already_is_named(admin: User) -> None:
    client = signed_in(admin)
    url = reverse("invitation_new")
    here = client.post(url, {"email": admin.email.upper(), "role": "2", "console": "all"})
    data = {"email": EMAIL, "role": "2", "console": "all"}
    client.post(url, data)
    twice = client.post(url, data | {"email": EMAIL.upper()})

    assert "is here already" in text_of(here) and "was invited already" in text_of(twice)
    assert Invitation.objects.count() == 1


def test_who_was_added_meanwhile_is_sent_to_sign_in(admin: User) -> None:
    _, token = invited(admin)
    make_user(Role.VIEWER, email=EMAIL)
    page = accept(token)

    assert page.status_code == 422 and "sign in with it" in text_of(page)
    assert User.objects.get(email=EMAIL).highest_role is Role.VIEWER


def test_an_admin_of_one_console_invites_into_that_one_alone() -> None:
    mine, other = make_console(), make_console()
    local = make_user(Role.ADMIN, console=mine)
    client, url = signed_in(local), reverse("invitation_new")
    for place in ("all", str(other.pk), "99999", ""):
        refused = client.post(url, {"email": EMAIL, "role": "1", "console": place})
        assert refused.status_code == 422, place
    with pytest.raises(NotPossibleError):
        invitations.invite(local, EMAIL, Role.VIEWER, other)
    assert client.post(url, {"email": EMAIL, "role": "4", "console": mine.pk}).status_code == 302

    foreign, _ = invited(make_user(Role.ADMIN), "else@desk.example", console=other)
    for name in ("invitation_withdraw", "invitation_resend"):
        assert client.post(reverse(name, args=[foreign.pk])).status_code == 404
    assert "else@desk.example" not in text_of(client.get(reverse("person_list")))


def test_every_act_is_recorded_with_who_did_it(admin: User) -> None:
    one, _ = invited(admin)
    invitations.invite_again(one, admin)
    job = InvitationMail.objects.first()
    assert job is not None
    tasks.send_invitation(job.pk)
    accept(token_of(str(mail.outbox[-1].body)))
    rows = AuditEntry.objects.filter(action__startswith="people.").order_by("pk")

    assert [(row.action, row.actor_user) for row in rows] == [
        ("people.invite", admin),
        ("people.invite_again", admin),
        ("people.accept_invitation", User.objects.get(email=EMAIL)),
    ]
    assert Membership.objects.filter(user__email=EMAIL).count() == 1


def test_an_invitation_ends_with_the_role_of_who_sent_it_until_another_admin_sends_it(
    admin: User,
) -> None:
    former = make_user(Role.ADMIN)
    invitation, token = invited(former)
    Membership.objects.filter(user=former).update(role=Role.AGENT)

    assert invitations.find(token) is None
    with pytest.raises(NotPossibleError):
        invitations.accept(invitation, "New", PASSWORD)
    invitations.invite_again(invitation, admin)
    invitation.refresh_from_db()
    assert invitations.accept(invitation, "New", PASSWORD).highest_role is Role.AGENT


@pytest.mark.parametrize("lost", ["role", "access", "console"])
def test_the_list_says_which_invitations_nobody_can_accept_and_they_cannot_be(
    admin: User, lost: str
) -> None:
    console = make_console(name="Larkfield EU")
    other = make_user(Role.ADMIN, console=console, name="Bea Left")
    invitation, token = invited(other, console=console)
    assert "cannot be accepted" not in text_of(signed_in(admin).get("/settings/people/"))

    if lost == "role":
        other.memberships.update(role=Role.AGENT)
    elif lost == "access":
        User.objects.filter(pk=other.pk).update(is_active=False)
    else:
        Console.objects.filter(pk=console.pk).update(retired_at=timezone.now())

    assert "It cannot be accepted" in text_of(signed_in(admin).get("/settings/people/"))
    seen = Client().get(reverse("invitation", args=[token]))
    assert accept(token).status_code == seen.status_code >= 400
    invitation.refresh_from_db()
    assert invitation.accepted_at is None
