"""Installed connectors: installed, changed, authenticated, with their properties and fields."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api import (
    AccountConnector,
    Client,
    CustomField,
    CyclrError,
    NameInUseError,
    NotFoundError,
    OutcomeUnknownError,
    Property,
    PropertyValue,
    RefusedError,
    UndecodableError,
    UnsendableError,
    basic_auth_value,
    oauth_auth_value,
)
from cyclr_api.account_connectors import AccountConnectorApi
from cyclr_api.simulator import CyclrState
from tests.cyclr_api.mounted import ACCOUNT, KEY, KEY_METHOD, client_of, sent_by, small_state
from tests.cyclr_api.raw_server import client_of as raw_client_of
from tests.cyclr_api.raw_server import reply, reset, serve

VALUE = "property-canary-8086"


@pytest.fixture
def state() -> CyclrState:
    return small_state()


@pytest.fixture
def client(state: CyclrState) -> Client:
    return client_of(state)


@pytest.fixture
def installed(state: CyclrState, client: Client) -> AccountConnectorApi:
    """One installed connector with a property."""
    one = state.install(ACCOUNT, 17301, name="CRM", description="old", properties={"Region": "eu"})
    return client.account(ACCOUNT).connector(one.id)


def install(client: Client, **values: Any) -> AccountConnector:
    return client.account(ACCOUNT).connectors.install(17301, **{"name": "CRM"} | values)


def raises(kind: type[CyclrError], call: Callable[[], object]) -> CyclrError:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


# ---- installing ----


def test_an_install_sends_what_it_is_given_and_nothing_else(
    state: CyclrState, client: Client
) -> None:
    installed = install(
        client,
        description="for Ann",
        authentication_id=KEY_METHOD,
        auth_value=KEY,
        properties=[Property("Region", "eu", 881)],
    )

    assert (installed.name, installed.description, installed.authenticated) == (
        "CRM",
        "for Ann",
        True,
    )
    assert installed.connector is not None
    assert installed.connector.name == "Parcel Desk"
    assert [(value.name, value.value) for value in installed.properties] == [("Region", "eu")]
    assert [one.id for one in state.installed[ACCOUNT]] == [installed.id]
    assert KEY not in repr(installed)


def test_an_install_without_values_is_an_object_still(client: Client) -> None:
    sent = sent_by(client)
    install(client)

    assert [one.body for one in sent] == [{"Name": "CRM"}]


def test_a_native_install_says_so(client: Client) -> None:
    assert install(client, is_native=True).is_native is True


def test_an_option_that_is_none_is_a_mistake(client: Client) -> None:
    with pytest.raises(TypeError):
        install(client, colour="red")


def test_a_connector_is_installed_by_its_name(client: Client) -> None:
    connectors = client.account(ACCOUNT).connectors
    sent = sent_by(client)

    by_version = connectors.install_named("Parcel Desk", version="2.0", name="A", auth_value=KEY)
    latest = connectors.install_named("Till Cloud", name="B", description="till")

    assert by_version.connector is not None and latest.connector is not None
    assert (by_version.connector.id, latest.connector.id) == (17301, 17120)
    assert [(one.path, one.body) for one in sent] == [
        ("/connectors/Parcel Desk/2.0/install", {"Name": "A", "AuthValue": KEY}),
        ("/connectors/Till Cloud/install", {"Name": "B", "Description": "till"}),
    ]


def test_a_name_of_digits_is_not_installed_as_an_id(state: CyclrState, client: Client) -> None:
    state.add_connector(Id=5, Name="17301", Version="1", Status="Approved")
    connectors = client.account(ACCOUNT).connectors

    error = raises(UnsendableError, lambda: connectors.install_named("17301", name="A"))
    by_version = connectors.install_named("17301", version="1", name="A")

    assert "install by id" in str(error)
    assert by_version.connector is not None
    assert by_version.connector.id == 5
    assert len(state.installed[ACCOUNT]) == 1


def test_a_name_in_use_is_refused(state: CyclrState, client: Client) -> None:
    install(client)

    raises(NameInUseError, lambda: install(client))
    assert len(state.installed[ACCOUNT]) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"auth_value": "Account connector name"},
        {"properties": [Property("Region", "is in use.")]},
    ],
)
def test_a_name_in_use_is_told_apart_whatever_else_was_sent(
    client: Client, values: dict[str, Any]
) -> None:
    install(client)

    raises(NameInUseError, lambda: install(client, **values))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Colour", "There is not a connector property that matches name 'Colour'."),
        (
            "apiVersion",
            "Connector property name 'apiVersion' is not an account connector property.",
        ),
    ],
)
def test_a_wrong_property_is_refused_in_cyclrs_words(
    client: Client, name: str, message: str
) -> None:
    error = raises(RefusedError, lambda: install(client, properties=[Property(name, "red")]))

    assert error.cyclr_message == message


@pytest.mark.parametrize("name", ["", "  "])
def test_an_install_needs_a_name(state: CyclrState, client: Client, name: str) -> None:
    connectors = client.account(ACCOUNT).connectors

    raises(UnsendableError, lambda: install(client, name=name))
    raises(UnsendableError, lambda: connectors.install_named("Till Cloud", name=name))
    assert state.ledger == []


def test_an_unknown_release_is_not_found(client: Client) -> None:
    connectors = client.account(ACCOUNT).connectors

    raises(NotFoundError, lambda: connectors.install(99, name="CRM"))
    raises(NotFoundError, lambda: connectors.install_named("Nothing", name="CRM"))


# ---- read ----


def test_installed_connectors_are_listed_and_read(state: CyclrState, client: Client) -> None:
    ids = [state.install(ACCOUNT, 17301, name=f"CRM {n}").id for n in range(120)]
    account = client.account(ACCOUNT)

    listed = account.connectors.all()

    assert sorted(one.id for one in listed) == sorted(ids)
    assert len(account.connectors.readable(at_once=2)) == 120
    assert account.connector(ids[0]).get().name == "CRM 0"
    raises(NotFoundError, account.connector(1).get)


def test_an_array_of_one_passes_for_an_installed_connector(
    state: CyclrState, installed: AccountConnectorApi
) -> None:
    state.faults.rewrite("GET", "*", lambda found: [found])

    assert installed.get().name == "CRM"


# ---- changed ----


def test_a_description_is_changed_and_the_name_left(installed: AccountConnectorApi) -> None:
    changed = installed.update(description="")

    assert (changed.name, changed.description or "") == ("CRM", "")


def test_credentials_and_properties_are_changed_together(
    client: Client, installed: AccountConnectorApi
) -> None:
    sent = sent_by(client)

    changed = installed.update(
        name="CRM 2", auth_value=KEY, properties=[Property("Region", "us", 881)]
    )

    assert (changed.name, changed.authenticated) == ("CRM 2", True)
    assert [(value.name, value.value) for value in changed.properties] == [("Region", "us")]
    assert sent[0].body == {
        "Name": "CRM 2",
        "AuthValue": KEY,
        "Properties": [{"Name": "Region", "Value": "us"}],
    }


def test_an_update_needs_a_change(installed: AccountConnectorApi) -> None:
    raises(UnsendableError, installed.update)


@pytest.mark.parametrize("is_native", [True, False])
def test_the_mark_of_the_own_product_is_changed(
    client: Client, installed: AccountConnectorApi, is_native: bool
) -> None:
    sent = sent_by(client)

    assert installed.update(is_native=is_native).is_native is is_native

    assert sent[0].body == {"IsPartnerIntegrationConnector": is_native}


def test_what_cyclr_shows_as_credentials_is_compared_and_not_handed_out(
    installed: AccountConnectorApi,
) -> None:
    installed.update(auth_value=KEY)

    assert installed.shown_credential(["another", KEY]) == KEY
    assert installed.shown_credential(["another", ""]) is None


def test_without_credentials_nothing_is_shown(installed: AccountConnectorApi) -> None:
    assert installed.shown_credential([""]) is None


def test_credentials_are_taken_away(state: CyclrState, installed: AccountConnectorApi) -> None:
    installed.update(auth_value=KEY)

    said = installed.deauthenticate()

    assert said == "Connector 'CRM' successfully de-authenticated."
    assert installed.get().authenticated is False


@pytest.mark.parametrize(
    ("answer", "words"),
    [('{"message": "Done."}', "Done."), ('"Done."', "Done."), ("", None), ("[]", None)],
)
def test_whatever_cyclr_says_to_it(
    state: CyclrState, installed: AccountConnectorApi, answer: str, words: str | None
) -> None:
    state.faults.respond("PUT", "*", 200, answer)

    assert installed.deauthenticate() == words


def test_a_deleted_connector_is_gone(state: CyclrState, installed: AccountConnectorApi) -> None:
    installed.delete()

    assert state.installed[ACCOUNT] == []
    raises(NotFoundError, installed.delete)


# ---- properties ----


def test_properties_are_read_and_changed_one_by_one(
    client: Client, installed: AccountConnectorApi
) -> None:
    (region,) = installed.properties.all()
    assert region.id is not None
    sent = sent_by(client)

    added = installed.properties.add("Any name", VALUE)
    assert added.id is not None
    changed = installed.properties.change(region.id, name="Region", value="us")
    installed.properties.delete(added.id)

    assert (added.name, added.value, changed.value) == ("Any name", VALUE, "us")
    assert installed.properties.get(region.id) == PropertyValue(region.id, "Region", "us")
    assert installed.properties.all() == [changed]
    assert [one.body for one in sent][:2] == [
        {"Name": "Any name", "Value": VALUE, "Id": 0},
        {"Name": "Region", "Value": "us", "Id": 0},
    ]
    assert VALUE not in repr(added)
    raises(NotFoundError, lambda: installed.properties.get(added.id or 0))
    raises(NotFoundError, lambda: installed.properties.delete(added.id or 0))


def test_every_property_is_listed_twins_too(
    installed: AccountConnectorApi, state: CyclrState
) -> None:
    for number in range(30):
        installed.properties.add(f"p-{number}", "x")
    state.max_page_size = 7
    paged = installed.properties.all()
    twins = [{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "1"}]
    state.faults.respond("GET", "*", 200, twins)

    assert len(paged) == 31
    assert installed.properties.all() == [PropertyValue(None, "a", "1")] * 2


def test_the_properties_of_an_unknown_connector_are_not_found(client: Client) -> None:
    raises(NotFoundError, client.account(ACCOUNT).connector(1).properties.all)


def test_a_property_is_text(installed: AccountConnectorApi) -> None:
    with pytest.raises(TypeError):
        installed.properties.add("Port", 5432)  # type: ignore[arg-type]


# ---- custom fields ----

FIELD = CustomField(
    connector_field="order.[lines].sku",
    system_field="Sku",
    display_name="SKU",
    description="What was ordered.",
    data_type="Text",
    method_unique_id="8f8df8ef-3007-41e7-a033-06abe76375dd",
    for_request_format=True,
)


def test_custom_fields_are_added_read_changed_and_removed(
    client: Client, installed: AccountConnectorApi
) -> None:
    sent = sent_by(client)

    added = installed.fields.add(FIELD)
    assert added.id is not None
    changed = installed.fields.change(added.id, CustomField("order.sku", id=5))

    assert (added.connector_field, added.display_name, added.for_request_format) == (
        "order.[lines].sku",
        "SKU",
        True,
    )
    assert (changed.id, changed.connector_field) == (added.id, "order.sku")
    assert installed.fields.all() == [installed.fields.get(added.id)] == [changed]
    assert [one.body for one in sent][:2] == [
        {
            "ConnectorField": "order.[lines].sku",
            "SystemField": "Sku",
            "DisplayName": "SKU",
            "Description": "What was ordered.",
            "DataType": "Text",
            "MethodUniqueIdentifier": "8f8df8ef-3007-41e7-a033-06abe76375dd",
            "ForRequestFormat": True,
        },
        {"ConnectorField": "order.sku"},
    ]
    installed.fields.delete(added.id)
    assert installed.fields.all() == []
    raises(NotFoundError, lambda: installed.fields.get(added.id or 0))


def test_a_custom_field_may_lack_everything() -> None:
    assert CustomField.from_json({"id": "7", "CONNECTORFIELD": "a", "New": 1}) == CustomField(
        "a", id=7
    )
    assert CustomField.from_json({}) == CustomField()
    with pytest.raises(UndecodableError):
        CustomField.from_json("a")


# ---- AuthValue ----


@given(st.text(st.characters(codec="utf-8", exclude_characters=":")), st.text())
def test_a_pair_is_base64_with_a_colon_between(user: str, password: str) -> None:
    try:
        text = basic_auth_value(user, password)
    except ValueError:
        with pytest.raises(UnicodeEncodeError):
            password.encode()
        return

    assert base64.b64decode(text, validate=True).decode().split(":", 1) == [user, password]


@pytest.mark.parametrize(("user", "password"), [("a:b", "c"), ("a", "\ud800"), ("\ud800", "c")])
def test_a_pair_that_cannot_be_is_refused_without_showing_it(user: str, password: str) -> None:
    with pytest.raises(ValueError, match="user|User") as caught:
        basic_auth_value(user, password)
    assert caught.value.__context__ is None


def test_tokens_are_json_with_cyclrs_names() -> None:
    expires = datetime(2026, 3, 4, 12, 0, 5, 999, timezone(timedelta(hours=2)))

    assert json.loads(oauth_auth_value("a", "r", expires, datetime(2027, 1, 1, tzinfo=UTC))) == {
        "AccessToken": "a",
        "RefreshToken": "r",
        "Expires": "2026-03-04T10:00:05Z",
        "RefreshExpires": "2027-01-01T00:00:00Z",
    }
    assert json.loads(oauth_auth_value("a")) == {"AccessToken": "a"}


def test_tokens_need_an_access_token_and_a_zone() -> None:
    with pytest.raises(ValueError, match="access token"):
        oauth_auth_value("")
    with pytest.raises(ValueError, match="zone"):
        oauth_auth_value("a", expires=datetime(2026, 1, 1))


def test_tokens_that_one_owns_authenticate(state: CyclrState, client: Client) -> None:
    method = {"Id": KEY_METHOD, "AuthType": "OAuth2", "OAuth2Type": "AuthorisationCode"}
    state.add_connector(Id=7, Name="Slow Door", Authentication=[method])
    connectors = client.account(ACCOUNT).connectors

    one = connectors.install(7, name="Door", auth_value=oauth_auth_value("access-token"))

    assert one.authenticated is True


# ---- what goes wrong ----

WRITES: dict[str, Callable[[AccountConnectorApi], object]] = {
    "update": lambda one: one.update(auth_value=KEY, properties=[Property("Region", VALUE)]),
    "deauthenticate": lambda one: one.deauthenticate(),
    "delete": lambda one: one.delete(),
    "add property": lambda one: one.properties.add("Region", VALUE),
    "change property": lambda one: one.properties.change(5, name="Region", value=VALUE),
    "delete property": lambda one: one.properties.delete(5),
    "add field": lambda one: one.fields.add(FIELD),
    "change field": lambda one: one.fields.change(5, FIELD),
    "delete field": lambda one: one.fields.delete(5),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_lost_write_is_unknown_and_sent_once(
    write: Callable[[AccountConnectorApi], object],
) -> None:
    with serve(reset) as server:
        one = raw_client_of(server).account(ACCOUNT).connector(9)
        raises(OutcomeUnknownError, lambda: write(one))

    assert len(server.calls) == 1
    assert server.calls[0].headers["x-cyclr-account"] == ACCOUNT.encode()


PAIR = basic_auth_value("canary-user", "canary-word")
TOKENS = oauth_auth_value("access-canary-1", "refresh-canary-2")


@pytest.mark.parametrize(
    ("auth_value", "quoted"),
    [
        (KEY, KEY),
        (KEY, KEY[:12]),
        (KEY, KEY[-12:]),
        (KEY, VALUE),
        (KEY, VALUE[3:-3]),
        (PAIR, PAIR),
        (PAIR, "canary-user"),
        (PAIR, "canary-word"),
        (TOKENS, TOKENS),
        (TOKENS, "access-canary-1"),
        (TOKENS, "refresh-canary-2"),
        (TOKENS, json.dumps(TOKENS)[1:-1]),
    ],
)
def test_no_credential_is_in_an_error_however_it_is_quoted(auth_value: str, quoted: str) -> None:
    properties = [Property("Region", VALUE)]
    with serve(reply(400, {"Message": f"Cannot read '{quoted}' at all"})) as server:
        one = raw_client_of(server).account(ACCOUNT).connector(9)
        error = raises(
            RefusedError, lambda: one.update(auth_value=auth_value, properties=properties)
        )

    assert error.cyclr_message == "Cannot read '***' at all"
    assert quoted not in "".join(traceback.format_exception(error))
