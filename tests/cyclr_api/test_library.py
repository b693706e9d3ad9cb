"""The catalogue: listed, searched, read, and what its connectors can do."""

from __future__ import annotations

from typing import Any

import pytest

from cyclr_api import (
    Client,
    Method,
    MethodField,
    NotFoundError,
    UndecodableError,
    UnsendableError,
)
from cyclr_api.simulator import CyclrState
from tests.cyclr_api.mounted import (
    ACCOUNT,
    KEY_METHOD,
    PARCEL_DESK,
    client_of,
    sent_by,
    small_state,
)

CUSTOM = {"Name": "Own App", "UniqueIdentifier": "5b6c9c1e-7d0a-4a41-9d53-2f8c0a7be610"}


@pytest.fixture
def state() -> CyclrState:
    return small_state()


@pytest.fixture
def client(state: CyclrState) -> Client:
    return client_of(state)


# ---- connectors ----


def test_the_library_is_listed_searched_and_read(client: Client) -> None:
    library = client.account(ACCOUNT).library

    assert {found.name for found in library.all()} == {"Parcel Desk", "Till Cloud"}
    assert [found.id for found in library.iterate("till")] == [17120]
    assert library.get(17301).parameters[0].values == ("eu", "us")
    assert library.get(17301).authentication[0].id == KEY_METHOD
    with pytest.raises(NotFoundError):
        library.get(1)


def test_every_listing_takes_the_same_filters(client: Client) -> None:
    client.account(ACCOUNT).custom_connectors.create(CUSTOM)
    library = client.account(ACCOUNT).library
    filters: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {"Parcel Desk", "Till Cloud"}),
        ({"query": "desk"}, {"Parcel Desk"}),
        ({"category": "POS"}, {"Till Cloud"}),
        ({"category": "pos"}, set()),
        ({"query": "till", "category": "Ecommerce"}, set()),
        ({"include_custom": True}, {"Parcel Desk", "Till Cloud", "Own App"}),
    ]

    for values, names in filters:
        assert {found.name for found in library.all(**values)} == names
        assert {found.name for found in library.iterate(**values)} == names
        assert {found.name for found in library.readable(at_once=2, **values)} == names


def test_what_is_not_asked_for_is_not_sent(client: Client) -> None:
    sent = sent_by(client)
    client.account(ACCOUNT).library.all()

    assert sent[0].query == {"page": "1", "pageSize": "100", "sortOrderAsc": "true"}


def test_connectors_are_found_by_name_and_version(state: CyclrState, client: Client) -> None:
    library = client.account(ACCOUNT).library
    for number, name in enumerate(["Über/Büro 100%", "123", "1234", "a?b#c&d=e+f"], 1):
        state.add_connector(Id=number, Name=name, Version="v 1/2", Status="Approved")

    assert [found.version for found in library.named("Parcel Desk")] == ["2.0"]
    assert [found.id for found in library.named("Parcel Desk", "2.0")] == [17301]
    assert [found.id for found in library.named("Über/Büro 100%", "v 1/2")] == [1]
    assert [found.id for found in library.named("123")] == [2]
    assert [found.id for found in library.named("a?b#c&d=e+f")] == [4]
    assert library.named("Parcel Desk", "9") == library.named("Nothing") == []


def test_a_name_that_is_not_found_is_an_empty_list(state: CyclrState, client: Client) -> None:
    state.faults.respond("GET", "/connectors/{name}", 404)

    assert client.account(ACCOUNT).library.named("Nothing") == []


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_is_no_path_is_refused(client: Client, name: str) -> None:
    with pytest.raises(UnsendableError):
        client.account(ACCOUNT).library.named(name)


def test_an_object_and_an_array_of_one_pass_for_each_other(
    state: CyclrState, client: Client
) -> None:
    state.faults.respond("GET", "/connectors/{id}", 200, [PARCEL_DESK], times=1)
    state.faults.respond("GET", "/connectors/{name}/{version}", 200, PARCEL_DESK, times=1)
    library = client.account(ACCOUNT).library

    assert library.get(17301).name == "Parcel Desk"
    assert [found.id for found in library.named("Parcel Desk", "2.0")] == [17301]


# ---- methods ----


