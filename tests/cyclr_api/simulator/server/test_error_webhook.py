"""A step fails and the account's error webhook is told, on this machine alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from cyclr_api.simulator import CyclrState, demo_state
from cyclr_api.simulator.server.error_webhook import fail_step, failed_step, post
from cyclr_api.simulator.state.errors import ApiError
from tests.support.waiting import CEILING

KEYS = [
    *("Timestamp", "AccountId", "AccountExternalId", "AccountName", "CycleId", "CycleName"),
    *("StepId", "StepName", "StepType", "TransactionId", "Message", "Detail", "IncidentLevel"),
]


@pytest.fixture
def state() -> CyclrState:
    return demo_state()


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Any]]]:
    """Where it is posted to, and what came."""
    heard: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks/cyclr/x/", heard
    server.shutdown()
    thread.join(CEILING)
    server.server_close()


def used(state: CyclrState) -> int:
    """An account connector that a cycle calls."""
    return next(
        number
        for account in state.accounts
        for cycle in state.cycles.of(account)
        for number in cycle.account_connector_ids
    )


def tell(state: CyclrState, number: int, url: str) -> None:
    account = state.accounts[state.find_installed(number).account_id]
    state.accounts.change(
        account, {"TransactionErrorWebhookEnabled": True, "TransactionErrorWebhookUrl": url}
    )


def test_the_account_is_told_in_cyclrs_words(
    state: CyclrState, receiver: tuple[str, list[Any]]
) -> None:
    url, heard = receiver
    number = used(state)
    tell(state, number, url)
    state.deauthenticate(number)

    assert fail_step(state, number) == {"posted": 204}

    ((path, body),) = heard
    assert path == "/hooks/cyclr/x/"
    assert list(body) == KEYS
    assert body["Message"] == "Failed to authenticate the connector"
    assert body["AccountId"] == state.find_installed(number).account_id
    cycle = state.cycles.one(body["AccountId"], body["CycleId"])
    assert cycle.incidents[-1]["TransactionId"] == body["TransactionId"]


def test_nobody_is_told_where_it_is_switched_off(state: CyclrState) -> None:
    number = used(state)
    account = state.accounts[state.find_installed(number).account_id]
    state.accounts.change(account, {"TransactionErrorWebhookEnabled": False})

    assert failed_step(state, number)[0] == ""
    assert fail_step(state, number) == {"posted": None}


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "https://127.0.0.1/x",
        "http://127.0.0.1.evil.example/x",
        "http://localhost@evil.example/x",
        "http://10.0.0.1/",
        "file:///etc/passwd",
    ],
)
def test_nothing_leaves_this_machine(url: str) -> None:
    with pytest.raises(ApiError, match="leads off this machine"):
        post(url, {})


def test_a_connector_that_no_cycle_calls_is_a_sentence(state: CyclrState) -> None:
    used_ones = {
        number
        for account in state.accounts
        for cycle in state.cycles.of(account)
        for number in cycle.account_connector_ids
    }
    idle = next(
        one.id
        for account in state.accounts
        for one in state.installed[account]
        if one.id not in used_ones
    )

    with pytest.raises(ApiError, match="No cycle uses the account connector"):
        fail_step(state, idle)
