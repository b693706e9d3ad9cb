"""Asking for an operation: one row for one submission, one active row for one thing."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor, actor_columns
from dashboard.common import encryption
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector
from dashboard.operations.models import Operation, State, new_reference
from dashboard.operations.submissions import own_submission
from dashboard.people.models import User


class AlreadyActiveError(Exception):
    """Another operation does this very thing now; `operation` is it."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(operation.reference)
        self.operation = operation


class OtherInputError(Exception):
    """This submission was used before, with other input; `operation` is what came of it."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(operation.reference)
        self.operation = operation


@dataclass(slots=True)
class OperationRequest:
    """What is asked for. `values` are encrypted, `shown` may be read by everyone on the console.

    `submission`: what the form carried; see `submissions`.
    """

    kind: str
    title: str
    actor: Actor
    console: Console
    submission: uuid.UUID
    account: Account | None = None
    connector: CatalogueConnector | None = None
    account_connector: AccountConnector | None = None
    values: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    exclusivity_key: str = ""
    is_bulk: bool = False
    follow_up: dict[str, Any] | None = None
    parent: Operation | None = None

    @property
    def own_submission(self) -> uuid.UUID:
        """The submission as it is stored: of this person, for this kind, console and account."""
        return own_submission(self.submission, self.actor, self.kind, self.console, self.account)


def submit(requested: OperationRequest) -> Operation:
    """Store an operation and send its message; the same submission again gives the same row.

    Raises `OtherInputError` for a used submission with other input, `AlreadyActiveError` when
    the same thing is being done for somebody else at this moment.
    """
    about = [requested.kind, requested.console.pk, requested.account and requested.account.pk]
    about += [
        requested.connector and requested.connector.pk,
        requested.actor.kind,
        requested.actor.name,
    ]
    about += [requested.account_connector and requested.account_connector.pk]
    asked = json.dumps([about, requested.values, requested.shown], sort_keys=True, default=str)
    fingerprint = encryption.fingerprint(asked)
    reference = new_reference()
    operation = Operation(
        reference=reference,
        submission=requested.own_submission,
        input_fingerprint=fingerprint,
        kind=requested.kind,
        title=requested.title,
        console=requested.console,
        account=requested.account,
        connector=requested.connector,
        account_connector=requested.account_connector,
        display_input=requested.shown,
        exclusivity_key=requested.exclusivity_key,
        is_bulk=requested.is_bulk,
        follow_up=requested.follow_up,
        parent=requested.parent,
    )
    operation.actor = requested.actor
    operation.encrypted_input = encryption.encrypt_json(
        requested.values, associated_data=operation.associated_data
    )
    for _ in range(3):
        try:
            with transaction.atomic():
                operation.published_at = timezone.now()
                operation.save(force_insert=True)
                operation.record("queued", f"Queued by {requested.actor.name}")
                operation.send_on_commit()
        except IntegrityError:
            existing = _existing(requested, fingerprint)
            if existing is not None:
                return existing
            operation.pk = None  # the other one ended between our two looks: once more
        else:
            return operation
    raise RuntimeError("an operation could not be stored, and no other explains why")


def _existing(requested: OperationRequest, fingerprint: str) -> Operation | None:
    rows = Operation.objects.filter(submission=requested.own_submission)
    same: Operation | None = rows.first()
    if same is not None:
        if same.input_fingerprint != fingerprint:
            raise OtherInputError(same) from None
        return same
    active = Operation.objects.active().filter(exclusivity_key=requested.exclusivity_key).first()
    if requested.exclusivity_key and active is not None:
        raise AlreadyActiveError(active) from None
    return None


def submit_follow_up(operation: Operation) -> Operation:
    """The next operation that was asked for together with this one; in its last transaction."""
    wanted = operation.follow_up or {}
    columns = ["actor_kind", "actor_name", "actor_user", "actor_link"]
    operation.refresh_from_db(fields=columns)  # handed over meanwhile
    return submit(
        OperationRequest(
            kind=wanted["kind"],
            title=wanted["title"],
            actor=operation.actor,
            console=operation.console,
            submission=uuid.uuid5(operation.submission, wanted["kind"]),
            account=operation.account,
            connector=operation.connector,
            account_connector=operation.account_connector,
            values=wanted.get("values", {}),
            shown=wanted.get("shown", {}),
            is_bulk=operation.is_bulk,
            parent=operation,
        )
    )


def retry(operation: Operation, actor: Actor) -> bool:
    """Try a failed operation again with the input that is still encrypted; says whether it could.

    From now on it is the retrier's: their right is asked for when it runs.
    """
    if not operation.is_retryable:
        return False
    moment = timezone.now()
    try:
        with transaction.atomic():
            rows = Operation.objects.filter(
                pk=operation.pk, state=State.FAILED, attempt=operation.attempt
            ).exclude(encrypted_input="")
            if not rows.update(
                state=State.QUEUED,
                reason="",
                error="",
                error_field="",
                cyclr_message="",
                tries=0,
                waits=0,
                resends=0,
                finalize_tries=0,
                sent_at=None,
                prepared=None,
                outcome=None,
                finished_at=None,
                dismissed_at=None,
                created_at=moment,
                not_before=moment,
                published_at=moment,
                **actor_columns(actor),
            ):
                return False
            operation.refresh_from_db()
            operation.record("queued", f"Queued again by {actor.name}")
            record(operation, actor, "operations.retry", "queued")
            operation.send_on_commit()
    except IntegrityError:
        active = (
            Operation.objects.active().filter(exclusivity_key=operation.exclusivity_key).first()
        )
        if active is not None:
            raise AlreadyActiveError(active) from None
        raise
    return True


def dismiss(operation: Operation, actor: Actor) -> bool:
    """Have a failure ask for nothing any more; says whether it did until now."""
    return _dismissed(operation, actor, timezone.now(), "Dismissed", "operations.dismiss")


def bring_back(operation: Operation, actor: Actor) -> bool:
    """Have a dismissed failure ask for somebody again; says whether it was dismissed."""
    return _dismissed(operation, actor, None, "Brought back", "operations.bring_back")


def _dismissed(
    operation: Operation, actor: Actor, moment: datetime | None, message: str, action: str
) -> bool:
    with transaction.atomic():
        rows = Operation.objects.filter(
            pk=operation.pk, state=State.FAILED, dismissed_at__isnull=moment is not None
        )
        if not rows.update(dismissed_at=moment):
            return False
        operation.refresh_from_db()
        operation.record("dismissed", f"{message} by {actor.name}")
        record(operation, actor, action, "failed")
    return True


def cancel(operation: Operation, actor: Actor) -> bool:
    """Take back an operation that nobody works on and that was never sent; says whether."""
    with transaction.atomic():
        rows = Operation.objects.filter(
            pk=operation.pk, state=State.QUEUED, sent_at=None, resends=0
        )
        if not rows.update(
            state=State.CANCELLED,
            encrypted_input="",
            finished_at=timezone.now(),
            attempt=F("attempt") + 1,
        ):
            return False
        operation.refresh_from_db()
        operation.record("cancelled", f"Cancelled by {actor.name} before anything was sent")
        record(operation, actor, "operations.cancel", "cancelled")
    return True


def hand_over(operation: Operation, to: User, by: Actor) -> bool:
    """Go on in a colleague's name, whose right is asked for from now on; False if it has ended."""
    actor = Actor.staff(to)
    with transaction.atomic():
        rows = Operation.objects.active().filter(pk=operation.pk)
        if not rows.update(**actor_columns(actor)):
            return False
        operation.refresh_from_db()
        operation.record("handed-over", f"Handed over to {actor.name} by {by.name}")
        record(operation, by, "operations.hand_over", operation.state, to=actor.name)
    return True


def record(operation: Operation, actor: Actor, action: str, result: str, **details: str) -> None:
    """Write an operation's turn into the audit trail."""
    audit.record(
        actor,
        action,
        console=operation.console,
        target=operation.title,
        target_url=operation.get_absolute_url(),
        account_name=str(operation.account) if operation.account else "",
        result=result,
        operation=operation.reference,
        **details,
    )
