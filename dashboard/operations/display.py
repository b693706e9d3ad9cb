"""What the pages say about an operation, and where it can be mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from dashboard.common.timing import format_exact
from dashboard.common.untrusted_text import display_text
from dashboard.operations.handlers import find_handler
from dashboard.operations.models import Operation, OperationEvent, State

LONG_IN_QUEUE = timedelta(seconds=30)
LONGEST_SAID = 200

MAY_HAVE_HAPPENED = (
    "The request was sent, so it may have happened. We check before anything is sent again; "
    "it will not be done twice."
)

SHAPES = {
    "queued": "queued",
    "sent": "running",
    "answered": "running",
    "unsure": "checking",
    "looked": "checking",
    "found": "done",
    "untidy": "not-authenticated",
    "done": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}
"""The shape beside each event of a timeline; a point for those that are not listed."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What to know about an operation now: what happened, why, what to do, Cyclr's own words."""

    state: str
    heading: str
    message: str = ""
    theirs: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the timeline as it is drawn."""

    event: OperationEvent
    shape: str
    heading: str
    message: str


def kind_label(operation: Operation) -> str:
    """The kind in words; its technical name where this release has none."""
    handler = find_handler(operation.kind)
    return (handler.label if handler else "") or operation.kind


def timeline(events: Sequence[OperationEvent]) -> list[Step]:
    """The events with their shapes, and under each which attempt it was and what was said."""
    return [_step(event) for event in events]


def _step(event: OperationEvent) -> Step:
    heading, under = event.message, [f"Attempt {event.attempt}."] if event.attempt > 1 else []
    if event.event == "failed":  # its words are whole sentences
        heading = "Failed"
        under.append(event.message)
    elif said := str(event.details.get("said") or ""):
        under.append(f"Cyclr: {said if len(said) <= LONGEST_SAID else said[:LONGEST_SAID] + '…'}")
    return Step(event, SHAPES.get(event.event, "quiet"), heading, " ".join(under))


def entries(operation: Operation) -> list[tuple[str, str]]:
    """What was entered, label by label, secrets masked by the room that asked for it."""
    shown = operation.display_input.get("entries", [])
    return [
        (str(pair[0]), str(pair[1])) for pair in shown if isinstance(pair, list) and len(pair) == 2
    ]


def stored(operation: Operation) -> list[tuple[str, str, str]]:
    """What Cyclr stored, label by label, and what was sent where that is something else."""
    rows = (operation.outcome or {}).get("stored") if operation.state == State.DONE else None
    return [
        (str(row[0]), str(row[1]), str(row[2]))
        for row in rows or []
        if isinstance(row, list) and len(row) == 3
    ]


def links_made(operations: Sequence[Operation]) -> list[int]:
    """The connection links that came of these operations, by their keys."""
    made = [(one.outcome or {}).get("link") for one in operations if one.state == State.DONE]
    return [link for link in made if isinstance(link, int)]


def summary_of(operation: Operation, events: Sequence[OperationEvent]) -> Summary | None:
    """What the page says first, or nothing while all goes well. `events` are newest first."""
    match operation.state:
        case State.FAILED:
            return _failed(operation)
        case State.UNSURE:
            return _unsure(operation, events)
        case State.QUEUED:
            return _queued(operation, events)
        case State.DONE:
            said = next((event.message for event in events if event.event == "done"), "")
            return Summary("done", said or "Done")
        case _:
            return None


def _failed(operation: Operation) -> Summary:
    heading = operation.get_reason_display()
    message = operation.error.removeprefix(f"{heading}.")
    if operation.is_superseded:
        message += " A later operation retried it."
    elif operation.dismissed_at is not None:
        message += " It was dismissed, so it is not listed as something to do."
    return Summary("failed", heading, message.strip(), operation.cyclr_message)


def _unsure(operation: Operation, events: Sequence[OperationEvent]) -> Summary:
    if operation.outcome is not None:
        return Summary(
            "checking",
            "Done in Cyclr, one step is left",
            f"What is left changes nothing of it. It is tried again {_next(operation)}.",
        )
    last = next((event for event in events if event.event in {"unsure", "lost"}), None)
    return Summary(
        "checking",
        last.message if last else "It is not known whether it happened",
        f"{MAY_HAVE_HAPPENED} Next look {_next(operation)}.",
        str(last.details.get("said") or "") if last else "",
    )


def _queued(operation: Operation, events: Sequence[OperationEvent]) -> Summary | None:
    last = events[0] if events else None
    if last is not None and last.event == "waiting":
        return Summary("queued", last.message, f"Next try {_next(operation)}.")
    if timezone.now() - max(operation.created_at, operation.not_before) > LONG_IN_QUEUE:
        return Summary(
            "queued",
            "No worker has taken it yet",
            "It is stored and will run as soon as one is free. See Workers on the overview.",
        )
    return None


def _next(operation: Operation) -> str:
    if operation.not_before <= timezone.now():
        return "now"
    return f"at {operation.not_before:%H:%M:%S} UTC"


def result_url(operation: Operation) -> str:
    """Where what it made can be seen; empty if nowhere, or if it is not done."""
    handler = find_handler(operation.kind)
    return handler.result_url(operation) if handler and operation.state == State.DONE else ""


def fix_url(operation: Operation) -> str:
    """Where the same can be tried with other entries; empty if its kind has no such page."""
    handler = find_handler(operation.kind)
    can_be_fixed = (
        operation.state == State.FAILED
        and not operation.is_superseded
        and not operation.is_retryable
    )
    return handler.fix_url(operation) if handler and can_be_fixed else ""


def ticket(operation: Operation, address: str) -> str:
    """The same as plain text for a ticket: who, what, when, why. Nothing secret is in it."""
    lines = [
        f"{display_text(operation.title)}: {operation.state_label}",
        f"Operation {operation.reference}",
    ]
    if operation.account is not None:
        account = operation.account
        lines.append(f"Account {display_text(account)}, id {display_text(account.cyclr_id)}")
    lines.append(
        f"Asked by {display_text(operation.actor_name)}, {format_exact(operation.created_at)}"
    )
    if operation.sent_at:
        lines.append(f"Sent to Cyclr {format_exact(operation.sent_at)}")
    if operation.finished_at:
        lines.append(f"Ended {format_exact(operation.finished_at)}")
    if operation.state == State.FAILED:
        lines.append(f"{operation.get_reason_display()}: {display_text(operation.error)}")
    if operation.cyclr_message:
        lines.append(f"Cyclr's answer: {display_text(operation.cyclr_message)}")
    return "\n".join([*lines, address])
