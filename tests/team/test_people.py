"""The people, their roles, leavers: who may decide, and what holds at the next request."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import Actor, AuditEntry
from dashboard.operations.models import Operation, State
from dashboard.people.models import Membership, Role, User
from dashboard.sessions.models import Session
from dashboard.team import leaving, roles, work
from dashboard.team.invitations import NotPossibleError, invite
from dashboard.team.models import Invitation
from tests.factories import make_console, make_operation, make_user
from tests.pages import HOSTILE, assert_only_letters, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    """Who administers everything."""
    return make_user(Role.ADMIN)


def post_role(client: Client, person: User, role: str, was: str, console: Any = "all") -> Any:
    """Change a role on the person's page."""
    data = {"role": role, "was": was, "console": console}
    return client.post(reverse("person_role", args=[person.pk]), data, follow=True)


def own(user: User, **values: Any) -> Operation:
    """An operation that this person asked for."""
    operation = make_operation(**values)
    Operation.objects.filter(pk=operation.pk).update(
        actor_kind="staff", actor_user=user, actor_name=user.name
    )
    operation.refresh_from_db()
    return operation


# ---- looking ----


def test_the_list_says_who_is_here_and_who_invited_them(admin: User) -> None:
    person = make_user(Role.LEAD, console=make_console(name="North"))
    Invitation.objects.create(
        token_hash="x",
        email=person.email,
        role=Role.LEAD,
        invited_by=admin,
        expires_at=timezone.now(),
        accepted_at=timezone.now(),
        user=person,
    )
    page = text_of(signed_in(admin).get(reverse("person_list")))

    assert person.name in page and "Lead" in page and "North" in page
    assert page.count(admin.name) >= 2


def test_the_list_costs_the_same_for_many(admin: User) -> None:
    client = signed_in(admin)
    counts = []
    for _ in range(3):
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("person_list"))
        counts.append(len(asked))
        for _ in range(5):
            make_user(Role.AGENT, console=make_console())

    assert counts[1] == counts[2]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_letters(admin: User, name: str) -> None:
    person = make_user(name=name[:200].replace("\x00", ""))
    client = signed_in(admin)
    for page in ("person_detail", "person_deactivate"):
        assert_only_letters(text_of(client.get(reverse(page, args=[person.pk]))))
    assert_only_letters(text_of(signed_in(person).get(reverse("profile"))))


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.AGENT, Role.LEAD])
@pytest.mark.parametrize(
    "name",
    [
        *("person_list", "person_detail", "person_role", "person_deactivate"),
        *("person_reactivate", "person_end_sessions", "invitation_new"),
        *("invitation_resend", "invitation_withdraw"),
    ],
)
def test_only_admins_come_here(role: Role | None, name: str) -> None:
    args = [] if name in {"person_list", "invitation_new"} else [make_user().pk]
    client = signed_in(make_user(role))

    assert client.get(reverse(name, args=args)).status_code == 403
    assert client.post(reverse(name, args=args)).status_code == 403
    assert Client().post(reverse(name, args=args)).status_code == 302


def test_an_admin_of_one_console_sees_and_decides_there_alone() -> None:
    mine, other = make_console(), make_console()
    local = make_user(Role.ADMIN, console=mine)
    theirs, stranger = make_user(Role.AGENT, console=mine), make_user(Role.AGENT, console=other)
    Membership.objects.create(user=theirs, console=other, role=Role.VIEWER)
    client = signed_in(local)
    page = text_of(client.get(reverse("person_list")))
    assert theirs.name in page and stranger.name not in page and other.name not in page
    assert client.get(reverse("person_detail", args=[stranger.pk])).status_code == 404
    assert other.name not in text_of(client.get(reverse("person_detail", args=[theirs.pk])))

    post_role(client, theirs, "3", "2", mine.pk)
    assert theirs.memberships.get(console=mine).role == Role.LEAD
    for place in (other.pk, "all"):
        assert post_role(client, theirs, "4", "1", place).status_code == 422
    assert post_role(client, stranger, "4", "none", mine.pk).status_code == 404
    assert theirs.memberships.get(console=other).role == Role.VIEWER
    for name in ("person_deactivate", "person_reactivate", "person_end_sessions"):
        assert client.post(reverse(name, args=[theirs.pk])).status_code == 403


