"""What needs attention, of all kinds in one list: the newest trouble first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from dashboard.common.timing import format_clock_or_date
from dashboard.consoles.models import Console
from dashboard.links.filters import with_troubles
from dashboard.links.models import Link, LinkItem, LinkState, MailState
from dashboard.mirror.models import NOT_WORKING, AccountConnector
from dashboard.operations import display
from dashboard.operations.models import Operation, State
from dashboard.overview.alarm_rows import alarm_row, open_alarms, without_alarm
from dashboard.overview.attention_row import Row
from dashboard.overview.wear_rows import wear_row, worn_kinds

SHOWN_AT_MOST = 20
LONGEST_WHY = 240
FAILED_WITHIN = timedelta(days=7)
CHECKING_LONG = timedelta(minutes=5)
"""An operation that is looked for longer than this is not about to resolve by itself."""
EXPIRED_WITHIN = timedelta(days=30)
EXPIRES_WITHIN = timedelta(hours=24)
MANY_STARTS = 3
LEFT_ALONE_FOR = timedelta(hours=1)
"""A link made for a few hours is no trouble the minute it is made."""

KINDS = {
    "alarms": "Alarms",
    "not-authenticated": "Not authenticated",
    "not-working": "Not working",
    "links": "Links",
    "operations": "Operations",
    "wearing": "Wearing out",
}


@dataclass(frozen=True, slots=True)
class Attention:
    """The rows that are shown, and how many there are of each kind."""

    rows: list[Row]
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """How many things need attention."""
        return sum(self.counts.values())


def attention(
    consoles: Sequence[Console],
    *,
    unauthenticated: int,
    not_working: int,
    may_act: Collection[int],
    may_campaign: Collection[int] = (),
    show: str = "",
) -> Attention:
    """What needs attention in these consoles; `show` is one of `KINDS` or empty for all.

    `unauthenticated` and `not_working` are known to the caller already. `may_act` holds the
    consoles in which the person may change something: elsewhere they are led to the thing, not
    to a form. `may_campaign`: those in which they may start a reconnect campaign.
    """
    operations = troubled_operations(consoles)
    links = troubled_links(consoles)
    alarms = open_alarms(consoles)
    worn = worn_kinds(consoles)
    counts = {
        "alarms": alarms.count(),
        "not-authenticated": unauthenticated,
        "not-working": not_working,
        "links": links.count(),
        "operations": operations.count(),
        "wearing": sum(one.count for one in worn),
    }
    rows: list[Row] = []
    if show in {"", "alarms"}:
        rows += [alarm_row(one) for one in alarms[:SHOWN_AT_MOST]]
    if show in {"", "operations"}:
        rows += [_operation_row(one, may_act) for one in operations[:SHOWN_AT_MOST]]
    if show in {"", "links"}:
        rows += [_link_row(one) for one in links[:SHOWN_AT_MOST]]
    if show in {"", "not-authenticated"}:
        found = broken(consoles) if show else without_alarm(broken(consoles))
        rows += [_connector_row(one, may_act) for one in found[:SHOWN_AT_MOST]]
    if show in {"", "not-working"} and not_working:
        found = not_working_in(consoles) if show else without_alarm(not_working_in(consoles))
        rows += [_connector_row(one, may_act) for one in found[:SHOWN_AT_MOST]]
    if show in {"", "wearing"}:
        rows += [wear_row(one, may_campaign) for one in worn[:SHOWN_AT_MOST]]
    rows.sort(key=lambda row: row.at or datetime.min.replace(tzinfo=UTC), reverse=True)
    return Attention(rows[:SHOWN_AT_MOST], counts)


# ---- operations ----


def troubled_operations(consoles: Sequence[Console]) -> QuerySet[Operation]:
    """Those that failed lately and were not tried anew, and those that are checked for long."""
    now = timezone.now()
    failed = Q(
        state=State.FAILED,
        is_superseded=False,
        dismissed_at=None,
        finished_at__gt=now - FAILED_WITHIN,
    )
    checking = Q(state=State.UNSURE, sent_at__lt=now - CHECKING_LONG)
    return (
        Operation.objects.filter(failed | checking, console__in=consoles)
        .select_related("account")
        .order_by(Coalesce("finished_at", "sent_at").desc(), "-pk")
    )


def _operation_row(operation: Operation, may_act: Collection[int]) -> Row:
    fix_url = display.fix_url(operation) if operation.console_id in may_act else ""
    if operation.state == State.FAILED:
        why = Truncator(operation.error).chars(LONGEST_WHY)
    else:
        why = "Cyclr did not say whether it happened; still looking."
    return Row(
        state=operation.state_label,
        word=operation.state_label,
        name=operation.title,
        url=operation.get_absolute_url(),
        account=str(operation.account or ""),
        why=why,
        at=operation.finished_at or operation.sent_at,
        action="Fix and retry" if fix_url else "Open",
        action_url=fix_url or operation.get_absolute_url(),
    )


# ---- installed connectors ----


def broken(consoles: Sequence[Console]) -> QuerySet[AccountConnector]:
    """Installed connectors that are not authenticated, with whether a link is open for them."""
    rows = _with_links(consoles).filter(Q(authenticated=False) | Q(authenticated=None))
    return rows.order_by(
        F("authenticated_since").desc(nulls_last=True), "account__sort_name", "sort_name", "pk"
    )


def not_working_in(consoles: Sequence[Console]) -> QuerySet[AccountConnector]:
    """Those whose newest test failed although Cyclr calls them authenticated."""
    return _with_links(consoles).filter(NOT_WORKING).order_by("-test_failed_at", "-pk")


def _with_links(consoles: Sequence[Console]) -> QuerySet[AccountConnector]:
    waiting = LinkItem.objects.filter(
        account_connector=OuterRef("pk"),
        connected_at=None,
        link__revoked_at=None,
        link__connected_at=None,
        link__expires_at__gt=timezone.now(),
    ).order_by("-link__created_at")
    rows: QuerySet[AccountConnector] = AccountConnector.objects.there()
    return (
        rows.filter(
            account__gone_at=None,
            account__console__in=consoles,
        )
        .annotate(
            open_link=Subquery(waiting.values("link")[:1]),
            open_link_state=Subquery(waiting.values("link__state")[:1]),
        )
        .select_related("account")
    )


def _connector_row(installed: AccountConnector, may_act: Collection[int]) -> Row:
    since = installed.authenticated_since
    if installed.is_not_working:
        since = installed.test_failed_at
        why = Truncator(installed.test_failure).chars(LONGEST_WHY)
        parts = [f"The newest test or call failed: {why}"]
    elif since is not None:
        parts = [f"Was authenticated until {format_clock_or_date(since)}."]
    else:
        parts = ["Was not authenticated when it was first seen."]
    link = getattr(installed, "open_link", None)
    if link is not None:
        state = LinkState(getattr(installed, "open_link_state", LinkState.CREATED)).label.lower()
        parts.append(f"A link is open: {state}.")
        action, action_url = "Open link", reverse("link_detail", args=[link])
    else:
        action, action_url = "Open", installed.get_absolute_url()
        if not installed.is_connected_by_link:
            parts.append(f"{installed.method_label}: no link can connect it.")
        else:
            parts.append("No link is open.")
            if installed.account.console_id in may_act:
                form = reverse("link_new", args=[installed.account_id])
                action, action_url = "Create link", f"{form}?connector={installed.pk}"
    return Row(
        state=installed.state,
        word=installed.state,
        name=installed.name or installed.connector_name,
        url=installed.get_absolute_url(),
        account=str(installed.account),
        why=" ".join(parts),
        at=since,
        action=action,
        action_url=action_url,
    )


# ---- links ----


def troubled_links(consoles: Sequence[Console]) -> QuerySet[Link]:
    """Links that ended unfinished or soon will, failed or came back, or are asked for again.

    A link whose apps a newer one asks for as well troubles nobody; one for other apps does.
    """
    now = timezone.now()
    items = LinkItem.objects.filter(link=OuterRef("pk")).order_by()
    newer = LinkItem.objects.filter(
        account_connector=OuterRef("account_connector"),
        link__created_at__gt=OuterRef("link__created_at"),
        link__revoked_at=None,
    )
    many = Q(starts__gte=MANY_STARTS) | Q(failures__gte=MANY_STARTS)
    in_vain = items.filter(many).left()
    still_broken = items.exclude(account_connector__authenticated=True).filter(
        ~Exists(newer), account_connector__gone_at=None
    )
    is_usable = Q(revoked_at=None, expires_at__gt=now)
    soon = Q(expires_at__lte=now + EXPIRES_WITHIN, created_at__lte=now - LEFT_ALONE_FOR)
    expired = Q(revoked_at=None, expires_at__lte=now, expires_at__gt=now - EXPIRED_WITHIN)
    asked_again = Q(is_new_link_asked=True, expires_at__gt=now - EXPIRED_WITHIN)
    began_to_expire = ExpressionWrapper(
        F("expires_at") - Value(EXPIRES_WITHIN), output_field=DateTimeField()
    )
    rows: QuerySet[Link] = Link.objects.filter(
        connected_at=None, console__in=consoles, account__gone_at=None
    )
    came_back = Q(last_mail=MailState.BOUNCED)
    troubled: QuerySet[Link] = (
        with_troubles(rows)
        .annotate(
            was_in_vain=Exists(in_vain),
            last_start=Subquery(
                items.values("link").annotate(last=Max("started_at")).values("last")
            ),
            most_starts=Subquery(items.values("link").annotate(most=Max("starts")).values("most")),
            most_failures=Subquery(
                items.values("link").annotate(most=Max("failures")).values("most")
            ),
        )
        .filter(expired | asked_again | (is_usable & (soon | Q(was_in_vain=True) | came_back)))
        .filter(Exists(still_broken))
        .annotate(
            troubled_at=Case(
                When(expires_at__lte=now, then=F("expires_at")),
                When(was_in_vain=True, then=Coalesce(F("last_start"), F("created_at"))),
                When(came_back, then=F("moved_at")),
                default=Greatest(F("created_at"), began_to_expire),
            )
        )
        .select_related("account")
        .order_by(F("troubled_at").desc(), "-pk")
    )
    return troubled


HOW_FAR = {
    LinkState.CREATED: "not opened yet",
    LinkState.SENT: "not opened yet",
    LinkState.OPENED: "opened, never started",
    LinkState.STARTED: "started, never finished",
    LinkState.RETURNED: "the customer came back, but Cyclr does not say it is connected",
    LinkState.PARTLY: "connected in part",
}
COUNTED = {3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight", 9: "Nine"}


def _counted(number: int) -> str:
    return COUNTED.get(number, f"{number:,}")


def _link_row(link: Link) -> Row:
    how_far = HOW_FAR.get(LinkState(link.state), "not finished")
    starts = int(getattr(link, "most_starts", 0) or 0)
    if link.is_new_link_asked:
        why = "The customer asks for a new link."
    elif link.is_expired:
        why = f"Its time is over: {how_far}."
    elif getattr(link, "was_in_vain", False):
        if starts >= MANY_STARTS:
            why = f"{_counted(starts)} starts, never finished."
        else:  # entries that were refused
            why = f"{_counted(getattr(link, 'most_failures', 0))} tries in vain."
    elif getattr(link, "last_mail", None) == MailState.BOUNCED:
        why = "The e-mail with the link bounced."
    else:
        why = f"Works until {format_clock_or_date(link.expires_at)}: {how_far}."
    return Row(
        state=link.shape,
        word=link.state_label,
        name=str(link),
        url=link.get_absolute_url(),
        account="",
        why=why,
        at=getattr(link, "troubled_at", None),
        action="Open link",
        action_url=link.get_absolute_url(),
    )
