"""Links whose connectors are deleted in Cyclr: nobody is asked for what is gone, staff are told.

What is shown and what may be started follows from the mirror alone. Here it is brought to the
links themselves: a line on the timeline, and the link's end where nothing else is left. A
connector that comes back brings its item, and an emptied link, back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from cyclr_api import Client, NotFoundError
from dashboard.common.prepared import prepared
from dashboard.links import progress, timeline
from dashboard.links.models import ConnectAttempt, Link, LinkItem
from dashboard.mirror import writing
from dashboard.mirror.models import Account, AccountConnector

AT_ONCE = 100


def follow(link_id: int) -> None:
    """Bring one link in line with what the mirror says of its connectors; twice is once."""
    with transaction.atomic():
        progress.lock(link_id)
        link = Link.objects.select_related("account", "console").get(pk=link_id)
        if link.revoked_at is not None or link.connected_at is not None:
            return
        rows = link.items.filter(connected_at=None).select_related("account_connector")
        items = list(rows.order_by("position", "pk"))
        for item in items:
            item.link = link
            if item.is_gone and item.gone_at is None:
                _leave(item)
            elif not item.is_gone and item.gone_at is not None:
                _come_back(item)
        _end_or_reopen(link, left=any(not item.is_gone for item in items))


def find_out(client: Client, connector: AccountConnector, began: datetime) -> bool:
    """Ask for the account and then for the connector; a 404 of either is written to the mirror.

    Cyclr's refusal of something else does not tell which of both is gone, or whether any is.
    """
    there = client.account(connector.account.cyclr_id)
    if _is_unknown(there.get):
        writing.mark_gone(Account.objects.filter(pk=connector.account_id), began)
        return True
    if _is_unknown(there.connector(connector.cyclr_id).get):
        writing.mark_connector_gone(connector, began)
        return True
    return False


def _is_unknown(ask: Callable[[], object]) -> bool:
    """Whether Cyclr answers 404 for the thing itself."""
    try:
        ask()
    except NotFoundError:
        return True
    return False


def follow_connector(account_connector_id: int) -> None:
    """Bring every link that asks for a connector in line with the mirror."""
    links = Link.objects.filter(items__account_connector=account_connector_id)
    unfinished = links.filter(revoked_at=None, connected_at=None).order_by("pk")
    for pk in unfinished.values_list("pk", flat=True):
        follow(pk)


def out_of_line() -> list[int]:
    """Links that a customer may use and that know less, or more, than the mirror says."""
    return [pk for (pk,) in _out_of_line(timezone.now())]


@prepared
def _out_of_line(moment: datetime) -> QuerySet[Any, Any]:
    is_gone = Q(account_connector__gone_at__isnull=False) | Q(link__account__gone_at__isnull=False)
    items = LinkItem.objects.filter(
        connected_at=None,
        link__revoked_at=None,
        link__connected_at=None,
        link__expires_at__gt=moment,
        link__console__retired_at=None,
    )
    items = items.filter((is_gone & Q(gone_at=None)) | (~is_gone & Q(gone_at__isnull=False)))
    return items.order_by("link").values_list("link").distinct()[:AT_ONCE]


def _leave(item: LinkItem) -> None:
    moment = timezone.now()
    LinkItem.objects.filter(pk=item.pk).update(gone_at=moment, next_check_at=None)
    ConnectAttempt.objects.filter(item=item).end()
    message = f"{item.account_connector} was deleted in Cyclr: it is not asked for any more"
    if item.link.account.gone_at is not None:
        message = f"{item.account_connector}: its account was deleted in Cyclr"
    timeline.record(item.link, "gone", message, item)


def _come_back(item: LinkItem) -> None:
    LinkItem.objects.filter(pk=item.pk).update(gone_at=None)
    timeline.record(
        item.link, "back", f"{item.account_connector} is in Cyclr again: it is asked for", item
    )


def _end_or_reopen(link: Link, *, left: bool) -> None:
    """With nothing left a link is finished if anything was connected, and else waits, empty."""
    if left:
        Link.objects.filter(pk=link.pk).exclude(emptied_at=None).update(emptied_at=None)
    elif link.items.exclude(connected_at=None).exists():
        progress.finish(link, timezone.now())
    elif link.emptied_at is None:
        Link.objects.filter(pk=link.pk).update(emptied_at=timezone.now())
    link.refresh_from_db(fields=["emptied_at", "connected_at", "state"])
