"""Bulk runs: made as a preview, started, fed to the engine a few rows at a time, ended."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor, actor_columns
from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.common import sealing
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.operations.handlers import handler_for
from dashboard.operations.models import ACTIVE, Operation, Reason, State
from dashboard.operations.submissions import own_submission
from dashboard.operations.submitting import AlreadyActiveError, Order, submit
from dashboard.people.models import Role

logger = logging.getLogger(__name__)

AT_ONCE = 16
"""Rows of one run that the engine has at a time: a pause takes effect soon, and nobody waits."""

COME_BACK_AFTER = timedelta(seconds=10)
"""When a row is looked at again whose account is being worked on by somebody else."""

MOST_ROWS = 5000

PAUSES_AFTER = 20
"""So many failures in a row pause a run: what is wrong with them is wrong with the next ones."""


@dataclass(frozen=True, slots=True)
class Target:
    """One line of a run before it is stored.

    `values`: what makes its operation, as `Order` has it: `values`, `shown`, and perhaps
    `exclusive_key` and `follow_up`; sealed. `doubt`: what a person must confirm before it is taken
    in, in words. With `leaves_out_done` its handler is asked once more
    when its turn comes whether it is still needed. `shown`: its own entries, masked. `problem`:
    why it is left out, in words; then nothing of it is carried out. `shown` may say `why` at
    greater length.
    """

    number: int
    label: str
    account: Account | None
    values: dict[str, Any] = field(default_factory=dict, repr=False)
    shown: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What a run is to do. `shown`: what all its rows share, masked."""

    kind: str
    title: str
    actor: Actor
    console: Console
    submission: uuid.UUID
    targets: Sequence[Target]
    connector: CatalogueConnector | None = None
    shown: dict[str, Any] = field(default_factory=dict)


class OtherRunError(Exception):
    """This submission was used before, with other input; `run` is what came of it."""

    def __init__(self, run: BulkRun) -> None:
        super().__init__(run.reference)
        self.run = run


# ---- making ----


def draft(order: RunOrder) -> BulkRun:
    """Store a run as a preview; the same submission again gives the same run.

    Of several targets with one account the first is taken and the others are left out. Raises
    `OtherRunError` for a used submission with other input.
    """
    targets = _without_doubles(order.targets)
    asked = [[one.number, one.label, one.values, one.shown] for one in targets]
    about = [order.kind, order.title, order.console.pk, order.shown, asked]
    fingerprint = sealing.fingerprint(json.dumps(about, sort_keys=True, default=str))
    own = own_submission(order.submission, order.actor, order.kind, order.console)
    run = BulkRun(
        submission=own,
        input_fingerprint=fingerprint,
        kind=order.kind,
        title=order.title,
        console=order.console,
        connector=order.connector,
        shown_input=order.shown,
    )
    run.actor = order.actor
    try:
        with transaction.atomic():
            run.save(force_insert=True)
            BulkRow.objects.bulk_create([_row(run, one) for one in targets], batch_size=500)
    except IntegrityError:
        existing: BulkRun | None = BulkRun.objects.filter(submission=own).first()
        if existing is None:
            raise
        if existing.input_fingerprint != fingerprint:
            raise OtherRunError(existing) from None
        return existing
    return run


def _without_doubles(targets: Sequence[Target]) -> list[Target]:
    lines: dict[int, int] = {}
    found = []
    for target in targets:
        if target.account is not None and not target.problem:
            first = lines.setdefault(target.account.pk, target.number)
            if first != target.number:
                words = f"This account is already on line {first}."
                target = Target(target.number, target.label, target.account, problem=words)
        found.append(target)
    return found


def _row(run: BulkRun, target: Target) -> BulkRow:
    row = BulkRow(
        run=run,
        number=target.number,
        account=target.account,
        label=target.label,
        shown_input=target.shown,
        problem=target.problem or target.doubt,
    )
    if not target.problem:
        row.sealed_input = sealing.seal_json(target.values, bound_to=row.seal_place)
    return row


# ---- moving ----


