"""The address of a console: made, rotated, and set on its accounts."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from dashboard.accounts.changes import exclusivity_key
from dashboard.accounts.handlers.updating import UPDATE
from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.bulk.input import RowInput
from dashboard.bulk.models import BulkRun
from dashboard.bulk.services import MOST_ROWS, RunRequest, Target, draft
from dashboard.common import encryption
from dashboard.common.untrusted_text import display_text
from dashboard.consoles.models import Console
from dashboard.error_webhook.models import ErrorWebhook, new_public_id
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account, AccountQuerySet
from dashboard.operations.models import Operation
from dashboard.operations.submitting import OperationRequest, submit
from dashboard.people.models import User

OLD_ANSWERS_FOR = timedelta(days=1)
OURS, OLD, OTHER, NONE = "ours", "old", "other", "none"
SHOW = {
    OURS: "Set to this address",
    OLD: "Set to an earlier address",
    OTHER: "Set to another system",
    NONE: "Not set",
}
"""What accounts have, by the value of `?show=`, in the order of the chips."""
SET_FOR_MANY = (OLD, NONE)
"""Only what tells nobody else of errors is set for many at a time."""


def make(console: Console, user: User) -> ErrorWebhook:
    """The console's address; there is one at most."""
    try:
        with transaction.atomic():
            webhook = ErrorWebhook.objects.create(console=console)
            _record(webhook, user, "make")
    except IntegrityError:
        return ErrorWebhook.objects.get(console=console)
    return webhook


def rotate(webhook: ErrorWebhook, user: User) -> None:
    """Another address; the one until now answers for a day, so that accounts can be changed."""
    columns = {
        "public_id": new_public_id(),
        "key_id": encryption.current_key_id(),
        "previous_id": webhook.public_id,
        "previous_key_id": webhook.key_id,
        "previous_until": timezone.now() + OLD_ANSWERS_FOR,
    }
    with transaction.atomic():
        rows = ErrorWebhook.objects.filter(pk=webhook.pk, public_id=webhook.public_id)
        if rows.update(**columns):  # pressed twice it is rotated once
            _record(webhook, user, "rotate")


def _record(webhook: ErrorWebhook, user: User, action: str) -> None:
    console = webhook.console
    audit.record(Actor.staff(user), f"error_webhook.{action}", console=console, target=str(console))


# ---- what accounts have ----


def accounts_with(webhook: ErrorWebhook, show: str) -> AccountQuerySet:
    """The console's accounts of which the mirror says so."""
    rows: AccountQuerySet = Account.objects.there().filter(console=webhook.console_id)
    return rows.filter(conditions(webhook)[show])


def conditions(webhook: ErrorWebhook) -> dict[str, Q]:
    """What puts an account into each of the lists: by a digest of the address, never by itself."""
    is_on = Q(attributes__is_error_webhook_enabled=True)
    is_ours = Q(attributes__error_webhook_key=address_key(webhook))
    is_here = Q(attributes__error_webhook_key__isnull=False)
    is_elsewhere = Q(attributes__error_webhook_key__isnull=True)
    is_off = Q(attributes__is_error_webhook_enabled=False)
    return {
        OURS: is_on & is_ours,
        OLD: is_on & is_here & ~is_ours,
        OTHER: is_on & is_elsewhere,
        NONE: is_off | Q(attributes__is_error_webhook_enabled__isnull=True),
    }


def address_key(webhook: ErrorWebhook) -> str:
    """The digest of its address, as the mirror keeps it; of one whose key was dropped, none."""
    try:
        return key_of(webhook.url())
    except encryption.DecryptionError:
        return "-"


# ---- set ----


def set_on(webhook: ErrorWebhook, account: Account, user: User, submission: uuid.UUID) -> Operation:
    """Have Cyclr tell us of errors in this account; raises what `submit` raises."""
    return submit(
        OperationRequest(
            kind=UPDATE,
            title=_title(account),
            actor=Actor.staff(user),
            console=webhook.console,
            submission=uuid.uuid5(submission, str(account.pk)),
            account=account,
            values=_values(webhook),
            shown=SHOWN,
            exclusivity_key=exclusivity_key(account),
        )
    )


def set_on_many(webhook: ErrorWebhook, show: str, user: User, submission: uuid.UUID) -> BulkRun:
    """The preview of a run over all accounts of a list, `MOST_ROWS` at most."""
    accounts = accounts_with(webhook, show).order_by("sort_name", "pk")[:MOST_ROWS]
    targets = [
        Target(
            number,
            account.cyclr_id,
            account,
            RowInput(
                values=_values(webhook),
                shown=SHOWN,
                exclusivity_key=exclusivity_key(account),
                title=_title(account),
            ),
        )
        for number, account in enumerate(accounts, start=1)
    ]
    return draft(
        RunRequest(
            kind=UPDATE,
            title="Set Cyclr’s error webhook",
            actor=Actor.staff(user),
            console=webhook.console,
            submission=submission,
            targets=targets,
            shown=SHOWN,
        )
    )


SHOWN: dict[str, Any] = {"entries": [["Error webhook", "To Cyclr Desk"]]}


def _title(account: Account) -> str:
    return f"Set Cyclr’s error webhook of {display_text(account)}"


def _values(webhook: ErrorWebhook) -> dict[str, Any]:
    return {"fields": {"is_error_webhook_enabled": True, "error_webhook_url": webhook.url()}}
