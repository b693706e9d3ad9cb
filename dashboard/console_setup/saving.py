"""What becomes of a console: added, changed, its credentials replaced, retired, restored."""

from __future__ import annotations

import logging
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common import encryption
from dashboard.console_setup.models import CheckKind, ConsoleCheck
from dashboard.consoles.models import Console
from dashboard.people.models import Role, User

logger = logging.getLogger(__name__)

EDITABLE = ("name", "service_url", "catalogue_account", "rate_limit", "rate_period")
"""What may be changed without trying the credentials again."""


class NotSavedError(Exception):
    """What works is not saved all the same; the message says why."""


class NotHereError(Exception):
    """It is the environment's, or was retired or restored meanwhile; the message says so."""


def holder_of(api_url: str, client_id: str, *, besides: Console | None = None) -> Console | None:
    """Who has this pair already."""
    rows = Console.objects.filter(api_url=api_url, client_id=client_id)
    return (rows.exclude(pk=besides.pk) if besides else rows).first()


def taken_message(holder: Console) -> str:
    """That a console has the pair, and what to do."""
    if holder.retired_at is not None:
        return f"{holder} has this address and client id, and was retired: restore it instead."
    return f"{holder} has this address and client id already."


def save_checked(check: ConsoleCheck, secret: str) -> Console:
    """Save what a worker has found to work; call it in the transaction that ends the check.

    Raises `NotSavedError`.
    """
    _require_admin(check)
    holder = holder_of(check.api_url, check.client_id, besides=check.console)
    if holder is not None:
        raise NotSavedError(taken_message(holder))
    try:
        with transaction.atomic():
            if check.kind == CheckKind.CREDENTIALS:
                return _replace_credentials(check, secret)
            return _add(check, secret)
    except IntegrityError:
        raise NotSavedError(
            "A console with this address and client id was added meanwhile."
        ) from None


def _require_admin(check: ConsoleCheck) -> None:
    """Whoever asked may have lost the role, or left, while it was tried."""
    user = User.objects.get(pk=check.requested_by_id)
    is_new = check.kind == CheckKind.ADD
    role = user.roles.get(None) if is_new else user.role_in(check.console)
    if not user.is_active or role != Role.ADMIN:
        raise NotSavedError("Whoever asked for this may not set up the console any more.")


def _add(check: ConsoleCheck, secret: str) -> Console:
    console = Console(api_url=check.api_url, client_id=check.client_id)
    for column in EDITABLE:
        setattr(console, column, getattr(check, column))
    console.save()
    _encrypt(console, secret)
    _record(check, console, "console_setup.add", address=console.api_url)
    return console


def _replace_credentials(check: ConsoleCheck, secret: str) -> Console:
    """In the transaction that ends the check."""
    console = Console.objects.select_for_update(no_key=True).get(pk=check.console_id or 0)
    if console.is_from_environment:
        raise NotSavedError("This console is set up by the environment now.")
    if console.retired_at is not None:
        raise NotSavedError("This console was retired meanwhile.")
    before = console.client_id
    console.client_id = check.client_id
    console.save(update_fields=["client_id"])
    _encrypt(console, secret)
    # Whatever Cyclr said of the former ones is over.
    Console.objects.filter(pk=console.pk).update(
        failures=0, failing_since=None, trouble_since=None, trouble=""
    )
    _record(
        check,
        console,
        "console_setup.credentials",
        **({"client_id": f"{before} → {check.client_id}"} if before != check.client_id else {}),
    )
    return console


def _encrypt(console: Console, secret: str) -> None:
    console.encrypted_client_secret = encryption.encrypt(
        secret, associated_data=console.associated_data
    )
    console.save(update_fields=["encrypted_client_secret"])


def _record(check: ConsoleCheck, console: Console, action: str, **details: Any) -> None:
    _told(Actor.staff(check.requested_by), console, action, **details)


def _told(actor: Actor, console: Console, action: str, **details: Any) -> None:
    audit.record(
        actor,
        action,
        console=console,
        target=console.name,
        target_url=reverse("console_detail", args=[console.pk]),
        **details,
    )


def change(console: Console, values: dict[str, Any], actor: Actor) -> list[str]:
    """Put these values in place; the names of those that changed. Raises `NotHereError`."""
    with transaction.atomic():
        row = _own(console)
        changed = [name for name in EDITABLE if getattr(row, name) != values[name]]
        for name in changed:
            setattr(row, name, values[name])
        if changed:
            row.save(update_fields=changed)
            _told(actor, row, "console_setup.change", changed=changed)
    return changed


def retire(console: Console, actor: Actor) -> None:
    """End it: no new work, no sync, its links end. Its rows stay. Raises `NotHereError`."""
    with transaction.atomic():
        row = _own(console)
        row.retired_at = timezone.now()
        row.trouble_since = row.failing_since = None
        row.trouble, row.failures = "", 0
        row.save(
            update_fields=["retired_at", "trouble_since", "failing_since", "trouble", "failures"]
        )
        _told(actor, row, "console_setup.retire")
    logger.info("console retired console=%d", row.pk)


def restore(console: Console, actor: Actor) -> None:
    """Use it again, as it was; the next sync reads what changed. Raises `NotHereError`."""
    with transaction.atomic():
        row = _own(console, is_retired=True)
        row.retired_at = None
        row.save(update_fields=["retired_at"])
        _told(actor, row, "console_setup.restore")
    logger.info("console restored console=%d", row.pk)


def _own(console: Console, *, is_retired: bool = False) -> Console:
    """The row, held until the transaction ends, if it is kept here and in that state."""
    row = Console.objects.select_for_update(no_key=True).get(pk=console.pk)
    if row.is_from_environment:
        raise NotHereError("This console is set up by the environment, and changed there.")
    if (row.retired_at is not None) != is_retired:
        raise NotHereError(
            "It was restored meanwhile." if is_retired else "It was retired meanwhile."
        )
    return row