def test_who_changes_something_has_lately_shown_who_they_are(admin: User) -> None:
    person, client = make_user(Role.VIEWER), signed_in(admin)
    session = client.session
    session["proved_at"] = 0
    session.save()
    for name in ("person_detail", "person_deactivate"):
        answer = client.get(reverse(name, args=[person.pk]))
        assert answer["Location"].startswith(reverse("reauthenticate"))
    client.post(reverse("person_deactivate", args=[person.pk]))
    post_role(client, person, "4", "1")

    person = User.objects.get(pk=person.pk)
    assert person.is_active and person.highest_role is Role.VIEWER


def test_the_list_says_who_has_a_second_factor(admin: User) -> None:
    User.objects.filter(pk=make_user().pk).update(has_second_factor=True)
    page = text_of(signed_in(admin).get(reverse("person_list")))

    assert ">Yes<" in page and ">No<" in page


# ---- roles ----


def test_a_role_is_given_changed_and_taken_and_each_is_recorded(admin: User) -> None:
    person, console = make_user(None), make_console()
    client = signed_in(admin)
    post_role(client, person, "2", "none", console.pk)
    post_role(client, person, "3", "2", console.pk)
    post_role(client, person, "none", "3", console.pk)
    rows = AuditEntry.objects.filter(action__startswith="people.").order_by("pk")

    assert [(row.action, row.console, row.details["role"]) for row in rows] == [
        ("people.give_role", console, "Agent"),
        ("people.change_role", console, "Lead"),
        ("people.remove_role", console, "Lead"),
    ]
    assert not person.memberships.exists()


def test_a_changed_role_holds_at_the_next_request_of_every_session(admin: User) -> None:
    person = make_user(Role.ADMIN)
    open_tabs = [signed_in(person), signed_in(person)]
    assert open_tabs[0].get(reverse("person_list")).status_code == 200
    post_role(signed_in(admin), person, "1", "4")

    assert [one.get(reverse("person_list")).status_code for one in open_tabs] == [403, 403]


def test_nobody_raises_themselves() -> None:
    console = make_console()
    local = make_user(Role.VIEWER)
    Membership.objects.create(user=local, console=console, role=Role.ADMIN)
    client = signed_in(local)
    for place, was in (("all", "1"), (make_console().pk, "none")):
        post_role(client, local, "4", was, place)
    with pytest.raises(NotPossibleError):
        roles.set_role(local, Role.ADMIN, None, was=Role.VIEWER, by=local)

    local = User.objects.get(pk=local.pk)
    assert local.roles == {None: Role.VIEWER, console.pk: Role.ADMIN}


def test_the_last_admin_can_neither_go_nor_step_down(admin: User) -> None:
    make_user(Role.ADMIN, is_active=False)
    make_user(Role.ADMIN, console=make_console())
    client = signed_in(admin)
    for role in ("1", "none"):
        assert "Nobody else is Admin" in text_of(post_role(client, admin, role, "4"))
    page = client.post(reverse("person_deactivate", args=[admin.pk]), follow=True)

    assert "Nobody else is Admin" in text_of(page)
    assert User.objects.get(pk=admin.pk).roles == {None: Role.ADMIN}
    assert User.objects.get(pk=admin.pk).is_active
    make_user(Role.ADMIN)
    post_role(client, admin, "1", "4")
    assert User.objects.get(pk=admin.pk).roles == {None: Role.VIEWER}


def test_two_admins_who_change_the_same_role_do_not_undo_each_other(admin: User) -> None:
    person = make_user(Role.VIEWER)
    client = signed_in(admin)
    post_role(client, person, "3", "1")
    late = post_role(client, person, "2", "1")

    assert "it is Lead now" in text_of(late)
    assert User.objects.get(pk=person.pk).highest_role is Role.LEAD


