"""The forms on the page of an alarm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from dashboard.alarms.handling import colleagues
from dashboard.alarms.models import Alarm
from dashboard.people.models import User

FOR = [
    ("3600", "1 hour"),
    ("14400", "4 hours"),
    ("86400", "1 day"),
    ("259200", "3 days"),
    ("604800", "1 week"),
]
FURTHEST = timedelta(days=90)


class SnoozeForm(forms.Form):
    """For how long, or until when: the moment goes first."""

    duration = forms.ChoiceField(label="For", choices=FOR, initial="86400", required=False)
    until = forms.DateTimeField(
        label="Or until",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        help_text="In UTC. Empty: for as long as chosen above.",
    )

    def clean_until(self) -> datetime | None:
        """A moment to come, within three months."""
        typed: datetime | None = self.cleaned_data["until"]
        if typed is None:
            return None
        moment = typed if timezone.is_aware(typed) else typed.replace(tzinfo=UTC)
        if moment <= timezone.now():
            raise ValidationError("That time is over.")
        if moment > timezone.now() + FURTHEST:
            raise ValidationError("That is more than 90 days ahead.")
        return moment

    def moment(self) -> datetime:
        """Until when."""
        until: datetime | None = self.cleaned_data["until"]
        seconds = int(self.cleaned_data["duration"] or FOR[2][0])
        return until or timezone.now() + timedelta(seconds=seconds)


class HandOverForm(forms.Form):
    """To whom: colleagues who may see to it, but for who has it."""

    to = forms.ModelChoiceField(
        label="Colleague", queryset=User.objects.none(), empty_label="Choose a colleague"
    )

    def __init__(self, alarm: Alarm, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["to"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = colleagues(alarm).exclude(pk=alarm.owner_id or 0)
