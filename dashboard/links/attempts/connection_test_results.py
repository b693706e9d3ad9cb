"""Whose account a customer connected, and whether a reconnect works: what tests mean for links.

A test is one safe call through the connector (`dashboard.connectors.connection_tests`); which one
is chosen in Settings, so a link's items may have none. It runs by itself in a worker: no page and
no check waits for it.

- After *Connected* it tells as whom; another account than before is a warning, and the customer
  may start again. The item stays connected meanwhile.
- After the return from a reconnect of what Cyclr called authenticated all along it decides: what
  works is *Connected*, anything else stays *Returned*.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from dashboard.connectors import connection_tests
from dashboard.connectors.models import ConnectionTest
from dashboard.links import progress, timeline
from dashboard.links.attempts import confirming
from dashboard.links.models import LinkItem

logger = logging.getLogger(__name__)


@receiver(connection_tests.connection_test_finished)
def take_over(sender: object, run: ConnectionTest, **_: Any) -> None:
    """Bring the items that hang on a run in line with what it found; in its transaction."""
    items = LinkItem.objects.filter(connection_test=run).select_related(
        "link__account", "link__console", "account_connector"
    )
    for item in items.order_by("link_id", "pk"):
        item.link = progress.lock(item.link_id)
        item.refresh_from_db(fields=["connected_at", "returned_at", "started_at", "identity"])
        if item.link.revoked_at is None:
            _take_over(item, run)


def _last_act(item: LinkItem) -> datetime:
    """When it last moved: a test that began before says nothing, and is told of once since."""
    moments = (item.started_at, item.returned_at, item.connected_at)
    return max((one for one in moments if one is not None), default=item.link.created_at)


def _take_over(item: LinkItem, run: ConnectionTest) -> None:
    if run.began_at is None or run.began_at < _last_act(item):
        return  # it may have asked before the customer was done
    if item.connected_at is None and not item.is_returned:
        return  # it was started again meanwhile
    if run.worked is not True:
        _record_refusal(item, run)
        return
    if item.connected_at is None:
        confirming.connect_tested(item)
    _record_identity(item, run)


def _record_identity(item: LinkItem, run: ConnectionTest) -> None:
    """Whose account it is, told once a return; another one than before is a warning."""
    told = item.link.events.filter(item=item, event__in=["identity", "other-account"])
    if not run.identity or told.filter(at__gte=_last_act(item)).exists():
        return
    item.identity = run.identity
    LinkItem.objects.filter(pk=item.pk).update(identity=run.identity)
    if item.is_other_account:
        message = f"Connected as {item.identity}; it was {item.identity_before} before"
        timeline.record(item.link, "other-account", message, item)
        logger.info("other account connected link=%d item=%d", item.link_id, item.pk)
    else:
        timeline.record(item.link, "identity", f"Connected as {item.identity}", item)


def _record_refusal(item: LinkItem, run: ConnectionTest) -> None:
    """What does not work, or could not be proven: told once for each return or connection."""
    told = item.link.events.filter(item=item, event__in=["not-working", "unproven"])
    if told.filter(at__gte=_last_act(item)).exists():
        return
    name = item.account_connector
    state = "connected" if item.connected_at is not None else "returned"
    if run.worked is False:
        if item.connected_at is None:
            progress.record_failure(item, "Returned, and it does not work")
        timeline.record(
            item.link,
            "not-working",
            f"{name}: {state}, but it does not work",
            item,
            why=run.summary,
        )
    elif item.connected_at is None:
        timeline.record(
            item.link, "unproven", f"{name}: returned, not proven to work", item, why=run.summary
        )