@pytest.mark.parametrize("data", [{}, {"role": "9"}, {"role": "x"}, {"console": "-1"}, {"was": ""}])
def test_rubbish_in_the_form_changes_nothing(admin: User, data: dict[str, str]) -> None:
    person = make_user(Role.VIEWER)
    sent = {"role": "3", "was": "1", "console": "all"} | data if data else {}
    answer = signed_in(admin).post(reverse("person_role", args=[person.pk]), sent)

    assert answer.status_code == 422
    assert User.objects.get(pk=person.pk).highest_role is Role.VIEWER


# ---- leaving ----


def test_a_leaver_is_out_within_one_request_and_no_session_comes_back(admin: User) -> None:
    person = make_user(Role.AGENT)
    tabs = [signed_in(person), signed_in(person)]
    assert tabs[0].get(reverse("account_list")).status_code == 200
    client = signed_in(admin)
    client.post(reverse("person_deactivate", args=[person.pk]))
    assert tabs[0].get(reverse("account_list")).status_code == 302
    client.post(reverse("person_reactivate", args=[person.pk]))

    assert [one.get(reverse("account_list")).status_code for one in tabs] == [302, 302]
    assert signed_in(User.objects.get(pk=person.pk)).get(reverse("account_list")).status_code == 200
    acts = AuditEntry.objects.filter(action__startswith="people.").order_by("pk")
    assert [one.action for one in acts] == ["people.deactivate", "people.reactivate"]


def test_a_deactivated_person_cannot_sign_in(admin: User) -> None:
    person = make_user()
    leaving.deactivate(person, admin)
    answer = Client().post(
        reverse("sign_in"), {"email": person.email, "password": "a good long password"}
    )

    assert "_auth_user_id" not in answer.client.session


def test_invitations_of_a_leaver_are_withdrawn(admin: User) -> None:
    other = make_user(Role.ADMIN)
    invite(other, "friend@desk.example", Role.ADMIN, None)
    leaving.deactivate(other, admin)

    assert Invitation.objects.get().withdrawn_at is not None


def test_each_thing_under_way_is_decided_on(admin: User) -> None:
    person, heir = make_user(Role.AGENT), make_user(Role.AGENT)
    going, given, ended, left = (own(person) for _ in range(4))
    client = signed_in(admin)
    page = text_of(client.get(reverse("person_deactivate", args=[person.pk])))
    assert all(one.title in page for one in (going, given, ended, left))
    client.post(
        reverse("person_deactivate", args=[person.pk]),
        {
            f"operation-{going.pk}": "go-on",
            f"operation-{given.pk}": "hand-over",
            f"operation-{ended.pk}": "cancel",
            "to": heir.pk,
        },
    )
    for one in (going, given, ended, left):
        one.refresh_from_db()

    assert (going.actor_user, given.actor_user, left.actor_user) == (admin, heir, person)
    assert ended.state == State.CANCELLED
    assert AuditEntry.objects.filter(action="operations.hand_over").count() == 2
    assert [event.message for event in given.events.filter(event="handed-over")] == [
        f"Handed over to {heir.name} by {admin.name}"
    ]


def test_work_goes_to_nobody_who_may_not_do_it(admin: User) -> None:
    person, viewer = make_user(Role.AGENT), make_user(Role.VIEWER)
    operation = own(person)
    leaving.deactivate(person, admin, {f"operation-{operation.pk}": "hand-over"}, viewer)
    operation.refresh_from_db()

    assert operation.actor_user == person


def test_work_that_has_ended_meanwhile_stays_as_it_ended(admin: User) -> None:
    person = make_user(Role.AGENT)
    operation = own(person)
    Operation.objects.filter(pk=operation.pk).update(
        state=State.CANCELLED, encrypted_input="", finished_at=timezone.now()
    )
    assert work.work_of(person) == []
    from dashboard.operations import submitting

    assert not submitting.hand_over(operation, admin, Actor.staff(admin))


def test_deactivating_twice_says_so(admin: User) -> None:
    person = make_user()
    leaving.deactivate(person, admin)
    client = signed_in(admin)

    page = client.post(reverse("person_deactivate", args=[person.pk]), follow=True)
    assert "deactivated already" in text_of(page)


