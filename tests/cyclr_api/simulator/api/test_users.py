"""Who may sign in to an account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from cyclr_api.simulator import CyclrState, load_state
from tests.cyclr_api.simulator.conftest import SHOP, Caller

USERS = f"/accounts/{SHOP}/users"

PASSWORD = "correct-horse-battery"


def add(api: Caller, username: str, path: str = USERS) -> requests.Response:
    return api.put(path, UserName=username, Password=PASSWORD)


def test_users_are_listed_by_name(state: CyclrState, api: Caller) -> None:
    assert api.get(USERS).json() == state.users[SHOP]
    assert api.get(f"{USERS}?page=2&pageSize=1").json() == state.users[SHOP][1:2]
    assert api.get("/accounts/unknown/users").status_code == 404


def test_a_user_is_added_once(state: CyclrState, api: Caller) -> None:
    answers = [add(api, "new@shop.example").status_code for _ in range(2)]

    assert answers == [200, 200]
    assert api.get(USERS).json().count("new@shop.example") == 1
    assert [(e.kind, e.account, e.ids) for e in state.ledger] == [
        ("user", SHOP, {"username": "new@shop.example"})
    ]


def test_a_new_user_needs_a_password_and_a_known_one_does_not(
    state: CyclrState, api: Caller
) -> None:
    refused = api.put(USERS, UserName="new@shop.example")
    add(api, "new@shop.example", "/accounts/tidewater-tea/users")
    accepted = api.put(USERS, UserName="new@shop.example")

    assert (refused.status_code, refused.json()) == (400, {"Message": "Password is required"})
    assert accepted.status_code == 200
    assert "new@shop.example" in state.users[SHOP]


def test_a_user_loses_access(state: CyclrState, api: Caller) -> None:
    add(api, "new@shop.example")
    token = api.sign_in_token("new@shop.example")

    answer = api("DELETE", USERS, json={"userName": "new@shop.example"})

    assert answer.status_code == 200
    assert "new@shop.example" not in api.get(USERS).json()
    assert state.sessions.spend_sign_in_token(token) is None
    assert state.ledger[-1].kind == "user_remove"


def test_only_a_user_with_access_can_lose_it(api: Caller) -> None:
    assert api("DELETE", USERS, json={"UserName": "nobody"}).status_code == 404
    assert api("DELETE", "/accounts/unknown/users", json={"UserName": "x"}).status_code == 404
    assert api("DELETE", USERS).status_code == 400


def test_a_password_is_set_and_kept_nowhere(state: CyclrState, api: Caller, tmp_path: Path) -> None:
    add(api, "new@shop.example")

    answer = add(api, "new@shop.example", "/users")

    state.dump(tmp_path / "world.json")
    said = json.dumps([e.dumped() for e in state.ledger] + [c.dumped() for c in state.requests])
    assert answer.status_code == 200
    assert [e.kind for e in state.ledger] == ["user", "password"]
    assert PASSWORD not in said + (tmp_path / "world.json").read_text()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"UserName": "nobody", "Password": "x"}, 404),
        ({"UserName": "owner0@customer-642.example"}, 400),
        ({"UserName": "owner0@customer-642.example", "Password": ""}, 400),
        ({"Password": "x"}, 400),
    ],
)
def test_a_password_needs_a_known_user(
    state: CyclrState, api: Caller, body: dict[str, Any], status: int
) -> None:
    assert api.put("/users", **body).status_code == status
    assert state.ledger == []


def test_users_survive_a_copy_and_a_file(state: CyclrState, api: Caller, tmp_path: Path) -> None:
    add(api, "new@shop.example")
    saved = state.changes
    api("DELETE", USERS, json={"UserName": state.users[SHOP][0]})
    state.dump(tmp_path / "world.json")

    assert state.changes > saved
    for again in (state.copy(), load_state(tmp_path / "world.json")):
        assert again.users == state.users


@pytest.mark.parametrize("header", [SHOP, "unknown", ""])
def test_the_account_header_means_nothing(api: Caller, header: str) -> None:
    api.account = header

    assert add(api, "new@shop.example").status_code == 200
    assert add(api, "new@shop.example", "/users").status_code == 200
    assert api("DELETE", USERS, json={"UserName": "new@shop.example"}).status_code == 200


@pytest.mark.parametrize("name", [None, "", "  ", [], {}, ["x"]], ids=repr)
@pytest.mark.parametrize(("method", "path"), [("PUT", USERS), ("DELETE", USERS), ("PUT", "/users")])
def test_a_user_has_a_name(
    state: CyclrState, api: Caller, method: str, path: str, name: Any
) -> None:
    answer = api(method, path, json={"UserName": name, "Password": "x"})

    assert answer.status_code == 400
    assert list(answer.json()) == ["Message"]
    assert state.ledger == []


@pytest.mark.parametrize("name", ["x" * 100_000, "\ud800", "\x00", "\u202eabc", "雪/ %00", "5"])
def test_a_name_may_be_any_text(api: Caller, name: str) -> None:
    assert add(api, name).status_code == 200
    assert api.get(USERS).json()[-1] == name
    assert api("DELETE", USERS, json={"UserName": name}).status_code == 200


def test_a_body_is_an_object(api: Caller) -> None:
    for method, path in [("PUT", USERS), ("DELETE", USERS), ("PUT", "/users")]:
        for body in (b"[]", b"null", b"{", b"\xff"):
            assert api(method, path, data=body).status_code == 400