def test_the_methods_of_a_release_are_listed_and_narrowed_down(client: Client) -> None:
    library = client.account(ACCOUNT).library
    every = library.methods(17301)

    names = {method.name for method in every}
    assert {"List Orders", "Get Order", "Add Order"} <= names
    assert {method.name for method in library.methods(17301, query="list")} == {
        name for name in names if "List" in name
    }
    assert library.methods(17301, category="Orders") == [
        method for method in every if method.category == "Orders"
    ]
    with pytest.raises(NotFoundError):
        library.methods(1)


def test_all_methods_are_read_however_cyclr_pages_them(state: CyclrState, client: Client) -> None:
    whole = client.account(ACCOUNT).library.methods(17301)
    state.max_page_size = 3

    assert client.account(ACCOUNT).library.methods(17301) == whole
    assert len(whole) > 3


def test_methods_are_found_by_the_connectors_name(state: CyclrState, client: Client) -> None:
    library = client.account(ACCOUNT).library
    for number in (5, 6):
        state.add_connector(Id=number, Name="123", Version=None, Categories=["CRMs"])

    assert library.methods_named("Parcel Desk") == library.methods(17301)
    assert library.methods_named("Parcel Desk", "2.0", query="list", category="Orders") == (
        library.methods(17301, query="list", category="Orders")
    )
    assert library.methods_named("123") == library.methods(6)
    for unknown in ("Nothing", "999"):
        with pytest.raises(NotFoundError):
            library.methods_named(unknown)


def test_one_method_is_read_by_its_id(client: Client) -> None:
    library = client.account(ACCOUNT).library
    (wanted,) = library.methods(17301, query="Add Order")
    assert wanted.id is not None

    method = library.method(wanted.id)

    assert method == wanted
    assert (method.type, method.category, method.endpoint) == ("Action", "Orders", "/orders")
    assert [field.path for field in method.request_fields][:2] == ["customerId", "status"]
    with pytest.raises(NotFoundError):
        library.method(1)


def test_a_method_as_the_api_sends_it() -> None:
    method = Method.from_json(
        {
            "Id": 116,
            "MethodUniqueIdentifier": "8f8df8ef-3007-41e7-a033-06abe76375dd",
            "Name": "Update Ticket",
            "Description": "Updates a ticket.",
            "Category": "Tickets",
            "MethodType": "Action",
            "EndPoint": "https://api.example/updateTicket",
            "Parameters": [
                {
                    "Id": 400123,
                    "Name": "Ticket ID",
                    "TargetName": "ticketId",
                    "TargetType": "MergeField",
                    "IsOptional": False,
                    "IsSensitive": "maybe",
                    "DataType": "Text",
                    "Values": ["1", 2],
                    "TriggerName": "List tickets",
                    "DefaultValue": "canary-1f0c",
                }
            ],
            "RequestFields": [{"Id": "500123", "ConnectorField": "a.[b].c", "DisplayName": "C"}, 5],
            "ResponseFields": {"Id": None, "SystemField": "State"},
        }
    )

    assert method == Method(
        id=116,
        unique_id="8f8df8ef-3007-41e7-a033-06abe76375dd",
        name="Update Ticket",
        description="Updates a ticket.",
        category="Tickets",
        type="Action",
        endpoint="https://api.example/updateTicket",
        parameters=(
            MethodField(
                id=400123,
                name="Ticket ID",
                target_name="ticketId",
                target_type="MergeField",
                is_optional=False,
                is_sensitive=True,
                data_type="Text",
                values=("1", "2"),
                trigger_name="List tickets",
                default="canary-1f0c",
            ),
        ),
        request_fields=(MethodField(id=500123, name="C", path="a.[b].c"),),
        response_fields=(MethodField(id=None, name="State"),),
    )
    assert "canary" not in repr(method)


def test_a_method_needs_one_of_its_ids() -> None:
    by_guid = Method.from_json({"methoduniqueidentifier": "8f8df8ef-3007-41e7-a033-06abe76375dd"})

    assert (by_guid.id, by_guid.name, by_guid.parameters) == (None, "", ())
    assert Method.from_json({"Id": 7, "Name": None}) == Method(7)
    bad: list[object] = [None, [], {}, {"Id": "x"}, {"MethodUniqueIdentifier": ""}]
    for value in bad:
        with pytest.raises(UndecodableError):
            Method.from_json(value)
