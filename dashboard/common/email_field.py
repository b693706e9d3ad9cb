"""The one form field for an e-mail address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import idna
from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.common.inputs import DrawnInput
from dashboard.environment.email_address import (
    LONGEST,
    EmailAddressError,
    TwoReadingsError,
    parse_address,
)

PASTED_AT_MOST = 1000
"""Characters that are looked at: an address with a name and what else stands around it."""
ASKS = "This can be read as two domains, perhaps of two owners. Choose the one that is meant."
READING = "reading"
"""Which of two domains is meant comes in a field of this ending."""


class EmailInput(DrawnInput):
    """A plain text field: browsers change what stands in their e-mail fields before they send it.

    Where what was typed can be read as two addresses, it offers both.
    """

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        usual = {
            "inputmode": "email",
            "autocomplete": "off",
            "autocapitalize": "none",
            "spellcheck": "false",
        }
        super().__init__(usual | dict(attrs or {}))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """What was typed or, once somebody has chosen, the reading that they mean."""
        typed = super().value_from_datadict(data, files, name)
        chosen = data.get(f"{name}-{READING}")
        return chosen if chosen and chosen in _readings(typed) else typed

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The field and, where there are two readings, a choice below it."""
        drawn: SafeString = super().render(name, value, attrs, renderer)
        readings = _readings(value)
        if not readings:
            return drawn
        choices = format_html_join(
            "",
            '<label><input class="tick" type="radio" name="{}-{}" value="{}">'
            "<span>{}</span></label>",
            (
                (name, READING, address, _message(address, is_kept=not place))
                for place, address in enumerate(readings)
            ),
        )
        group = '{}<div class="pick mt" role="radiogroup" aria-label="Which one is meant?">{}</div>'
        return format_html(group, drawn, choices)


class EmailField(forms.CharField):
    """One address, taken out of what a mail program puts around it; else says why it is none."""

    widget = EmailInput

    def __init__(self, *, max_length: int = LONGEST, **options: Any) -> None:
        self.longest = max_length
        super().__init__(**options)

    def to_python(self, value: Any) -> str:
        """The address, or empty. What stands around it may be longer than any address."""
        text = super().to_python(value) or ""
        if not text.strip():
            return ""
        try:
            address = parse_address(text[:PASTED_AT_MOST])
        except TwoReadingsError:
            raise ValidationError(ASKS) from None
        except EmailAddressError as error:
            raise ValidationError(str(error)) from None
        if len(address) > self.longest:
            raise ValidationError(f"An address has {self.longest} letters at most.")
        return address


def _readings(value: Any) -> tuple[str, ...]:
    """Both addresses, if what was typed can be read as two."""
    try:
        parse_address(str(value or "")[:PASTED_AT_MOST])
    except TwoReadingsError as error:
        return error.readings
    except EmailAddressError:
        pass
    return ()


def _message(address: str, *, is_kept: bool) -> str:
    domain = address.rpartition("@")[2]
    readable = idna.decode(domain)
    shown = readable if readable == domain else f"{readable} ({domain})"
    return f"{shown}, as it is written" if is_kept else f"{shown}, another domain"
