"""Accounts and sign-in tokens (partner level)."""

from typing import Any

from cyclr_api.simulator.api.routing import Routes, document_field, page_of
from cyclr_api.simulator.http import Fields, Reply, Request, as_text
from cyclr_api.simulator.state.account_rules import (
    RETENTIONS,
    WEBHOOK_ENABLED,
    WEBHOOK_URL,
    bill_time,
    billing_month,
    read_date,
)
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import JSON, Account, cyclr_time

TEXTS = ("Name", "Description", "AuditInfo", "TaskAuditInfo", WEBHOOK_URL)
FLAGS = (WEBHOOK_ENABLED, "TransactionErrorWebhookIncludeWarnings")

routes = Routes()


def _field(account: Account, name: str) -> Any:
    return document_field(account.document, name)


@routes.add("GET", "/accounts", level="partner")
def account_list(state: CyclrState, request: Request) -> Reply:
    """Sim: sub-accounts stand among the others, unless the setting says otherwise."""
    every = list(state.accounts.values())
    if not state.settings["SubAccountsListed"]:
        every = [one for one in every if one.parent_id is None]
    return _page(state, request, every)


@routes.add("POST", "/accounts", level="partner")
def account_create(state: CyclrState, request: Request) -> Reply:
    """Sim: a blank Id or ParentAccountId counts as none."""
    fields = request.json_or_empty()
    account = state.accounts.create(
        fields.text("Id"), read_account(fields), parent_id=fields.text("ParentAccountId")
    )
    return Reply.encoded(account.encoded())


@routes.add("GET", "/accounts/{id}", level="partner")
def account_detail(state: CyclrState, request: Request) -> Reply:
    return Reply.encoded(_one(state, request).encoded())


@routes.add("PUT", "/accounts/{id}", level="partner")
def account_change(state: CyclrState, request: Request) -> Reply:
    """Partial. Sim: Id and ParentAccountId are ignored."""
    account = _one(state, request)
    state.accounts.change(account, read_account(request.json_or_empty()))
    return Reply.encoded(account.encoded())


@routes.add("DELETE", "/accounts/{id}", level="partner")
def account_delete(state: CyclrState, request: Request) -> Reply:
    """Sim: a body is not read."""
    state.delete_account(_one(state, request))
    return Reply()


@routes.add("GET", "/accounts/{id}/subaccounts", level="partner")
def sub_account_list(state: CyclrState, request: Request) -> Reply:
    return _page(state, request, state.accounts.sub_accounts(_one(state, request).id))


@routes.add("GET", "/accounts/{id}/usage", level="partner")
def account_usage(state: CyclrState, request: Request) -> Reply:
    """Sim: always the billing month around now, its ends to the second."""
    account = _one(state, request)
    start, end = billing_month(account, state.now())
    return Reply.json(
        {
            "Id": account.id,
            "TasksUsed": state.tasks_used(account),
            "StartTime": bill_time(start),
            "EndTime": bill_time(end),
        }
    )


@routes.add("POST", "/accounts/{id}/signintoken", level="partner")
def sign_in_token(state: CyclrState, request: Request) -> Reply:
    account = _one(state, request)
    username = request.json_or_empty().text("Username") or ""
    token, expires = state.sessions.sign_in_token(account.id, username)
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


def _one(state: CyclrState, request: Request) -> Account:
    return state.accounts.one(request.params["id"])


def _page(state: CyclrState, request: Request, accounts: list[Account]) -> Reply:
    return page_of(state, request, accounts, field_of=_field, encoded=Account.encoded)
