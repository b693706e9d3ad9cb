"""Whether something may change any moment, so that a page looks again by itself.

Links are told by the relations alone: the rooms that show accounts and connectors do not know
theirs. The answer is the event a part listens for: each tick, each tock (every fifth) where
nothing is known to move, since a colleague may refresh or a reading may end, or none for what is
gone.
"""

from __future__ import annotations

from django.utils import timezone

from dashboard.mirror.freshness import LINK_MOVES_FOR
from dashboard.mirror.models import Account, AccountConnector

TICK, TOCK, STILL = "tick", "tock", ""


def beat_of_account(account: Account) -> str:
    """For an account's table of connectors."""
    if account.is_refreshing or account.operations.active().exists():
        return TICK
    if account.gone_at is not None:
        return STILL
    links = account.links.filter(revoked_at=None, connected_at=None, expires_at__gt=timezone.now())
    since = timezone.now() - LINK_MOVES_FOR
    if links.filter(items__started_at__gt=since, items__connected_at=None).exists():
        return TICK
    return TOCK


def beat_of_connector(connector: AccountConnector) -> str:
    """For one installed connector's state."""
    if connector.account.is_refreshing or connector.operations.active().exists():
        return TICK
    if connector.gone_at is not None or connector.account.gone_at is not None:
        return STILL
    items = connector.link_items.filter(
        connected_at=None, link__revoked_at=None, link__expires_at__gt=timezone.now()
    )
    if items.filter(started_at__gt=timezone.now() - LINK_MOVES_FOR).exists():
        return TICK
    return TOCK
