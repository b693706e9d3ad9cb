"""The catalogue and installing from it (account level)."""

from typing import Any

from cyclr_api.simulator.api.routing import Routes, document_field, page_of
from cyclr_api.simulator.http import Fields, Reply, Request
from cyclr_api.simulator.state.account_connectors import Installation, Property
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import Connector, encode_list

routes = Routes()


def _field(connector: Connector, name: str) -> Any:
    return document_field(connector.document, name)


def _encoded(connector: Connector) -> bytes:
    return connector.encoded


@routes.add("GET", "/connectors", level="account")
def connector_list(state: CyclrState, request: Request) -> Reply:
    query = request.query
    wanted = query.get("query", "").casefold()
    category = query.get("category")
    include_custom = query.get("includecustomconnectors", "").casefold() == "true"
    found = [
        one
        for one in state.connectors.listed(request.account, include_custom)
        if wanted in one.name.casefold() and (not category or category in one.categories)
    ]
    return page_of(state, request, found, field_of=_field, encoded=_encoded)


@routes.add("GET", "/connectors/{id:int}", level="account")
def connector_by_id(state: CyclrState, request: Request) -> Reply:
    return Reply.encoded(state.connectors.visible(request.number("id"), request.account).encoded)


@routes.add("GET", "/connectors/{name}", level="account")
@routes.add("GET", "/connectors/{name}/{version}", level="account")
def connectors_by_name(state: CyclrState, request: Request) -> Reply:
    """An array. Sim: an unknown name gives an empty one."""
    found = state.connectors.named(
        request.params["name"], request.account, request.params.get("version")
    )
    return Reply.encoded(encode_list(one.encoded for one in found))


@routes.add("POST", "/connectors/{id:int}/install", level="account")
def install_by_id(state: CyclrState, request: Request) -> Reply:
    return _install(state, request, state.connectors.visible(request.number("id"), request.account))


@routes.add("POST", "/connectors/{name}/install", level="account")
@routes.add("POST", "/connectors/{name}/{version}/install", level="account")
def install_by_name(state: CyclrState, request: Request) -> Reply:
    found = state.connectors.named(
        request.params["name"], request.account, request.params.get("version")
    )
    if not found:
        raise ApiError(404)
    return _install(state, request, found[0])


def _install(state: CyclrState, request: Request, connector: Connector) -> Reply:
    fields = request.json()
    asked = Installation(
        name=fields.text("Name"),
        description=fields.text("Description"),
        authentication_id=fields.text("AuthenticationId"),
        auth_value=fields.text("AuthValue"),
        properties=read_properties(fields),
        is_partner=fields.flag("IsPartnerIntegrationConnector"),
    )
    one = state.account_connectors.install(request.account, connector, asked, by="api")
    return Reply.encoded(one.encoded())


def read_properties(fields: Fields) -> list[Property]:
    """`[{Name, Value, Id}]`; the Id says nothing that the Name does not."""
    return [
        Property(entry.text("Name") or "", entry.text("Value"))
        for entry in fields.objects("Properties")
    ]
