"""A run is fed to the engine a few rows at a time."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.bulk.input import RowInput
from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.bulk.services import halt, record
from dashboard.common import encryption
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.operations.handlers import handler_for
from dashboard.operations.models import State
from dashboard.operations.submitting import AlreadyActiveError, OperationRequest, submit
from dashboard.people.models import Role

AT_ONCE = 16
"""Rows of one run that the engine has at a time: a pause takes effect soon, and nobody waits."""

COME_BACK_AFTER = timedelta(seconds=10)
"""When a row is looked at again whose account is being worked on by somebody else."""

PAUSES_AFTER = 20
"""So many failures in a row pause a run: what is wrong with them is wrong with the next ones."""


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
            halt(run.pk, why)
            return 0
        under_way = run.rows.under_way().count()
        moment = timezone.now()
        waiting = run.rows.waiting()
        due = waiting.filter(Q(not_before=None) | Q(not_before__lte=moment))
        rows = list(
            due.select_related("account", "connector", "account_connector")[
                : max(0, AT_ONCE - under_way)
            ]
        )
        fed = sum(_hand_over(run, row) for row in rows)
        if not under_way and not rows and not waiting.exists():
            BulkRun.objects.filter(pk=run.pk).update(state=RunState.ENDED, ended_at=moment)
            run.state = RunState.ENDED
            record(run, Actor.system(), "end", "nothing left to do")
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
        entered = RowInput.of_row(row)
    except encryption.DecryptionError:
        return _leave_out(row, "Its entries can no longer be decrypted: a key was removed.")
    connector = row.connector or run.connector
    if why := _needless(run, row.account, connector, entered):
        return _leave_out(row, why)
    requested = OperationRequest(
        kind=run.kind,
        title=entered.title or run.title,
        actor=run.actor,
        console=run.console,
        submission=uuid.uuid5(run.submission, f"{row.number}:{row.tries}"),
        account=row.account,
        connector=connector,
        account_connector=row.account_connector,
        values=dict(entered.values),
        shown=dict(entered.shown),
        exclusivity_key=entered.exclusivity_key,
        follow_up=entered.follow_up,
        is_bulk=True,
    )
    try:
        with transaction.atomic():
            operation = submit(requested)
    except AlreadyActiveError:
        BulkRow.objects.filter(pk=row.pk).update(not_before=timezone.now() + COME_BACK_AFTER)
        return False
    BulkRow.objects.filter(pk=row.pk).update(operation=operation, tries=row.tries + 1)
    return True


def _needless(
    run: BulkRun, account: Account, connector: CatalogueConnector | None, entered: RowInput
) -> str:
    """Why it need not be done any more: another run or a colleague was quicker."""
    if not entered.leaves_out_done:
        return ""
    return handler_for(run.kind).needless(account, connector, dict(entered.values))


def _leave_out(row: BulkRow, message: str) -> bool:
    BulkRow.objects.filter(pk=row.pk).update(problem=message, encrypted_input="")
    return False
