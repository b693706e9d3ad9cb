"""The staff's lists of links: which there are, how many are in each, and why a link fails."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from dashboard.common.encryption import DecryptionError
from dashboard.links.link_notifications import EXPIRES_WITHIN
from dashboard.links.models import Link, LinkItem, LinkMail, LinkState, MailState
from dashboard.people.models import Role, User

SHOW = {
    "waiting": "Waiting",
    "unfinished": "Opened, not finished",
    "failing": "Failing",
    "expiring": "Expiring soon",
    "asked": "New link asked for",
    "connected": "Connected",
    "gone": "Deleted in Cyclr",
    "expired": "Expired",
    "revoked": "Revoked",
}
"""The lists by the value of `?show=`, in the order of their chips."""

BEGUN = [LinkState.OPENED, LinkState.STARTED, LinkState.RETURNED, LinkState.PARTLY]
NOT_MAILED = [MailState.BOUNCED, MailState.FAILED]
TOLD_BY_MAIL = [MailState.SENT, *NOT_MAILED]


def with_troubles(links: QuerySet[Link]) -> QuerySet[Any]:
    """Each with whether something on it failed, and how its last message ended."""
    items = LinkItem.objects.filter(link=OuterRef("pk"), failures__gte=1).left()
    mails = LinkMail.objects.filter(link=OuterRef("pk"), state__in=TOLD_BY_MAIL)
    last = mails.order_by("-created_at", "-pk").values("state")[:1]
    return links.annotate(has_failed=Exists(items.order_by()), last_mail=Subquery(last))


def conditions() -> dict[str, Q]:
    """What puts a link into each of the lists, now; for links `with_troubles`."""
    moment = timezone.now()
    is_open = Q(revoked_at=None, connected_at=None, emptied_at=None, expires_at__gt=moment)
    return {
        "waiting": is_open,
        "unfinished": is_open & Q(state__in=BEGUN),
        "failing": is_open & (Q(has_failed=True) | Q(last_mail__in=NOT_MAILED)),
        "expiring": is_open & Q(expires_at__lte=moment + EXPIRES_WITHIN),
        "asked": Q(is_new_link_asked=True, connected_at=None),
        "connected": Q(connected_at__isnull=False),
        "gone": Q(connected_at=None, revoked_at=None, emptied_at__isnull=False),
        "expired": Q(connected_at=None, revoked_at=None, emptied_at=None, expires_at__lte=moment),
        "revoked": Q(connected_at=None, revoked_at__isnull=False),
    }


def address_for(user: User, link: Link) -> str:
    """The address to copy, for who may send links; empty when it cannot be used or made."""
    role = user.role_in(link.console_id)
    if role is None or role < Role.AGENT or not link.is_usable:
        return ""
    try:
        return link.url()
    except DecryptionError:
        return ""


def filtered(links: QuerySet[Link], show: str) -> QuerySet[Any]:
    """The links of one of the lists; all of them for a name that is none."""
    if show not in SHOW:
        return links
    if show == "failing":
        links = with_troubles(links)
    return links.filter(conditions()[show])


def counted(links: QuerySet[Link]) -> dict[str, int]:
    """How many there are in each of the lists; one query."""
    rows = with_troubles(links.order_by())
    counts = {show: Count("pk", filter=condition) for show, condition in conditions().items()}
    return rows.aggregate(**counts)


def why_failing(link: Link) -> str:
    """Why a link that can still be used has failed so far, in words; empty if it has not.

    Takes `items` with their connectors and `mails` as they were prefetched.
    """
    if not link.is_usable:
        return ""
    reasons = [
        f"{item.account_connector}: {item.why_failed}"
        for item in link.items.all()
        if item.why_failed
    ]
    told = [mail for mail in link.mails.all() if mail.state in TOLD_BY_MAIL]
    if told and told[0].state in NOT_MAILED:
        what = "came back" if told[0].state == MailState.BOUNCED else "was not sent"
        reasons.append(f"The message {what}: {told[0].last_error or 'it could not be delivered'}")
    return ". ".join(reason.rstrip(".") for reason in reasons) + ("." if reasons else "")
