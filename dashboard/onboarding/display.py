"""What pages, notifications and tables say about a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.common import timing
from dashboard.common.untrusted_text import display_line
from dashboard.cycles import prerequisites
from dashboard.cycles.forms import words_of
from dashboard.cycles.models import PrerequisiteReading
from dashboard.links.models import Link
from dashboard.links.requirements import requirements_of_all
from dashboard.mirror.models import AccountConnector, Cycle
from dashboard.onboarding.input import Wishes
from dashboard.onboarding.models import OnboardingRun, OnboardingStep, RunState

NAMED = 3
"""Things that a sentence names; more are counted."""
LONGEST_NAME = 80

SHAPES = {
    RunState.DRAFT: "created",
    RunState.QUEUED: "queued",
    RunState.RUNNING: "running",
    RunState.WAITING: "sent",
    RunState.HALTED: "failed",
    RunState.DONE: "done",
    RunState.STOPPED: "cancelled",
    RunState.FAILED: "failed",
}
STEP_SHAPES = {
    "planned": "created",
    "running": "running",
    "waiting": "sent",
    "done": "done",
    "failed": "failed",
    "skipped": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A run in a list: how far it is, and what it waits for or why it halted."""

    run: OnboardingRun
    shape: str
    label: str
    message: str
    step: str
    done: int
    steps: int


def line_of(run: OnboardingRun, steps: Sequence[OnboardingStep]) -> Line:
    """How a list shows a run. `steps`: its own, in order."""
    state = RunState(run.state)
    current = next((step for step in steps if not step.is_over), None)
    said = run.last_error if state == RunState.FAILED else ""
    if current is not None and run.is_open:
        said = current.message or current.title
    return Line(
        run=run,
        shape=SHAPES[state],
        label=state.label,
        message=said,
        step=current.title if current else "",
        done=sum(step.is_over for step in steps),
        steps=len(steps),
    )


def short(text: object) -> str:
    """A name in a sentence's length."""
    line = display_line(text)
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def customer_of(run: OnboardingRun) -> str:
    """Whom a run waits for."""
    return short(run.recipient_name or run.recipient_email) or "the customer"


def waits_for_customer(run: OnboardingRun, link: Link, left: Sequence[AccountConnector]) -> str:
    """`Waits until Jane signs in at Salesforce; the link was opened twice`."""
    return f"Waits until {customer_of(run)} {_does(left)}; {_opened(link)}"


def _does(left: Sequence[AccountConnector]) -> str:
    needs = requirements_of_all(left)
    said = []
    for one in left[:NAMED]:
        does, name = short(needs[one.pk].customer_does), short(one)
        said.append(
            does if name in does or short(one.connector_name) in does else f"{does} for {name}"
        )
    if len(left) > NAMED:
        said.append(f"connects {len(left) - NAMED} more")
    return joined(said)


def joined(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _opened(link: Link) -> str:
    opens = link.events.filter(event="opened", details__robot=False)
    count = sum(not event.is_staff for event in opens)
    if count:
        times = {1: "once", 2: "twice"}.get(count, f"{count} times")
        return f"the link was opened {times}"
    return "the link was not opened yet" if link.sent_at else "the link was not sent yet"


def ended_link(link: Link, left: Sequence[AccountConnector]) -> str:
    """Why nobody can go on with the link."""
    names = joined([short(one) for one in left[:NAMED]])
    more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
    if link.revoked_at is not None:
        how = "The link was revoked"
    elif link.is_expired:
        how = f"The link expired {timing.format_short(link.expires_at)} UTC"
    else:
        how = "The link does not work any more"
    return f"{how}, and {names}{more} is not connected. Send a new link, or skip this step."


def lacks(cycle: Cycle, reading: PrerequisiteReading) -> str:
    """`Waits for what the cycle lacks: HubSpot is not authenticated`."""
    found = prerequisites.lacking(cycle, reading.found)
    said = [
        f"{short(one.connector)} is not authenticated"
        if one.connector is not None
        else (one.message or "something else").rstrip(".")
        for one in found
    ]
    few = list(dict.fromkeys(said))[:NAMED]
    more = f"; {len(found) - len(few)} more" if len(found) > len(few) else ""
    return f"Waits for what the cycle lacks: {'; '.join(few)}{more}"


def schedule(wished: Wishes, start_at: datetime | None) -> list[list[str]]:
    """When the cycles run, for people."""
    first = timing.format_exact(start_at) if start_at else "At once"
    return [["First run", first], *_often(wished)]


def _often(wished: Wishes) -> list[list[str]]:
    if wished.run_once:
        return [["Runs", "Once"]]
    return [["Runs every", words_of(wished.interval) if wished.interval else "As set in Cyclr"]]


def planned_schedule(wished: Wishes) -> str:
    """The same of a plan, in a sentence: by the account's clock, whichever that is."""
    if not wished.activates:
        return "Not activated"
    label, often = _often(wished)[0]
    first = ""
    if wished.start_at:
        moment = datetime.fromisoformat(wished.start_at)
        clock = f"{timing.format_date(timing.aware(moment))}, {moment:%H:%M}"
        first = f", from {clock} by the account’s clock"
    return f"When nothing is lacking. {label} {often[0].lower()}{often[1:]}{first}"
