"""Accounts and sign-in tokens (partner level)."""

from typing import Any

from cyclr_api.simulator.routing import Reply, Request, Routes, document_field, page_of
from cyclr_api.simulator.values import Account, cyclr_time
from cyclr_api.simulator.world import World

routes = Routes()


def _field(account: Account, name: str) -> Any:
    return document_field(account.document, name)


@routes.add("GET", "/accounts", level="partner")
def account_list(world: World, request: Request) -> Reply:
    return page_of(
        world,
        request,
        list(world.accounts.values()),
        field_of=_field,
        encoded=Account.encoded,
    )


@routes.add("GET", "/accounts/{id}", level="partner")
def account_detail(world: World, request: Request) -> Reply:
    return Reply.encoded(world.account(request.params["id"]).encoded())


@routes.add("POST", "/accounts/{id}/signintoken", level="partner")
def sign_in_token(world: World, request: Request) -> Reply:
    account = world.account(request.params["id"])
    username = request.json().text("Username") or ""
    token, expires = world.sign_in_token(account.id, username)
    return Reply.json({"Token": token, "ExpiresAtUtc": cyclr_time(expires)})
