"""Whether something may change any moment, so that a page looks again by itself.

The packages that show accounts and connectors do not know links, so links answer for themselves.
The answer is the event a part listens for: each second, every fifth where nothing is
known to move, since a colleague may refresh or a reading may end, or none for what is gone.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from dashboard.common.polling import NO_POLL, POLL_1S, POLL_5S
from dashboard.common.prepared import prepared
from dashboard.common.questions import Question
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.models import Operation


@Question
def is_customer_in_account(account: Account) -> bool:
    """Whether a customer has just started something on a link of it; links answer."""
    return False


@Question
def is_customer_at_connector(connector: AccountConnector) -> bool:
    """Whether a customer has just started it on a link; links answer."""
    return False


@prepared
def _is_active(connector: int) -> QuerySet[Any, Any]:
    active = Operation.objects.active().filter(account_connector=connector)
    return active.order_by().values_list("pk")[:1]


def poll_event_of_account(account: Account) -> str:
    """For an account's table of connectors."""
    if account.is_refreshing or account.operations.active().exists():
        return POLL_1S
    if account.gone_at is not None:
        return NO_POLL
    return POLL_1S if is_customer_in_account(account) else POLL_5S


def poll_event_of_connector(connector: AccountConnector) -> str:
    """For one installed connector's state."""
    if connector.account.is_refreshing or _is_active(connector.pk):
        return POLL_1S
    if connector.gone_at is not None or connector.account.gone_at is not None:
        return NO_POLL
    return POLL_1S if is_customer_at_connector(connector) else POLL_5S
