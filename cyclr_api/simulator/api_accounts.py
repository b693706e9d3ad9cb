"""Accounts and sign-in tokens (partner level)."""

from typing import Any

from cyclr_api.simulator.accounts import (
    RETENTIONS,
    WEBHOOK_ENABLED,
    WEBHOOK_URL,
    bill_time,
    billing_month,
    read_date,
)
from cyclr_api.simulator.routing import (
    Fields,
    Reply,
    Request,
    Routes,
    as_text,
    document_field,
    page_of,
)
from cyclr_api.simulator.values import JSON, Account, cyclr_time
from cyclr_api.simulator.world import World

TEXTS = ("Name", "Description", "AuditInfo", "TaskAuditInfo", WEBHOOK_URL)
FLAGS = (WEBHOOK_ENABLED, "TransactionErrorWebhookIncludeWarnings")

routes = Routes()


def _field(account: Account, name: str) -> Any:
    return document_field(account.document, name)


@routes.add("GET", "/accounts", level="partner")
def account_list(world: World, request: Request) -> Reply:
    """Sim: sub-accounts stand among the others, unless the setting says otherwise."""
    every = list(world.accounts.values())
    if not world.settings["SubAccountsListed"]:
        every = [one for one in every if one.parent_id is None]
    return _page(world, request, every)


@routes.add("POST", "/accounts", level="partner")
def account_create(world: World, request: Request) -> Reply:
    """Sim: a blank Id or ParentAccountId counts as none."""
    fields = request.json_or_empty()
    account = world.create_account(
        fields.text("Id"), read_account(fields), parent_id=fields.text("ParentAccountId")
    )
    return Reply.encoded(account.encoded())


@routes.add("GET", "/accounts/{id}", level="partner")
def account_detail(world: World, request: Request) -> Reply:
    return Reply.encoded(_one(world, request).encoded())


@routes.add("PUT", "/accounts/{id}", level="partner")
def account_change(world: World, request: Request) -> Reply:
    """Partial. Sim: Id and ParentAccountId are ignored."""
    account = _one(world, request)
    world.change_account(account, read_account(request.json_or_empty()))
    return Reply.encoded(account.encoded())


@routes.add("DELETE", "/accounts/{id}", level="partner")
def account_delete(world: World, request: Request) -> Reply:
    """Sim: a body is not read."""
    world.delete_account(_one(world, request))
    return Reply()


@routes.add("GET", "/accounts/{id}/subaccounts", level="partner")
def sub_account_list(world: World, request: Request) -> Reply:
    return _page(world, request, world.sub_accounts(_one(world, request).id))


@routes.add("GET", "/accounts/{id}/usage", level="partner")
def account_usage(world: World, request: Request) -> Reply:
    """Sim: always the billing month around now, its ends to the second."""
    account = _one(world, request)
    start, end = billing_month(account, world.now())
    return Reply.json(
        {
            "Id": account.id,
            "TasksUsed": world.tasks_used(account),
            "StartTime": bill_time(start),
            "EndTime": bill_time(end),
        }
    )


@routes.add("POST", "/accounts/{id}/signintoken", level="partner")
def sign_in_token(world: World, request: Request) -> Reply:
    account = _one(world, request)
    username = request.json_or_empty().text("Username") or ""
    token, expires = world.sign_in_token(account.id, username)
    return Reply.json({"Token": token, "ExpiresAtUtc": cyclr_time(expires)})


def read_account(fields: Fields) -> JSON:
    """What a body says of an account's writable attributes, typed as the API shows them.

    Null clears texts and retention. Sim: it says nothing of a boolean, a date, the time zone; and
    a value that is no number, boolean or date is ignored, as is known of retention [T].
    """
    given: JSON = {name: fields.text(name) for name in TEXTS if name in fields}
    for name in RETENTIONS:
        hours, is_null = fields.whole(name), fields.text(name) is None
        if name in fields and (is_null or hours is not None):
            given[name] = hours
    for name in FLAGS:
        given |= _if_said(name, fields.switch(name))
    next_bill = read_date(as_text(fields.get("NextBillDateUtc")) or "")
    given |= _if_said("NextBillDateUtc", None if next_bill is None else bill_time(next_bill))
    return given | _if_said("Timezone", fields.text("Timezone") or None)


def _if_said(name: str, value: bool | str | None) -> JSON:
    return {} if value is None else {name: value}


def _one(world: World, request: Request) -> Account:
    return world.account(request.params["id"])


def _page(world: World, request: Request, accounts: list[Account]) -> Reply:
    return page_of(world, request, accounts, field_of=_field, encoded=Account.encoded)
