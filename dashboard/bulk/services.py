"""Bulk runs: made as a preview, started, paused, ended."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor, actor_columns
from dashboard.bulk.input import RowInput
from dashboard.bulk.models import BulkRow, BulkRun, RunState, place_of
from dashboard.common import encryption
from dashboard.common.inserting import insert_rows
from dashboard.common.json_text import json_text
from dashboard.consoles.models import Console
from dashboard.mirror.models import AccountConnector, CatalogueConnector
from dashboard.operations.models import Operation, Reason
from dashboard.operations.submissions import own_submission
from dashboard.people.models import User

MOST_ROWS = 5000


class Keyed(Protocol):
    """Anything that stands for a row by its key."""

    @property
    def pk(self) -> Any:
        """The row's key."""


@dataclass(frozen=True, slots=True)
class Target:
    """One line of a run before it is stored.

    `input`: what makes its operation; encrypted. `connector`: its own, in a run over several.
    `account_connector`: in a run over installed ones. `doubt`: what a person must confirm before it
    is taken in, in words. `shown`: its own entries, masked, and perhaps `why` at greater length.
    `problem`: why it is left out, in words; then nothing of it is carried out.
    """

    number: int
    label: str
    account: Keyed | None
    input: RowInput = field(default_factory=RowInput, repr=False)
    shown: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    doubt: str = ""
    connector: CatalogueConnector | None = None
    account_connector: AccountConnector | None = None


@dataclass(frozen=True, slots=True)
class RunRequest:
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


def draft(requested: RunRequest) -> BulkRun:
    """Store a run as a preview; the same submission again gives the same run.

    Of several targets with one account (and connector) the first is taken, the others are left
    out. Raises
    `OtherRunError` for a used submission with other input.
    """
    targets = _without_doubles(requested.targets)
    kept = [one.input.kept() for one in targets]
    asked = [
        [one.number, one.label, its, one.shown] for one, its in zip(targets, kept, strict=True)
    ]
    about = [requested.kind, requested.title, requested.console.pk, requested.shown, asked]
    fingerprint = encryption.fingerprint(json_text(about, is_sorted=True))
    own = own_submission(requested.submission, requested.actor, requested.kind, requested.console)
    run = BulkRun(
        submission=own,
        input_fingerprint=fingerprint,
        kind=requested.kind,
        title=requested.title,
        console=requested.console,
        connector=requested.connector,
        display_input=requested.shown,
    )
    run.actor = requested.actor
    try:
        with transaction.atomic():
            run.save(force_insert=True)
            insert_rows(BulkRow, _COLUMNS, map(partial(_values, run), targets, kept))
    except IntegrityError:
        existing: BulkRun | None = BulkRun.objects.filter(submission=own).first()
        if existing is None:
            raise
        if existing.input_fingerprint != fingerprint:
            raise OtherRunError(existing) from None
        return existing
    return run


def _without_doubles(targets: Sequence[Target]) -> list[Target]:
    lines: dict[tuple[int, int | None], int] = {}
    found = []
    for target in targets:
        is_one = target.account_connector is None  # those come by their keys, each once
        if target.account is not None and not target.problem and is_one:
            own = target.connector
            first = lines.setdefault((target.account.pk, own.pk if own else None), target.number)
            if first != target.number:
                message = f"This account is already on line {first}"
                message += f" with {own}." if own else "."
                target = Target(target.number, target.label, target.account, problem=message)
        found.append(target)
    return found


_COLUMNS = (
    "run_id",
    "number",
    "account_id",
    "connector_id",
    "account_connector_id",
    "label",
    "display_input",
    "encrypted_input",
    "problem",
    "is_taken_back",
    "tries",
)


def _values(run: BulkRun, target: Target, kept: dict[str, Any]) -> tuple[Any, ...]:
    """A row's, by `_COLUMNS`; `kept`: its input, as it is encrypted."""
    encrypted = ""
    if not target.problem:
        place = place_of(run, target.number)
        encrypted = encryption.encrypt_json(kept, associated_data=place)
    return (
        run.id,
        target.number,
        target.account.pk if target.account else None,
        target.connector.pk if target.connector else None,
        target.account_connector.pk if target.account_connector else None,
        target.label,
        target.shown,
        encrypted,
        target.problem or target.doubt,
        False,
        0,
    )


