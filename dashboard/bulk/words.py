"""What the pages say about a run and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.bulk.services import Progress
from dashboard.operations.models import ACTIVE, OperationEvent, State

SHAPES = {
    RunState.DRAFT: "queued",
    RunState.RUNNING: "running",
    RunState.PAUSED: "not-authenticated",
    RunState.ENDED: "done",
}
SHOWS = {
    "failed": Q(operation__state=State.FAILED),
    "done": Q(operation__state=State.DONE),
    "waiting": Q(operation=None, problem="", is_taken_back=False) | Q(operation__state__in=ACTIVE),
    "left-out": ~Q(problem="") | Q(is_taken_back=True) | Q(operation__state=State.CANCELLED),
}
"""What `?show=` picks."""

COLUMNS = ("Line", "Account", "Account id", "State", "Outcome", "Attempts", "Ended (UTC)")


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is drawn."""

    row: BulkRow
    state: str
    word: str
    outcome: str
    attempts: int | None
    ended_at: datetime | None


def with_stories(rows: QuerySet[BulkRow]) -> QuerySet[BulkRow]:
    """Rows with what `lines` reads."""
    said = OperationEvent.objects.order_by("-at", "-pk")
    return rows.select_related("account", "operation").prefetch_related(
        Prefetch("operation__events", queryset=said)
    )


def lines(rows: Iterable[BulkRow]) -> Iterator[Line]:
    """The rows with their states and outcomes in words."""
    for row in rows:
        yield _line(row)


def _line(row: BulkRow) -> Line:
    operation = row.operation
    if row.problem:
        return Line(row, "cancelled", "Left out", row.problem, None, None)
    if row.is_taken_back:
        words = "The run was stopped before it."
        return Line(row, "cancelled", "Not started", words, None, None)
    if operation is None:
        waits = "Somebody else works on this account; it waits." if row.not_before else ""
        return Line(row, "queued", "Queued", waits, None, None)
    outcome = operation.error
    if operation.state != State.FAILED:
        outcome = next((event.words for event in operation.events.all()), "")
    word = operation.shown_state
    return Line(row, word.lower(), word, outcome, operation.attempt, operation.finished_at)


def table(rows: Iterable[BulkRow]) -> Iterator[tuple[object, ...]]:
    """One row of the CSV for each."""
    for line in lines(rows):
        account = line.row.account
        yield (
            line.row.number,
            account.name if account else line.row.label,
            account.cyclr_id if account else "",
            line.word,
            line.outcome,
            line.attempts if line.attempts is not None else "",
            f"{line.ended_at:%Y-%m-%d %H:%M:%S}" if line.ended_at else "",
        )


def time_left(progress: Progress) -> str:
    """`About 40 s left`, by the last minute's rate; empty when that says nothing."""
    seconds = progress.seconds_left
    if seconds is None:
        return ""
    if seconds < 60:
        return f"About {max(seconds, 1)} s left"
    if seconds < 5400:
        return f"About {round(seconds / 60)} min left"
    return f"About {round(seconds / 3600)} h left"


def state_of(run: BulkRun) -> str:
    """The shape beside the run's word."""
    return SHAPES[RunState(run.state)]
