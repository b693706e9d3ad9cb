"""Fields for text that goes to Cyclr as it was meant, secrets among it."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from dashboard.common.pasted import clean_pasted, doubt_about
from dashboard.common.text_fields import LONGEST_VALUE, Typed, UntrustedText

__all__ = ["LONGEST_VALUE", "UntrustedText"]


class SecretInput(forms.PasswordInput):
    """A secret of one line; never drawn with a value, not even after an error.

    What is in doubt about it is asked once: `note_of` is drawn beside it then.
    """

    def __init__(self) -> None:
        super().__init__(render_value=False, attrs={"autocomplete": "new-password"})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """What was typed, and whether the person was asked about it."""
        value = super().value_from_datadict(data, files, name)
        return Typed.of(value, is_asked=f"{name}-asked" in data) if value else value

    def note_of(self, name: str, value: Any) -> SafeString:
        """What tells the next time that the person was asked; empty if nothing was in doubt."""
        if not isinstance(value, Typed) or not doubt_about(clean_pasted(value, is_password=True)):
            return SafeString("")
        return format_html('<input type="hidden" name="{}-asked" value="1">', name)


class SecretTextarea(forms.Textarea):
    """A secret of many lines (a password input would drop the line ends of a PEM key)."""

    is_secret = True

    def __init__(self) -> None:
        super().__init__(attrs={"rows": 4, "class": "secret", "autocomplete": "off"})

    def format_value(self, value: Any) -> str | None:
        """Never drawn with a value."""
        return None


class PemTextarea(forms.Textarea):
    """A certificate or a public key: many lines, and no secret."""

    def __init__(self) -> None:
        attrs = {"rows": 4, "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
        super().__init__(attrs=attrs)


class UserName(UntrustedText):
    """A user name for Basic authentication, which ends it at the first colon."""

    def validate(self, value: Any) -> None:
        """Also no colon: what follows would go for the password."""
        super().validate(value)
        if ":" in value:
            raise ValidationError(
                _("A user name has no colon. Enter the password in its own field.")
            )


class WholeNumber(UntrustedText):
    """A whole number, sent as text; of any size."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{"widget": forms.TextInput(attrs={"inputmode": "numeric", "class": "short"})}
            | options
        )

    def clean(self, value: Any) -> str:
        """The number's plain digits."""
        text = super().clean(value).strip()
        if text and not re.fullmatch(r"[+-]?[0-9]{1,40}", text):
            raise ValidationError(_("Enter a whole number, such as 25."))
        return str(text.removeprefix("+"))


class Fraction(UntrustedText):
    """A number with or without a decimal point, sent as text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{"widget": forms.TextInput(attrs={"inputmode": "decimal", "class": "short"})}
            | options
        )

    def clean(self, value: Any) -> str:
        """The number as it was typed, if it is one."""
        text = super().clean(value).strip()
        if not text:
            return ""
        if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", text):
            raise ValidationError(
                _("Write a point where “%(number)s” has a comma, and nothing between thousands."),
                params={"number": text[:40]},
            )
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        # What no double holds would be infinite in Cyclr.
        if not math.isfinite(float(number)) or not re.fullmatch(
            r"[+-]?[0-9.]+([eE][+-]?[0-9]{1,3})?", text
        ):
            raise ValidationError(_("Enter a number, such as 2.5."))
        return str(text)


class Moment(UntrustedText):
    """A date and time, sent as ISO 8601 in UTC."""

    def __init__(self, **options: Any) -> None:
        hint = forms.TextInput(attrs={"placeholder": "2026-03-01T09:00:00Z"})
        super().__init__(**{"widget": hint} | options)

    def clean(self, value: Any) -> str:
        """ISO 8601; a time without a zone is taken as UTC."""
        text = super().clean(value).strip()
        if not text:
            return ""
        try:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValidationError(
                _("Enter a date and time, such as 2026-03-01T09:00:00Z.")
            ) from None
        return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
