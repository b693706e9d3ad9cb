"""Which installed connectors may go on a link, and why others may not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db.models import QuerySet
from django.utils import timezone

from dashboard.common.chunks import chunks
from dashboard.common.prepared import prepared
from dashboard.links.input import LinkInput
from dashboard.links.models import LinkItem
from dashboard.mirror.models import Account, AccountConnector

GONE = "is gone from Cyclr"
NOT_BY_LINK = "cannot be connected by a link"
AUTHENTICATED = "is authenticated"
LINKED = "already has an open link"


class Connectable(Protocol):
    """What is looked at of a connector: of an instance, or of a few columns."""

    @property
    def pk(self) -> Any: ...
    @property
    def account(self) -> Any: ...
    @property
    def gone_at(self) -> Any: ...
    @property
    def authenticated(self) -> Any: ...
    @property
    def is_connected_by_link(self) -> bool: ...
    @property
    def is_not_working(self) -> bool: ...


def why_not(one: Connectable, *, skips_authenticated: bool, linked: set[int]) -> str:
    """Why a connector is left off a link, as the end of a sentence about it; empty if it is not.

    `linked`: ids of those that have an open link already (`linked_already`).
    """
    if one.gone_at is not None or one.account.gone_at is not None:
        return GONE
    if not one.is_connected_by_link:
        return NOT_BY_LINK
    if skips_authenticated and one.authenticated and not one.is_not_working:
        return AUTHENTICATED
    return LINKED if one.pk in linked else ""


def linked_already(connector_ids: Sequence[int]) -> set[int]:
    """Those that a customer can connect now with a link that was made before."""
    moment = timezone.now()
    some = (_linked(one, moment) for one in chunks(connector_ids))
    return {connector for rows in some for (connector,) in rows}


@prepared
def _linked(connector_ids: Sequence[int], moment: datetime) -> QuerySet[Any, Any]:
    items = LinkItem.objects.filter(
        account_connector__in=connector_ids,
        connected_at=None,
        link__connected_at=None,
        link__revoked_at=None,
        link__expires_at__gt=moment,
    )
    return items.order_by().values_list("account_connector_id")


def connectors_left(account: Account, wanted: LinkInput) -> list[AccountConnector]:
    """Of the connectors that a row was drafted with: those that are still to be connected."""
    rows = account.connectors.filter(pk__in=wanted.connectors).select_related("account")
    by_id = {one.pk: one for one in rows}
    linked = linked_already(list(by_id)) if wanted.skips_linked else set()
    there = [by_id[pk] for pk in wanted.connectors if pk in by_id]
    skips = wanted.skips_authenticated
    return [one for one in there if not why_not(one, skips_authenticated=skips, linked=linked)]
