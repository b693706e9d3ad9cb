"""Programs that call the API, and what they find there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from dashboard.alarms.models import Alarm
from dashboard.api import tokens
from dashboard.api.models import ApiToken
from dashboard.api.scopes import Scope
from dashboard.common import limits
from dashboard.consoles.models import Console
from dashboard.mirror.models import AccountConnector
from dashboard.people.models import Role, User
from tests.factories import (
    make_account,
    make_account_connector,
    make_console,
    make_link,
    make_operation,
    make_user,
)

EVERY = tuple(Scope)


class Program(Client):
    """A client that sends a token and JSON."""

    def __init__(self, plain: str = "", token: ApiToken | None = None) -> None:
        headers = {"Authorization": f"Bearer {plain}"} if plain else {}
        super().__init__(headers=headers, raise_request_exception=False)
        self.plain, self.token = plain, token

    def send(self, path: str, value: Any = None, **headers: str) -> Any:
        """POST a value as JSON."""
        return self.post(path, value, content_type="application/json", headers=headers)

    def rpc(self, method: str, **params: Any) -> Any:
        """What the MCP server answers."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.send("/mcp", message, Accept="application/json, text/event-stream")
        assert answer.status_code == 200, answer.content
        return answer.json()

    def call(self, tool: str, **given: Any) -> Any:
        """The result of a tool."""
        return self.rpc("tools/call", name=tool, arguments=given)["result"]


def make_program(
    owner: User | None = None,
    *,
    scopes: Collection[Scope] = EVERY,
    role: Role = Role.ADMIN,
    console: Console | None = None,
    days: float = 30,
) -> Program:
    """A program with a token of somebody who may do everything, if nothing else is said."""
    owner = owner or make_user(Role.ADMIN)
    token, plain = tokens.make(
        owner,
        "Ticket system",
        scopes=scopes,
        role=role,
        console=console,
        lives_for=timedelta(days=days),
    )
    return Program(plain, token)


class Things:
    """One thing of each kind, in one console."""

    def __init__(self) -> None:
        self.console = make_console()
        self.account = make_account(console=self.console, name="Harbour Books")
        self.connector: AccountConnector = make_account_connector(account=self.account)
        self.link = make_link(connectors=[self.connector], recipient_email="ann@example.com")
        self.operation = make_operation(account=self.account)
        self.alarm = Alarm.objects.create(
            console=self.console,
            connector_name="HubSpot",
            account_connector=self.connector,
            began_at=self.link.created_at,
            newest_at=self.link.created_at,
            member_count=1,
            open_count=1,
            account_count=1,
        )

    def keys(self) -> dict[str, object]:
        """The key of each, by the name of its list."""
        return {
            "accounts": self.account.pk,
            "connectors": self.connector.pk,
            "alarms": self.alarm.pk,
            "links": self.link.pk,
            "operations": self.operation.reference,
        }


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    """Calls that were counted are of another test."""
    limits._counts.clear()


@pytest.fixture
def things(db: None) -> Things:
    return Things()


@pytest.fixture
def program(db: None) -> Program:
    return make_program()
