"""Saved calls: a call's values under a name, for oneself or for colleagues too."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from dashboard.common import encryption
from dashboard.installs.fields.text import UntrustedText
from dashboard.methods.inputs import CallInput, Given
from dashboard.methods.models import MethodCall, SavedCall
from dashboard.people.models import Role, User

logger = logging.getLogger(__name__)

MOST_SAVED = 200
"""How many one person may have in a console."""
TOO_MANY = f"You have {MOST_SAVED} saved calls. Delete one that is no longer needed."


class SaveForm(forms.Form):
    """Under which name a call is kept, and for whom."""

    name = UntrustedText(
        max_length=80,
        label="Name",
        help_text="One that you saved under the same name is replaced.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    is_shared = forms.BooleanField(
        required=False,
        label="Shared",
        help_text="Everybody with a role in this console can use it.",
    )

    def __init__(self, call: MethodCall, user: User, data: Any = None) -> None:
        """`user`: who saves it."""
        super().__init__(data, initial={"name": call.method_name.strip()[:80]})
        self.call, self.user = call, user

    def clean(self) -> None:
        """One person cannot fill the list."""
        mine = SavedCall.objects.filter(console=self.call.console, owner=self.user)
        same = mine.filter(method_key=self.call.method_key, name=self.cleaned_data.get("name"))
        if mine.count() >= MOST_SAVED and not same.exists():
            raise ValidationError(TOO_MANY)

    @transaction.atomic
    def save(self, sends: CallInput) -> SavedCall:
        """Keep it; the same name again replaces what was kept."""
        call = self.call
        saved, _ = SavedCall.objects.select_for_update().update_or_create(
            console=call.console,
            method_key=call.method_key,
            owner=self.user,
            name=self.cleaned_data["name"],
            defaults={
                "method_name": call.method_name,
                "is_shared": self.cleaned_data["is_shared"],
                "reference": (reference := uuid.uuid4()),
                "encrypted_input": sends.without_secrets().encrypted(
                    SavedCall(reference=reference)
                ),
            },
        )
        return saved


def values_of(kept: MethodCall | SavedCall) -> tuple[Given, ...]:
    """The values with which a form is filled in; none of what can no longer be opened."""
    try:
        sends = CallInput.of(kept)
    except encryption.DecryptionError:
        logger.warning("kept values cannot be opened %s=%d", type(kept).__name__, kept.pk)
        return ()
    return () if sends is None else sends.without_secrets().given


def may_delete(saved: SavedCall, user: User) -> bool:
    """One's own; a Lead also what others share."""
    is_lead = (user.role_in(saved.console_id) or 0) >= Role.LEAD
    return saved.owner_id == user.pk or (saved.is_shared and is_lead)
