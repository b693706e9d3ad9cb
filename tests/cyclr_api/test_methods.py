"""Methods and triggers: what is sent to them, and what becomes of the third party's answer."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest

from cyclr_api import (
    AddressRefusedError,
    Choice,
    Client,
    CyclrError,
    ForbiddenError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    TemporaryError,
    UnsendableError,
)
from cyclr_api.account_connectors import AccountConnectorApi
from cyclr_api.simulator import CyclrState
from tests.cyclr_api.mounted import ACCOUNT, KEY, client_of, sent_by, small_state
from tests.cyclr_api.raw_server import client_of as raw_client_of
from tests.cyclr_api.raw_server import reply, reset, serve

GUID = "1077e75b-203a-4420-82a7-61e8b9e40660"
UNKNOWN_ADDRESS = "Unknown client IP Address: contact support to request access for this IP address"
USES: dict[str, Callable[..., Any]] = {
    "call": lambda one, **options: one.call(GUID, **options),
    "test": lambda one, **options: one.test(GUID, **options),
    "body": lambda one, **options: one.call_with_body(GUID, "<a/>", **options),
}


@pytest.fixture
def state() -> CyclrState:
    return small_state()


@pytest.fixture
def client(state: CyclrState) -> Client:
    return client_of(state)


@pytest.fixture
def installed(state: CyclrState, client: Client) -> AccountConnectorApi:
    """An installed connector that is authenticated."""
    one = state.install(ACCOUNT, 17301, name="CRM", auth_value=KEY, properties={"Region": "eu"})
    return client.account(ACCOUNT).connector(one.id)


def raises(kind: type[CyclrError], call: Callable[[], object]) -> CyclrError:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


# ---- triggers ----


def test_a_trigger_looks_up_choices(client: Client, installed: AccountConnectorApi) -> None:
    sent = sent_by(client)

    choices = installed.run_trigger(4410)

    assert choices[0] == Choice(name="Warehouse 1", value="warehouse-1")
    assert [(one.path, one.body) for one in sent] == [
        (f"/account/connectors/{installed.id}/triggers/4410", {})
    ]
    raises(NotFoundError, lambda: installed.run_trigger(4411))


def test_a_choice_without_a_name_is_its_value(
    state: CyclrState, installed: AccountConnectorApi
) -> None:
    state.faults.respond("POST", "/account/*", 200, [{"Value": 5}, {"name": "None"}, {"Value": ""}])

    assert installed.run_trigger(4410) == [Choice("5", "5"), Choice("None", "None"), Choice("", "")]


def test_looking_up_is_repeated_as_a_read(
    state: CyclrState, client: Client, installed: AccountConnectorApi
) -> None:
    state.faults.respond("POST", "/account/*", 502, times=2)
    sent = sent_by(client)

    assert len(installed.run_trigger(4410)) == 3
    assert len(sent) == 3


# ---- calls ----


def test_a_method_is_called_by_either_id_with_its_values(
    client: Client, installed: AccountConnectorApi
) -> None:
    library = client.account(ACCOUNT).library
    (update,) = library.methods(17301, query="Update Order")
    assert update.id is not None and update.unique_id is not None
    assert update.parameters[0].id is not None and update.request_fields[0].id is not None
    parameters = {update.parameters[0].id: "1001"}
    fields = {update.request_fields[0].id: "2001"}
    sent = sent_by(client)

    by_id = installed.call(update.id, parameters=parameters, fields=fields)
    by_guid = installed.call(
        update.unique_id, parameters=parameters, fields=fields, merge_fields={"a b": 5}
    )
    tested = installed.test(update.id, parameters=parameters, fields=fields)

    assert by_id == by_guid == tested
    assert by_id["id"] == "1001"
    values = {
        "Parameters": {str(update.parameters[0].id): "1001"},
        "Fields": {str(update.request_fields[0].id): "2001"},
    }
    base = f"/account/connectors/{installed.id}"
    assert [(one.method, one.path, one.body) for one in sent] == [
        ("POST", f"{base}/methods/{update.id}", values),
        ("POST", f"{base}/methods/{update.unique_id}", {**values, "Mergefields": {"a b": 5}}),
        ("POST", f"{base}/test/{update.id}", values),
    ]


def test_a_call_without_values_sends_an_empty_object(
    client: Client, installed: AccountConnectorApi
) -> None:
    (method,) = client.account(ACCOUNT).library.methods(17301, query="List Orders")
    sent = sent_by(client)

    assert installed.call(method.unique_id or "", parameters={}, is_read=True)
    assert [one.body for one in sent] == [{}]


def test_a_body_goes_as_one_text(client: Client, installed: AccountConnectorApi) -> None:
    (method,) = client.account(ACCOUNT).library.methods(17301, query="Add Order")
    sent = sent_by(client)

    answer = installed.call_with_body(method.unique_id or "", '<order total="5 €"/>')

    assert answer["id"] == "1001"
    assert [(one.path, one.body) for one in sent] == [
        (
            f"/account/connectors/{installed.id}/methods/{method.unique_id}/body",
            '<order total="5 €"/>',
        )
    ]


@pytest.mark.parametrize("answer", [None, "text", 5, 1.5, True, [], {"a": [None]}])
def test_any_json_is_an_answer(answer: object) -> None:
    with serve(reply(200, b"null" if answer is None else answer)) as server:
        assert raw_client_of(server).account("a").connector(9).call(GUID) == answer


def test_no_answer_at_all_is_none() -> None:
    with serve(reply(200)) as server:
        assert raw_client_of(server).account("a").connector(9).call(GUID) is None


def test_refusals_are_told_apart(client: Client, installed: AccountConnectorApi) -> None:
    (method,) = client.account(ACCOUNT).library.methods(17301, query="Delete Order")

    raises(NotFoundError, lambda: installed.call(GUID))
    raises(RefusedError, lambda: installed.call("not-a-guid"))
    raises(RefusedError, lambda: installed.call(method.id or 0, parameters={5: "x"}))
    raises(UnsendableError, lambda: installed.call(".."))
    raises(UnsendableError, lambda: installed.call(GUID, fields={1: {"a set"}}))


# ---- the IP rule ----


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_an_address_that_cyclr_does_not_know_is_told_apart(
    state: CyclrState, installed: AccountConnectorApi, use: Callable[..., Any]
) -> None:
    state.allowed_ips = {"192.0.2.1"}

    error = raises(AddressRefusedError, lambda: use(installed))

    assert isinstance(error, ForbiddenError)
    assert error.cyclr_message == UNKNOWN_ADDRESS
    assert installed.get().name == "CRM"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"Message": UNKNOWN_ADDRESS}, AddressRefusedError),
        (UNKNOWN_ADDRESS, AddressRefusedError),
        (UNKNOWN_ADDRESS.encode(), AddressRefusedError),
        ({"Message": "No."}, ForbiddenError),
        (b"<html>Unknown client IP Address</html>", ForbiddenError),
        (None, ForbiddenError),
    ],
)
def test_it_is_told_by_its_words_whatever_is_around_them(
    body: object, kind: type[CyclrError]
) -> None:
    with serve(reply(403, body)) as server:
        one = raw_client_of(server).account("a").connector(9)
        error = raises(ForbiddenError, lambda: one.call(GUID))

    assert type(error) is kind


# ---- what goes wrong ----


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_call_is_a_write_unless_it_is_said_to_read(use: Callable[..., Any]) -> None:
    with serve(reset) as server:
        one = raw_client_of(server).account("a").connector(9)
        raises(OutcomeUnknownError, lambda: use(one))
        writes = len(server.calls)
        raises(TemporaryError, lambda: use(one, is_read=True))

    assert (writes, len(server.calls)) == (1, 1 + 3)


def test_a_lost_call_happened_once(state: CyclrState, client: Client) -> None:
    one = state.install(ACCOUNT, 17301, name="CRM", auth_value=KEY, properties={"Region": "eu"})
    (method,) = client.account(ACCOUNT).library.methods(17301, query="Add Order")
    values = {field.id or 0: "1" for field in method.request_fields}
    state.faults.drop_after_effect("POST", "/account/*")

    raises(
        OutcomeUnknownError,
        lambda: client.account(ACCOUNT).connector(one.id).call(method.id or 0, fields=values),
    )
    assert [effect.kind for effect in state.ledger].count("call") == 1


def test_no_value_that_was_sent_is_in_an_error() -> None:
    said = "Bad value 'param-canary', '4711007', 'field-canary' of <a>body-canary</a>"
    with serve(reply(400, {"Message": said})) as server:
        one = raw_client_of(server).account("a").connector(9)
        errors = [
            raises(
                RefusedError,
                lambda: one.call(
                    GUID,
                    parameters={1: "param-canary", 2: 4711007, 3: True},
                    fields={3: ["field-canary"]},
                    merge_fields={"m": {"n": "<a>body-canary</a>"}},
                ),
            ),
            raises(RefusedError, lambda: one.call_with_body(GUID, f"Text: {said}")),
        ]

    for error in errors:
        shown = "".join(traceback.format_exception(error))
        assert "canary" not in shown
        assert "4711007" not in shown
