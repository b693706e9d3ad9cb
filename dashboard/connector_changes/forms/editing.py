"""Name and description, the native mark, and confirming what stops something."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from dashboard.common.confirming import ConfirmField, confirming_word
from dashboard.common.pasted import clean_pasted
from dashboard.common.searching import normalize_for_search
from dashboard.installs.fields import UntrustedText
from dashboard.installs.form import free_name
from dashboard.installs.form.names import LONGEST_NAME
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import AccountConnector
from dashboard.operations.forms import JSON, ChangeForm

LONGEST_DESCRIPTION = 2000


class EditForm(ChangeForm):
    """Another name, another description. Only what was changed is sent."""

    def __init__(self, connector: AccountConnector, data: Any = None) -> None:
        self.connector = connector
        self.before = {"name": connector.name, "description": connector.description}
        super().__init__(data, seen=key_of(*self.before.values()), initial=dict(self.before))
        longest = max(LONGEST_NAME, len(connector.name))
        self.fields["name"] = UntrustedText(label="Name", max_length=longest, strip=True)
        self.fields["description"] = UntrustedText(
            label="Description",
            max_length=max(LONGEST_DESCRIPTION, len(connector.description)),
            widget=forms.Textarea(attrs={"rows": 3}),
            strip=True,
            required=False,
            help_text="For colleagues and in Cyclr’s console. Leave it empty for none.",
        )

    def clean_name(self) -> str:
        """A name that no other connector of the account has; Cyclr would refuse it."""
        name = str(self.cleaned_data["name"])
        others = self.connector.account.connectors.there().exclude(pk=self.connector.pk)
        taken = set(others.values_list("name", flat=True))
        if normalize_for_search(name) in {normalize_for_search(other) for other in taken}:
            raise ValidationError(
                "This account already has a connector with that name. "
                f"“{free_name(name, taken)}” is free."
            )
        return name

    def clean(self) -> JSON:
        """Something must have changed."""
        super().clean()
        if not self.errors and not self.values():
            raise ValidationError("Nothing was changed, so there is nothing to save.")
        return self.cleaned_data

    def values(self) -> JSON:
        """What differs from what the form was drawn with."""
        typed = {name: str(self.cleaned_data.get(name) or "") for name in self.before}
        # As an untouched field comes back: inputs of one line and pasted marks lose something.
        drawn = {**self.before, "name": re.sub(r"[\r\n]", "", self.before["name"])}
        return {
            name: text for name, text in typed.items() if text != clean_pasted(drawn[name]).strip()
        }

    def entries(self) -> list[list[str]]:
        """What it is to be called, and how it is described."""
        return [[str(self.fields[name].label), text] for name, text in self.values().items()]

    def kept(self) -> JSON:
        """All of it."""
        return {name: self.cleaned_data[name] for name in self.before}


class NativeForm(ChangeForm):
    """The other of yes and no, confirmed by its button."""

    def __init__(self, connector: AccountConnector, data: Any = None) -> None:
        self.wanted = not connector.is_native
        super().__init__(data, seen=key_of(str(connector.is_native)))

    def values(self) -> JSON:
        """What it is to be."""
        return {"is_native": self.wanted}

    def entries(self) -> list[list[str]]:
        """The same in words."""
        return [["Own product", "Yes" if self.wanted else "No"]]


class LossForm(ChangeForm):
    """Typed confirmation of what stops cycles. `cycles`: Cyclr's ids of those that were shown."""

    changed_meanwhile: ClassVar[str] = (
        "What stops with it has changed while the page was open. Look at it, and confirm again."
    )

    def __init__(
        self,
        connector: AccountConnector,
        data: Any = None,
        *,
        doing: str,
        cycles: Sequence[str],
    ) -> None:
        self.cycles = list(cycles)
        super().__init__(data, seen=key_of(str(connector.pk), *sorted(cycles)))
        word = confirming_word(connector.name, str(connector.cyclr_id))
        self.fields["confirm"] = ConfirmField(word, doing)

    def values(self) -> JSON:
        """What was shown."""
        return {"cycles": self.cycles}