def confirm(run: BulkRun, actor: Actor) -> int:
    """Take in the rows of a preview that are asked about, as they stand; how many."""
    with transaction.atomic():
        drafts = BulkRun.objects.select_for_update().filter(pk=run.pk, state=RunState.DRAFT)
        count: int = run.rows.asked_about().update(problem="") if drafts.exists() else 0
        if count:
            _record(run, actor, "confirm", f"{count:,} line{'' if count == 1 else 's'} confirmed")
    return count


def start(run: BulkRun, actor: Actor) -> bool:
    """Let a preview begin; says whether it did. From now on the run is the starter's.

    What was asked about and not confirmed stays left out.
    """
    columns = {"state": RunState.RUNNING, "started_at": timezone.now(), **actor_columns(actor)}
    with transaction.atomic():
        if not _turn(run, actor, "start", [RunState.DRAFT], columns):
            return False
        run.rows.asked_about().update(sealed_input="")
    return True


def pause(run: BulkRun, actor: Actor) -> bool:
    """Hand no more rows to the engine; what it has is carried out."""
    return _turn(run, actor, "pause", [RunState.RUNNING], {"state": RunState.PAUSED})


def halt(run_id: int, why: str) -> bool:
    """Pause a running run by itself; `why` in words, for who resumes it."""
    rows = BulkRun.objects.filter(pk=run_id, state=RunState.RUNNING)
    return bool(rows.update(state=RunState.PAUSED, halted=why))


def resume(run: BulkRun, actor: Actor) -> bool:
    """Go on with a paused run; from now on it is the resumer's."""
    return _turn(run, actor, "resume", [RunState.PAUSED], _going_on(actor))


def _going_on(actor: Actor) -> dict[str, Any]:
    """Whose right is asked for from now on, and from when failures count anew."""
    columns: dict[str, Any] = {"state": RunState.RUNNING, "started_at": timezone.now()}
    return columns | {"ended_at": None, "halted": "", **actor_columns(actor)}


def end(run: BulkRun, actor: Actor) -> bool:
    """Take back the rows that wait; what the engine has is carried out."""
    with transaction.atomic():
        states = [RunState.DRAFT, RunState.RUNNING, RunState.PAUSED]
        columns = {"state": RunState.ENDED, "ended_at": timezone.now(), "halted": ""}
        if not _turn(run, actor, "end", states, columns):
            return False
        run.rows.waiting().update(is_taken_back=True, sealed_input="")
        run.rows.asked_about().update(sealed_input="")
    return True


def retry_failed(run: BulkRun, actor: Actor) -> int:
    """Make the failed rows of a running or ended run wait again, as far as is safe; how many.

    Left as they are: those whose input is not kept any more, those that a person must look at,
    since they may have happened, and those that somebody tried anew by themselves.
    """
    with transaction.atomic():
        states = [RunState.RUNNING, RunState.ENDED]
        runs = BulkRun.objects.select_for_update().filter(pk=run.pk, state__in=states)
        failed = run.rows.failed().exclude(sealed_input="")
        failed = failed.exclude(operation__reason=Reason.NEEDS_PERSON)
        failed = failed.exclude(operation__is_superseded=True)
        again = list(failed.values_list("pk", "operation_id")) if runs.exists() else []
        if not again:
            return 0
        operations = [operation for _, operation in again]
        Operation.objects.filter(pk__in=operations).update(is_superseded=True, sealed_input="")
        BulkRow.objects.filter(pk__in=[pk for pk, _ in again]).update(
            operation=None, not_before=None
        )
        runs.update(**_going_on(actor))
        _record(run, actor, "retry", f"{len(again)} failed rows again")
    return len(again)


def note_export(run: BulkRun, actor: Actor) -> None:
    """Remember that somebody took the outcomes along."""
    _record(run, actor, "export", "exported")


def _turn(
    run: BulkRun, actor: Actor, action: str, states: list[RunState], columns: dict[str, Any]
) -> bool:
    with transaction.atomic():
        rows = BulkRun.objects.filter(pk=run.pk, state__in=states)
        if not rows.update(**columns):
            return False
        run.refresh_from_db()
        _record(run, actor, action, str(run.get_state_display()).lower())
    return True


