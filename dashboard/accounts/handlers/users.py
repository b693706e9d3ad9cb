"""Giving people access to an account in Cyclr, and taking it away."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from cyclr_api import Client, NotFoundError, PermanentError
from dashboard.accounts import reading
from dashboard.accounts.handlers.base import AccountChange, account_of, read
from dashboard.accounts.input import UserInput
from dashboard.accounts.models import ReadingKind
from dashboard.common.untrusted_text import storable
from dashboard.operations.handlers import Found, Look, NotThere, Refusal, register
from dashboard.operations.models import Operation

JSON = dict[str, Any]
ADD_USER, REMOVE_USER = "accounts.add_user", "accounts.remove_user"


def users(operation: Operation, client: Client) -> list[str]:
    """Who has access now, as Cyclr says."""
    return client.account(account_of(operation).cyclr_id).users.all()


class UserChange(AccountChange):
    """A change of who has access; the list of users is read again afterwards."""

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """Have the list read again, and say what was done."""
        reading.ask(account_of(operation), ReadingKind.USERS)
        return self.done(outcome)

    def done(self, outcome: JSON) -> str:
        """What was done, in words."""
        raise NotImplementedError


@register
class AddUser(UserChange):
    """Give a user access. Adding the same user with the same password again does no harm."""

    kind = ADD_USER
    label = "Add user"
    doing = "add the user"
    is_idempotent = True

    def fix_url(self, operation: Operation) -> str:
        """The form, filled but for the password."""
        address = reverse("account_user_add", args=[account_of(operation).pk])
        return f"{address}?from={operation.reference}"

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Nothing has to be looked for."""
        return {"words": "Nothing has to be looked up"}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The one call."""
        entered = UserInput.from_json(values)
        there = client.account(account_of(operation).cyclr_id)
        there.users.add(entered.username, entered.password)
        return {"username": str(storable(entered.username))}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Never asked."""
        return NotThere()

    def refused_by_cyclr(self, operation: Operation, error: PermanentError) -> Refusal:
        """At the field that Cyclr's sentence is about."""
        said = (error.cyclr_message or "").lower()
        names = ("password", "username")
        field = next((name for name in names if name in said.replace(" ", "")), "")
        return Refusal(super().refused_by_cyclr(operation, error).message, field=field)

    def done(self, outcome: JSON) -> str:
        """Who has access."""
        return f"{outcome['username']} can sign in to this account"


@register
class RemoveUser(UserChange):
    """Take a user's access away: once, since a colleague may give it back meanwhile."""

    kind = REMOVE_USER
    label = "Remove user"
    doing = "remove the user"

    def fix_url(self, operation: Operation) -> str:
        """The list of users."""
        return reverse("account_users", args=[account_of(operation).pk])

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Remember who is meant; the input is wiped."""
        return {"username": UserInput.of(operation).username, "words": "Prepared"}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The one call; who has no access any more is as good as removed."""
        username = str((operation.prepared or {})["username"])
        outcome = {"username": str(storable(username)), "by_others": False}
        try:
            client.account(account_of(operation).cyclr_id).users.remove(username)
        except NotFoundError:
            if read(client, account_of(operation).cyclr_id) is None:
                raise
            if username in users(operation, client):
                raise
            outcome["by_others"] = not operation.is_resent
        return outcome

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """It is done if the user is not in the list."""
        username = str((operation.prepared or {})["username"])
        if username in users(operation, client):
            return NotThere()
        return Found({"username": str(storable(username)), "by_others": False})

    def done(self, outcome: JSON) -> str:
        """Who has no access any more."""
        if outcome["by_others"]:
            return f"{outcome['username']} had no access any more"
        return f"{outcome['username']} cannot sign in to this account any more"
