"""The form that makes a link."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.common.foreign import as_text, storable
from dashboard.links.needs import Needs
from dashboard.mirror.models import AccountConnector

EXPIRES = [
    ("3600", "In 1 hour"),
    ("86400", "In 1 day"),
    ("259200", "In 3 days"),
    ("604800", "In 7 days"),
    ("1209600", "In 14 days"),
    ("2592000", "In 30 days"),
]


class LinkForm(forms.Form):
    """Which connectors, for whom, how long."""

    submission = forms.UUIDField(widget=forms.HiddenInput)
    connectors = forms.MultipleChoiceField(
        label="Apps to connect",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one app."},
    )
    recipient_email = forms.EmailField(label="Recipient email", required=False, max_length=254)
    recipient_name = forms.CharField(label="Recipient name", required=False, max_length=200)
    expires = forms.ChoiceField(label="Expires", choices=EXPIRES, initial="604800")
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The customer reads it on the page.",
    )

    def __init__(
        self, needs: Sequence[Needs], data: Any = None, *, chosen: Sequence[str] = ()
    ) -> None:
        connectors = [one.installed for one in needs]
        self.choices = {str(connector.pk): connector for connector in connectors}
        broken = [pk for pk, connector in self.choices.items() if not connector.authenticated]
        picked = [pk for pk in chosen if pk in self.choices]
        initial = {
            "submission": uuid.uuid4(),
            "connectors": picked or broken or list(self.choices)[:1],
        }
        super().__init__(data, initial=initial)
        field = self.fields["connectors"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(pk, as_text(connector)) for pk, connector in self.choices.items()]
        field.choice_help = {  # type: ignore[attr-defined]
            str(one.installed.pk): f"{one.installed.state}. The customer {one.customer_does}."
            for one in needs
        }

    def clean_message(self) -> str:
        """Text that every database can hold."""
        message: str = self.cleaned_data["message"]
        return str(storable(message))

    def clean_recipient_name(self) -> str:
        """One line: it may stand in a mail's header one day."""
        name: str = self.cleaned_data["recipient_name"]
        if any(ord(letter) < 32 for letter in name):
            raise ValidationError("A name is one line of text.")
        return str(storable(name))

    def chosen_connectors(self) -> list[AccountConnector]:
        """The installed connectors that were ticked, in the order shown."""
        ticked = set(self.cleaned_data["connectors"])
        return [connector for pk, connector in self.choices.items() if pk in ticked]

    def lifetime(self) -> timedelta:
        """How long the link works."""
        return timedelta(seconds=int(self.cleaned_data["expires"]))
