"""The one way into the audit trail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.dispatch import receiver

from dashboard.audit import chain
from dashboard.audit.models import Actor, AuditEntry
from dashboard.consoles.models import Console
from dashboard.people.models import User
from dashboard.people.signals import password_set


def record(
    actor: Actor,
    action: str,
    *,
    console: Console | None = None,
    target: str = "",
    target_url: str = "",
    account_name: str = "",
    result: str = "done",
    **details: Any,
) -> AuditEntry:
    """Write one act; call it in the transaction that does it. `details` hold no secrets."""
    entry = AuditEntry(
        action=action,
        console=console,
        target=target,
        target_url=target_url,
        account_name=account_name,
        result=result,
        details=details,
    )
    entry.actor = actor
    with transaction.atomic(savepoint=False):
        entry.save(force_insert=True)
        chain.place_before_commit([entry])
    return entry


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """To what one of many like acts was done."""

    target: str
    target_url: str = ""
    account_name: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def record_many(
    actor: Actor, action: str, console: Console, records: Iterable[AuditRecord]
) -> None:
    """Write an entry for each, in a few statements; call it in the transaction that does them."""
    entries = []
    for one in records:
        entry = AuditEntry(
            action=action,
            console=console,
            target=one.target,
            target_url=one.target_url,
            account_name=one.account_name,
            result="done",
            details=one.details,
        )
        entry.actor = actor
        entries.append(entry)
    with transaction.atomic(savepoint=False):
        chain.place_before_commit(AuditEntry.objects.bulk_create(entries, batch_size=200))


@receiver(user_logged_in)
def on_sign_in(sender: object, user: User, **_: Any) -> None:
    """A colleague signed in."""
    record(Actor.staff(user), "signed in")


@receiver(password_set)
def on_password_set(sender: object, user: User, **_: Any) -> None:
    """Somebody at the server's command line gave a colleague another password."""
    record(Actor.system(), "set a password", target=user.display_name, email=user.email)


@receiver(user_logged_out)
def on_sign_out(sender: object, user: User | None, **_: Any) -> None:
    """A colleague signed out."""
    if user is not None:
        record(Actor.staff(user), "signed out")
