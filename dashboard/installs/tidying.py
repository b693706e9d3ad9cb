"""Taking our mark out of Cyclr's descriptions where the install's own tidying did not succeed.

Only what is exactly ours is touched: the mark of an ended install of this very account, at the end
of the description, or the description that the install sent, cut off within the mark. It is tried
a few times, later and later, one at a time, and then left for good.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Q

from cyclr_api import CyclrError
from dashboard.consoles.pacing import BACKGROUND
from dashboard.consoles.services import asking
from dashboard.installs.handlers import description_of, mark_of, typed_description
from dashboard.installs.services import KIND
from dashboard.mirror.models import AccountConnector
from dashboard.operations.models import Operation

logger = logging.getLogger(__name__)

MOST_TRIES = 8
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=6)
AT_ONCE = 3


def due(moment: datetime) -> list[int]:
    """Connectors whose description may be tidied now, a few."""
    rows = AccountConnector.objects.there().exclude(left_mark="")
    rows = rows.filter(
        Q(tidy_not_before=None) | Q(tidy_not_before__lte=moment),
        tidy_tries__lt=MOST_TRIES,
        account__gone_at=None,
        account__console__retired_at=None,
    )
    return list(rows.order_by("tidy_tries", "pk").values_list("pk", flat=True)[:AT_ONCE])


def claim(pk: int, moment: datetime) -> bool:
    """Count a try, so that the next one comes later; whether nobody else has."""
    row = AccountConnector.objects.filter(pk=pk).exclude(left_mark="").first()
    if row is None:
        return False
    pause = min(FIRST_PAUSE * 2**row.tidy_tries, LONGEST_PAUSE)
    rows = AccountConnector.objects.filter(pk=pk, tidy_tries=row.tidy_tries)
    tried = rows.update(tidy_tries=row.tidy_tries + 1, tidy_not_before=moment + pause)
    return bool(tried)


def tidy(pk: int) -> None:
    """Look at one description, and take our mark out if it is there; a second run finds none."""
    rows = AccountConnector.objects.there().select_related("account__console")
    row = rows.filter(pk=pk).exclude(left_mark="").first()
    operation = None if row is None else _install_of(row)
    if row is None or operation is None:
        return
    try:
        with asking(row.account.console, BACKGROUND) as client:
            there = client.account(row.account.cyclr_id).connector(row.cyclr_id)
            now = there.get().description or ""
            wanted = without_mark(now, operation)
            if wanted is not None:
                there.update(description=wanted)
    except CyclrError as error:
        logger.info("not tidied connector=%d status=%s", row.pk, error.status)
        return
    AccountConnector.objects.filter(pk=row.pk, left_mark=row.left_mark).update(
        left_mark="", tidy_tries=0, tidy_not_before=None
    )


def _install_of(row: AccountConnector) -> Operation | None:
    """The ended install that left the mark; None while it runs, or when it is not ours."""
    reference = row.left_mark.removeprefix("[desk:").removesuffix("]")
    ended = Operation.objects.filter(reference=reference, kind=KIND, account=row.account_id)
    operation: Operation | None = ended.exclude(finished_at=None).first()
    if operation is None or operation.account_connector_id not in {None, row.pk}:
        return None
    return operation


def without_mark(now: str, operation: Operation) -> str | None:
    """The description as it should be; None if nothing of ours is in it."""
    mark, sent = mark_of(operation), description_of(operation)
    if now.endswith(mark):
        return now.removesuffix(mark).rstrip()
    least = len(sent) - len(mark) + len("[desk:")
    if len(now) >= least and sent.startswith(now):  # Cyclr cut it off within the mark
        return typed_description(operation)
    return None
