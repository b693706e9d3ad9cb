"""What all changes of accounts have in common: who may, and what Cyclr's refusals mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import cyclr_api
from cyclr_api import (
    AccountRefusedError,
    Client,
    ConflictError,
    Cycle,
    ForbiddenError,
    NotFoundError,
    PermanentError,
)
from dashboard.accounts.input import AccountInput
from dashboard.accounts.stored import stored_rows
from dashboard.common.untrusted_text import first_few, storable
from dashboard.common.zones import OLDER
from dashboard.mirror import sync
from dashboard.mirror.models import Account
from dashboard.mirror.tasks import ask_for_refresh
from dashboard.operations.handlers import Handler, Refusal
from dashboard.operations.models import Operation
from dashboard.people.models import Role

JSON = dict[str, Any]
UNCHANGED = "Nothing was changed."
_ABOUT = (
    ("SuccessRetention", "success_retention_hours"),
    ("ErroredRetention", "errored_retention_hours"),
    ("Webhook", "error_webhook_url"),
    ("valid URL", "error_webhook_url"),
    ("Timezone", "timezone"),
    ("Time zone", "timezone"),
    ("Name is required", "name"),
    ("ID is not valid", "id"),
)
"""What Cyclr's sentence says, and the field that it is about."""


def account_of(operation: Operation) -> Account:
    """The account that is changed."""
    assert operation.account is not None
    return operation.account


def read(client: Client, cyclr_id: str) -> cyclr_api.Account | None:
    """The account as it is now; None if Cyclr does not know it."""
    try:
        return client.account(cyclr_id).get()
    except NotFoundError:
        return None


def outcome_of(found: cyclr_api.Account, sent: JSON) -> JSON:
    """What is remembered of a stored account: nothing secret. `stored`: see `stored_rows`."""
    columns = sync.account_columns(found)
    created_at = columns.pop("created_at")
    return {
        "id": storable(found.id),
        "columns": columns,
        "created_at": created_at.isoformat() if created_at else "",
        "stored": storable(stored_rows(sent, found)),
    }


def differing(outcome: JSON) -> str:
    """The end of a sentence: whether Cyclr stored something else than was sent."""
    labels = [label for label, _, asked in outcome["stored"] if asked]
    if not labels:
        return ""
    return f". Cyclr stored something else than was sent: {', '.join(labels).lower()}"


def about_field(said: str) -> str:
    """The form's field that Cyclr's sentence is about, or nothing."""
    lower = said.lower()
    return next((name for message, name in _ABOUT if message.lower() in lower), "")


class AccountChange(Handler):
    """A change of an account, which Leads may ask for."""

    role: ClassVar[Role] = Role.LEAD
    doing: ClassVar[str]
    """What it does, before the account's name: “delete”."""

    def refused_by_cyclr(self, operation: Operation, error: PermanentError) -> Refusal:
        """What happened, why, and what to do next."""
        if operation.account is not None and isinstance(error, NotFoundError | AccountRefusedError):
            ask_for_refresh(operation.account)
        said = error.cyclr_message or ""
        field = about_field(said)
        message = self._refusal(operation.title, error)
        if field == "timezone":
            message += self._older(operation)
        return Refusal(message, field=field)

    def _refusal(self, what: str, error: PermanentError) -> str:
        said = f": “{error.cyclr_message}”" if error.cyclr_message else "."
        match error:
            case NotFoundError():
                return f"Cyclr does not know the account any more. {UNCHANGED} It is read again."
            case AccountRefusedError():
                return f"Cyclr refuses access to this account. {UNCHANGED} It is read again."
            case ForbiddenError():
                return (
                    f"Cyclr does not allow this console to {self.doing}{said} {UNCHANGED} Do it "
                    "in the Cyclr console, or ask an administrator about the console’s rights."
                )
            case ConflictError():
                return (
                    f"Cyclr does not {self.doing} now, because something else is under way "
                    f"there{said} {UNCHANGED} Try again when that has ended; a cycle that runs "
                    "can be deactivated first."
                )
        return f"Cyclr refused to {self.doing}{said} {UNCHANGED}"

    def _older(self, operation: Operation) -> str:
        """The older name of a time zone that Cyclr does not take, if it has one."""
        zone = str(AccountInput.of(operation).given.get("timezone") or "")
        older = OLDER.get(zone, "")
        return f" Cyclr may know {zone} by its older name: try {older}." if older else ""


def named(cycles: Iterable[Cycle]) -> str:
    """Some cycles, in a sentence."""
    return first_few(f"“{storable(cycle.name) or cycle.id}”" for cycle in cycles)
