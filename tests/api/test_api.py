"""The API: what it tells and takes, and that its document is true."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import get_resolver
from django.utils import timezone
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from dashboard.api import openapi
from dashboard.api.models import ApiToken
from dashboard.api.resources import RESOURCES
from dashboard.api.scopes import Scope
from dashboard.audit.models import AuditEntry
from dashboard.links.models import Link
from dashboard.people.models import Membership, Role
from tests.api.conftest import Program, Things, make_program
from tests.factories import make_account, make_account_connector, make_user
from tests.pages import HOSTILE

pytestmark = pytest.mark.django_db
NAMES = [one.name for one in RESOURCES]
DOCUMENT = json.loads(json.dumps(openapi.document()))


def checked(answer: Any, path: str, method: str = "get") -> Any:
    """The answer's JSON, if the document allows it for this address and status."""
    told = DOCUMENT["paths"][path][method]["responses"][str(answer.status_code)]
    (kind, content), *_ = told["content"].items()
    assert answer["Content-Type"] == kind
    schema = {"$ref": "#/s", "s": content["schema"], "components": DOCUMENT["components"]}
    value = answer.json()
    Draft202012Validator(schema).validate(value)
    assert "Set-Cookie" not in answer and not answer.cookies
    assert "Access-Control-Allow-Origin" not in answer
    assert answer["Cache-Control"] == "no-store"
    return value


def test_the_document_is_openapi_and_names_every_address(program: Program) -> None:
    validate(DOCUMENT)
    served = Program().get("/api/v1/openapi.json")
    assert checked(served, "/api/v1/openapi.json") == DOCUMENT

    addresses = {
        "/" + re.sub(r"<[^>]+>", "{id}", str(pattern.pattern))
        for part in get_resolver().url_patterns
        for pattern in getattr(part, "url_patterns", [])
        if str(pattern.pattern).startswith("api/v1/")
    }
    assert addresses == set(DOCUMENT["paths"])


@pytest.mark.parametrize("name", NAMES)
def test_each_kind_is_listed_and_read_as_the_document_says(
    name: str, things: Things, program: Program
) -> None:
    page = checked(program.get(f"/api/v1/{name}"), f"/api/v1/{name}")
    key = things.keys()[name]
    one = checked(program.get(f"/api/v1/{name}/{key}"), f"/api/v1/{name}/{{id}}")

    assert page == {"items": [one], "next": None}
    assert one["id"] == key
    assert things.link.token() not in str(page) and things.link.url() not in str(page)


@pytest.mark.parametrize("name", NAMES)
def test_a_list_goes_on_behind_its_last_one(name: str, things: Things, program: Program) -> None:
    for _ in range(2):
        more = Things.__new__(Things)
        more.__init__()  # type: ignore[misc]
    path, seen = f"/api/v1/{name}?limit=1", []
    while path:
        page = checked(program.get(path), f"/api/v1/{name}")
        seen += [one["id"] for one in page["items"]]
        path = page["next"]

    assert len(seen) == len(set(seen)) == 3


@pytest.mark.parametrize(
    ("name", "query", "count"),
    [
        ("accounts", "q=harbour+books", 1),
        ("accounts", "q=nobody", 0),
        ("accounts", "unauthenticated=true", 1),
        ("accounts", "not_working=1", 0),
        ("accounts", "tag=vip", 0),
        ("connectors", "q=hubspot", 1),
        ("connectors", "state=authenticated", 0),
        ("connectors", "state=not-authenticated", 1),
        ("connectors", "why=consent", 0),
        ("alarms", "show=closed", 0),
        ("alarms", "q=harbour", 0),
        ("links", "show=waiting", 1),
        ("links", "show=revoked", 0),
        ("links", "q=ann@example.com", 1),
        ("operations", "state=queued", 1),
        ("operations", "state=failed", 0),
        ("operations", "q=install", 1),
    ],
)
def test_filters_are_those_of_the_pages(
    name: str, query: str, count: int, things: Things, program: Program
) -> None:
    answer = program.get(f"/api/v1/{name}?{query}")

    assert len(checked(answer, f"/api/v1/{name}")["items"]) == count
    other = make_account().console
    assert not program.get(f"/api/v1/{name}?{query}&console={other.pk}").json()["items"]


@pytest.mark.parametrize(
    "query",
    [
        *("rubbish=1", "limit=0", "limit=201", "limit=x", "limit=-1", "after=x", "after=1e3"),
        *("console=%00", "console=١", "show=rubbish", "q=" + "x" * 501, "limit=" + "9" * 400),
    ],
)
def test_rubbish_in_an_address_is_refused_in_words(query: str, program: Program) -> None:
    answer = program.get(f"/api/v1/links?{query}")

    assert answer.status_code == 400
    assert checked(answer, "/api/v1/links")["detail"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["0", "-1", "x", "1" * 400, "%00", "%F0%9F%92%A9", "1.0", "９"])
