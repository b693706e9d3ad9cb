"""The forms that make, change and send a link."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict

from dashboard.common.email_field import EmailField
from dashboard.common.untrusted_text import display_text, storable
from dashboard.links.requirements import Requirements
from dashboard.mirror.catalogue import AuthType
from dashboard.mirror.models import AccountConnector
from dashboard.operations.submissions import SubmissionField

EXPIRES = [
    ("3600", "In 1 hour"),
    ("86400", "In 1 day"),
    ("259200", "In 3 days"),
    ("604800", "In 7 days"),
    ("1209600", "In 14 days"),
    ("2592000", "In 30 days"),
]

LANGUAGES = [("", "The customer’s browser decides"), *settings.LANGUAGES]


def check_recipient_name(name: str) -> str:
    """The name as it is stored. `ValidationError` if no mail's header can hold it."""
    if any(ord(letter) < 32 for letter in name):
        raise ValidationError("A name is one line of text.")
    return str(storable(name))


def check_ticket_url(url: str) -> str:
    """The address as it is kept. Raises `ValidationError` for one that is not of the web."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValidationError("This is not a web address.") from None
    if url and (parts.scheme not in {"http", "https"} or "@" in parts.netloc):
        raise ValidationError("Give an address like https://help.example.com/tickets/42.")
    return str(storable(url))


class DetailsForm(forms.Form):
    """For whom a link is, and what they are told."""

    recipient_email = EmailField(label="Recipient email", required=False)
    recipient_name = forms.CharField(label="Recipient name", required=False, max_length=200)
    language = forms.ChoiceField(
        label="Language",
        required=False,
        choices=LANGUAGES,
        help_text="For pages and e-mails. Without one, e-mails use your branding’s language, "
        "or English.",
    )
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The customer reads it in the mail and on the page.",
    )
    has_reminders = forms.BooleanField(
        label="Remind by e-mail",
        required=False,
        help_text="1, 3 and 6 days after it was mailed from here, until everything is connected.",
    )
    ticket_url = forms.URLField(
        label="Ticket address",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="For your colleagues; the customer does not see it.",
    )

    @property
    def opens_more(self) -> bool:
        """Whether the fold of rare fields is open: something stands in it, or is wrong with it."""
        rare = [self[name] for name in ("language", "ticket_url")]
        return any(bound.value() or bound.errors for bound in rare)

    def clean_message(self) -> str:
        """Text that every database can hold."""
        message: str = self.cleaned_data["message"]
        return str(storable(message))

    def clean_recipient_name(self) -> str:
        """One line: it stands in the mail's first one."""
        return check_recipient_name(self.cleaned_data["recipient_name"])

    def clean_ticket_url(self) -> str:
        """An address of the web, which shows where it leads."""
        return check_ticket_url(self.cleaned_data["ticket_url"])

    def clean(self) -> dict[str, Any]:
        """Reminders go somewhere."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("has_reminders") and values.get("recipient_email") == "":
            self.add_error("recipient_email", "Reminders are sent by e-mail: enter an address.")
        return values

    def details(self) -> dict[str, Any]:
        """The link's columns of these names."""
        return {name: self.cleaned_data[name] for name in DetailsForm.base_fields}


class LinkForm(DetailsForm):
    """Which connectors, for whom, how long."""

    submission = SubmissionField()
    connectors = forms.MultipleChoiceField(
        label="Apps to connect",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one app."},
    )
    expires = forms.ChoiceField(label="Expires", choices=EXPIRES, initial="604800")

    def __init__(
        self, requirements: Sequence[Requirements], data: Any = None, *, chosen: Sequence[str] = ()
    ) -> None:
        connectors = [one.installed for one in requirements]
        self.choices = {str(connector.pk): connector for connector in connectors}
        # What has to be finished in Cyclr is no link's to finish: it is not ticked unasked.
        unfinishable = {
            str(one.installed.pk) for one in requirements if one.auth_type == AuthType.UNKNOWN
        }
        broken = [
            pk
            for pk, one in self.choices.items()
            if one.state != "Authenticated" and pk not in unfinishable
        ]
        picked = [pk for pk in chosen if pk in self.choices]
        initial = {
            "submission": uuid.uuid4(),
            "connectors": picked
            or broken
            or [pk for pk in self.choices if pk not in unfinishable][:1],
        }
        super().__init__(data, initial=initial)
        field = self.fields["connectors"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(pk, display_text(connector)) for pk, connector in self.choices.items()]
        field.choice_help = {  # type: ignore[attr-defined]
            str(one.installed.pk): f"{one.installed.state}. The customer {one.customer_does}."
            for one in requirements
        }

    def chosen_connectors(self) -> list[AccountConnector]:
        """The installed connectors that were ticked, in the order shown."""
        ticked = set(self.cleaned_data["connectors"])
        return [connector for pk, connector in self.choices.items() if pk in ticked]

    def lifetime(self) -> timedelta:
        """How long the link works."""
        return timedelta(seconds=int(self.cleaned_data["expires"]))

    def renew_submission(self) -> None:
        """A form that is shown again is a new submission."""
        assert isinstance(self.data, QueryDict)
        data = self.data.copy()
        data["submission"] = str(uuid.uuid4())
        self.data = data


class EditLinkForm(DetailsForm):
    """What of a link can be changed while it works."""

    version = forms.CharField(widget=forms.HiddenInput, max_length=32)


class SubmissionForm(forms.Form):
    """A button that must count once: the id is new for every page that is drawn."""

    submission = SubmissionField()
