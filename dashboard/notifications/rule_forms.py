"""The form of a notification rule."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.common.timing import zone
from dashboard.consoles.models import Console
from dashboard.notifications import rules
from dashboard.notifications.kinds import all_kinds, choices
from dashboard.notifications.models import NotificationRule
from dashboard.people.models import User

CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class RuleForm(forms.Form):
    """Which kinds, of which accounts, to whom, and when not."""

    kinds = forms.MultipleChoiceField(
        label="Kinds",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: every kind.",
    )
    tag = forms.ChoiceField(
        label="Accounts",
        required=False,
        help_text="Tag the accounts that matter, and choose the tag here.",
    )
    people = forms.ModelMultipleChoiceField(
        label="By e-mail to",
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    is_for_webhook = forms.BooleanField(
        label="To the webhook",
        required=False,
        help_text="The webhook is told of everything until a rule names it; then only of what such "
        "rules find.",
    )
    quiet_from = forms.TimeField(
        label="Quiet from",
        required=False,
        widget=CLOCK,
        help_text="Mail waits until the quiet hours are over; the webhook does not.",
    )
    quiet_to = forms.TimeField(label="Quiet until", required=False, widget=CLOCK)
    time_zone = forms.CharField(
        label="Time zone", required=False, max_length=60, help_text="Such as Europe/Berlin."
    )

    def __init__(
        self, console: Console, data: Any = None, *, rule: NotificationRule | None = None
    ) -> None:
        initial: dict[str, Any] = {"time_zone": "UTC"}
        if rule is not None:
            initial = {
                "kinds": rule.kinds,
                "tag": rule.tag,
                "people": list(rule.people.all()),
                "is_for_webhook": rule.is_for_webhook,
                "quiet_from": rule.quiet_from,
                "quiet_to": rule.quiet_to,
                "time_zone": rule.time_zone,
            }
        super().__init__(data, initial=initial)
        kinds, tag, people = self.fields["kinds"], self.fields["tag"], self.fields["people"]
        assert isinstance(kinds, forms.MultipleChoiceField)
        assert isinstance(tag, forms.ChoiceField)
        assert isinstance(people, forms.ModelMultipleChoiceField)
        kinds.choices = choices()
        helps = {str(kind): kind.help for kind in all_kinds() if kind.help}
        kinds.choice_help = helps  # type: ignore[attr-defined]
        names = rules.tag_names(console)
        if rule is not None and rule.tag and rule.tag not in names:
            names = [*names, rule.tag]  # on no account any more: it finds nothing, and is kept
        tag.choices = [("", "Every account"), *((name, f"Tagged “{name}”") for name in names)]
        people.queryset = rules.colleagues_of(console)

    def clean_time_zone(self) -> str:
        """A name that is known; UTC where nothing is said."""
        name: str = self.cleaned_data["time_zone"].strip() or "UTC"
        if zone(name) is None or name not in zoneinfo.available_timezones():
            raise ValidationError("No time zone has this name. Names look like Europe/Berlin.")
        return name

    def clean(self) -> dict[str, Any]:
        """It tells somebody, and quiet hours have both ends."""
        values = super().clean() or {}
        if not self.errors.get("people") and not (
            values.get("people") or values.get("is_for_webhook")
        ):
            self.add_error("people", "Choose who is told: colleagues, or the webhook.")
        begins, ends = values.get("quiet_from"), values.get("quiet_to")
        if begins is not None and ends is None and "quiet_to" not in self.errors:
            self.add_error("quiet_to", "Say until when it is quiet.")
        if ends is not None and begins is None and "quiet_from" not in self.errors:
            self.add_error("quiet_from", "Say from when it is quiet.")
        if begins is not None and begins == ends:
            self.add_error("quiet_to", "It would be quiet for no time, or always.")
        return values
