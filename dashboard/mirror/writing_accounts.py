"""What our own changes of accounts did: later than any listing under way."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.mirror.counting import recount
from dashboard.mirror.ledger import note_states
from dashboard.mirror.models import Account, AccountConnector, Cycle
from dashboard.mirror.writing import fill


@transaction.atomic
def write_account(console: Console, cyclr_id: str, columns: dict[str, Any]) -> Account:
    """Take over an account as Cyclr has stored it; a listing may have told of it already."""
    moment = timezone.now()
    rows = Account.objects.select_for_update(no_key=True)
    row: Account = rows.get_or_create(console=console, cyclr_id=storable(cyclr_id))[0]
    fill(row, columns, moment, moment)
    row.changed_at = moment
    row.save()
    return row


@transaction.atomic
def write_account_deleted(account: Account) -> None:
    """It was deleted in Cyclr, with all that was in it."""
    moment = timezone.now()
    gone = {"gone_at": moment, "seen_at": moment, "changed_at": moment, "missed": 0}
    installed = AccountConnector.objects.filter(account=account)
    before = installed.filter(gone_at=None).in_bulk()
    for inside in (AccountConnector, Cycle):
        inside.objects.filter(account=account, gone_at=None).update(**gone)
    note_states(installed.filter(pk__in=before), before)
    rows = Account.objects.filter(pk=account.pk)
    rows.update(**gone, active_at=moment, refresh_asked_at=None, refresh_error="")
    recount([account.pk])


def mark_cycles_due(account: Account) -> None:
    """The next sync reads its cycles, as if they had never been asked for."""
    Account.objects.filter(pk=account.pk).update(cycles_asked_at=None, viewed_at=timezone.now())
