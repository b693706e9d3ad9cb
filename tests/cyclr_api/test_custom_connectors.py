"""Connectors that are made for one account."""

from __future__ import annotations

from typing import Any

import pytest

from cyclr_api import (
    Client,
    CustomConnector,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    UndecodableError,
)
from cyclr_api.simulator import CyclrState
from tests.cyclr_api.mounted import ACCOUNT, client_of, sent_by, small_state
from tests.cyclr_api.raw_server import client_of as raw_client_of
from tests.cyclr_api.raw_server import reply, serve

UNIQUE_ID = "5b6c9c1e-7d0a-4a41-9d53-2f8c0a7be610"
DEFINITION: dict[str, Any] = {
    "Name": "Own App",
    "Version": "v 1",
    "Description": "In-house.",
    "UniqueIdentifier": UNIQUE_ID,
    "Parameters": [{"TargetName": "Region", "Values": ["values-canary"], "Value": "value-canary"}],
    "Authentication": [{"AuthType": "ApiKey", "ClientSecret": {"Text": "secret-canary"}}],
}


@pytest.fixture
def state() -> CyclrState:
    return small_state()


@pytest.fixture
def client(state: CyclrState) -> Client:
    return client_of(state)


def test_a_custom_connector_is_made_read_and_removed(client: Client) -> None:
    custom = client.account(ACCOUNT).custom_connectors
    sent = sent_by(client)

    made = custom.create(DEFINITION)

    assert (made.name, made.version, made.unique_id) == ("Own App", "v 1", UNIQUE_ID)
    assert sent[0].body == DEFINITION
    assert (sent[0].path, sent[0].account) == ("/account/connectors/custom", ACCOUNT)
    assert custom.all() == [custom.get(made.id)] == [made]
    custom.delete(made.id)
    assert custom.all() == []
    with pytest.raises(NotFoundError):
        custom.get(made.id)


def test_a_definition_without_a_name_is_refused_in_cyclrs_words(client: Client) -> None:
    with pytest.raises(RefusedError) as caught:
        client.account(ACCOUNT).custom_connectors.create({"UniqueIdentifier": UNIQUE_ID})
    assert caught.value.cyclr_message == "Invalid connector: (Column 'Name' cannot be null)"


def test_a_lost_answer_leaves_it_open_whether_there_is_one(
    state: CyclrState, client: Client
) -> None:
    state.faults.drop_after_effect("POST", "/account/*")

    with pytest.raises(OutcomeUnknownError):
        client.account(ACCOUNT).custom_connectors.create(DEFINITION)


def test_a_definitions_secrets_are_in_no_error_but_its_words_may_be() -> None:
    said = "Own App: values-canary, value-canary, secret-canary"
    with serve(reply(400, {"Message": said})) as server, pytest.raises(RefusedError) as caught:
        raw_client_of(server).account(ACCOUNT).custom_connectors.create(DEFINITION)

    assert caught.value.cyclr_message == "Own App: ***, ***, ***"


def test_a_custom_connector_needs_an_id_only() -> None:
    assert CustomConnector.from_json({"id": 7, "New": 1}) == CustomConnector("7")
    assert CustomConnector.from_json({"Id": UNIQUE_ID, "Version": "null"}).version is None
    bad: list[object] = [None, [], {}, {"Id": " "}, {"Name": "x"}]
    for value in bad:
        with pytest.raises(UndecodableError):
            CustomConnector.from_json(value)
