"""What opens and closes alarms: a look at the mirror, every other second.

The mirror is the only thing that is looked at, so nothing that broke is lost, whoever dies when;
the next look finds it. A console's alarms change under a lock of its row, and a connector has one
open member at most, by constraint.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from dashboard.alarms import telling
from dashboard.alarms.breaks import (
    Break,
    EndedMember,
    changed_members,
    doubted_accounts,
    ended_members,
    moved_in,
    new_breaks,
)
from dashboard.alarms.grouping import clusters, is_near
from dashboard.alarms.models import Alarm, AlarmMember, End, Trouble, short
from dashboard.common.prepared import prepared
from dashboard.common.timing import format_span
from dashboard.common.untrusted_text import first_few
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account, WhyBroken
from dashboard.mirror.tasks import ask_for_refresh

logger = logging.getLogger(__name__)

SAME_BREAK = {
    End.RECOVERED: timedelta(minutes=10),
    End.GONE: timedelta(days=1),
    End.WANTED: timedelta(),
}
"""What breaks again so soon is the same break: no second alarm, and nobody is told again."""
ASKED_AGAIN = timedelta(minutes=1)
NAMED = 3
"""Customers that a line of the timeline names."""


def watch() -> None:
    """Open, join and close alarms by what the mirror says now; a second look finds nothing new."""
    consoles = _current_consoles()
    if moved := moved_in(consoles):
        for console in Console.objects.filter(pk__in=moved).order_by("pk"):
            try:
                bring_up_to_date(console)
            except Exception:  # noqa: BLE001 - one console's fault must not hide what broke elsewhere
                logger.exception("look at alarms failed console=%d", console.pk)
    telling.tell_due(consoles)


def ask_about_doubted() -> None:
    """Have the accounts read of which a listing may have lagged: the next one tells."""
    before = timezone.now() - ASKED_AGAIN
    if doubted := doubted_accounts(_current_consoles()):
        for account in Account.objects.filter(pk__in=doubted).order_by("pk"):
            if account.refresh_asked_at is None or account.refresh_asked_at < before:
                ask_for_refresh(account)


def _current_consoles() -> list[int]:
    return [pk for (pk,) in _current()]


@prepared
def _current() -> QuerySet[Any, Any]:
    return Console.objects.current().order_by("pk").values_list("pk")


@transaction.atomic
def bring_up_to_date(console: Console) -> None:
    """Close what is over and open what broke, as the only one who does so in this console."""
    Console.objects.select_for_update(no_key=True).get(pk=console.pk)
    touched = _end_members(ended_members([console.pk]))
    for member in changed_members([console.pk]):
        _follow(member)
    of_kind: dict[str, list[Break]] = defaultdict(list)
    for one in new_breaks([console.pk]):
        of_kind[one.connector.connector_name].append(one)
    for name, breaks in of_kind.items():
        touched |= _open(console, name, _take_up(breaks, touched))
    closed = [alarm for alarm in touched if _count(alarm)]
    telling.tell_of_closed(closed)


# ---- over ----


def _end_members(ended: Sequence[EndedMember]) -> set[Alarm]:
    """End these members; answers their alarms."""
    moment = timezone.now()
    together: dict[tuple[Alarm, End], list[AlarmMember]] = defaultdict(list)
    for one in ended:
        together[one.member.alarm, one.end].append(one.member)
    for (alarm, end), some in together.items():
        rows = AlarmMember.objects.filter(pk__in=[one.pk for one in some], ended_at=None)
        rows.update(ended_at=moment, end=end)
        alarm.record("over", f"{_named(some)}: {end.label[0].lower()}{end.label[1:]}")
    return {alarm for alarm, _ in together}


def _named(members: Sequence[AlarmMember]) -> str:
    """`Acme, Beta and 3 more`."""
    return first_few((short(one.account_connector.account) for one in members), NAMED)


def _follow(member: AlarmMember) -> None:
    """Say how it is broken now, and why; the timeline keeps what was said before."""
    connector = member.account_connector
    is_dead = connector.is_not_working
    trouble = Trouble.NOT_WORKING if is_dead else Trouble.NOT_AUTHENTICATED
    why = connector.why_broken or member.why
    AlarmMember.objects.filter(pk=member.pk, ended_at=None).update(trouble=trouble, why=why)
    message = f"{short(connector.account)}: {trouble.label.lower()}"
    if why and why != WhyBroken.UNKNOWN:
        message += f", probably {WhyBroken(why).label.lower()}"
    member.alarm.record("changed", message)


# ---- broken ----


def _take_up(breaks: Iterable[Break], touched: set[Alarm]) -> list[Break]:
    """Go on with the alarms of what broke again soon, adding to `touched`; answers the others."""
    breaks = list(breaks)
    moment, last = timezone.now(), _last_members(breaks)
    new = []
    for one in breaks:
        member = last.get(one.connector.pk)
        if member is None or not _is_same(member, moment):
            new.append(one)
        else:
            _reopen(member, one)
            touched.add(member.alarm)
    return new


def _is_same(member: AlarmMember, moment: datetime) -> bool:
    """Whether a break at that moment goes on with one that is over."""
    ended_at = member.ended_at
    return ended_at is not None and moment - ended_at <= SAME_BREAK[End(member.end)]


def _last_members(breaks: Sequence[Break]) -> dict[int, AlarmMember]:
    longest = timezone.now() - max(SAME_BREAK.values())
    rows = AlarmMember.objects.filter(
        account_connector__in=[one.connector.pk for one in breaks], ended_at__gte=longest
    )
    return {
        one.account_connector_id: one for one in rows.select_related("alarm").order_by("ended_at")
    }


def _reopen(member: AlarmMember, one: Break) -> None:
    AlarmMember.objects.filter(pk=member.pk).update(
        ended_at=None,
        end="",
        trouble=one.trouble,
        why=one.connector.why_broken,
        times=member.times + 1,
    )
    alarm = member.alarm
    alarm.record("again", f"{short(one.connector.account)}: broken again")
    if alarm.ended_at is not None:  # that it is over was told: so is that it is not
        newest_at = max(one.at, alarm.newest_at)
        rows = Alarm.objects.filter(pk=alarm.pk)
        rows.update(told_at=None, opened_at=timezone.now(), newest_at=newest_at)


def _open(console: Console, name: str, breaks: Sequence[Break]) -> set[Alarm]:
    """Find or make the alarms of these breaks of one kind of connector; answers them.

    In the caller's transaction: who takes one of them meanwhile waits, and then has the whole.
    """
    if not breaks:
        return set()
    rows = Alarm.objects.open().filter(console=console, connector_name=name)
    alarms = list(rows.select_for_update(no_key=True).order_by("pk"))
    joining: dict[Alarm, list[Break | Alarm]] = defaultdict(list)
    alone: list[Break | Alarm] = []
    groups = [alarm for alarm in alarms if alarm.is_group]
    for thing in [*(alarm for alarm in alarms if not alarm.is_group), *breaks]:
        near = next((one for one in groups if _is_of(one, thing)), None)
        (joining[near] if near else alone).append(thing)
    made = set()
    for many in clusters(alone, _moment) if name else ():
        made.add(_make_group(console, name, many))
        grouped = set(map(id, many))
        alone = [one for one in alone if id(one) not in grouped]
    for group, things in joining.items():
        _join(group, things)
        made.add(group)
    return made | {_make_single(one) for one in alone if isinstance(one, Break)}


def _moment(thing: Break | Alarm) -> datetime:
    return thing.at if isinstance(thing, Break) else thing.began_at


def _is_of(group: Alarm, thing: Break | Alarm) -> bool:
    return is_near(_moment(thing), group.began_at, group.newest_at)


def _make_single(one: Break) -> Alarm:
    alarm = Alarm.objects.create(
        console=one.connector.account.console,
        connector_name=one.connector.connector_name,
        account_connector=one.connector,
        began_at=one.at,
        newest_at=one.at,
    )
    _add(alarm, [one])
    alarm.record("opened", f"{alarm}: {one.trouble.label.lower()}")
    logger.info("alarm opened alarm=%d connector=%d", alarm.pk, one.connector.pk)
    return alarm


def _make_group(console: Console, name: str, things: Sequence[Break | Alarm]) -> Alarm:
    """The oldest alarm of them becomes the one over all, so that its address stays good."""
    singles = [one for one in things if isinstance(one, Alarm)]
    if singles:
        group = min(singles, key=lambda one: one.pk)
        group.is_group, group.account_connector, group.told_at = True, None, None
        group.snoozed_until = None
        group.save(update_fields=["is_group", "account_connector", "told_at", "snoozed_until"])
        _give_to_first(group, singles)
    else:
        moment = _moment(things[0])
        group = Alarm.objects.create(
            console=console,
            connector_name=name,
            is_group=True,
            began_at=moment,
            newest_at=moment,
        )
    _take_in(group, [one for one in things if one is not group])
    _count(group)
    minutes = format_span(max(60.0, (group.newest_at - group.began_at).total_seconds()))
    group.record("grouped", f"{group.member_count:,} broke within {minutes}: one alarm over all")
    logger.info("alarm over many alarm=%d members=%d", group.pk, group.member_count)
    return group


def _join(group: Alarm, things: Sequence[Break | Alarm]) -> None:
    _take_in(group, things)
    noun = "connection" if len(things) == 1 else "connections"
    group.record("joined", f"{len(things):,} more {noun} broke")


def _take_in(group: Alarm, things: Sequence[Break | Alarm]) -> None:
    """Have these breaks, and the members of these alarms, belong to the alarm over many."""
    _add(group, [one for one in things if isinstance(one, Break)])
    singles = [one for one in things if isinstance(one, Alarm)]
    _merge(group, singles)
    moments = [_moment(one) for one in things]
    group.began_at = min([group.began_at, *moments])
    group.newest_at = max([group.newest_at, *moments])
    group.save(update_fields=["began_at", "newest_at"])


def _add(alarm: Alarm, breaks: Sequence[Break]) -> None:
    AlarmMember.objects.bulk_create(
        AlarmMember(
            alarm=alarm,
            account_connector=one.connector,
            trouble=one.trouble,
            why=one.connector.why_broken,
            began_at=one.at,
        )
        for one in breaks
    )


def _merge(group: Alarm, singles: Sequence[Alarm]) -> None:
    """Have them be part of the alarm over many; the timeline names who had taken them."""
    moment, pks = timezone.now(), [one.pk for one in singles]
    AlarmMember.objects.filter(alarm__in=pks).update(alarm=group)
    Alarm.objects.filter(pk__in=pks).update(
        ended_at=moment, end=End.MERGED, merged_into=group, open_count=0
    )
    if group.owner is None:
        _give_to_first(group, singles)
    for one in singles:
        if one.owner is not None:
            group.record("taken", f"{short(one.owner)} had taken the alarm of {one}")


def _give_to_first(group: Alarm, singles: Sequence[Alarm]) -> None:
    """Whoever had taken one of them first has the whole."""
    taken = [(one.owned_since, one.pk, one) for one in singles if one.owned_since is not None]
    if taken:
        _, _, first = min(taken)
        group.owner, group.owned_since = first.owner, first.owned_since
        group.save(update_fields=["owner", "owned_since"])


def _count(alarm: Alarm) -> bool:
    """Bring its counts in line with its members; says whether that closed it."""
    alarm.refresh_from_db()
    if alarm.merged_into_id is not None:
        return False
    counts = alarm.members.aggregate(
        member_count=Count("pk"),
        open_count=Count("pk", filter=Q(ended_at=None)),
        account_count=Count("account_connector__account", distinct=True),
    )
    for column, count in counts.items():
        setattr(alarm, column, count)
    closes = alarm.ended_at is None and not alarm.open_count
    if alarm.open_count:
        alarm.ended_at, alarm.end = None, ""
    elif closes:
        alarm.ended_at, alarm.end = timezone.now(), _end_of(alarm)
    alarm.save(update_fields=[*counts, "ended_at", "end"])
    if closes:
        alarm.record("closed", f"Closed after {alarm.lasted_label}")
        logger.info("alarm closed alarm=%d seconds=%d", alarm.pk, alarm.lasted.total_seconds())
    return closes


def _end_of(alarm: Alarm) -> End:
    """How it ended: that anything of it works again says more than that the rest is gone."""
    ends = set(alarm.members.order_by().values_list("end", flat=True))
    return next(end for end in (End.RECOVERED, End.WANTED, End.GONE) if end in ends)