def test_a_key_that_is_none_is_not_found(name: str, key: str, program: Program) -> None:
    answer = program.get(f"/api/v1/{name}/{key}")

    assert answer.status_code == 404
    checked(answer, f"/api/v1/{name}/{{id}}")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_come_as_they_are(name: str, program: Program) -> None:
    account = make_account(name=name)

    answer = program.get(f"/api/v1/accounts/{account.pk}")

    assert checked(answer, "/api/v1/accounts/{id}")["name"] == account.name
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/api/v1/accounts", "post", {}, 405),
        ("/api/v1/links", "delete", {}, 405),
        ("/api/v1/accounts", "options", {}, 405),
        ("/api/v1/accounts", "get", {"Accept": "text/html"}, 406),
        ("/api/v1/nothing", "get", {}, 404),
        ("/api/", "get", {}, 404),
        ("/mcp", "get", {}, 405),
    ],
)
def test_what_is_asked_wrongly_is_a_problem_in_json(
    path: str, method: str, headers: dict[str, str], status: int, program: Program
) -> None:
    answer = getattr(program, method)(path, headers=headers)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    if status == 405:
        assert answer["Allow"]


# ---- links ----


def new_link(things: Things, **values: Any) -> dict[str, Any]:
    return {"account": things.account.pk, "connectors": [things.connector.pk]} | values


def post(program: Program, value: Any, key: str = "ticket-1") -> Any:
    return program.send("/api/v1/links", value, **({"Idempotency-Key": key} if key else {}))


def test_a_link_is_made_once_however_often_it_is_sent(things: Things, program: Program) -> None:
    Link.objects.all().delete()
    first = post(program, new_link(things, recipient_email="ann@example.com"))
    again = post(program, new_link(things, recipient_email="ann@example.com"))

    made = checked(first, "/api/v1/links", "post")
    assert (first.status_code, again.status_code) == (201, 200)
    assert checked(again, "/api/v1/links", "post") == made
    link = Link.objects.get()
    assert made["address"] == link.url()
    assert first["Location"] == f"/api/v1/links/{link.pk}"
    assert AuditEntry.objects.filter(action="links.create").count() == 1
    token = ApiToken.objects.get()
    assert AuditEntry.objects.get(action="api.write").details["token"] == token.pk
    assert link.token() not in str(AuditEntry.objects.values())


def test_a_key_with_other_values_is_refused_and_another_key_makes_another_link(
    things: Things, program: Program
) -> None:
    post(program, new_link(things))
    other = post(program, new_link(things, expires_in=3600))
    new = post(program, new_link(things, expires_in=3600), key="ticket-2")
    of_another = post(make_program(), new_link(things))

    assert (other.status_code, new.status_code, of_another.status_code) == (409, 201, 201)
    checked(other, "/api/v1/links", "post")


def test_all_that_are_not_connected_are_meant_if_none_is_named(
    things: Things, program: Program
) -> None:
    make_account_connector(account=things.account, authenticated=True)

    made = post(program, {"account": things.account.pk})

    assert made.json()["connectors"] == [things.connector.pk]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"account": None}, "account"),
        ({"account": "1"}, "account"),
        ({"account": True}, "account"),
        ({"connectors": []}, "connectors"),
        ({"connectors": [2**70]}, "connectors"),
        ({"connectors": ["1"]}, "connectors"),
        ({"connectors": {}}, "connectors"),
        ({"expires_in": 5}, "expires_in"),
        ({"expires_in": "3600"}, "expires_in"),
        ({"recipient_email": "nobody"}, "recipient_email"),
        ({"recipient_email": 5}, "recipient_email"),
        ({"recipient_name": "a\nBcc: b@c.de"}, "recipient_name"),
        ({"language": "tlh"}, "language"),
        ({"ticket_url": "javascript:alert(1)"}, "ticket_url"),
        ({"has_reminders": "yes"}, "has_reminders"),
        ({"has_reminders": True}, "recipient_email"),
        ({"message": "x" * 2001}, "message"),
        ({"rubbish": 1}, "rubbish"),
    ],
)
def test_a_value_that_is_not_possible_is_named(
    values: dict[str, Any], field: str, things: Things, program: Program
) -> None:
    before = Link.objects.count()
    answer = post(program, new_link(things, **values))

    assert answer.status_code == 422, answer.content
    problem = checked(answer, "/api/v1/links", "post")
    assert field in {error["field"] for error in problem["errors"]}
    assert Link.objects.count() == before
    assert post(program, new_link(things)).status_code == 201  # the key is still free


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{" + b" " * 70_000 + b"}", "application/json", 413),
        (b" " * 3_100_000, "application/json", 413),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    body: bytes, kind: str, status: int, program: Program
) -> None:
    answer = program.post(
        "/api/v1/links", body, content_type=kind, headers={"Idempotency-Key": "k"}
    )

    assert answer.status_code == status
    checked(answer, "/api/v1/links", "post") if status != 413 else answer.json()


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
def test_a_link_needs_a_key_that_can_be_kept(key: str, things: Things, program: Program) -> None:
    assert post(program, new_link(things), key=key).status_code == 400


# ---- refresh ----


