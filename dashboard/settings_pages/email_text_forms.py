"""The form with a console's own words for a message to its customers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.common.untrusted_text import is_blank, visible
from dashboard.links.mail import own_texts
from dashboard.links.mail.own_texts import CustomerMessage, PlaceholderError, Texts
from dashboard.settings_pages.email_texts import version_of

SUBJECT_AT_MOST, OPENING_AT_MOST = 150, 2_000
"""Characters as typed, placeholders included."""


class EmailTextForm(forms.Form):
    """Subject and opening; what is left empty is ours."""

    version = forms.CharField(widget=forms.HiddenInput, required=False)
    subject = forms.CharField(
        label="Subject",
        required=False,
        max_length=SUBJECT_AT_MOST,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    opening = forms.CharField(
        label="Opening",
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="After the greeting, before the button. A blank line begins a new paragraph.",
    )

    def __init__(
        self, stored: Texts, message: CustomerMessage, ours: Texts, data: Any = None
    ) -> None:
        self.stored, self.message = stored, message
        super().__init__(data, initial={"subject": stored.subject, "opening": stored.opening})
        self.fields["subject"].widget.attrs["placeholder"] = ours.subject
        self.fields["opening"].widget.attrs["placeholder"] = ours.opening

    @property
    def version_now(self) -> str:
        """Of what is stored."""
        return version_of(self.stored)

    @property
    def texts(self) -> Texts:
        """What was typed, as it is saved."""
        return Texts(self.cleaned_data["subject"], self.cleaned_data["opening"])

    def clean_subject(self) -> str:
        """One line without tricks: it is a header of the message."""
        subject: str = self.cleaned_data["subject"]
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in subject):
            raise ValidationError("A subject is one line of text.")
        allowed = [one for one in self.message.placeholders if one not in own_texts.NOT_IN_SUBJECTS]
        return _checked(subject, allowed)

    def clean_opening(self) -> str:
        """Plain text in paragraphs."""
        opening: str = self.cleaned_data["opening"].replace("\r\n", "\n").replace("\r", "\n")
        if len(opening) > OPENING_AT_MOST:
            raise ValidationError(
                f"Enter at most {OPENING_AT_MOST:,} characters (it has {len(opening):,})."
            )
        return _checked(opening, self.message.placeholders)

    def shown(self) -> Texts:
        """The words as they would be, for the preview: what is wrong stays as it is stored."""
        self.is_valid()
        return Texts(
            self.cleaned_data.get("subject", self.stored.subject),
            self.cleaned_data.get("opening", self.stored.opening),
        )


def _checked(text: str, allowed: Any) -> str:
    hidden = next((piece for piece in visible(text) if piece.name), None)
    if hidden is not None:
        raise ValidationError(f"Remove the character that cannot be seen: {hidden.text}.")
    try:
        own_texts.check(text, allowed)
    except PlaceholderError as error:
        raise ValidationError(str(error)) from None
    return "" if is_blank(text) else text
