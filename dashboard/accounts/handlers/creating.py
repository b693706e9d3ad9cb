"""Creating an account, exactly once: it is recognised by its id, which is always sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse

from cyclr_api import AccountIdInUseError, Client, PermanentError
from dashboard.accounts.handlers.base import AccountChange, differing, outcome_of, read
from dashboard.accounts.input import AccountInput
from dashboard.common.untrusted_text import storable
from dashboard.mirror import writing_accounts
from dashboard.mirror.tasks import ask_for_refresh
from dashboard.operations.handlers import (
    Doubtful,
    Found,
    Look,
    NotDoneError,
    NotThere,
    ReconcileAgain,
    Refusal,
    register,
)
from dashboard.operations.models import Operation

JSON = dict[str, Any]
CREATE = "accounts.create"
ID_IN_USE = (
    "Cyclr has an account with this id already. Nothing was created. Choose another id, or use "
    "the account that is there."
)


@register
class CreateAccount(AccountChange):
    """Create one account, or sub-account."""

    kind = CREATE
    label = "Create account"
    doing = "create the account"

    def fix_url(self, operation: Operation) -> str:
        """The form, filled but for the webhook's address."""
        parent = operation.display_input.get("parent")
        below = f"&parent={parent}" if parent else ""
        return f"{reverse('account_new')}?from={operation.reference}{below}"

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """See that the id is free. An id of ours is: whoever has it is what we sent."""
        entered = AccountInput.of(operation)
        if not entered.is_id_ours and read(client, entered.id) is not None:
            raise NotDoneError("GET /accounts/{id}", ID_IN_USE, field="id")
        return {
            "id": entered.id,
            "is_id_ours": entered.is_id_ours,
            "name": str(storable(entered.given.get("name", ""))),
            "parent_id": entered.parent_id,
            "words": "The id is made up for it" if entered.is_id_ours else "The id is free",
        }

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The one call."""
        entered = AccountInput.from_json(values)
        made = client.accounts.create(
            id=entered.id, parent_id=entered.parent_id or None, **entered.given
        )
        return outcome_of(made, entered.given)

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Whether Cyclr has an account of the id: one that nobody typed is ours.

        A typed one was free right before it was sent: now it is ours if it has the name as well.
        """
        prepared = operation.prepared or {}
        found = read(client, prepared["id"])
        if found is None:
            return NotThere()
        if not prepared["is_id_ours"] and not _is_same(found.name, prepared["name"]):
            return Doubtful(
                f"Cyclr did not answer, and has since an account of this id called "
                f"“{storable(found.name)}”. Check whether it is the right one; create another, "
                "with another id, only if it is not."
            )
        return Found(outcome_of(found, AccountInput.of(operation).given))

    def refused_by_cyclr(self, operation: Operation, error: PermanentError) -> Refusal:
        """An id in use may be in use by what we sent before: that is looked at first."""
        if isinstance(error, AccountIdInUseError):
            if operation.is_resent or (operation.prepared or {}).get("is_id_ours"):
                raise ReconcileAgain
            return Refusal(ID_IN_USE, field="id")
        if "parent account" in (error.cyclr_message or "").lower():
            message = "Cyclr does not know the account above it any more. Nothing was created."
            return Refusal(message, field="parent")
        refusal = super().refused_by_cyclr(operation, error)
        message = refusal.message.replace("Nothing was changed.", "Nothing was created.")
        return Refusal(message, field=refusal.field)

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """Put it into the mirror, and have all that Cyclr put into it read."""
        columns = dict(outcome["columns"])
        if parent_id := (operation.prepared or {}).get("parent_id"):
            columns["parent_id"] = parent_id
        columns["created_at"] = _moment(outcome["created_at"])
        account = writing_accounts.write_account(operation.console, outcome["id"], columns)
        ask_for_refresh(account)
        operation.account = account
        return f"Created with the id {account.cyclr_id}{differing(outcome)}"


def _is_same(name: str, sent: str) -> bool:
    return " ".join(str(storable(name)).split()) == " ".join(sent.split())


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
