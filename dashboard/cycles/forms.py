"""The forms in which a cycle is started, stopped and deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from cyclr_api.cycles import INTERVALS
from dashboard.common import timing
from dashboard.common.confirming import ConfirmField, confirming_word
from dashboard.mirror.models import Cycle
from dashboard.operations.forms import ChangeForm

JSON = dict[str, Any]
FIRST_INTERVAL = 60
"""Minutes: what is proposed for a cycle that has not run yet."""
LATE = timedelta(minutes=5)
"""By how much a start may lie in the past: the form was open meanwhile."""
FURTHEST = timedelta(days=366)


def words_of(minutes: int) -> str:
    """How long that is: `15 minutes`, `2 hours`, `1 week`."""
    for size, name in ((10080, "week"), (1440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            count = minutes // size
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{minutes} minutes"


class ScheduleForm(forms.Form):
    """How often a cycle runs, from when on, by the clock of its account."""

    interval = forms.TypedChoiceField(
        label="Runs every",
        choices=[
            ("", "As it was set in Cyclr"),
            *((minutes, words_of(minutes)) for minutes in INTERVALS),
        ],
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Cyclr does not tell what was set in it. It ignores this for a cycle that a "
        "webhook starts.",
    )
    start_at = forms.DateTimeField(
        label="First run",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    run_once = forms.BooleanField(
        label="Run once",
        required=False,
        help_text="It stops by itself after the first run, whatever is chosen above.",
    )

    def __init__(self, zone_name: str, *args: Any, **options: Any) -> None:
        """`zone_name`: the account's time zone, as it is kept."""
        super().__init__(*args, **options)
        self.zone_name = zone_name if timing.zone(zone_name) else "UTC"
        where = (
            f"in the account’s time zone, {self.zone_name}"
            if self.zone_name == zone_name
            else "in UTC, since the account’s time zone is not known here"
        )
        self.fields["start_at"].help_text = f"Empty: at once. Else the time {where}."

    def clean_start_at(self) -> datetime | None:
        """The moment in UTC; a time that the clocks leave out is none."""
        typed: datetime | None = self.cleaned_data["start_at"]
        if typed is None:
            return None
        there = timing.zone(self.zone_name) or UTC
        local: datetime = typed.replace(tzinfo=there)
        moment = local.astimezone(UTC)
        if moment.astimezone(there).replace(tzinfo=None) != local.replace(tzinfo=None):
            raise ValidationError(
                f"That time does not exist in {self.zone_name}: the clocks are put forward then."
            )
        now = timezone.now()
        if moment < now - LATE:
            raise ValidationError("That time is over. Leave it empty to start at once.")
        if moment > now + FURTHEST:
            raise ValidationError("That is more than a year ahead.")
        return moment

    def clean(self) -> JSON:
        """One that runs once has no interval, whatever was chosen: Cyclr ignores it [D]."""
        values = super().clean() or self.cleaned_data
        if values.get("run_once"):
            values["interval"] = None
        return values


class ActivateForm(ScheduleForm, ChangeForm):
    """Starting one cycle."""

    def __init__(self, cycle: Cycle, data: Any = None) -> None:
        # One that has run had an interval; of a new one that was given none, nobody knows.
        every = {} if cycle.last_successful_run_at else {"interval": FIRST_INTERVAL}
        super().__init__(cycle.account.timezone, data, initial=every)

    def values(self) -> JSON:
        """For the worker."""
        start_at = self.cleaned_data["start_at"]
        return {
            "start_at": start_at.isoformat() if start_at else "",
            "interval": self.cleaned_data["interval"],
            "run_once": self.cleaned_data["run_once"],
        }

    def entries(self) -> list[list[str]]:
        """For people."""
        start_at, interval = self.cleaned_data["start_at"], self.cleaned_data["interval"]
        first = timing.format_exact(start_at) if start_at else "At once"
        entries = [["First run", first]]
        if self.cleaned_data["run_once"]:
            return [*entries, ["Runs", "Once"]]
        return [*entries, ["Runs every", words_of(interval) if interval else "As set in Cyclr"]]


class DeactivateForm(ChangeForm):
    """What becomes of what is under way."""

    FINISH, DROP = "finish", "drop"

    queued = forms.ChoiceField(
        label="Transactions under way and waiting",
        choices=[
            (FINISH, "Finish them first"),
            (DROP, "Drop what is under way"),
        ],
        initial=FINISH,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what becomes of them."},
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["queued"].choice_help = {  # type: ignore[attr-defined]
            self.FINISH: "It stops once they are done, which may take a while.",
            self.DROP: "It stops now. What waits goes on only if the cycle is activated again "
            "within 24 hours; what is under way is lost.",
        }

    def values(self) -> JSON:
        """For the worker."""
        return {"finish_queued": self.cleaned_data["queued"] == self.FINISH}

    def entries(self) -> list[list[str]]:
        """For people."""
        chosen = dict(self.fields["queued"].choices)[self.cleaned_data["queued"]]  # type: ignore[attr-defined]
        return [["Transactions", str(chosen)]]


class DeleteForm(ChangeForm):
    """Confirmed by typing."""

    def __init__(self, cycle: Cycle, data: Any = None) -> None:
        super().__init__(data)
        word = confirming_word(cycle.name, "DELETE")
        self.fields["confirm"] = ConfirmField(word, "delete this cycle")

    def values(self) -> JSON:
        """For the worker."""
        return {}

    def entries(self) -> list[list[str]]:
        """For people."""
        return []
