"""The forms about consoles. A secret is never drawn, not even after an error."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from cyclr_api import REGIONS
from dashboard.common.confirming import ConfirmField, confirming_word
from dashboard.common.outbound import AddressError
from dashboard.common.text_fields import UntrustedText
from dashboard.console_setup.saving import holder_of, taken_message
from dashboard.consoles import addresses
from dashboard.consoles.models import MINUTE, RATE_PERIODS, SECOND, Console

OWN = "own"
"""The region of a private installation."""
SLOWEST, FASTEST = 6, 10_000
"""Calls: a minute at least, a second at most."""


def region_of(api_url: str) -> str:
    """The region whose API has this address."""
    return next((key for key, one in REGIONS.items() if one.api_url == api_url), OWN)


def region_label(api_url: str) -> str:
    """Where a console is, in Cyclr's words."""
    found = REGIONS.get(region_of(api_url))
    return f"{found.name} ({found.city})" if found else "Private installation"


class AddressField(forms.CharField):
    """An address of Cyclr's that our workers may ask."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        )
        super().__init__(max_length=300, widget=widget, **options)

    def clean(self, value: Any) -> str:
        """Scheme and host alone."""
        typed = str(super().clean(value))
        if not typed:
            return ""
        try:
            return addresses.checked(typed)
        except AddressError as error:
            raise ValidationError(str(error)) from None


class _Credentials(forms.Form):
    submission = forms.UUIDField(widget=forms.HiddenInput)
    client_id = forms.CharField(
        label="Client id",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    client_secret = UntrustedText(
        label="Client secret",
        max_length=2000,
        is_password=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text="Encrypted when saved, and never shown again.",
    )

    def __init__(self, data: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial={"submission": uuid.uuid4(), **(initial or {})})

    def anew(self) -> None:
        """Drawn again it is another submission, and its secret is to be typed again."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["submission"] = str(uuid.uuid4())
        self.data = data


class _Rate(forms.Form):
    rate_limit = forms.FloatField(
        label="Most calls",
        required=False,
        min_value=0,
        max_value=FASTEST * MINUTE,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        help_text="To Cyclr, by everything together. Empty: as the settings say.",
    )
    rate_period = forms.TypedChoiceField(
        label="Counted",
        coerce=int,
        choices=RATE_PERIODS,
    )

    def clean(self) -> dict[str, Any]:
        """A rate that the pacing can keep."""
        values = super().clean() or self.cleaned_data
        rate, period = values.get("rate_limit"), values.get("rate_period") or SECOND
        if rate is not None and not SLOWEST <= rate / period * MINUTE <= FASTEST * MINUTE:
            self.add_error(
                "rate_limit",
                f"Give {SLOWEST} calls a minute at least, and {FASTEST:,} a second at most.",
            )
        return values


DETAILS = ("name", "service_url", "catalogue_account", "rate_limit", "rate_period")


class DetailsForm(_Rate):
    """What may be changed without trying the credentials again."""

    name = forms.CharField(
        label="Name", max_length=100, help_text="What staff call it, such as EU live."
    )
    service_url = AddressField(
        label="Service address",
        help_text="Where customers are sent to connect, such as https://acme-h.eu.cyclr.com.",
    )
    catalogue_account = forms.CharField(
        label="Catalogue account",
        required=False,
        max_length=200,
        help_text="Cyclr’s id of the account through which the library is read. Empty: any.",
    )
    field_order: Sequence[str] | None = DETAILS

    @classmethod
    def of(cls, console: Console, data: Any = None) -> DetailsForm:
        """Filled in with what the console is."""
        return cls(data, initial={name: getattr(console, name) for name in DETAILS})


class ConsoleForm(DetailsForm, _Credentials):
    """A new console."""

    region = forms.ChoiceField(
        label="Region",
        choices=[
            *((key, f"{one.name} ({one.city})") for key, one in REGIONS.items()),
            (OWN, "Private installation"),
        ],
    )
    own_api_url = AddressField(
        label="API address",
        required=False,
        help_text="Of a private installation only, such as https://api.example.com.",
    )
    field_order: Sequence[str] | None = (
        *("name", "region", "own_api_url", "service_url", "client_id", "client_secret"),
        *("catalogue_account", "rate_limit", "rate_period"),
    )

    def clean(self) -> dict[str, Any]:
        """The API's address, from the region or as it was typed; nobody else's."""
        values = super().clean()
        found = REGIONS.get(values.get("region", ""))
        typed = values.get("own_api_url")
        if found is None and not typed and "own_api_url" not in self.errors:
            self.add_error("own_api_url", "Choose a region, or enter the API’s address.")
        if found is not None and typed and typed != found.api_url:
            self.add_error(
                "own_api_url",
                f"{found.name} has another address: leave it out, or choose Private installation.",
            )
        values["api_url"] = found.api_url if found else typed or ""
        holder = holder_of(values["api_url"], values.get("client_id", ""))
        if holder is not None:
            self.add_error("client_id", taken_message(holder))
        return values


class CredentialsForm(_Credentials):
    """Other credentials of a console that is there."""

    def __init__(self, console: Console, data: Any = None) -> None:
        super().__init__(data, initial={"client_id": console.client_id})
        self.console = console

    def clean(self) -> dict[str, Any]:
        """Not those of another console."""
        values = super().clean() or self.cleaned_data
        client_id = values.get("client_id", "")
        holder = holder_of(self.console.api_url, client_id, besides=self.console)
        if holder is not None:
            self.add_error("client_id", taken_message(holder))
        return values


class RetireForm(forms.Form):
    """Asks for the console's name."""

    def __init__(self, console: Console, data: Any = None) -> None:
        super().__init__(data)
        word = confirming_word(console.name, str(console.pk))
        self.fields["confirm"] = ConfirmField(word, "retire this console")
