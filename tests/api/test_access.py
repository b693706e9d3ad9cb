"""Who may call what: each endpoint and tool by role, scope and console, and without a token."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

from dashboard.api.access import TokenAccess
from dashboard.api.mcp import TOOLS
from dashboard.api.resources import RESOURCES
from dashboard.api.scopes import NEEDS, Scope
from dashboard.people.access import decision_on
from dashboard.people.models import Role
from tests.api.conftest import EVERY, Program, Things, make_program
from tests.factories import make_console, make_user

pytestmark = pytest.mark.django_db

OPEN = {"api_document", "api_root", "api_nothing"}
"""What tells nothing, and so needs no token."""
ANY_TOKEN = {"mcp"}
"""What needs a token, and of it a scope for each tool."""
PARTS = {
    "api_account_list": Scope.ACCOUNTS,
    "api_account": Scope.ACCOUNTS,
    "api_account_refresh": Scope.REFRESH,
    "api_connector_list": Scope.CONNECTORS,
    "api_connector": Scope.CONNECTORS,
    "api_connector_refresh": Scope.REFRESH,
    "api_alarm_list": Scope.ALARMS,
    "api_alarm": Scope.ALARMS,
    "api_link_list": Scope.LINKS,
    "api_link": Scope.LINKS,
    "api_operation_list": Scope.OPERATIONS,
    "api_operation": Scope.OPERATIONS,
}
"""The scope of each address, decided here a second time."""
TOOL_SCOPES = {
    **{f"list_{one.name}": one.scope for one in RESOURCES},
    **{f"get_{one.one.lower()}": one.scope for one in RESOURCES},
    "create_link": Scope.CREATE_LINK,
    "refresh_account": Scope.REFRESH,
    "refresh_connector": Scope.REFRESH,
}


def patterns() -> list[URLPattern]:
    found = [
        pattern
        for part in get_resolver().url_patterns
        for pattern in getattr(part, "url_patterns", [])
        if str(pattern.pattern).startswith(("api/", "mcp"))
    ]
    assert len(found) > 12
    return found


def test_every_address_of_the_api_has_a_decision() -> None:
    for pattern in patterns():
        decision = decision_on(pattern.callback)
        name = pattern.name or ""

        assert isinstance(decision, TokenAccess), name
        assert decision.is_open is (name in OPEN), name
        assert decision.scope == PARTS.get(name), name
        assert name in OPEN | ANY_TOKEN | set(PARTS), name


def test_every_tool_has_the_scope_that_was_decided() -> None:
    assert {name: tool.scope for name, tool in TOOLS.items()} == TOOL_SCOPES
    assert set(NEEDS) == set(Scope)


class Way:
    """One call, by the API and by a tool."""

    def __init__(self, scope: Scope, path: str, tool: str, **given: Any) -> None:
        self.scope, self.path, self.tool, self.given = scope, path, tool, given

    def by_api(self, program: Program) -> int:
        if self.tool.startswith(("list_", "get_")):
            return int(program.get(self.path).status_code)
        values = {key: value for key, value in self.given.items() if key != "idempotency_key"}
        answer = program.send(self.path, values, **{"Idempotency-Key": "a"})
        return int(answer.status_code)

    def by_tool(self, program: Program) -> bool:
        return not program.call(self.tool, **self.given)["isError"]


def ways(things: Things) -> list[Way]:
    keys, found = things.keys(), []
    for one in RESOURCES:
        key = keys[one.name]
        found.append(Way(one.scope, f"/api/v1/{one.name}", one.tool_list))
        found.append(Way(one.scope, f"/api/v1/{one.name}/{key}", one.tool_one, id=key))
    for name in ("accounts", "connectors"):
        path = f"/api/v1/{name}/{keys[name]}/refresh"
        found.append(Way(Scope.REFRESH, path, f"refresh_{name[:-1]}", id=keys[name]))
    given = {"account": things.account.pk, "connectors": [things.connector.pk]}
    found.append(
        Way(Scope.CREATE_LINK, "/api/v1/links", "create_link", **given, idempotency_key="b")
    )
    return found


def test_the_matrix_tries_every_tool(things: Things) -> None:
    assert {way.tool for way in ways(things)} == set(TOOLS)


@pytest.mark.parametrize("scope", EVERY)
def test_a_scope_opens_what_it_names_and_nothing_else(scope: Scope, things: Things) -> None:
    program = make_program(scopes=[scope])

    for way in ways(things):
        assert (way.by_api(program) < 300) is (way.scope == scope), way.path
        assert way.by_tool(program) is (way.scope == scope), way.tool
    shown = {tool["name"] for tool in program.rpc("tools/list")["result"]["tools"]}
    assert shown == {name for name, needed in TOOL_SCOPES.items() if needed == scope}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("is_owners", [True, False])
def test_a_role_allows_what_it_allows_on_the_pages(
    role: Role, is_owners: bool, things: Things
) -> None:
    """The owner's role, or the lower one of a token of an administrator's."""
    if is_owners:
        program = make_program(make_user(role), role=Role.ADMIN)
    else:
        program = make_program(make_user(Role.ADMIN), role=role)

    for way in ways(things):
        is_allowed = role >= NEEDS[way.scope]
        assert (way.by_api(program) < 300) is is_allowed, way.path
        assert way.by_tool(program) is is_allowed, way.tool


@pytest.mark.parametrize("is_owners", [True, False])
def test_another_console_is_not_there(is_owners: bool, things: Things) -> None:
    """Of the owner, or of a token for another console of an administrator of all."""
    other = make_console()
    if is_owners:
        program = make_program(make_user(Role.ADMIN, console=other))
    else:
        program = make_program(make_user(Role.ADMIN), console=other)

    for way in ways(things):
        if way.tool.startswith("list_"):
            assert program.get(way.path).json()["items"] == [], way.path
            assert program.call(way.tool)["structuredContent"]["items"] == [], way.tool
        else:
            assert way.by_api(program) == 404, way.path
            assert not way.by_tool(program), way.tool


def test_without_a_token_every_address_is_closed(things: Things) -> None:
    program = Program()

    assert {way.by_api(program) for way in ways(things)} == {401}
    assert program.send("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"}).status_code == 401


def test_a_retired_console_is_not_there(things: Things, program: Program) -> None:
    things.console.retired_at = things.link.created_at
    things.console.save()

    for one in RESOURCES:
        assert program.get(f"/api/v1/{one.name}").json()["items"] == []


@pytest.mark.parametrize("path", ["/api/v1/accounts", "/mcp"])
def test_a_call_in_clear_is_refused_and_not_led_on(path: str, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    program = make_program()
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}

    def call(*, secure: bool) -> Any:
        if path == "/mcp":
            return program.post(path, message, content_type="application/json", secure=secure)
        return program.get(path, secure=secure)

    in_clear = call(secure=False)

    assert in_clear.status_code == 403 and "revoke it" in in_clear.json()["detail"]
    assert call(secure=True).status_code == 200
    assert program.get("/accounts/").status_code == 301
