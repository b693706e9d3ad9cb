"""What every form of an operation has: an id of its own, and what it sends and shows."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict, ErrorList

from dashboard.operations.submissions import SubmissionField, draw_anew

JSON = dict[str, Any]


class ChangeForm(forms.Form):
    """A change of something that Cyclr has."""

    changed_meanwhile: ClassVar[str] = (
        "It was changed in Cyclr while the form was open. Check your entries and save again."
    )

    submission = SubmissionField()
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    """A digest of what the form was drawn from."""

    def __init__(self, data: Any = None, *, seen: str = "", initial: JSON | None = None) -> None:
        self.seen_now = seen
        own = {"submission": uuid.uuid4(), "seen": seen}
        super().__init__(data, initial=own | (initial or {}))

    def clean(self) -> JSON:
        """It counts for what it was drawn from, and for nothing that came since."""
        super().clean()
        if self.cleaned_data.get("seen") != self.seen_now:
            raise ValidationError(self.changed_meanwhile)
        return self.cleaned_data

    def draw_anew(self) -> None:
        """A form that is shown again is a new submission, for what it shows."""
        draw_anew(self, seen=self.seen_now)

    def show_error(self, about: str, message: str) -> None:
        """Show an earlier refusal at the field that it was about."""
        name = self.field_about(about)
        if name and not self.is_bound:
            self._errors = ErrorDict({name: ErrorList([message])})

    def values(self) -> JSON:
        """Everything the worker needs; to be encrypted."""
        return {}

    def entries(self) -> list[list[str]]:
        """What was entered, for people: secrets masked."""
        return []

    def kept(self) -> JSON:
        """What fills the form again if it fails; nothing secret."""
        return {}

    def field_about(self, about: str) -> str:
        """The field that a refusal is about, by what the operation says of it; or empty."""
        return about if about in self.fields else ""
