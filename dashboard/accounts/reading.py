"""Reading an account's users and usage: when somebody looks, kept encrypted for an hour."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from cyclr_api import (
    PermanentError,
    Usage,
)
from cyclr_api.accounts import AccountApi
from dashboard.accounts.models import AccountReading, ReadingKind, UsagePeriod
from dashboard.common import encryption
from dashboard.common.untrusted_text import storable
from dashboard.consoles.refusals import refusal
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.mirror.models import Account

logger = logging.getLogger(__name__)

GONE = "Cyclr does not know this account any more. Refresh it."

JSON = dict[str, Any]
KEPT = timedelta(hours=1)
MOST_USERS = 2000
"""Users that are kept of one reading."""
MOST_TASKS = 2**63 - 1


def ask(account: Account, kind: ReadingKind) -> AccountReading:
    """Have it read; a reading under way serves everybody who asks."""
    asked: AccountReading = AccountReading.objects.ask(account=account, kind=kind)
    return asked


def latest(account: Account, kind: ReadingKind) -> AccountReading | None:
    """The newest reading that is still kept, ended or not."""
    since = timezone.now() - KEPT
    rows = AccountReading.objects.filter(account=account, kind=kind, created_at__gt=since)
    found: AccountReading | None = rows.first()
    return found


def answer_of(reading: AccountReading | None) -> JSON | None:
    """What was read; None while it is under way, or when it failed."""
    if reading is None or not reading.encrypted_answer:
        return None
    try:
        found: JSON = encryption.decrypt_json(
            reading.encrypted_answer, associated_data=reading.associated_data
        )
    except encryption.DecryptionError:
        logger.warning("reading of an account cannot be opened id=%d", reading.pk)
        return None
    return found


# ---- the worker's part ----


def carry_out(lease: Lease[AccountReading]) -> None:
    """Read it. What is temporary is raised."""
    reading, account = lease.job, lease.job.account
    try:
        with asking(account.console) as client:
            there = client.account(account.cyclr_id)
            answer = _usage(there) if reading.kind == ReadingKind.USAGE else _users(there)
    except PermanentError as error:
        lease.finish(last_error=refusal(error, GONE), said=storable(error.cyclr_message or ""))
        return
    encrypted = encryption.encrypt_json(answer, associated_data=reading.associated_data)
    with transaction.atomic():
        lease.finish(encrypted_answer=encrypted, last_error="", said="")
        if reading.kind == ReadingKind.USAGE:
            _keep_period(account, answer)
    logger.info("account read id=%d kind=%s", account.pk, reading.kind)


def _users(there: AccountApi) -> JSON:
    names = [str(storable(name)) for name in there.users.all()]
    return {"names": names[:MOST_USERS], "count": len(names)}


def _usage(there: AccountApi) -> JSON:
    found: Usage = there.usage()
    used = found.tasks_used
    return {
        "tasks": used if used is not None and 0 <= used <= MOST_TASKS else None,
        "begins": found.started_at.isoformat() if found.started_at else "",
        "ends": found.ended_at.isoformat() if found.ended_at else "",
    }


def _keep_period(account: Account, answer: JSON) -> None:
    """Remember it for when Cyclr tells of the next period alone."""
    if answer["tasks"] is None or not answer["begins"]:
        return
    ends = datetime.fromisoformat(answer["ends"]) if answer["ends"] else None
    UsagePeriod.objects.update_or_create(
        account=account,
        begins_at=datetime.fromisoformat(answer["begins"]),
        defaults={"ends_at": ends, "tasks_used": answer["tasks"], "told_at": timezone.now()},
    )
