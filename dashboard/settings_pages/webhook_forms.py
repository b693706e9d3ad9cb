"""The form for a webhook's address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.common.outbound import AddressError
from dashboard.notifications.addresses import LONGEST, cleaned, target_of
from dashboard.notifications.models import Shape


class WebhookForm(forms.Form):
    """Where to send a console's notifications."""

    url = forms.CharField(
        label="Address",
        max_length=LONGEST,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="Begins with https:// and is reached from the internet.",
    )

    shape = forms.ChoiceField(
        label="What is sent",
        choices=Shape.choices,
        required=False,
        help_text="Slack, Mattermost, Google Chat and others of their kind take one sentence.",
    )

    def __init__(self, data: Any = None, *, url: str = "", shape: str = Shape.FULL) -> None:
        super().__init__(data, initial={"url": url, "shape": shape})

    def clean_url(self) -> str:
        """An address that may be asked, as far as it shows without looking its host up."""
        try:
            url = cleaned(self.cleaned_data["url"])
            target_of(url)
        except AddressError as error:
            raise ValidationError(str(error)) from None
        return url

    def clean_shape(self) -> Shape:
        """What the receiver can read; everything, where nothing is said."""
        return Shape(self.cleaned_data["shape"] or Shape.FULL)
