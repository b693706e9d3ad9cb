"""Users: listed, let in, kept out, given another password."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable

import pytest

from cyclr_api import (
    Client,
    CyclrError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    Secret,
    TemporaryError,
    UnexpectedAnswerError,
    UnsendableError,
)
from cyclr_api.simulator import CyclrState
from tests.cyclr_api.mounted import ACCOUNT, client_of, sent_by, small_state
from tests.cyclr_api.raw_server import client_of as raw_client_of
from tests.cyclr_api.raw_server import reply, reset, serve

OWNER = "owner@shop.example"
PASSWORD = 'pass "canary\\ 5150'


@pytest.fixture
def state() -> CyclrState:
    return small_state()


@pytest.fixture
def client(state: CyclrState) -> Client:
    return client_of(state)


def test_a_user_is_let_in_and_kept_out_again(state: CyclrState, client: Client) -> None:
    users = client.account(ACCOUNT).users
    sent = sent_by(client)

    users.add(OWNER, Secret(PASSWORD))
    there = users.all()
    users.remove(OWNER)

    assert there == [OWNER]
    assert users.all() == state.users[ACCOUNT] == []
    assert [(one.method, one.path, one.body) for one in sent if one.body] == [
        ("PUT", f"/accounts/{ACCOUNT}/users", {"UserName": OWNER, "Password": PASSWORD}),
        ("DELETE", f"/accounts/{ACCOUNT}/users", {"UserName": OWNER}),
    ]


def test_every_user_is_listed_whether_cyclr_pages_them_or_not(
    state: CyclrState, client: Client
) -> None:
    state.users[ACCOUNT].extend([f"user-{number}" for number in range(230)])
    paged = client.account(ACCOUNT).users.all()
    state.faults.respond("GET", "*", 200, list(state.users[ACCOUNT]))

    assert paged == client.account(ACCOUNT).users.all() == state.users[ACCOUNT]


def test_a_user_may_come_as_an_object(state: CyclrState, client: Client) -> None:
    shapes = [OWNER, {"UserName": "b"}, {"Username": "c"}, {"name": "d", "Id": 5}]
    state.faults.respond("GET", "*", 200, shapes)

    assert client.account(ACCOUNT).users.all() == [OWNER, "b", "c", "d"]


@pytest.mark.parametrize("odd", [None, 5, "", {}, {"UserName": None}, ["a"]])
def test_a_user_without_a_name_is_not_left_out_in_silence(
    state: CyclrState, client: Client, odd: object
) -> None:
    state.faults.respond("GET", "*", 200, [OWNER, odd])

    with pytest.raises(UnexpectedAnswerError):
        client.account(ACCOUNT).users.all()


def test_a_list_of_users_that_never_ends_is_an_error(state: CyclrState, client: Client) -> None:
    number = iter(range(10**6))
    state.faults.rewrite("GET", "*", lambda _: [str(next(number))])

    with pytest.raises(TemporaryError, match="more than 1000 pages"):
        client.account(ACCOUNT).users.all()


def test_the_users_of_an_unknown_account_are_not_found(client: Client) -> None:
    with pytest.raises(NotFoundError):
        client.account("nobody").users.all()


def test_a_password_is_set(state: CyclrState, client: Client) -> None:
    client.account(ACCOUNT).users.add(OWNER, "old-password")
    sent = sent_by(client)

    client.users.set_password(OWNER, PASSWORD)

    assert [(one.method, one.path, one.body) for one in sent] == [
        ("PUT", "/users", {"UserName": OWNER, "Password": PASSWORD})
    ]


CALLS: dict[str, Callable[[Client], object]] = {
    "set": lambda client: client.users.set_password(OWNER, PASSWORD),
    "add": lambda client: client.account(ACCOUNT).users.add(OWNER, PASSWORD),
    "launch": lambda client: client.users.launch(
        account_id=ACCOUNT, username=OWNER, password=PASSWORD
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_password_is_in_no_error_however_it_is_quoted(
    call: Callable[[Client], object],
) -> None:
    quoted = [PASSWORD, json.dumps({"Password": PASSWORD}), PASSWORD[:-2], PASSWORD[3:]]
    for words in quoted:
        with serve(reply(400, {"Message": f"Bad password {words} given"})) as server:
            with pytest.raises(RefusedError) as caught:
                call(raw_client_of(server))
            shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)

        assert "canary" not in shown
        assert (caught.value.cyclr_message or "").startswith("Bad password")


@pytest.mark.parametrize(("username", "password"), [("", PASSWORD), (" ", PASSWORD), (OWNER, "")])
def test_neither_nobody_nor_an_empty_password_is_sent(
    client: Client, username: str, password: str
) -> None:
    sent = sent_by(client)

    with pytest.raises(UnsendableError):
        client.users.set_password(username, password)
    with pytest.raises(UnsendableError):
        client.account(ACCOUNT).users.add(username, password)
    with pytest.raises(UnsendableError):
        client.users.launch(account_id=ACCOUNT, username=username, password=password)
    assert sent == []


def test_nobody_is_not_kept_out(client: Client) -> None:
    with pytest.raises(UnsendableError):
        client.account(ACCOUNT).users.remove(" ")


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (CALLS["set"], TemporaryError),
        (CALLS["add"], TemporaryError),
        (lambda client: client.account(ACCOUNT).users.remove(OWNER), OutcomeUnknownError),
    ],
)
def test_what_may_be_done_twice_may_be_asked_for_again(
    call: Callable[[Client], object], kind: type[CyclrError]
) -> None:
    with serve(reset) as server, pytest.raises(kind):
        call(raw_client_of(server))
    assert len(server.calls) == 1
