"""Asking Cyclr what came of a start: one listing of an account for all its started items."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from cyclr_api import (
    AccountRefusedError,
    CredentialsRefusedError,
    CyclrError,
    NotFoundError,
    PermanentError,
)
from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.links import deletions, progress, timeline
from dashboard.links.attempts import confirming, sign_in_tokens
from dashboard.links.models import AccountCheck, LinkItem
from dashboard.mirror import sync
from dashboard.mirror.missing import Answers

logger = logging.getLogger(__name__)

GRACE = timedelta(minutes=10)
"""How long after its time a check that never came about is still made up for."""
AWAITED_FOR = timedelta(seconds=60)
"""So long after a return somebody looks at the page; later looks leave room for others' work."""
SHORTEST_AFTER_ERROR = 5.0


def carry_out(lease: Lease[AccountCheck]) -> None:
    """Ask Cyclr once for all started items of an account.

    One listing serves every link of the account, and brings the mirror up to date.
    """
    account, began = lease.job.account, timezone.now()
    items = _open_items(lease)
    ids = list(items.filter(next_check_at__lte=began).values_list("pk", flat=True))
    for item in items.filter(pk__in=ids, check_until__lt=began - GRACE):
        _give_up(item, "nobody could look in time")
        ids.remove(item.pk)
    if ids and account.console.retired_at is None:
        _check(lease, ids)
    lease.finish()


def give_up(lease: Lease[AccountCheck], error: BaseException | None) -> None:
    """No worker came to an end with it: the items' story says so, and the sync looks again."""
    for item in _open_items(lease).filter(next_check_at__lte=timezone.now()):
        _give_up(item, "nobody could look in time")
    lease.finish()


def _open_items(lease: Lease[AccountCheck]) -> QuerySet[LinkItem]:
    items = LinkItem.objects.filter(link__account=lease.job.pk, connected_at=None)
    return items.select_related("link__account", "link__console", "account_connector")


def _check(lease: Lease[AccountCheck], ids: list[int]) -> None:
    account, began = lease.job.account, timezone.now()
    items = _open_items(lease)
    is_awaited = items.filter(pk__in=ids, returned_at__gte=began - AWAITED_FOR).exists()
    try:
        with asking(account.console, INTERACTIVE if is_awaited else BACKGROUND) as client:
            there = client.account(account.cyclr_id)
            listed = there.connectors.readable()
            wanted = items.filter(pk__in=ids).values_list("account_connector__cyclr_id", flat=True)
            gone = sync.missing_connectors(there, listed, wanted).gone
    except CyclrError as error:
        lease.hold()
        if isinstance(error, PermanentError) and (first := items.filter(pk__in=ids).first()):
            sign_in_tokens.is_gone_by_now(first, error, began=began)
        for item in items.filter(pk__in=ids).exclude(next_check_at=None):
            _put_off(item, error)
        logger.info(
            "check waits account=%d call=%s status=%s", account.pk, error.call, error.status
        )
        return
    sync.write_account_connectors(account, listed, began, Answers(gone=gone))
    lease.hold()
    if gone:
        for pk in sorted(set(items.filter(pk__in=ids).values_list("link", flat=True))):
            deletions.follow(pk)
    said = {connector.id: connector.authenticated for connector in listed}
    for item in items.filter(started_at__lte=began).exclude(next_check_at=None):
        confirming.confirm(item, is_authenticated=said.get(item.account_connector.cyclr_id))


def _put_off(item: LinkItem, error: CyclrError) -> None:
    """Cyclr did not tell: look again later and later, or not at all when that is no use."""
    moment = timezone.now()
    pause = max(SHORTEST_AFTER_ERROR, confirming.pause_after(item.checks))
    if error.retry_after is not None:
        pause = min(max(1.0, error.retry_after), 3600.0)
    again = moment + timedelta(seconds=pause)
    if isinstance(error, PermanentError):
        _give_up(item, refusal_message(error), error)
    elif item.check_until is not None and again >= item.check_until:
        _give_up(item, "Cyclr did not answer", error)
    else:
        rows = confirming.unchanged(item)
        rows.update(next_check_at=again, checks=F("checks") + 1)


def _give_up(item: LinkItem, why: str, error: CyclrError | None = None) -> None:
    with transaction.atomic():
        progress.lock(item.link_id)
        if not confirming.unchanged(item).update(next_check_at=None):
            return
        details = {} if error is None else {"call": error.call, "status": error.status}
        said = (error.cyclr_message or "") if error is not None else ""
        timeline.record(
            item.link,
            "unchecked",
            f"{item.account_connector} could not be checked: {why}. The next sync looks again",
            item,
            said=said,
            **details,
        )


def refusal_message(error: PermanentError) -> str:
    """Why asking again would not help, for staff."""
    match error:
        case NotFoundError() | AccountRefusedError():
            return "Cyclr does not know this account any more"
        case CredentialsRefusedError():
            return "Cyclr refuses the console’s client id and secret"
        case _:
            return f"Cyclr refuses to tell ({error.status})" if error.status else "Cyclr refuses"
