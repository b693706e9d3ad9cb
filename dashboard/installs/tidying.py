"""Taking our mark out of Cyclr's descriptions where the install's own tidying did not succeed.

Only what is exactly ours is touched: the mark of an ended install of this very account, at the end
of the description, or the description that the install sent, cut off within the mark. It is tried
a few times, later and later, a few at a time, and then left for good.
"""

from __future__ import annotations

from django.db import transaction

from cyclr_api import CyclrError
from dashboard.consoles.pacing import BACKGROUND
from dashboard.consoles.services import asking
from dashboard.installs.handlers import description_of, mark_of, typed_description
from dashboard.installs.models import MarkRemoval
from dashboard.installs.services import KIND
from dashboard.jobs.compiled import AnyRow
from dashboard.jobs.leases import Lease
from dashboard.mirror.models import AccountConnector
from dashboard.operations.models import Operation

AT_ONCE = 3
LEFT = "The mark could not be removed from its description in Cyclr."


any_mark = AnyRow(lambda: AccountConnector.objects.exclude(left_mark=""))


def plan(key: int | None) -> None:
    """Have marks removed that installs have left, a few at a time."""
    if key is not None or not any_mark():
        return
    known = MarkRemoval.objects.values("account_connector")
    marked = AccountConnector.objects.there().exclude(left_mark="").exclude(pk__in=known)
    marked = marked.filter(account__gone_at=None, account__console__retired_at=None)
    pks = marked.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    rows = [MarkRemoval(account_connector_id=pk) for pk in pks]
    MarkRemoval.objects.bulk_create(rows, ignore_conflicts=True)


def tidy(lease: Lease[MarkRemoval]) -> None:
    """Look at one description, and take our mark out if it is there; a second time finds none."""
    row = lease.job.account_connector
    operation = _install_of(row)
    if operation is None:
        lease.retry(LookupError("no ended install has left it"))
        return
    try:
        with asking(row.account.console, BACKGROUND) as client:
            there = client.account(row.account.cyclr_id).connector(row.cyclr_id)
            wanted = without_mark(there.get().description or "", operation)
            if wanted is not None:
                there.update(description=wanted)
    except CyclrError as error:
        lease.retry(error)
        return
    with transaction.atomic():
        lease.finish()
        marked = AccountConnector.objects.filter(pk=row.pk, left_mark=row.left_mark)
        marked.update(left_mark="")
        lease.job.delete()


def give_up(lease: Lease[MarkRemoval], error: BaseException | None) -> None:
    """Leave it for good."""
    lease.finish(last_error=LEFT)


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
