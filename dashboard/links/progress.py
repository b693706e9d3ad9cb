"""How far a link and its items have come: its row held, moved on, failed, finished."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from dashboard.links import timeline
from dashboard.links.models import (
    ORDER,
    Link,
    LinkItem,
    LinkState,
)


class NotUsableError(Exception):
    """The link was revoked, has expired or is all done."""


def lock(link_id: int) -> Link:
    """The link's row, held until the transaction ends.

    What changes a link's items or attempts together with the link takes it first, so that two of
    them never wait for each other.
    """
    link: Link = Link.objects.select_for_update(no_key=True).get(pk=link_id)
    return link


def move(link: Link, state: LinkState, item: LinkItem | None = None) -> None:
    """Bring the link (and an item) forward to a state; never back, never off its end."""
    earlier = [s for s in ORDER if ORDER.index(s) < ORDER.index(state)]
    if state in {LinkState.STARTED, LinkState.RETURNED}:
        earlier = [s for s in ORDER if s != state]  # a new start after a return is a start again
    Link.objects.filter(pk=link.pk, state__in=earlier).update(state=state)
    items = LinkItem.objects.filter(link=link, state__in=earlier)
    (items.filter(pk=item.pk) if item else items).update(state=state)
    link.refresh_from_db(fields=["state"])


def record_failure(item: LinkItem, why: str) -> None:
    """Count a start or an entry that came to nothing; `why` in words for staff."""
    rows = LinkItem.objects.filter(pk=item.pk, connected_at=None)
    rows.update(failures=F("failures") + 1, failure=why)


def finish(link: Link, moment: datetime) -> None:
    """End a link of which everything that is still in Cyclr is connected."""
    Link.objects.filter(pk=link.pk).update(
        state=LinkState.CONNECTED, connected_at=moment, emptied_at=None
    )
    is_all = not link.items.filter(connected_at=None).exists()
    message = "Everything is connected" if is_all else "Everything that is left is connected"
    timeline.record(link, "all-connected", message)
