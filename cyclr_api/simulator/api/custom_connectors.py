"""Connectors that an account defines for itself (account level).

Sim: of a definition, what a connector object shows is read, under the names that the object and
the definition files have; its methods are not: they are made up as for every other connector.
"""

from typing import Any

from cyclr_api.simulator.api.routing import Routes, document_field, page_of
from cyclr_api.simulator.http import Fields, Reply, Request
from cyclr_api.simulator.state.custom_connectors import (
    custom_connector,
    custom_id,
    define_connector,
    remove_connector,
)
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import JSON, Connector, encode, is_guid

NAMELESS = "Invalid connector: (Column 'Name' cannot be null)"

WITHOUT_IDENTIFIER = "Invalid connector: (UniqueIdentifier is not a GUID)"

METHOD_TEXTS = ("AuthName", "AuthDescription", "AuthType", "OAuth2Type", "AuthScheme")

routes = Routes()


@routes.add("GET", "/account/connectors/custom", level="account")
def custom_connector_list(state: CyclrState, request: Request) -> Reply:
    found = state.connectors.owned_by(request.account)
    return page_of(state, request, found, field_of=_field, encoded=lambda one: _shown(state, one))


@routes.add("POST", "/account/connectors/custom", level="account")
def custom_connector_define(state: CyclrState, request: Request) -> Reply:
    document = read_definition(request.json_given())
    return Reply.encoded(_shown(state, define_connector(state, request.account, document)))


@routes.add("GET", "/account/connectors/custom/{id}", level="account")
def custom_connector_detail(state: CyclrState, request: Request) -> Reply:
    return Reply.encoded(_shown(state, _one(state, request)))


@routes.add("DELETE", "/account/connectors/custom/{id}", level="account")
def custom_connector_delete(state: CyclrState, request: Request) -> Reply:
    remove_connector(state, _one(state, request))
    return Reply()


def _one(state: CyclrState, request: Request) -> Connector:
    return custom_connector(state, request.account, request.number("id"))


def _field(connector: Connector, name: str) -> Any:
    return document_field(connector.document, name)


def _shown(state: CyclrState, connector: Connector) -> bytes:
    """As the library shows it, but for the id where that is one of its own."""
    number = custom_id(state, connector)
    if number == connector.id:
        return connector.encoded
    return encode({**connector.shown(), "Id": number})


# -- definitions ---------------------------------------------------------------------------------


def read_definition(fields: Fields) -> JSON:
    """A connector as the API shows it, still without ids."""
    identifier = fields.text("UniqueIdentifier") or ""
    if not is_guid(identifier):
        raise ApiError(400, WITHOUT_IDENTIFIER)
    name = fields.text("Name")
    if name is None or not name.strip():
        raise ApiError(400, NAMELESS)
    methods = [_method(entry) for entry in fields.objects("Authentication")]
    first: JSON = methods[0] if methods else {}
    return {
        "Name": name,
        "Description": fields.text("Description"),
        "Status": fields.text("Status") or "Approved",
        "Version": fields.text("Version"),
        "Icon": fields.text("Icon"),
        "Categories": fields.texts("Categories"),
        **{key: fields.text(key) or first.get(key) for key in METHOD_TEXTS if key != "AuthName"},
        "Authentication": methods,
        "Parameters": [_parameter(entry) for entry in fields.objects("Parameters")],
        "Triggers": [{"Name": entry.text("Name")} for entry in fields.objects("Triggers")],
        "IsSystemConnector": False,
        "UniqueIdentifier": identifier.lower(),
        "ReleaseStatus": fields.text("ReleaseStatus"),
    }


def _method(entry: Fields) -> JSON:
    number = entry.text("Id") or ""
    texts = {key: entry.text(key) for key in METHOD_TEXTS}
    return {"Id": number.lower() if is_guid(number) else None, **texts}


def _parameter(entry: Fields) -> JSON:
    """Sim: what is said about nothing else is a required text that accounts give."""
    label = entry.text("DisplayName") or entry.text("Name") or entry.text("TargetName") or ""
    is_asked = entry.switch("IsAccountConnectorProperty")
    return {
        "IsAccountConnectorProperty": True if is_asked is None else is_asked,
        "TargetType": entry.text("TargetType") or "MergeField",
        "TargetName": entry.text("TargetName") or label,
        "IsSensitive": entry.flag("IsSensitive"),
        "Name": label,
        "Description": entry.text("Description"),
        "IsOptional": entry.flag("IsOptional"),
        "DataType": entry.text("DataType") or "Text",
        "TriggerName": entry.text("TriggerName"),
        "Values": entry.texts("Values"),
    }
