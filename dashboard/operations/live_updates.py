"""Whether something may change any moment, so that a page looks again by itself.

The packages that show accounts and connectors do not know links, so links answer for themselves.
The answer is the event a part listens for: each second, every fifth where nothing is
known to move, since a colleague may refresh or a reading may end, or none for what is gone.
"""

from __future__ import annotations

from dashboard.common.polling import NO_POLL, POLL_1S, POLL_5S
from dashboard.common.questions import Question
from dashboard.mirror.models import Account, AccountConnector


@Question
def is_customer_in_account(account: Account) -> bool:
    """Whether a customer has just started something on a link of it; links answer."""
    return False


@Question
def is_customer_at_connector(connector: AccountConnector) -> bool:
    """Whether a customer has just started it on a link; links answer."""
    return False


def poll_event_of_account(account: Account) -> str:
    """For an account's table of connectors."""
    if account.is_refreshing or account.operations.active().exists():
        return POLL_1S
    if account.gone_at is not None:
        return NO_POLL
    return POLL_1S if is_customer_in_account(account) else POLL_5S


def poll_event_of_connector(connector: AccountConnector) -> str:
    """For one installed connector's state."""
    if connector.account.is_refreshing or connector.operations.active().exists():
        return POLL_1S
    if connector.gone_at is not None or connector.account.gone_at is not None:
        return NO_POLL
    return POLL_1S if is_customer_at_connector(connector) else POLL_5S