def test_sessions_of_somebody_are_ended_by_an_admin(admin: User) -> None:
    person = make_user()
    tab = signed_in(person)
    assert tab.get(reverse("profile")).status_code == 200
    signed_in(admin).post(reverse("person_end_sessions", args=[person.pk]))

    assert tab.get(reverse("profile")).status_code == 302
    assert not Session.objects.filter(user=person).exists()
    assert AuditEntry.objects.filter(action="people.end_sessions").count() == 1


# ---- nothing without a row ----


@pytest.mark.parametrize("act", ["role", "deactivate", "reactivate", "sessions", "invite", "name"])
def test_nothing_about_a_person_changes_when_its_entry_cannot_be_written(
    admin: User, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_user(Role.VIEWER, is_active=act != "reactivate")
    tab = signed_in(person)
    client = signed_in(admin)
    client.raise_request_exception = tab.raise_request_exception = False
    before = list(User.objects.order_by("pk").values()), list(Membership.objects.values())

    def broken(*args: object, **values: object) -> None:
        raise RuntimeError("the audit trail is full")

    monkeypatch.setattr(AuditEntry, "save", broken)
    url = {
        "role": lambda: client.post(
            reverse("person_role", args=[person.pk]), {"role": "3", "was": "1", "console": "all"}
        ),
        "deactivate": lambda: client.post(reverse("person_deactivate", args=[person.pk])),
        "reactivate": lambda: client.post(reverse("person_reactivate", args=[person.pk])),
        "sessions": lambda: client.post(reverse("person_end_sessions", args=[person.pk])),
        "invite": lambda: client.post(
            reverse("invitation_new"), {"email": "n@desk.example", "role": "1", "console": "all"}
        ),
        "name": lambda: tab.post(reverse("profile"), {"name": "Somebody else"}),
    }
    assert url[act]().status_code == 500

    assert (list(User.objects.order_by("pk").values()), list(Membership.objects.values())) == before
    assert not Invitation.objects.exists()
    assert Session.objects.filter(user=person).exists()


# ---- one's own page ----


def test_ones_own_sessions_are_listed_and_ended_one_by_one() -> None:
    user = make_user()
    here, there, elsewhere = (signed_in(user) for _ in range(3))
    here.get(reverse("profile"))
    Session.objects.update(user_agent="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
    page = text_of(here.get(reverse("profile")))
    assert page.count("Firefox on Windows") == 3 and page.count("This one") == 1
    stranger = signed_in(make_user())
    row = Session.objects.filter(user=user).order_by("pk")[1]
    stranger.post(reverse("profile_end_session", args=[row.pk]))
    assert there.get(reverse("profile")).status_code == 200
    here.post(reverse("profile_end_session", args=[row.pk]))
    assert there.get(reverse("profile")).status_code == 302
    here.post(reverse("profile_end_others"))

    assert elsewhere.get(reverse("profile")).status_code == 302
    assert here.get(reverse("profile")).status_code == 200
    assert stranger.get(reverse("profile")).status_code == 200
    acts = AuditEntry.objects.filter(actor_user=user, action__startswith="people.")
    assert {one.action for one in acts} == {"people.end_session", "people.end_other_sessions"}


def test_sessions_of_an_earlier_password_are_not_listed() -> None:
    user = make_user()
    signed_in(user)
    user.set_password("another good long password")
    user.save()
    page = text_of(signed_in(user).get(reverse("profile")))

    assert page.count("signed in") >= 1 and page.count('<span class="name">') == 1


def test_a_name_is_changed_and_recorded() -> None:
    user = make_user()
    client = signed_in(user)
    client.post(reverse("profile"), {"name": "  Ada \n Lovelace "})
    assert User.objects.get(pk=user.pk).name == "Ada Lovelace"
    assert client.post(reverse("profile"), {"name": " "}).status_code == 422

    row = AuditEntry.objects.get(action="people.rename")
    assert row.details["was"] == user.name
