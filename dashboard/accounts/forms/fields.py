"""Fields for what an account has: a time zone, hours, the address of a webhook."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError

from dashboard.common import zones
from dashboard.common.text_fields import UntrustedText

MOST_HOURS = 744
"""Cyclr cuts what is more without a word."""
LONGEST_URL = 2000


class ZoneField(UntrustedText):
    """A time zone, however it is named; see `dashboard.common.zones`.

    `kept`: the name that the account has: left as it is it is taken, known or not.
    """

    def __init__(self, *, kept: str = "", **options: Any) -> None:
        attrs = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
        widget = forms.TextInput(attrs=attrs)
        defaults: dict[str, Any] = {"max_length": 100, "widget": widget}
        super().__init__(**defaults | options)
        self.kept = kept

    def clean(self, value: Any) -> str:
        """The zone's IANA name; if it may mean several, they are named."""
        text = super().clean(value)
        if not text or text == self.kept:
            return text
        meant = zones.understand(text)
        if meant.name:
            return meant.name
        if meant.candidates:
            names = ", ".join(one.name for one in meant.candidates)
            raise ValidationError(f"That may be several time zones. Choose one: {names}.")
        raise ValidationError(
            "That is no time zone. Enter a city or country, or a name such as Europe/London. An "
            "abbreviation such as EST stands for several."
        )


class HoursField(forms.IntegerField):
    """Hours from 0 to 744; empty for Cyclr's own choice."""

    def __init__(self, **options: Any) -> None:
        wrong = f"Enter whole hours from 0 to {MOST_HOURS}, or nothing."
        messages = dict.fromkeys(["invalid", "min_value", "max_value"], wrong)
        super().__init__(
            min_value=0,
            max_value=MOST_HOURS,
            required=False,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "short"}),
            error_messages=messages,
            **options,
        )


class WebhookInput(forms.TextInput):
    """An address that may hold a secret: never drawn with a value."""

    is_secret = True

    def __init__(self) -> None:
        super().__init__(
            attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"},
        )

    def format_value(self, value: Any) -> str | None:
        """Never drawn with a value."""
        return None


class WebhookField(UntrustedText):
    """The address of a webhook; `https://` is put before one without a scheme, as Cyclr does."""

    def __init__(self, **options: Any) -> None:
        widget = WebhookInput()
        defaults: dict[str, Any] = {"max_length": LONGEST_URL, "widget": widget, "required": False}
        super().__init__(**defaults | options)

    def clean(self, value: Any) -> str:
        """The address with its scheme."""
        text = super().clean(value)
        if not text:
            return ""
        url = text if "://" in text else f"https://{text}"
        if not _is_web_address(url):
            raise ValidationError("Enter a web address, such as https://hooks.example.com/cyclr.")
        return url


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_complete = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"} and is_complete and url.isprintable() and " " not in url
    )
