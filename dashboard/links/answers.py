"""What pages of accounts and connectors ask about links, which they do not know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.text import slugify

from dashboard.accounts.actions import with_open_link
from dashboard.accounts.loss import open_link_count
from dashboard.accounts.read_views import link_username
from dashboard.accounts.services import link_count
from dashboard.common.prepared import Fixed, columns_of, instance_of, prepared
from dashboard.connectors.blast_radius import LinkLine, OpenLink, newest_links_of, open_links_of
from dashboard.links.attempts.sign_in_tokens import username_of
from dashboard.links.models import Link, LinkItem
from dashboard.mirror.freshness import LINK_MOVES_FOR
from dashboard.mirror.models import Account, AccountConnector, AccountConnectorQuerySet
from dashboard.operations.live_updates import is_customer_at_connector, is_customer_in_account


@link_count.answered_by
def count_links(account: Account) -> int:
    """All of them, whatever became of them."""
    return account.links.count()


@link_username.answered_by
def user_of_links(account: Account) -> str:
    """The same for all links of the account."""
    return username_of(account)


@open_link_count.answered_by
def count_open_links(account: Account) -> int:
    """Those that customers can use."""
    return Link.objects.open().filter(account=account).count()


@with_open_link.answered_by
def annotate_open_link(rows: AccountConnectorQuerySet) -> AccountConnectorQuerySet:
    """The newest link that a customer can use, with the connector among what is left on it."""
    open_links = Link.objects.open().filter(
        items__account_connector=OuterRef("pk"), items__connected_at=None
    )
    newest = open_links.order_by("-pk").values("pk")[:1]
    return cast("AccountConnectorQuerySet", rows.annotate(open_link=Subquery(newest)))


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


@newest_links_of.answered_by
def list_newest_links(connector: AccountConnector, most: int) -> list[LinkLine]:
    """Whether a link ended before this one was done counts more than how far it was."""
    found = _newest_items(connector.pk, Fixed(most))
    return [_line_of(values, connector) for values in found]


_OF_ITEM, _OF_LINK = columns_of(LinkItem), columns_of(Link, "link__")


@prepared
def _newest_items(connector: int, most: Fixed) -> QuerySet[Any, Any]:
    items = LinkItem.objects.filter(account_connector=connector)
    newest = items.order_by("-link__created_at", "-link__pk")
    return newest.values_list(*_OF_ITEM, *_OF_LINK)[: most.value]


def _line_of(values: Sequence[Any], connector: AccountConnector) -> LinkLine:
    item = instance_of(LinkItem, values[: len(_OF_ITEM)])
    link = instance_of(Link, values[len(_OF_ITEM) :])
    item.link, item.account_connector = link, connector
    link.account, link.console = connector.account, connector.account.console
    is_over = item.connected_at is None and not link.is_usable
    label = link.state_label if is_over else item.state_label
    return LinkLine(
        recipient=link.recipient_name or link.recipient_email,
        url=link.get_absolute_url(),
        state=slugify(label),
        label=label,
        at=link.moved_at,
    )


@is_customer_in_account.answered_by
def is_started_in_account(account: Account) -> bool:
    """Whether something that is not connected yet was started a moment ago, on an open link."""
    links = account.links.filter(revoked_at=None, connected_at=None, expires_at__gt=timezone.now())
    since = timezone.now() - LINK_MOVES_FOR
    return links.filter(items__started_at__gt=since, items__connected_at=None).exists()


@is_customer_at_connector.answered_by
def is_started_at_connector(connector: AccountConnector) -> bool:
    """The same of one connector."""
    now = timezone.now()
    return bool(_started_items(connector.pk, now, now - LINK_MOVES_FOR))


@prepared
def _started_items(connector: int, now: datetime, since: datetime) -> QuerySet[Any, Any]:
    items = LinkItem.objects.filter(account_connector=connector, connected_at=None)
    usable = items.filter(link__revoked_at=None, link__expires_at__gt=now)
    return usable.filter(started_at__gt=since).order_by().values_list("pk")[:1]
