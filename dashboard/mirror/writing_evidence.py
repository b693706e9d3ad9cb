"""The writer of what calls through installed connectors told: that they work, or why not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce

from dashboard.mirror.counting import recount
from dashboard.mirror.ledger import noted
from dashboard.mirror.models import AccountConnector, WhyBroken
from dashboard.mirror.writing import NO_FAILED_TEST


def forget_failed_tests(rows: QuerySet[Any]) -> int:
    """What their newest call told was of credentials or settings that are not theirs any more."""
    return rows.exclude(test_failed_at=None, why_broken="").update(**NO_FAILED_TEST)


def write_test_failed(
    connector: AccountConnector, began: datetime, message: str, why: WhyBroken = WhyBroken.UNKNOWN
) -> None:
    """A test or call that began then failed; an older one does not overwrite a newer one."""
    rows = AccountConnector.objects.filter(_tested_before(began), pk=connector.pk)
    # What was changed since may have mended it: then the failure is of what was before.
    rows.filter(changed_at__lte=began).update(
        test_failed_at=began,
        failing_since=Coalesce("failing_since", "test_failed_at", Value(began)),
        test_failure=message,
        why_broken=why,
    )
    recount([connector.account_id])


def write_test_unclear(connector: AccountConnector, began: datetime, why: WhyBroken) -> None:
    """A test or call that began then met trouble that says nothing of the connection."""
    rows = AccountConnector.objects.filter(_tested_before(began), pk=connector.pk)
    rows = rows.filter(authenticated=True, test_failed_at=None, changed_at__lte=began)
    rows.update(why_broken=why)


@noted
def write_test_passed(
    connector: AccountConnector, began: datetime, identity: str, method: str = ""
) -> None:
    """A call of a method that began then was answered.

    `identity`: whose account it is, where that was told; `method`: what was called.
    """
    rows = AccountConnector.objects.filter(pk=connector.pk)
    if forget_failed_tests(rows.filter(test_failed_at__lt=began)):
        recount([connector.account_id])
    newest = rows.filter(_tested_before(began))
    newest.filter(authenticated=True, test_failed_at=None).update(why_broken="")
    newest.update(proven_at=began, proven_by=method)
    if identity:
        rows.filter(Q(identity_at=None) | Q(identity_at__lt=began)).update(
            identity=identity, identity_at=began
        )


def _tested_before(began: datetime) -> Q:
    return Q(proven_at=None) | Q(proven_at__lt=began)