def confirm(run: BulkRun, actor: Actor) -> int:
    """Take in the rows of a preview that are asked about, as they stand; how many."""
    with transaction.atomic():
        drafts = BulkRun.objects.select_for_update().filter(pk=run.pk, state=RunState.DRAFT)
        count: int = run.rows.asked_about().update(problem="") if drafts.exists() else 0
        if count:
            record(run, actor, "confirm", f"{count:,} line{'' if count == 1 else 's'} confirmed")
    return count


def start(run: BulkRun, actor: Actor) -> bool:
    """Let a preview begin; says whether it did. From now on the run is the starter's.

    What was asked about and not confirmed stays left out.
    """
    columns = {"state": RunState.RUNNING, "started_at": timezone.now(), **actor_columns(actor)}
    with transaction.atomic():
        if not _turn(run, actor, "start", [RunState.DRAFT], columns):
            return False
        run.rows.asked_about().update(encrypted_input="")
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


def hand_over(run: BulkRun, to: User, by: Actor) -> bool:
    """Go on in a colleague's name, with what the engine has of it; False if it has ended."""
    actor = Actor.staff(to)
    with transaction.atomic():
        states = [RunState.RUNNING, RunState.PAUSED]
        if not _turn(run, by, "hand_over", states, dict(actor_columns(actor))):
            return False
        under_way = run.rows.under_way().values("operation")
        Operation.objects.active().filter(pk__in=under_way).update(**actor_columns(actor))
    return True


def end(run: BulkRun, actor: Actor) -> bool:
    """Take back the rows that wait; what the engine has is carried out."""
    with transaction.atomic():
        states = [RunState.DRAFT, RunState.RUNNING, RunState.PAUSED]
        columns = {"state": RunState.ENDED, "ended_at": timezone.now(), "halted": ""}
        if not _turn(run, actor, "end", states, columns):
            return False
        run.rows.waiting().update(is_taken_back=True, encrypted_input="")
        run.rows.asked_about().update(encrypted_input="")
    return True


def retry_failed(run: BulkRun, actor: Actor) -> int:
    """Make the failed rows of a running or ended run wait again, as far as is safe; how many.

    Left as they are: those whose input is not kept any more, those that a person must look at,
    since they may have happened, and those that somebody tried anew by themselves.
    """
    with transaction.atomic():
        states = [RunState.RUNNING, RunState.ENDED]
        runs = BulkRun.objects.select_for_update().filter(pk=run.pk, state__in=states)
        failed = run.rows.failed().exclude(encrypted_input="")
        failed = failed.exclude(operation__reason=Reason.NEEDS_PERSON)
        failed = failed.exclude(operation__is_superseded=True)
        again = list(failed.values_list("pk", "operation_id")) if runs.exists() else []
        if not again:
            return 0
        operations = [operation for _, operation in again]
        Operation.objects.filter(pk__in=operations).update(is_superseded=True, encrypted_input="")
        BulkRow.objects.filter(pk__in=[pk for pk, _ in again]).update(
            operation=None, not_before=None
        )
        runs.update(**_going_on(actor))
        record(run, actor, "retry", f"{len(again)} failed rows again")
    return len(again)


def note_export(run: BulkRun, actor: Actor) -> None:
    """Remember that somebody took the outcomes along."""
    record(run, actor, "export", "exported")


def _turn(
    run: BulkRun, actor: Actor, action: str, states: list[RunState], columns: dict[str, Any]
) -> bool:
    with transaction.atomic():
        rows = BulkRun.objects.filter(pk=run.pk, state__in=states)
        if not rows.update(**columns):
            return False
        run.refresh_from_db()
        record(run, actor, action, str(run.get_state_display()).lower())
    return True


def record(run: BulkRun, actor: Actor, action: str, result: str) -> None:
    audit.record(
        actor,
        f"bulk.{action}",
        console=run.console,
        target=run.title,
        target_url=run.get_absolute_url(),
        result=result[:40],
        run=run.reference,
    )
