"""The form that makes a launch link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.common.email_field import EmailField
from dashboard.common.untrusted_text import storable
from dashboard.launches.models import Product
from dashboard.launches.services import Wanted
from dashboard.links.forms import EXPIRES, LANGUAGES, check_recipient_name, check_ticket_url
from dashboard.mirror.models import Account
from dashboard.operations.submissions import SubmissionField

MOST_TAGS, LONGEST_TAG = 20, 100
LONGEST_NAME = 200


class LaunchForm(forms.Form):
    """Where it leads, what is shown there, how long it works."""

    submission = SubmissionField()
    product = forms.ChoiceField(
        label="Leads to",
        choices=Product.choices,
        initial=Product.LAUNCH,
        widget=forms.RadioSelect,
    )
    marketplace_id = forms.IntegerField(
        label="Marketplace number",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="Only for a Marketplace: its number in the Cyclr console.",
    )
    tags = forms.CharField(
        label="Template tags",
        required=False,
        max_length=2000,
        help_text="Only templates with one of these tags are shown. Separate them by commas; their "
        "case matters. Empty: all.",
    )
    wizard = forms.BooleanField(label="Ask for one setting after the other", required=False)
    display_descriptions = forms.BooleanField(label="Show descriptions", required=False)
    single_install = forms.BooleanField(label="Only one template can be installed", required=False)
    run_once = forms.BooleanField(label="What is set up runs once", required=False)
    leaves_stopped = forms.BooleanField(
        label="Leave what is set up stopped",
        required=False,
        help_text="Otherwise Cyclr starts it at once.",
    )
    expires = forms.ChoiceField(label="Expires", choices=EXPIRES, initial="604800")
    recipient_email = EmailField(
        label="Recipient email",
        required=False,
        help_text="Nothing is sent yet: you see the message first. You can also copy the link.",
    )
    recipient_name = forms.CharField(
        label="Recipient name",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The customer reads it on the page.",
    )
    language = forms.ChoiceField(label="Language", required=False, choices=LANGUAGES)
    ticket_url = forms.URLField(
        label="Ticket address",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="For your colleagues; the customer does not see it.",
    )

    def __init__(self, account: Account, data: Any = None) -> None:
        super().__init__(data)
        self.fields["product"].choice_help = {  # type: ignore[attr-defined]
            Product.LAUNCH: "The customer sets templates up, one after the other.",
            Product.ORBIT: "The customer looks after what was set up.",
            Product.MARKETPLACE: "The customer chooses from one of your Marketplaces.",
        }
        if account.gone_at is not None:
            self.fields["creates_account"] = forms.BooleanField(
                label="Let Cyclr create the account anew",
                error_messages={
                    "required": "The account is not in Cyclr: without this the link leads nowhere."
                },
                help_text="An empty account with this id and name: nothing of the old one returns.",
            )

    def clean_tags(self) -> list[str]:
        """The tags, each once."""
        tags = [tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()]
        if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in tags):
            raise ValidationError(f"At most {MOST_TAGS} tags of {LONGEST_TAG} characters.")
        return list(dict.fromkeys(str(storable(tag)) for tag in tags))

    def clean_recipient_name(self) -> str:
        """One line that every database and a mail's header can hold."""
        return check_recipient_name(self.cleaned_data["recipient_name"])

    def clean_message(self) -> str:
        """Text that every database can hold."""
        return str(storable(self.cleaned_data["message"]))

    def clean_ticket_url(self) -> str:
        """An address of the web, which shows where it leads."""
        return check_ticket_url(self.cleaned_data["ticket_url"])

    def clean(self) -> dict[str, Any]:
        """A Marketplace has a number, and nothing else has."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        is_marketplace = values.get("product") == Product.MARKETPLACE
        has_number = values.get("marketplace_id") is not None
        if is_marketplace and not has_number and "marketplace_id" not in self.errors:
            self.add_error("marketplace_id", "Which Marketplace? Enter its number.")
        if has_number and not is_marketplace and "product" in values:
            self.add_error("marketplace_id", "Only a Marketplace has a number: leave it empty.")
        return values

    def wanted(self) -> Wanted:
        """What the link is to be; what is Cyclr's default is left out."""
        values = self.cleaned_data
        flags = ("wizard", "display_descriptions", "single_install", "run_once")
        options: dict[str, Any] = {name: True for name in flags if values[name]}
        if values["leaves_stopped"]:
            options["start"] = False
        if values["tags"]:
            options["tags"] = values["tags"]
        if values["marketplace_id"] is not None:
            options["marketplace_id"] = values["marketplace_id"]
        return Wanted(
            product=Product(values["product"]),
            expires_in=timedelta(seconds=int(values["expires"])),
            options=options,
            creates_account=bool(values.get("creates_account")),
            recipient_name=values["recipient_name"],
            recipient_email=values["recipient_email"],
            message=values["message"],
            language=values["language"],
            ticket_url=values["ticket_url"],
        )


class SendForm(forms.Form):
    """To whom a launch link is mailed."""

    submission = SubmissionField()
    recipient_email = EmailField(label="Recipient email")
    recipient_name = forms.CharField(
        label="Recipient name",
        required=False,
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_recipient_name(self) -> str:
        """One line that every database and a mail's header can hold."""
        return check_recipient_name(self.cleaned_data["recipient_name"])


OPTION_LABELS = {
    "wizard": "One setting after the other",
    "display_descriptions": "Descriptions are shown",
    "single_install": "Only one template can be installed",
    "run_once": "Runs once",
}


def option_lines(options: dict[str, Any]) -> list[str]:
    """What was chosen, in words."""
    lines = [label for name, label in OPTION_LABELS.items() if options.get(name)]
    if options.get("start") is False:
        lines.append("Left stopped")
    if number := options.get("marketplace_id"):
        lines.append(f"Marketplace {number}")
    return lines
