"""Installed connectors (account level)."""

from typing import Any

from cyclr_api.simulator.api.connectors import read_properties
from cyclr_api.simulator.api.routing import Routes, page_of
from cyclr_api.simulator.http import Reply, Request
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import AccountConnector

routes = Routes()


def _field(one: AccountConnector, name: str) -> Any:
    known = {
        "id": one.id,
        "name": one.name,
        "description": one.description,
        "authenticated": one.authenticated,
        "ispartnerintegrationconnector": one.is_partner,
        "connector": one.connector_name,
    }
    return known.get(name.casefold())


@routes.add("GET", "/account/connectors", level="account")
def account_connector_list(state: CyclrState, request: Request) -> Reply:
    return page_of(
        state,
        request,
        state.account_connectors.listed(request.account),
        field_of=_field,
        encoded=AccountConnector.encoded,
    )


@routes.add("GET", "/account/connectors/{id}", level="account")
def account_connector_detail(state: CyclrState, request: Request) -> Reply:
    return Reply.encoded(_one(state, request).encoded())


@routes.add("PUT", "/account/connectors/{id}", level="account")
def account_connector_change(state: CyclrState, request: Request) -> Reply:
    """Partial. Sim: a null AuthValue or Name counts as absent, Properties are merged, and
    IsPartnerIntegrationConnector can be changed."""
    one = _one(state, request)
    fields = request.json_given()
    state.account_connectors.change(
        one,
        name=fields.text("Name"),
        description=(fields.text("Description"),) if "Description" in fields else None,
        auth_value=fields.text("AuthValue"),
        properties=read_properties(fields),
        is_partner=fields.switch("IsPartnerIntegrationConnector"),
    )
    return Reply.encoded(one.encoded())


@routes.add("PUT", "/account/connectors/{id}/deauthenticate", level="account")
def account_connector_deauthenticate(state: CyclrState, request: Request) -> Reply:
    """Sim: the name in the message is the account connector's."""
    one = _one(state, request)
    state.account_connectors.deauthenticate(one, by="api")
    return Reply.json({"Message": f"Connector '{one.name}' successfully de-authenticated."})


@routes.add("DELETE", "/account/connectors/{id}", level="account")
def account_connector_delete(state: CyclrState, request: Request) -> Reply:
    state.account_connectors.delete(_one(state, request), by="api")
    return Reply()


def _one(state: CyclrState, request: Request) -> AccountConnector:
    return state.account_connectors.one(request.account, request.number("id"))
