"""How far a run is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from dashboard.bulk.models import BulkRun, RunState
from dashboard.operations.models import ACTIVE, State


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `per_minute`: rows ended in the last minute; `seconds_left`: by it.

    `waiting` rows were not handed to the engine yet, `accepted` ones have their operation and
    wait for a worker; to a reader both are queued.
    """

    total: int
    left_out: int
    waiting: int
    accepted: int
    running: int
    done: int
    failed: int
    taken_back: int
    per_minute: int
    seconds_left: int | None

    @property
    def to_do(self) -> int:
        """Rows that are or were to be carried out."""
        return self.total - self.left_out

    @property
    def label(self) -> str:
        """How far it is, in words."""
        return f"{self.done:,} done, {self.failed:,} failed, {self.left:,} to come"

    @property
    def ended(self) -> int:
        """Rows that have come to an end."""
        return self.done + self.failed + self.taken_back

    @property
    def under_way(self) -> int:
        """Rows that the engine has and has not ended."""
        return self.accepted + self.running

    @property
    def queued(self) -> int:
        """Rows that nobody works on yet."""
        return self.waiting + self.accepted

    @property
    def left(self) -> int:
        """Rows that are still to come to an end."""
        return self.queued + self.running

    @property
    def not_done(self) -> int:
        """Rows that were left out or taken back."""
        return self.left_out + self.taken_back

    @property
    def percent(self) -> int:
        """How much of it has ended, rounded down."""
        return 100 * self.ended // self.to_do if self.to_do else 100


def progress_of(run: BulkRun) -> Progress:
    """Counts of a run's rows, in two queries."""
    moment = timezone.now()
    is_waiting = Q(operation=None, problem="", is_taken_back=False)
    working = [state for state in ACTIVE if state != State.QUEUED]
    counts = run.rows.aggregate(
        total=Count("pk"),
        left_out=Count("pk", filter=~Q(problem="")),
        waiting=Count("pk", filter=is_waiting),
        accepted=Count("pk", filter=Q(operation__state=State.QUEUED)),
        running=Count("pk", filter=Q(operation__state__in=working)),
        done=Count("pk", filter=Q(operation__state=State.DONE)),
        failed=Count("pk", filter=Q(operation__state=State.FAILED)),
        taken_back=Count("pk", filter=Q(is_taken_back=True) | Q(operation__state=State.CANCELLED)),
    )
    recent = run.rows.filter(operation__finished_at__gt=moment - timedelta(minutes=1)).count()
    left = counts["waiting"] + counts["accepted"] + counts["running"]
    seconds = None
    if recent and left and run.state == RunState.RUNNING:
        since = max(1.0, min(60.0, (moment - (run.started_at or moment)).total_seconds()))
        seconds = round(left / (recent / since))
    return Progress(**counts, per_minute=recent, seconds_left=seconds)
