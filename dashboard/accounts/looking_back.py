"""Looking back: the moment that `?at=` names, and the form that asks for one."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

_PLUS_LOST = re.compile(r"(:.*) (?=[0-9]{2}:?[0-9]{2}$)")
"""Where an address that was put together by hand had the plus of an offset: it means a blank."""


class LookBackForm(forms.Form):
    """A moment in UTC, as ISO 8601: what an address or a ticket says."""

    at = forms.CharField(
        label="State at",
        max_length=40,
        help_text="In UTC, such as 2026-11-20T14:05Z.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_at(self) -> datetime:
        """The moment; without a zone it is one of UTC."""
        text = _PLUS_LOST.sub(r"\1+", self.cleaned_data["at"].strip()).replace(" ", "T", 1)
        try:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValidationError("Enter a day and a time, such as 2026-11-20T14:05Z.") from None
        if moment > timezone.now():
            raise ValidationError("That has not come yet: enter a moment in the past.")
        return moment


def asked_moment(query: QueryDict) -> tuple[LookBackForm, datetime | None]:
    """The form, filled in with what the address says, and the moment if it is one."""
    form = LookBackForm(query)
    return form, form.cleaned_data["at"] if form.is_valid() else None
