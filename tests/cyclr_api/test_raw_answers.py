"""Calling a method for its answer as it came: byte for byte, with success and with errors."""

from __future__ import annotations

import pytest

from cyclr_api import Client, CyclrError, NotFoundError, OutcomeUnknownError
from cyclr_api.account_connectors import AccountConnectorApi
from cyclr_api.simulator import CyclrState
from tests.cyclr_api.mounted import ACCOUNT, client_of, small_state

CALL = ("POST", "/account/connectors/{id}/methods/{method}")
BODY = ("POST", "/account/connectors/{id}/methods/{method}/body")
METHOD = 1730101


@pytest.fixture
def state() -> CyclrState:
    return small_state()


@pytest.fixture
def client(state: CyclrState) -> Client:
    return client_of(state)


@pytest.fixture
def installed(state: CyclrState, client: Client) -> AccountConnectorApi:
    """One installed connector."""
    one = state.install(ACCOUNT, 17301, name="CRM", auth_value="key")
    return client.account(ACCOUNT).connector(one.id)


@pytest.mark.parametrize(
    "body",
    [b"", b"<ok/>", b'\xef\xbb\xbf{"a": NaN}', b"\xff\x00", b'{"a": 1, "a": 2}', b"[" * 5000],
)
def test_an_answer_comes_byte_for_byte(
    state: CyclrState, installed: AccountConnectorApi, body: bytes
) -> None:
    state.faults.respond(*CALL, status=200, body=body)

    answer = installed.call_raw(METHOD, is_read=True)

    assert (answer.status, answer.body, answer.is_whole) == (200, body, True)


def test_an_own_body_has_a_raw_answer_too(
    state: CyclrState, installed: AccountConnectorApi
) -> None:
    state.faults.respond(*BODY, status=201, body="made")

    assert installed.call_raw_with_body(METHOD, "<a/>").body == b"made"


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFoundError), (401, CyclrError), (502, OutcomeUnknownError)]
)
def test_an_error_carries_the_answer_and_never_says_it(
    state: CyclrState, installed: AccountConnectorApi, status: int, kind: type[CyclrError]
) -> None:
    state.faults.respond(*CALL, status=status, body="a private thing", times=2)

    with pytest.raises(kind) as caught:
        installed.call_raw(METHOD)

    answer = caught.value.answer
    assert answer is not None and (answer.status, answer.body) == (status, b"a private thing")
    assert "private" not in f"{caught.value} {caught.value!r}"


def test_a_write_whose_answer_breaks_off_was_done(
    state: CyclrState, installed: AccountConnectorApi
) -> None:
    state.faults.truncate(*CALL, keep=0.5)

    assert not installed.call_raw(METHOD).is_whole


def test_without_raw_an_error_has_no_answer(
    state: CyclrState, installed: AccountConnectorApi
) -> None:
    state.faults.respond(*CALL, status=404, body="a private thing")

    with pytest.raises(NotFoundError) as caught:
        installed.call(METHOD)

    assert caught.value.answer is None
