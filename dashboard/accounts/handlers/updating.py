"""Changing an account: only what was changed, so that sending it twice does no harm."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.urls import reverse

from cyclr_api import Client
from dashboard.accounts.handlers.base import (
    UNCHANGED,
    AccountChange,
    account_of,
    differing,
    outcome_of,
)
from dashboard.accounts.input import AccountInput
from dashboard.mirror import writing_accounts
from dashboard.operations.handlers import Look, NotDoneError, NotThere, register
from dashboard.operations.models import Operation

JSON = dict[str, Any]
UPDATE = "accounts.update"
NO_URL = (
    f"Cyclr has no URL stored for the error webhook, so it cannot be enabled. {UNCHANGED} Enter "
    "the URL."
)


@register
class UpdateAccount(AccountChange):
    """Change some fields of an account."""

    kind = UPDATE
    label = "Change account"
    is_idempotent: ClassVar[bool] = True
    doing = "change the account"

    def fix_url(self, operation: Operation) -> str:
        """The form, filled but for the webhook's address."""
        form = reverse("account_edit", args=[account_of(operation).pk])
        return f"{form}?from={operation.reference}"

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Nothing recognises it: it is sent again instead."""
        return {"words": "Nothing to look up first"}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The one call; it carries the webhook's URL wherever it says that it is enabled."""
        given = AccountInput.from_json(values).given
        there = client.account(account_of(operation).cyclr_id)
        sent = dict(given)
        if given.get("is_error_webhook_enabled") and not given.get("error_webhook_url"):
            sent["error_webhook_url"] = there.get().error_webhook_url
            if not sent["error_webhook_url"]:
                raise NotDoneError("PUT /accounts/{id}", NO_URL, field="error_webhook_url")
        return outcome_of(there.update(**sent), given)

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Never asked."""
        return NotThere()

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """The mirror has what Cyclr stored."""
        account, columns = account_of(operation), dict(outcome["columns"])
        if outcome["created_at"]:
            columns["created_at"] = datetime.fromisoformat(outcome["created_at"])
        writing_accounts.write_account(operation.console, account.cyclr_id, columns)
        return f"Saved{differing(outcome)}"
