"""What the pages say about a run and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, IntegerField, Prefetch, Q, QuerySet, Value, When

from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.bulk.progress import Progress
from dashboard.operations.models import ACTIVE, OperationEvent, State

SHOWS = {
    "failed": Q(operation__state=State.FAILED),
    "done": Q(operation__state=State.DONE),
    "waiting": Q(operation=None, problem="", is_taken_back=False) | Q(operation__state__in=ACTIVE),
    "left-out": ~Q(problem="") | Q(is_taken_back=True) | Q(operation__state=State.CANCELLED),
}
"""What `?show=` picks."""

COLUMNS = (
    "Line",
    "Account",
    "Account id",
    "State",
    "Outcome",
    "Attempts",
    "Ended (UTC)",
    "Connector",
)

NEVER_STARTED = "It was never started."


# ---- the run ----


@dataclass(frozen=True, slots=True)
class Shown:
    """A state as it is drawn: its shape and its word."""

    shape: str
    word: str


def run_state(run: BulkRun, *, done: int, failed: int, taken_back: int) -> Shown:
    """Where the run is; one that has ended says how."""
    match run.state:
        case RunState.DRAFT:
            return Shown("queued", "Preview")
        case RunState.RUNNING:
            return Shown("running", "Running")
        case RunState.PAUSED:
            return Shown("not-authenticated", "Paused")
    if run.started_at is None:
        return Shown("cancelled", "Discarded")
    if failed:
        return Shown("failed", "Some failed" if done or taken_back else "Failed")
    if taken_back:
        return Shown("cancelled", "Stopped")
    return Shown("done", "Done") if done else Shown("cancelled", "Nothing to do")


def state_of(run: BulkRun, progress: Progress) -> Shown:
    """The same for a run whose rows were counted."""
    return run_state(
        run, done=progress.done, failed=progress.failed, taken_back=progress.taken_back
    )


def noun_of(run: BulkRun) -> str:
    """What its rows are: accounts, or installed connectors."""
    return "connector" if run.display_input.get("is_of_connectors") else "account"


def heading(run: BulkRun, rows: int) -> str:
    """`Install Slack for 48 accounts`."""
    noun = noun_of(run)
    if not rows:
        return f"{run.title} for no {noun}"
    return f"{run.title} for {rows:,} {noun}{'' if rows == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run as it stands in the list."""

    run: BulkRun
    heading: str
    state: Shown
    to_do: int
    done: int
    failed: int


def run_lines(runs: Iterable[BulkRun]) -> list[RunLine]:
    """The runs with their counts, in one query."""
    runs = list(runs)
    rows = BulkRow.objects.filter(run__in=runs).order_by().values("run")
    counted = rows.annotate(
        to_do=Count("pk", filter=Q(problem="")),
        done=Count("pk", filter=Q(operation__state=State.DONE)),
        failed=Count("pk", filter=Q(operation__state=State.FAILED)),
        taken_back=Count("pk", filter=Q(is_taken_back=True)),
    ).values_list("run", "to_do", "done", "failed", "taken_back")
    by_run = {run: counts for run, *counts in counted}
    found = []
    for run in runs:
        to_do, done, failed, taken_back = by_run.get(run.pk, (0, 0, 0, 0))
        state = run_state(run, done=done, failed=failed, taken_back=taken_back)
        found.append(RunLine(run, heading(run, to_do), state, to_do, done, failed))
    return found


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


# ---- the bar ----

BAR = 1000
"""Units that the bar is long."""
GAP, LEAST = 2, 6
"""Units between two parts, and that a part has at least: one failure of thousands is seen."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the bar: its CSS class, where it begins, how long it is."""

    kind: str
    x: int
    width: int


def bar(progress: Progress) -> list[Part]:
    """Done, failed, running, as parts of the bar; what is left of it is still to come."""
    counts = {"done": progress.done, "fail": progress.failed, "run": progress.running}
    return parts_of(counts, progress.to_do)


