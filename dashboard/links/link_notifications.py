"""Which events of a link its staff are told of, and in which words.

Every event passes through `timeline.record`, which hands it on to `on_event`; but for those that a
lead brings about for all links of a campaign.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils import timezone

from dashboard.common.chunks import chunks
from dashboard.common.timing import format_short
from dashboard.common.untrusted_text import is_blank
from dashboard.links import notification_kinds
from dashboard.notifications import services as notifications
from dashboard.notifications.kinds import NotificationKind
from dashboard.notifications.models import Notification

if TYPE_CHECKING:
    from dashboard.links.models import Link, LinkEvent, LinkItem

FAILURES = 3
"""So many starts and entries in vain are worth telling."""
EXPIRES_WITHIN = timedelta(hours=24)
LEFT_ALONE_FOR = timedelta(hours=1)
"""A link made for a few hours is no trouble the minute it is made."""
LONGEST_NAME = 120

FAILING = {"unfinished", "refused", "entry-refused", "not-working"}
"""Events that follow a failure which was counted."""


def on_event(link: Link, event: LinkEvent) -> None:
    """Tell staff what an event says, where it is worth it."""
    match event.event:
        case "all-connected":
            _post(
                link, notification_kinds.LINK_CONNECTED, f"{_name(link)}: everything is connected"
            )
        case "connected" if event.item is not None:
            _tell_of_one(link, event.item)
        case "asked":
            guess = "Likely a machine. " if event.is_robot else ""
            if event.is_staff:
                guess = f"Asked by {event.details['staff']}, signed in here. "
            _post(
                link,
                notification_kinds.NEW_LINK_ASKED,
                f"{_name(link)} asks for a new link",
                details=f"{guess}{_end_of(link)}",
            )
        case "bounced" | "unmailed":
            what = "came back" if event.event == "bounced" else "was not sent"
            _post(
                link,
                notification_kinds.MAIL_BOUNCED,
                f"{_name(link)}: the message with the link {what}",
                details=_why(event) or event.message,
            )
        case "entry-refused" if event.item is not None:
            _post(
                link,
                notification_kinds.ENTRY_REFUSED,
                f"{_name(link)}: what was typed for {_short(event.item)} did not connect it",
                details=_why(event),
                dedupe_key=f"entry-refused:{event.item.pk}:{event.at:%Y-%m-%d}",
            )
        case "gone" if event.item is not None:
            is_last = not link.items.left().exists()
            _post(
                link,
                notification_kinds.CONNECTOR_GONE,
                f"{_name(link)}: {_short(event.item)} was deleted in Cyclr",
                details="Nothing is left on the link."
                if is_last
                else "The link asks for the rest.",
                dedupe_key=f"connector-gone:{event.item.pk}:{event.at:%Y-%m-%d}",
            )
        case "other-account" if event.item is not None:
            _post(
                link,
                notification_kinds.OTHER_ACCOUNT,
                f"{_name(link)}: {_short(event.item)} is another account than before",
                details=event.message,
            )
    if event.event in FAILING and event.item is not None:
        _tell_of_failures(link, event.item)


def _tell_of_one(link: Link, item: LinkItem) -> None:
    """One app is connected. The last one is told by the link itself."""
    count = link.items.count()
    left = link.items.left().count()
    if left:
        _post(
            link,
            notification_kinds.APP_CONNECTED,
            f"{_name(link)}: {_short(item)} is connected",
            details=f"{left} of {count} apps left.",
        )


def _tell_of_failures(link: Link, item: LinkItem) -> None:
    items = link.items.filter(pk=item.pk, connected_at=None, failures__gte=FAILURES)
    counted = items.values_list("failure", flat=True).first()
    if counted is not None:
        _post(
            link,
            notification_kinds.STARTS_FAILED,
            f"{_name(link)}: {_short(item)} failed three times",
            details=counted,
            dedupe_key=f"starts-failed:{item.pk}",
        )


def expiring(links: QuerySet[Link]) -> QuerySet[Link]:
    """Those that a customer can still use, but not for long, and has not finished."""
    moment = timezone.now()
    return links.filter(
        revoked_at=None,
        connected_at=None,
        emptied_at=None,
        expires_at__gt=moment,
        expires_at__lte=moment + EXPIRES_WITHIN,
        created_at__lte=moment - LEFT_ALONE_FOR,
    )


def tell_of_expiring(links: QuerySet[Link]) -> int:
    """Tell of those links that will soon end unfinished, once for each end; how many were told."""
    rows = expiring(links).filter(console__retired_at=None)
    soon = {_end_key(link): link for link in rows.select_related("console", "account")}
    told = 0
    for keys in chunks(sorted(soon)):
        known = set(
            Notification.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True)
        )
        for key in keys:
            if key not in known and _tell_of_end(soon[key], key):
                told += 1
    return told


def _tell_of_end(link: Link, key: str) -> bool:
    notification = _post(
        link,
        notification_kinds.LINK_EXPIRES,
        f"{_name(link)}: the link expires soon and is not finished",
        details=f"{link.state_label}, works until {format_short(link.expires_at)} UTC.",
        dedupe_key=key,
    )
    return notification is not None


def _end_key(link: Link) -> str:
    return f"link-expires:{link.pk}:{link.expires_at:%Y%m%d%H%M%S}"


def _post(
    link: Link, kind: NotificationKind, message: str, *, details: str = "", dedupe_key: str = ""
) -> Notification | None:
    return notifications.post(
        kind,
        link.console,
        message,
        url=link.get_absolute_url(),
        account=link.account,
        details=details,
        dedupe_key=dedupe_key,
    )


def _name(link: Link) -> str:
    return _cut(link.account.name, link.account.cyclr_id)


def _short(item: LinkItem) -> str:
    return _cut(item.account_connector.name, item.account_connector.connector_name)


def _cut(*names: str) -> str:
    """The first name that can be seen, in a sentence's length."""
    name = next((name for name in names if not is_blank(name)), "No name")
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _why(event: LinkEvent) -> str:
    """What was said about it, by Cyclr or by a mail server."""
    return str(event.details.get("said") or event.details.get("why") or "")


def _end_of(link: Link) -> str:
    if link.revoked_at is not None:
        return "Theirs was revoked."
    if link.is_expired:
        return f"Theirs expired {format_short(link.expires_at)} UTC."
    return f"Theirs works until {format_short(link.expires_at)} UTC."
