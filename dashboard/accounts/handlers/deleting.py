"""Deleting an account: once, and only the very one that was shown to whoever confirmed."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from cyclr_api import Client, Cycle, NotFoundError
from dashboard.accounts.handlers.base import AccountChange, account_of, named, read
from dashboard.accounts.input import DeletionInput
from dashboard.common.untrusted_text import storable
from dashboard.mirror import writing_accounts
from dashboard.mirror.tasks import ask_for_refresh
from dashboard.operations.handlers import Found, Look, NotDoneError, NotThere, register
from dashboard.operations.models import Operation

JSON = dict[str, Any]
DELETE = "accounts.delete"


@register
class DeleteAccount(AccountChange):
    """Delete an account with all that is in it.

    Its id is free afterwards: a second call could delete somebody else's new account of that id.
    So what became of the first one is looked for, and the account is told by when it was created.
    """

    kind = DELETE
    label = "Delete account"
    doing = "delete the account"

    def fix_url(self, operation: Operation) -> str:
        """The page, to look at what goes with it and confirm again."""
        return reverse("account_delete", args=[account_of(operation).pk])

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Look once more, right before, whether it is what was confirmed."""
        account, shown = account_of(operation), DeletionInput.of(operation)
        found = read(client, account.cyclr_id)
        if found is None:
            return {"is_gone": True, "words": "Cyclr does not know it any more"}
        is_other = bool(account.created_at) and found.created_at != account.created_at
        if is_other or storable(found.name) != shown.name:
            _look_anew(operation, "It was changed in Cyclr since it was confirmed")
        running = _running(client, account.cyclr_id)
        if new := [cycle for cycle in running if cycle.id not in shown.cycles]:
            _look_anew(operation, f"Since it was confirmed more cycles run in it: {named(new)}")
        count = len(running)
        return {
            "created_at": str(found.created_at or ""),
            "running": count,
            "words": f"{count} running cycle{'' if count == 1 else 's'} will stop",
        }

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The one call; not made if it is gone."""
        if (operation.prepared or {}).get("is_gone"):
            return {"by_others": True}
        try:
            client.account(account_of(operation).cyclr_id).delete()
        except NotFoundError:
            return {"by_others": not operation.is_resent}
        return {"by_others": False}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """It is done if Cyclr does not know it, or knows a younger one of its id."""
        found = read(client, account_of(operation).cyclr_id)
        prepared = operation.prepared or {}
        if found is None or str(found.created_at or "") != prepared.get("created_at"):
            return Found({"by_others": False, "is_id_used": found is not None})
        return NotThere()

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """It leaves lists, and what is in it too."""
        account = account_of(operation)
        writing_accounts.write_account_deleted(account)
        if outcome.get("is_id_used"):
            ask_for_refresh(account)
            return "Deleted. Cyclr has another account with its id by now, which is read"
        if outcome["by_others"]:
            return "It had been deleted in Cyclr already"
        count = (operation.prepared or {}).get("running", 0)
        stopped = f"{count} running cycle{'' if count == 1 else 's'} stopped with it"
        return f"Deleted. {stopped if count else 'No cycle was running in it'}"


def _running(client: Client, cyclr_id: str) -> list[Cycle]:
    return [cycle for cycle in client.account(cyclr_id).cycles.all() if cycle.is_active]


def _look_anew(operation: Operation, why: str) -> None:
    ask_for_refresh(account_of(operation))
    message = f"{why}. Nothing was deleted. Look at what goes with it, and confirm again."
    raise NotDoneError("DELETE /accounts/{id}", message)
