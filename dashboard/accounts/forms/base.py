"""What is asked of an account, new or not, with Cyclr's rules checked before anything is sent."""

from __future__ import annotations

from typing import Any

from django import forms

from dashboard.accounts.forms.fields import MOST_HOURS, HoursField, WebhookField, ZoneField
from dashboard.accounts.stored import LABELS, display_value
from dashboard.common.text_fields import UntrustedText
from dashboard.common.untrusted_text import storable
from dashboard.operations.forms import ChangeForm

JSON = dict[str, Any]
LONGEST_NAME = 300
LONGEST_TEXT = 4000
ENABLED, URL, WARNINGS = (
    "is_error_webhook_enabled",
    "error_webhook_url",
    "error_webhook_includes_warnings",
)
HOURS = ("success_retention_hours", "errored_retention_hours")
NEEDS_URL = "Cyclr sends errors only to an address: enter the webhook’s URL."
HOURS_HELP = f"Hours, 0 to {MOST_HOURS}. 0 keeps nothing; leave it empty for the console’s default."


class AccountForm(ChangeForm):
    """The fields of an account. `before`: what it has, by field; empty for a new one."""

    def __init__(self, data: Any = None, *, before: JSON | None = None, seen: str = "") -> None:
        self.before = before or {}
        super().__init__(data, seen=seen, initial=dict(self.before))
        self._add_texts()
        for name in HOURS:
            self.fields[name] = HoursField(label=LABELS[name], help_text=HOURS_HELP)
        self._add_webhook()

    def _longest(self, name: str, most: int) -> int:
        """What is there already is not too long."""
        return max(most, len(str(self.before.get(name) or "")))

    def _text(self, name: str, most: int, **options: Any) -> None:
        longest = self._longest(name, most)
        self.fields[name] = UntrustedText(label=LABELS[name], max_length=longest, **options)

    def _add_texts(self) -> None:
        self._text("name", LONGEST_NAME)
        about = forms.Textarea(attrs={"rows": 3})
        self._text("description", LONGEST_TEXT, widget=about, required=False)
        self.fields["timezone"] = ZoneField(
            label=LABELS["timezone"],
            kept=str(self.before.get("timezone") or ""),
            required=not self.before or bool(self.before.get("timezone")),
            help_text="A city, a country, an IANA name or a Windows name.",
        )
        for name in ("audit_info", "task_audit_info"):
            text = "Free text that Cyclr keeps with the account."
            self._text(name, LONGEST_TEXT, required=False, help_text=text)

    def _add_webhook(self) -> None:
        self.fields[ENABLED] = forms.BooleanField(
            label="Send errors of this account’s cycles to a webhook",
            required=False,
            help_text="It takes the place of the console’s own webhook for this account.",
        )
        host = self.before.get("error_webhook_host")
        message = "It may hold a secret, so it is not shown again, only its host."
        if host:
            message = f"Set, at {host}. Leave it empty to keep it. {message}"
        self.fields[URL] = WebhookField(label="URL", help_text=message)
        self.fields[URL].is_alternative = True  # type: ignore[attr-defined]
        self.fields[WARNINGS] = forms.BooleanField(label="Send warnings too", required=False)

    def clean(self) -> JSON:
        """An enabled webhook has an address."""
        super().clean()
        values = self.cleaned_data
        has_url = values.get(URL) or self.before.get("error_webhook_host")
        if values.get(ENABLED) and not has_url and URL not in self.errors:
            self.add_error(URL, NEEDS_URL)
        return values

    def given(self) -> JSON:
        """The fields to be sent, by the client's names."""
        raise NotImplementedError

    def entries(self) -> list[list[str]]:
        """What was entered, without the webhook's address but its host."""
        return [
            [LABELS[name], str(storable(display_value(name, value)))]
            for name, value in self.given().items()
        ]

    def kept(self) -> JSON:
        """All but the webhook's address."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name in LABELS and name != URL
        }
