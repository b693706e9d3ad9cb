"""Confirming that an account is deleted with all that is in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from dashboard.common.confirming import ConfirmField, confirming_word
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account
from dashboard.operations.forms import JSON, ChangeForm


class DeleteForm(ChangeForm):
    """The account's name is typed. `cycles`: Cyclr's ids of the running ones that were shown."""

    changed_meanwhile: ClassVar[str] = (
        "What goes with it has changed while the page was open. Look at it, and confirm again."
    )

    def __init__(self, account: Account, cycles: Sequence[str], data: Any = None) -> None:
        self.account, self.cycles = account, list(cycles)
        super().__init__(data, seen=key_of(str(account.pk), account.name, *sorted(cycles)))
        word = confirming_word(account.name, account.cyclr_id)
        self.fields["confirm"] = ConfirmField(word, "delete the account")

    def values(self) -> JSON:
        """What was shown."""
        return {"name": self.account.name, "cycles": self.cycles}

    def entries(self) -> list[list[str]]:
        """How many cycles were known to stop."""
        return [["Running cycles", str(len(self.cycles))]]
