"""The operation that installs the default connectors into an account that was just created."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from cyclr_api import Client
from dashboard.accounts.defaults import INSTALL_DEFAULTS
from dashboard.defaults.services import Installed, install_defaults
from dashboard.operations.handlers import (
    Handler,
    Look,
    NotDoneError,
    NotThere,
    register,
)
from dashboard.operations.models import Operation

JSON = dict[str, Any]


@register
class InstallDefaults(Handler):
    """Ask for an install of each of the set. It asks Cyclr nothing; the installs do."""

    kind = INSTALL_DEFAULTS
    label = "Install default connectors"
    calls_cyclr = False
    is_recorded = False

    def fix_url(self, operation: Operation) -> str:
        """The library, to install what is missing by hand."""
        return reverse("install_pick", args=[operation.account_id]) if operation.account_id else ""

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Nothing is to be recognised in Cyclr."""
        return {"words": "The set is looked up in the settings"}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """Each install once, also where a worker dies between two of them."""
        assert operation.account is not None
        made = install_defaults(
            operation.account, operation.actor, operation.submission, parent=operation
        )
        if missing := [one for one in made if one.operation is None and not one.is_needless]:
            raise NotDoneError("install defaults", _missing(missing, len(made) - len(missing)))
        return {"words": _done(made)}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Never asked: it sends nothing."""
        return NotThere()

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """The installs are on their way by themselves."""
        return str(outcome["words"])


def _missing(missing: list[Installed], others: int) -> str:
    each = " ".join(f"{one.default}: {one.problem}" for one in missing)
    rest = f"The other {others} are installed." if others > 1 else ""
    rest = "The other one is installed." if others == 1 else rest
    return f"Not all default connectors can be installed. {each} {rest}".strip()


def _done(made: list[Installed]) -> str:
    begun = [str(one.default) for one in made if one.operation is not None]
    there = [str(one.default) for one in made if one.is_needless]
    words = f"Installing {', '.join(begun)}" if begun else "Nothing is to be installed"
    return f"{words}. It has already: {', '.join(there)}" if there else words
