"""Confirming by typing: the word that somebody types before what cannot be taken back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.common.untrusted_text import display_line

LONGEST_WORD = 60


def confirming_word(name: str, otherwise: str) -> str:
    """What is typed: the thing's name, or `otherwise` where that cannot be typed.

    >>> confirming_word("HubSpot", "91"), confirming_word("Invoice\\u202efdp", "91")
    ('HubSpot', '91')
    """
    shown = display_line(name)
    is_typable = shown == name and name.isprintable() and name.isascii()
    return name if is_typable and 0 < len(name) <= LONGEST_WORD else otherwise


class ConfirmField(forms.CharField):
    """Takes one word, in any case of letters. `why`: the end of *Type HubSpot to …*"""

    def __init__(self, word: str, why: str) -> None:
        super().__init__(
            label=f"Type {word} to confirm",
            max_length=LONGEST_WORD * 2,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )
        self.word, self.why = word, why

    def clean(self, value: Any) -> str:
        """The word as it was typed."""
        typed = str(super().clean(value)).strip()
        if typed.casefold() != self.word.casefold():
            raise ValidationError(f"Type {self.word} to {self.why}.")
        return typed
