"""The page of the tokens: made, shown once, revoked; one's own, or everybody's."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.api.models import ApiToken
from dashboard.audit.models import AuditEntry
from dashboard.people.models import Membership, Role, User
from tests.api.conftest import Program, make_program
from tests.factories import make_console, make_user
from tests.pages import HOSTILE, assert_only_letters

pytestmark = pytest.mark.django_db
URL = "/settings/tokens/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def entries(**values: Any) -> dict[str, Any]:
    made_up = {"name": "Ticket system", "scopes": ["accounts:read"], "role": "1", "days": "30"}
    return made_up | {"console": "all"} | values


def test_a_token_is_made_shown_once_and_works() -> None:
    client = signed_in(make_user(Role.AGENT))
    answer = client.post(URL, entries())

    plain = answer.context["plain"]
    assert answer.status_code == 200 and plain in answer.text
    assert plain not in client.get(URL).text
    assert Program(plain).get("/api/v1/accounts").status_code == 200
    assert Program(plain).get("/api/v1/links").status_code == 403
    assert AuditEntry.objects.get(action="api.make_token").details["scopes"] == ["accounts:read"]


def test_at_an_open_desk_nobody_makes_a_token() -> None:
    client = signed_in(make_user(Role.AGENT))
    session = client.session
    session["proved_at"] = 0
    session.save()

    answer = client.post(URL, entries(name="Of somebody else"))

    assert answer["Location"].startswith(reverse("reauthenticate"))
    assert not ApiToken.objects.exists()
    assert client.get(URL).status_code == 200


def test_one_press_ends_a_token_and_another_changes_nothing() -> None:
    owner = make_user(Role.AGENT)
    program, client = make_program(owner), signed_in(owner)
    assert program.token is not None
    url = reverse("token_revoke", args=[program.token.pk])

    for _ in range(2):
        assert client.post(url).status_code == 302
    assert program.get("/api/v1/accounts").status_code == 401
    assert AuditEntry.objects.filter(action="api.revoke_token").count() == 1
    assert "Revoked" in client.get(URL).text


def test_one_sees_and_ends_one_s_own_and_an_administrator_everybody_s() -> None:
    program = make_program(make_user(Role.AGENT, name="Mara Lindqvist"))
    assert program.token is not None
    url = reverse("token_revoke", args=[program.token.pk])
    for user in (make_user(Role.LEAD), make_user(Role.ADMIN, console=make_console())):
        other = signed_in(user)
        assert "No tokens yet" in other.get(URL).text
        assert other.post(url).status_code == 404

    admin = signed_in(make_user(Role.ADMIN))

    assert "Mara Lindqvist" in admin.get(URL).text
    assert admin.post(url).status_code == 302
    assert program.get("/api/v1/accounts").status_code == 401


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "\u200b"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"role": "4"}, "role"),
        ({"role": "x"}, "role"),
        ({"role": "1", "scopes": ["links:create"]}, "role"),
        ({"console": "999999"}, "console"),
        ({"days": "100000"}, "days"),
    ],
)
def test_what_is_not_possible_is_told_and_what_was_typed_stays(
    values: dict[str, Any], field: str
) -> None:
    client = signed_in(make_user(Role.AGENT))

    answer = client.post(URL, entries(**{"name": "Kept name"} | values))

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not ApiToken.objects.exists()
    if "name" not in values:
        assert "Kept name" in answer.text


def test_the_role_is_one_that_is_held_in_that_console() -> None:
    here, there = make_console(), make_console()
    user = make_user(Role.LEAD, console=here)
    Membership.objects.create(user=user, console=there, role=Role.VIEWER)
    client = signed_in(user)

    refused = client.post(URL, entries(role="3", console=str(there.pk)))
    everywhere = client.post(URL, entries(role="1", console="all"))
    made = client.post(URL, entries(role="3", console=str(here.pk)))

    assert (refused.status_code, everywhere.status_code, made.status_code) == (422, 422, 200)
    assert ApiToken.objects.get().console == here


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_letters(name: str) -> None:
    owner = make_user(Role.ADMIN)
    make_program(owner)
    ApiToken.objects.update(name=name[:100])

    assert_only_letters(signed_in(owner).get(URL).text)


def test_somebody_without_a_role_has_no_tokens() -> None:
    assert signed_in(make_user(None)).get(URL).status_code == 403
