"""Fields for text that goes to Cyclr as it was meant."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dashboard.common.pasted import clean_pasted, doubt_about, name_of
from dashboard.common.untrusted_text import is_blank, storable

LONGEST_VALUE = 100_000


class Typed(str):
    """What was typed into a field that can ask back; `is_asked`: it did, about this field."""

    is_asked = False

    @classmethod
    def of(cls, text: str, *, is_asked: bool) -> Typed:
        """The text, with whether the person was asked."""
        typed = cls(text)
        typed.is_asked = is_asked
        return typed


class UntrustedText(forms.CharField):
    """Text that goes to Cyclr as it was meant: see `dashboard.common.pasted`.

    `is_password`: it may begin or end with a space, which is asked about once.
    """

    def __init__(self, *, is_password: bool = False, **options: Any) -> None:
        super().__init__(**{"max_length": LONGEST_VALUE, "strip": False} | options)
        self.is_password = is_password

    def to_python(self, value: Any) -> str:
        """What is never meant is taken off."""
        return clean_pasted(str(super().to_python(value) or ""), is_password=self.is_password)

    def clean(self, value: Any) -> str:
        """Also ask about what may be meant or not, where somebody can answer."""
        text: str = super().clean(value)
        doubt = doubt_about(text) if isinstance(value, Typed) and not value.is_asked else ""
        if doubt == " ":
            raise ValidationError(
                _(
                    "It begins or ends with a space. Type it again: without the space, or with "
                    "it if it belongs to it."
                )
            )
        if doubt:
            raise ValidationError(
                _(
                    "It contains a character that cannot be seen (%(name)s). Type it again "
                    "without it, or with it if it belongs to it."
                )
                % {"name": name_of(doubt)}
            )
        return text

    def validate(self, value: Any) -> None:
        """Blanks are nothing; what no database or JSON could hold is refused."""
        if self.required and is_blank(value):
            raise ValidationError(self.error_messages["required"], code="required")
        if storable(value) != value:
            raise ValidationError(_("This contains characters that cannot be sent."))
