"""Installed connectors (account level)."""

from typing import Any

from cyclr_api.simulator.api_connectors import read_properties
from cyclr_api.simulator.routing import Reply, Request, Routes, page_of
from cyclr_api.simulator.values import AccountConnector
from cyclr_api.simulator.world import World

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
def account_connector_list(world: World, request: Request) -> Reply:
    return page_of(
        world,
        request,
        world.listed_account_connectors(request.account),
        field_of=_field,
        encoded=AccountConnector.encoded,
    )


@routes.add("GET", "/account/connectors/{id}", level="account")
def account_connector_detail(world: World, request: Request) -> Reply:
    return Reply.encoded(_one(world, request).encoded())


@routes.add("PUT", "/account/connectors/{id}", level="account")
def account_connector_change(world: World, request: Request) -> Reply:
    """Partial. Sim: a null AuthValue or Name counts as absent, Properties are merged."""
    one = _one(world, request)
    fields = request.json_given()
    world.change_connector(
        one,
        name=fields.text("Name"),
        description=(fields.text("Description"),) if "Description" in fields else None,
        auth_value=fields.text("AuthValue"),
        properties=read_properties(fields),
    )
    return Reply.encoded(one.encoded())


@routes.add("PUT", "/account/connectors/{id}/deauthenticate", level="account")
def account_connector_deauthenticate(world: World, request: Request) -> Reply:
    """Sim: the name in the message is the account connector's."""
    one = _one(world, request)
    world.deauthenticate_connector(one, by="api")
    return Reply.json({"Message": f"Connector '{one.name}' successfully de-authenticated."})


@routes.add("DELETE", "/account/connectors/{id}", level="account")
def account_connector_delete(world: World, request: Request) -> Reply:
    world.delete_connector(_one(world, request), by="api")
    return Reply()


def _one(world: World, request: Request) -> AccountConnector:
    return world.account_connector(request.account, request.number("id"))
