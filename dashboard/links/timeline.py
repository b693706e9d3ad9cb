"""The timeline of a link: every event passes here, and staff are told of some."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from dashboard.links import link_notifications
from dashboard.links.models import Link, LinkEvent, LinkItem


def record(
    link: Link, event: str, message: str, item: LinkItem | None = None, /, **details: Any
) -> LinkEvent:
    """Add an event to a link's timeline and tell staff of it. `details` hold no secrets."""
    link.moved_at = timezone.now()
    Link.objects.filter(pk=link.pk).update(moved_at=link.moved_at)
    made: LinkEvent = link.events.create(event=event, message=message, item=item, details=details)
    link_notifications.on_event(link, made)
    return made