@pytest.mark.parametrize("name", ["accounts", "connectors"])
def test_a_refresh_is_asked_for_as_on_the_page(name: str, things: Things, program: Program) -> None:
    key = things.keys()[name]
    answer = program.send(f"/api/v1/{name}/{key}/refresh")

    assert answer.status_code == 202
    checked(answer, f"/api/v1/{name}/{{id}}/refresh", "post")
    things.account.refresh_from_db()
    assert things.account.is_refreshing
    assert AuditEntry.objects.get(action="api.write").details["call"] == "refresh"


def test_what_is_gone_is_not_refreshed(things: Things, program: Program) -> None:
    type(things.account).objects.update(gone_at=timezone.now())

    answer = program.send(f"/api/v1/accounts/{things.account.pk}/refresh")

    assert answer.status_code == 409
    checked(answer, "/api/v1/accounts/{id}/refresh", "post")


# ---- tokens ----


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer x", "Basic desk_x", "Bearer desk_" + "A" * 43, "Bearer \0", "desk_x"],
)
@pytest.mark.parametrize("path", ["/api/v1/accounts", "/mcp"])
def test_without_a_token_that_is_known_nothing_is_told(authorization: str, path: str) -> None:
    client = Program()
    headers = {"Authorization": authorization} if authorization else {}
    call = client.get if path != "/mcp" else client.post

    answer = call(path, headers=headers)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["detail"]


def test_a_session_opens_nothing_here(things: Things) -> None:
    client = Program()
    client.force_login(make_user(Role.ADMIN))

    assert client.get("/api/v1/accounts").status_code == 401
    assert client.send("/mcp", {}).status_code == 401


def test_a_token_is_kept_as_a_hash_alone(program: Program) -> None:
    row = str(ApiToken.objects.values()) + str(AuditEntry.objects.values())

    assert program.plain.startswith("desk_") and len(program.plain) == 48
    assert program.plain not in row and program.plain[5:] not in row


@pytest.mark.parametrize("how", ["revoked", "expired", "owner deactivated", "role gone"])
def test_a_token_that_has_ended_opens_nothing(how: str, things: Things) -> None:
    owner = make_user(Role.AGENT)
    program = make_program(owner)
    assert program.get("/api/v1/accounts").status_code == 200
    if how == "revoked":
        ApiToken.objects.update(revoked_at=timezone.now())
    elif how == "expired":
        ApiToken.objects.update(expires_at=timezone.now())
    elif how == "owner deactivated":
        owner.is_active = False
        owner.save()
    else:
        Membership.objects.filter(user=owner).delete()

    answers = [program.get("/api/v1/accounts") for _ in range(2)]

    assert {one.status_code for one in answers} == {403 if how == "role gone" else 401}
    assert AuditEntry.objects.filter(action="api.refuse").count() == 1


def test_a_token_never_does_more_than_its_owner_may_now(things: Things) -> None:
    owner = make_user(Role.AGENT)
    program = make_program(owner)
    assert post(program, new_link(things)).status_code == 201
    Membership.objects.filter(user=owner).update(role=Role.VIEWER)

    assert post(program, new_link(things), key="another").status_code == 403
    assert post(program, new_link(things)).status_code == 403  # nor is the address told again
    assert program.get("/api/v1/links").status_code == 200


def test_the_last_use_is_noted_once_a_minute(things: Things, program: Program) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        program.get("/api/v1/accounts")
        first = ApiToken.objects.get().used_at
        clock.shift(30)
        program.get("/api/v1/accounts")
        assert ApiToken.objects.get().used_at == first is not None
        clock.shift(timedelta(minutes=1))
        program.get("/api/v1/accounts")
        assert ApiToken.objects.get().used_at == timezone.now()


def test_a_token_has_so_many_calls_a_minute_and_no_more(
    things: Things, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.api.access.MOST_CALLS", 3)
    program, other = make_program(), make_program()
    with time_machine.travel(timezone.now().replace(second=10), tick=False):
        answers = [program.get("/api/v1/accounts") for _ in range(5)]

        assert [one.status_code for one in answers] == [200] * 3 + [429] * 2
        assert answers[-1]["Retry-After"] == "60"
        checked(answers[-1], "/api/v1/accounts")
        assert other.get("/api/v1/accounts").status_code == 200


def test_reading_is_recorded_once_an_hour_for_each_scope(things: Things, program: Program) -> None:
    with time_machine.travel(timezone.now().replace(minute=10), tick=False) as clock:
        for _ in range(3):
            program.get("/api/v1/accounts")
            program.get("/api/v1/links")
        read = AuditEntry.objects.filter(action="api.read")
        assert sorted(one.details["scope"] for one in read) == ["accounts:read", "links:read"]
        clock.shift(timedelta(hours=1))
        program.get("/api/v1/accounts")
        assert read.all().count() == 3


def test_a_fault_of_ours_is_a_problem_too(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("dashboard.api.resources.Resource.page", broken)

    answer = program.get("/api/v1/accounts")

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert "Reference: " in answer.json()["detail"]


def test_scopes_are_told_by_their_stored_words() -> None:
    assert [str(scope) for scope in Scope] == list(Scope.values)
