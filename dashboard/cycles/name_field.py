"""The field in which a new cycle gets its name."""

from __future__ import annotations

from django import forms

from dashboard.installs.fields.text import UntrustedText

LONGEST_NAME = 200


def name_field() -> UntrustedText:
    """What the cycle is called."""
    return UntrustedText(
        max_length=LONGEST_NAME,
        label="Name of the cycle",
        help_text="As it is listed in the account.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
