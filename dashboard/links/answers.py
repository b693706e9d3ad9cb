"""What pages of accounts and connectors ask about links, which they do not know."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Max, Q
from django.utils import timezone

from dashboard.accounts.actions import with_open_link
from dashboard.accounts.loss import open_link_count
from dashboard.accounts.services import link_count
from dashboard.connectors.blast_radius import OpenLink, open_links_of
from dashboard.links.models import Link
from dashboard.mirror.freshness import LINK_MOVES_FOR
from dashboard.mirror.models import Account, AccountConnector, AccountConnectorQuerySet
from dashboard.operations.live_updates import is_customer_at_connector, is_customer_in_account


@link_count.answered_by
def count_links(account: Account) -> int:
    """All of them, whatever became of them."""
    return account.links.count()


@open_link_count.answered_by
def count_open_links(account: Account) -> int:
    """Those that customers can use."""
    return Link.objects.open().filter(account=account).count()


@with_open_link.answered_by
def annotate_open_link(rows: AccountConnectorQuerySet) -> AccountConnectorQuerySet:
    """The newest link that a customer can use, with the connector among what is left on it."""
    link = "link_items__link__"
    is_open: dict[str, Any] = {
        "link_items__connected_at": None,
        f"{link}revoked_at": None,
        f"{link}connected_at": None,
        f"{link}expires_at__gt": timezone.now(),
        f"{link}console__retired_at": None,
    }
    found = rows.annotate(open_link=Max("link_items__link", filter=Q(**is_open)))
    return cast("AccountConnectorQuerySet", found)


@open_links_of.answered_by
def list_open_links(connector: AccountConnector) -> list[OpenLink]:
    """Those that a customer can use and on which it is left; the first to expire first."""
    links = Link.objects.open().filter(items__account_connector=connector, items__connected_at=None)
    return [
        OpenLink(
            recipient=link.recipient_name or link.recipient_email,
            url=link.get_absolute_url(),
            expires_at=link.expires_at,
        )
        for link in links.order_by("expires_at", "pk")
    ]


@is_customer_in_account.answered_by
def is_started_in_account(account: Account) -> bool:
    """Whether something that is not connected yet was started a moment ago, on an open link."""
    links = account.links.filter(revoked_at=None, connected_at=None, expires_at__gt=timezone.now())
    since = timezone.now() - LINK_MOVES_FOR
    return links.filter(items__started_at__gt=since, items__connected_at=None).exists()


@is_customer_at_connector.answered_by
def is_started_at_connector(connector: AccountConnector) -> bool:
    """The same of one connector."""
    items = connector.link_items.filter(
        connected_at=None, link__revoked_at=None, link__expires_at__gt=timezone.now()
    )
    return items.filter(started_at__gt=timezone.now() - LINK_MOVES_FOR).exists()
