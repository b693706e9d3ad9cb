"""Who saw a link's address: whoever has it can open the link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor, AuditEntry
from dashboard.audit.services import AuditRecord
from dashboard.consoles.models import Console
from dashboard.links.models import Link
from dashboard.people.models import User

SHOW_ADDRESS, SHOW_QR = "links.show_address", "links.show_qr"
SHOWN_AGAIN = timedelta(hours=12)
"""Within so long the same person sees the same address again unrecorded: pages draw it anew."""


def note_shown(user: User, links: Sequence[Link], action: str = SHOW_ADDRESS) -> None:
    """Record that the person was shown the addresses of these links."""
    if not links:
        return
    urls = [link.get_absolute_url() for link in links]
    since = timezone.now() - SHOWN_AGAIN
    consoles = {link.console_id for link in links}
    with transaction.atomic():
        recent = AuditEntry.objects.filter(
            console__in=consoles,
            target_url__in=urls,
            action=action,
            actor_user=user,
            at__gt=since,
        )
        known = set(recent.values_list("target_url", flat=True))
        new: dict[Console, list[AuditRecord]] = {}
        for link, url in zip(links, urls, strict=True):
            if url not in known:
                told = AuditRecord(str(link), url, str(link.account), {"link": link.pk})
                new.setdefault(link.console, []).append(told)
        for console, records in new.items():
            audit.record_many(Actor.staff(user), action, console, records)
