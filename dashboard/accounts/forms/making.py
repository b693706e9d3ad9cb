"""The form of a new account."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from cyclr_api.addresses import checked_account_id
from dashboard.accounts.defaults import INSTALL_DEFAULTS, defaults_of
from dashboard.accounts.forms.base import HOURS, JSON, URL, AccountForm
from dashboard.common.text_fields import UntrustedText
from dashboard.common.untrusted_text import display_line, storable
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account

LONGEST_ID = 200


class CreateForm(AccountForm):
    """A new account of a console, or a sub-account. `made_id`: its id if nobody types one."""

    def __init__(
        self, console: Console, parent: Account | None = None, data: Any = None, *, zone: str = ""
    ) -> None:
        self.console, self.parent = console, parent
        super().__init__(data)
        self.initial["timezone"] = zone
        self.defaults = defaults_of(console)
        if self.defaults:
            self.fields["installs_defaults"] = forms.BooleanField(
                label="Install the default connectors",
                help_text="Right after the account is created, one by one. Each is set up as "
                "after any install.",
                required=False,
                initial=True,
            )
        self.fields["id"] = UntrustedText(
            label="Id",
            max_length=LONGEST_ID,
            required=False,
            help_text="Your own key for the customer, as you use it in the API. It cannot be "
            "changed later. Leave it empty for a made-up one.",
        )

    def clean_id(self) -> str:
        """An id that can be sent and that no other account of the console has."""
        text = str(self.cleaned_data["id"])
        if not text:
            return ""
        try:
            checked_account_id(text)
        except ValueError:
            raise ValidationError(
                "Cyclr takes no id with such characters: it goes into addresses and headers."
            ) from None
        rows = Account.objects.there().filter(console=self.console, cyclr_id__iexact=text)
        other = rows.first()
        if other is not None:
            raise ValidationError(f"This id is in use here: it is the id of {display_line(other)}.")
        return text

    def given(self) -> JSON:
        """What was filled in: Cyclr has a default for the rest."""
        values = self.cleaned_data
        given: JSON = {
            name: values[name]
            for name in ("name", "description", "timezone", "audit_info", "task_audit_info")
            if values.get(name)
        }
        given |= {name: values[name] for name in HOURS if values.get(name) is not None}
        if values.get(URL):
            given[URL] = values[URL]
        flags = ("is_error_webhook_enabled", "error_webhook_includes_warnings")
        return given | {name: True for name in flags if values.get(name)}

    def values_for(self, submission: uuid.UUID) -> JSON:
        """The worker's input. The id that nobody typed is made of the submission: sent twice it
        is the same, so that a lost answer can be looked for."""
        typed = self.cleaned_data["id"]
        return {
            "id": typed or str(uuid.uuid5(submission, "account")),
            "is_id_ours": not typed,
            "parent_id": self.parent.cyclr_id if self.parent else "",
            "fields": self.given(),
        }

    def entries(self) -> list[list[str]]:
        """With the id, and whose sub-account it is."""
        shown = [["Id", self.cleaned_data["id"] or "Made up"], *super().entries()]
        if self.parent:
            shown.append(["Sub-account of", str(self.parent)])
        if self.defaults:
            names = ", ".join(one.label for one in self.defaults)
            is_wanted = self.cleaned_data["installs_defaults"]
            shown.append(["Default connectors", str(storable(names)) if is_wanted else "None"])
        return shown

    def kept(self) -> JSON:
        """With the id, and whether default connectors are wanted."""
        kept = {**super().kept(), "id": self.cleaned_data["id"]}
        if self.defaults:
            kept["installs_defaults"] = self.cleaned_data["installs_defaults"]
        return kept

    def follow_up(self) -> JSON | None:
        """What comes once the account is there: the default connectors, if they are wanted."""
        if not self.cleaned_data.get("installs_defaults"):
            return None
        return {"kind": INSTALL_DEFAULTS, "title": "Install default connectors"}
