"""The MCP server: the protocol, its refusals, and the same answers as the API's."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx2
import pytest
from jsonschema import Draft202012Validator
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from dashboard.api.mcp import TOOLS, VERSIONS
from dashboard.audit.models import AuditEntry
from dashboard.links.models import Link
from tests.api.conftest import Program, Things, make_program

pytestmark = pytest.mark.django_db


def message(method: str, **values: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": method} | values


@pytest.mark.parametrize(
    ("asked", "told"),
    [(VERSIONS[0], VERSIONS[0]), (VERSIONS[1], VERSIONS[1]), ("2099-01-01", VERSIONS[0]),
     (None, VERSIONS[0]), (5, VERSIONS[0]), ([], VERSIONS[0])],
)  # fmt: skip
def test_versions_are_agreed_on(asked: object, told: str, program: Program) -> None:
    result = program.rpc("initialize", protocolVersion=asked)["result"]

    assert result["protocolVersion"] == told
    assert result["capabilities"] == {"tools": {"listChanged": False}}


@pytest.mark.parametrize("method", ["server/discover", "resources/list", "rubbish", "x" * 9000])
def test_an_unknown_method_is_told_so(method: str, program: Program) -> None:
    answer = program.send("/mcp", message(method), **{"MCP-Protocol-Version": "2026-07-28"})

    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == -32601
    assert answer.json()["id"] == 7


def test_notifications_and_answers_are_taken_without_a_word(program: Program) -> None:
    for one in (
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 3, "result": {}},
    ):
        answer = program.send("/mcp", one)
        assert (answer.status_code, answer.content) == (202, b"")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 50_000, -32700),
        (b"[]", -32600),
        (b'"x"', -32600),
        (b"{}", -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', -32600),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', -32600),
    ],
)
def test_what_is_no_message_is_refused(body: bytes, code: int, program: Program) -> None:
    answer = program.post("/mcp", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code


def test_an_unknown_version_is_refused(program: Program) -> None:
    answer = program.send("/mcp", message("ping"), **{"MCP-Protocol-Version": "1999-01-01"})

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("origin", "status"),
    [(None, 200), ("http://127.0.0.1:8000", 200), ("https://evil.example", 403), ("null", 403)],
)
def test_pages_of_other_sites_may_not_call_it(
    origin: str | None, status: int, program: Program, settings: Any
) -> None:
    settings.DESK_URL = settings.PUBLIC_URL = "http://127.0.0.1:8000"
    headers = {"Origin": origin} if origin else {}

    assert program.send("/mcp", message("ping"), **headers).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"), [({"Accept": "text/event-stream"}, 406), ({"Accept": "*/*"}, 200)]
)
def test_it_answers_json_alone(headers: dict[str, str], status: int, program: Program) -> None:
    assert program.send("/mcp", message("ping"), **headers).status_code == status


@pytest.mark.parametrize(
    "params",
    [{"name": "rubbish"}, {}, {"name": ["x"]}, {"name": "list_links", "arguments": [1]}],
)
def test_a_call_of_no_tool_is_refused(params: dict[str, Any], program: Program) -> None:
    assert program.rpc("tools/call", **params)["error"]["code"] == -32602


def test_every_tool_takes_and_gives_what_it_says(things: Things, program: Program) -> None:
    given: dict[str, dict[str, Any]] = {
        "create_link": {
            "account": things.account.pk,
            "connectors": [things.connector.pk],
            "idempotency_key": "a",
        }
    }
    keys = {name[:-1]: key for name, key in things.keys().items()}
    for tool in program.rpc("tools/list")["result"]["tools"]:
        verb, kind = tool["name"].split("_", 1)
        arguments = given.get(tool["name"], {} if verb == "list" else {"id": keys.get(kind)})
        Draft202012Validator.check_schema(tool["inputSchema"])
        Draft202012Validator(tool["inputSchema"]).validate(arguments)

        result = program.call(tool["name"], **arguments)

        assert not result["isError"], result
        Draft202012Validator(tool["outputSchema"]).validate(result["structuredContent"])
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]


def test_a_tool_answers_what_the_api_does(things: Things, program: Program) -> None:
    for name, key in things.keys().items():
        told = program.get(f"/api/v1/{name}/{key}").json()
        assert program.call(f"get_{name[:-1]}", id=key)["structuredContent"] == told


def test_a_link_is_made_once_by_a_tool_and_the_api_together(
    things: Things, program: Program
) -> None:
    Link.objects.all().delete()
    given = {"account": things.account.pk, "connectors": [things.connector.pk]}
    first = program.call("create_link", **given, idempotency_key="one")
    again = program.send("/api/v1/links", given, **{"Idempotency-Key": "one"})

    assert first["structuredContent"] == again.json()
    assert Link.objects.count() == 1
    assert AuditEntry.objects.filter(action="api.write").count() == 1


def test_a_filter_that_is_null_asks_for_nothing(things: Things, program: Program) -> None:
    nothing = {"q": None, "limit": None, "unauthenticated": None, "after": None}

    assert program.call("list_accounts", **nothing) == program.call("list_accounts")


@pytest.mark.parametrize("value", [["Harbour"], {"a": 1}, 1.5])
def test_a_filter_of_another_type_is_refused(
    value: object, things: Things, program: Program
) -> None:
    result = program.call("list_accounts", q=value)

    assert result["isError"] and "one value" in result["content"][0]["text"]


def test_a_refusal_of_a_tool_is_in_words(things: Things, program: Program) -> None:
    for tool, given in (
        ("get_account", {"id": 10**30}),
        ("list_accounts", {"rubbish": 1}),
        ("list_links", {"limit": {}}),
        ("create_link", {"account": things.account.pk}),
        ("create_link", {"account": things.account.pk, "idempotency_key": 5}),
    ):
        result = program.call(tool, **given)
        assert result["isError"] and result["content"][0]["text"].endswith(".")


@pytest.mark.django_db(transaction=True)
def test_the_public_client_library_works_with_it(live_server: Any) -> None:
    things = Things()
    program = make_program()

    async def talk() -> tuple[list[str], Any]:
        headers = {"Authorization": f"Bearer {program.plain}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            streamable_http_client(f"{live_server.url}/mcp", http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            tools = await session.list_tools()
            answer = await session.call_tool("get_account", {"id": things.account.pk})
            return [tool.name for tool in tools.tools], answer

    names, answer = anyio.run(talk)

    assert set(names) == set(TOOLS)
    assert not answer.is_error
    assert answer.structured_content["name"] == "Harbour Books"