def _record(run: BulkRun, actor: Actor, action: str, result: str) -> None:
    audit.record(
        actor,
        f"bulk.{action}",
        console=run.console,
        target=run.title,
        target_url=run.get_absolute_url(),
        result=result[:40],
        run=run.reference,
    )


# ---- feeding ----


def feed(run_id: int) -> int:
    """Hand the next rows of a running run to the engine; how many. Ends a run that is through.

    Two dispatchers at once do no harm: the row of the run is locked, and an operation's
    submission is made of the row and its number of tries.
    """
    with transaction.atomic():
        run = (
            BulkRun.objects.select_for_update(of=("self",))
            .select_related("console", "connector")
            .filter(pk=run_id, state=RunState.RUNNING)
            .first()
        )
        if run is None:
            return 0
        if why := _why_not(run):
            BulkRun.objects.filter(pk=run.pk).update(state=RunState.PAUSED, halted=why)
            return 0
        under_way = run.rows.under_way().count()
        moment = timezone.now()
        waiting = run.rows.waiting()
        due = waiting.filter(Q(not_before=None) | Q(not_before__lte=moment))
        rows = list(due.select_related("account")[: max(0, AT_ONCE - under_way)])
        fed = sum(_hand_over(run, row) for row in rows)
        if not under_way and not rows and not waiting.exists():
            BulkRun.objects.filter(pk=run.pk).update(state=RunState.ENDED, ended_at=moment)
            run.state = RunState.ENDED
            _record(run, Actor.system(), "end", "nothing left to do")
    return fed


def _why_not(run: BulkRun) -> str:
    """Why a run must not go on by itself, in words; empty if it may."""
    if run.console.retired_at is not None:
        return "This console is no longer in use."
    user = run.actor_user
    if user is not None:
        role = user.role_in(run.console) if user.is_active else None
        if role is None or role < Role.LEAD:
            return (
                f"{run.actor_name} no longer has permission for this. Another lead can resume it."
            )
    ended = run.rows.filter(operation__finished_at__gt=run.started_at)
    latest = ended.order_by("-operation__finished_at").values_list("operation__state", flat=True)
    states = list(latest[:PAUSES_AFTER])
    if len(states) == PAUSES_AFTER and set(states) == {State.FAILED}:
        return (
            f"The last {PAUSES_AFTER} accounts all failed. Look at why before you resume it: "
            "the others wait."
        )
    return ""


def _hand_over(run: BulkRun, row: BulkRow) -> bool:
    """Make an operation of a row; False if the account is being worked on by somebody else."""
    assert row.account is not None
    row.run = run
    try:
        values = sealing.unseal_json(row.sealed_input, bound_to=row.seal_place)
    except sealing.SealBrokenError:
        return _leave_out(row, "Its entries can no longer be decrypted: a key was removed.")
    if why := _needless(run, row.account, values):
        return _leave_out(row, why)
    order = Order(
        kind=run.kind,
        title=run.title,
        actor=run.actor,
        console=run.console,
        submission=uuid.uuid5(run.submission, f"{row.number}:{row.tries}"),
        account=row.account,
        connector=run.connector,
        values=values["values"],
        shown=values["shown"],
        exclusive_key=values.get("exclusive_key", ""),
        follow_up=values.get("follow_up"),
        is_bulk=True,
    )
    try:
        with transaction.atomic():
            operation = submit(order)
    except AlreadyActiveError:
        BulkRow.objects.filter(pk=row.pk).update(not_before=timezone.now() + COME_BACK_AFTER)
        return False
    BulkRow.objects.filter(pk=row.pk).update(operation=operation, tries=row.tries + 1)
    return True


def _needless(run: BulkRun, account: Account, values: dict[str, Any]) -> str:
    """Why it need not be done any more: another run or a colleague was quicker."""
    if run.connector is None or not values.get("leaves_out_done"):
        return ""
    return handler_for(run.kind).needless(account, run.connector)


def _leave_out(row: BulkRow, words: str) -> bool:
    BulkRow.objects.filter(pk=row.pk).update(problem=words, sealed_input="")
    return False


# ---- counting ----


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
    def words(self) -> str:
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


def progress(run: BulkRun) -> Progress:
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
