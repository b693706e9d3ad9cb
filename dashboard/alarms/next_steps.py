"""What is next for each broken connector of an alarm, so that nobody writes to a customer twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from dashboard.alarms.models import Alarm, AlarmMember, End, Trouble, short
from dashboard.common.timing import format_clock_or_date, format_short
from dashboard.connectors.why_broken import NEXT
from dashboard.links.models import Link, LinkItem
from dashboard.mirror.models import WhyBroken
from dashboard.people.models import User

NOT_THE_CUSTOMERS = (WhyBroken.ADDRESS, WhyBroken.LIMIT, WhyBroken.OUTAGE)
"""Reasons that no link mends."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is next, as a sentence, and the button that leads there; empty for none."""

    message: str
    action: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A member as the page shows it: its state's word, and what is next."""

    member: AlarmMember
    word: str
    step: Step | None


def with_links(members: QuerySet[AlarmMember]) -> QuerySet[AlarmMember]:
    """Each with its newest link since the break began, or one that is still open."""
    items = LinkItem.objects.filter(account_connector=OuterRef("account_connector"))
    open_ones = Link.objects.open().filter(
        items__account_connector=OuterRef("account_connector"), items__connected_at=None
    )
    since = items.filter(link__created_at__gte=OuterRef("began_at"), connected_at=None)
    return members.annotate(
        open_link=Subquery(open_ones.order_by("-pk").values("pk")[:1]),
        last_link=Subquery(since.order_by("-link__pk").values("link")[:1]),
    )


def lines_of(members: Sequence[AlarmMember], *, may_act: bool) -> list[MemberLine]:
    """The members, which are `with_links`, as the page shows them; two queries more at most."""
    wanted = {getattr(one, name) for one in members for name in ("open_link", "last_link")}
    links = Link.objects.in_bulk([pk for pk in wanted if pk is not None])
    return [MemberLine(one, word_of(one), _step(one, links, may_act=may_act)) for one in members]


def word_of(member: AlarmMember) -> str:
    """The state's word: of one that is over how that came."""
    if member.ended_at is None:
        return str(Trouble(member.trouble).label)
    ends = {End.RECOVERED: "Authenticated", End.GONE: "Gone", End.WANTED: "Not authenticated"}
    return ends[End(member.end)]


def _step(member: AlarmMember, links: dict[int, Link], *, may_act: bool) -> Step | None:
    """What helps one that is still broken; None for one that is over."""
    if member.ended_at is not None:
        return None
    installed = member.account_connector
    open_link = links.get(getattr(member, "open_link", None) or 0)
    if open_link is not None:
        until = format_clock_or_date(open_link.expires_at)
        words = f"Waits for the customer until {until}: the link is {_word(open_link)}."
        return Step(words, "Open link", open_link.get_absolute_url())
    last = links.get(getattr(member, "last_link", None) or 0)
    if last is not None:
        words = f"Call the customer: their link ended unfinished ({_word(last)})."
        return Step(words, "Open link", last.get_absolute_url())
    why = installed.why_broken or member.why
    if why in NOT_THE_CUSTOMERS:
        return Step(NEXT[WhyBroken(why)], "Open", installed.get_absolute_url())
    if not installed.is_connected_by_link:
        words = f"Call the customer: {installed.method_label}, which no link can connect."
        return Step(words, "Open", installed.get_absolute_url())
    if not may_act:
        return Step("Send the customer a connection link.")
    form = reverse("link_new", args=[installed.account_id])
    url = f"{form}?connector={installed.pk}"
    return Step("Send the customer a connection link.", "Create link", url)


def _word(link: Link) -> str:
    return str(link.state_label).lower()


def owner_words(alarm: Alarm) -> str:
    """Who has it, since when, as a sentence; empty for nobody."""
    if alarm.owner is None or alarm.owned_since is None:
        return ""
    return f"{_name(alarm.owner)} has taken it, {format_short(alarm.owned_since)} UTC"


def _name(user: User) -> str:
    return short(user.display_name)