def parts_of(counts: dict[str, int], total: int) -> list[Part]:
    """A part for each kind that there is any of, as long as its share of `total`."""
    whole = max(1, total)
    lengths = {kind: max(LEAST, BAR * n // whole) for kind, n in counts.items() if n}
    if not lengths:
        return []
    longest = max(lengths, key=lambda kind: lengths[kind])
    is_full = sum(counts.values()) == total
    if is_full or sum(lengths.values()) > BAR:
        lengths[longest] += BAR - sum(lengths.values())
    parts, x = [], 0
    for kind, length in lengths.items():
        parts.append(Part(kind, x, length - (GAP if x + length < BAR else 0)))
        x += length
    return parts


# ---- the preview ----

PASSED_OVER_SHOWN = 50


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Lines of a table of which a preview says why nothing is done, each with line and account.

    `asked`: those that somebody may confirm; `more`: how many of all are not listed.
    """

    asked: list[tuple[int, str, str]]
    left_out: list[tuple[int, str, str]]
    more: int
    count_asked: int


def passed_over(run: BulkRun) -> PassedOver | None:
    """What stands above a preview's list; `None` if nothing is left out or it was started."""
    rows = run.rows.filter(problem__gt="")
    if run.state != RunState.DRAFT:
        return None
    listed = [*run.rows.asked_about()[:PASSED_OVER_SHOWN]]
    asked = [row.pk for row in listed]
    others = list(rows.exclude(pk__in=asked).defer("encrypted_input")[:PASSED_OVER_SHOWN])
    every = rows.count()
    if not every:
        return None
    return PassedOver(
        [_said(row) for row in listed],
        [_said(row) for row in others],
        every - len(listed) - len(others),
        run.rows.asked_about().count(),
    )


def passed_over_in_table(run: BulkRun, lines: Sequence[Sequence[Any]]) -> PassedOver | None:
    """The same where rows are accounts, and some lines of the table became none.

    `lines`: those, each with number, account as it was written, and why. What is asked about names
    its line itself.
    """
    listed = [(int(n), str(label), str(why)) for n, label, why in lines[:PASSED_OVER_SHOWN]]
    rows = run.rows.asked_about() if run.state == RunState.DRAFT else run.rows.none()
    asked = [(0, row.label, row.problem) for row in rows[:PASSED_OVER_SHOWN]]
    if not listed and not asked:
        return None
    return PassedOver(asked, listed, len(lines) - len(listed), rows.count())


def _said(row: BulkRow) -> tuple[int, str, str]:
    return row.number, row.label, row.display_input.get("why") or row.problem


# ---- the rows ----


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is drawn."""

    row: BulkRow
    state: str
    word: str
    outcome: str
    attempts: int | None
    ended_at: datetime | None

    @property
    def is_wrong(self) -> bool:
        """Whether its outcome must be read whole."""
        return self.state == "failed" or bool(self.row.problem)


def with_events(rows: QuerySet[BulkRow]) -> QuerySet[BulkRow]:
    """Rows with what `lines` reads, and without what is encrypted."""
    said = OperationEvent.objects.order_by("-at", "-pk")
    encrypted = ("encrypted_input", "operation__encrypted_input", "operation__display_input")
    is_asked = Case(When(Q(encrypted_input=""), then=Value(False)), default=Value(True))
    return (
        rows.select_related("account", "operation", "account_connector", "connector")
        .annotate(has_input=is_asked)
        .defer(*encrypted)
        .prefetch_related(Prefetch("operation__events", queryset=said))
    )


def by_urgency(rows: QuerySet[BulkRow], run: BulkRun) -> QuerySet[BulkRow]:
    """What is wrong first, then what moves; a preview begins with what it leaves out."""
    if run.state == RunState.DRAFT:
        order = [Q(problem__gt="")]
    else:
        moving = [state for state in ACTIVE if state != State.QUEUED]
        order = [SHOWS["failed"], Q(operation__state__in=moving), SHOWS["done"]]
        order += [SHOWS["waiting"]]
    urgency = Case(
        *(When(which, then=Value(place)) for place, which in enumerate(order)),
        default=Value(len(order)),
        output_field=IntegerField(),
    )
    return rows.order_by(urgency, "number")


def lines(run: BulkRun, rows: Iterable[BulkRow]) -> Iterator[Line]:
    """The rows of a run with their states and outcomes in words."""
    for row in rows:
        yield _line(run, row)


def _line(run: BulkRun, row: BulkRow) -> Line:
    operation = row.operation
    if row.problem:
        word = "To confirm" if row.is_asked else "Left out"
        return Line(row, "queued" if row.is_asked else "cancelled", word, row.problem, None, None)
    if row.is_taken_back:
        message = "The run was stopped first." if run.started_at else NEVER_STARTED
        return Line(row, "cancelled", "Not started", message, None, None)
    if operation is None:
        if run.state == RunState.DRAFT:
            return Line(row, "created", "Ready", "", None, None)
        waits = "Waiting: somebody else is working on this account." if row.not_before else ""
        return Line(row, "queued", "Queued", waits, None, None)
    word = operation.state_label
    if operation.state == State.QUEUED and not operation.attempt:
        return Line(row, "queued", word, "", None, None)
    outcome = operation.error
    if operation.state != State.FAILED:
        last = next(iter(operation.events.all()), None)
        outcome = last.message if last is not None and last.event != "queued" else ""
    elif operation.is_superseded:
        outcome = f"Retried from its own page. Before: {outcome}"
    return Line(row, word.lower(), word, outcome, operation.attempt, operation.finished_at)


def table(run: BulkRun, rows: Iterable[BulkRow]) -> Iterator[tuple[object, ...]]:
    """One row of the CSV for each."""
    for line in lines(run, rows):
        account = line.row.account
        yield (
            line.row.number,
            account.name if account else line.row.label,
            account.cyclr_id if account else "",
            line.word,
            line.outcome,
            line.attempts if line.attempts is not None else "",
            f"{line.ended_at:%Y-%m-%d %H:%M:%S}" if line.ended_at else "",
            str(line.row.account_connector or line.row.connector or ""),
        )
