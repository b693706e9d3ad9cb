"""Which connectors are broken without an alarm, and which members of alarms are over.

The mirror says what broke: that Cyclr stopped calling a connector authenticated, though nobody
here had it so (`why_broken`), or that a test which nobody asked for found it dead. It never says
so of a page of errors, nor of a listing that broke off.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from dashboard.alarms.models import AlarmMember, End, Trouble
from dashboard.audit.models import ActorKind
from dashboard.common.prepared import prepared
from dashboard.connector_changes.handlers.losing import DEAUTHENTICATE, DELETE
from dashboard.connectors.models import ConnectionTest
from dashboard.links.models import LinkItem
from dashboard.mirror.models import NOT_WORKING, AccountConnector, WhyBroken
from dashboard.operations.models import ACTIVE, Operation, State

LOOKED_BACK = timedelta(days=7)
"""What broke longer ago opens no alarm: it did so before there were any, or nobody looked."""

LISTINGS_LAG = timedelta(minutes=3)
"""By how much a listing may lag behind what was done: one that began so soon after somebody
connected a connector may still show it as it was."""


@dataclass(frozen=True, slots=True)
class Break:
    """A connector that broke, with its account; and when."""

    connector: AccountConnector
    at: datetime
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class EndedMember:
    """A member of an alarm that is broken no longer, and how that came."""

    member: AlarmMember
    end: End


def moved_in(consoles: Collection[int]) -> set[int]:
    """The consoles in which anything is to be opened, followed or closed.

    The same questions as below, put into SQL once: they are asked every other second for ever.
    """
    since = timezone.now() - LOOKED_BACK
    found = _with_lost(consoles, since) + _with_dead(consoles, since)
    found += _with_ended(consoles) + _with_changed(consoles)
    return {pk for (pk,) in found}


def new_breaks(consoles: Collection[int]) -> list[Break]:
    """What is broken and has no open member of an alarm; the first to break first."""
    since = timezone.now() - LOOKED_BACK
    lost = _lost(consoles, since).select_related("account__console")
    dead = _dead(consoles, since).select_related("account__console")
    found = [Break(one, _moment(one), Trouble.NOT_AUTHENTICATED) for one in lost]
    found += [Break(one, _moment(one), Trouble.NOT_WORKING) for one in dead]
    return sorted(found, key=lambda one: (one.at, one.connector.pk))


def doubted_accounts(consoles: Collection[int]) -> set[int]:
    """Those with a loss that only a listing tells which may have lagged, and no longer would."""
    now = timezone.now()
    return {pk for (pk,) in _with_doubted(consoles, now - LOOKED_BACK, now - LISTINGS_LAG)}


def ended_members(consoles: Collection[int]) -> list[EndedMember]:
    """The open members of alarms that are broken no longer, each with how that came."""
    found = _ended(consoles).select_related("alarm", "account_connector__account")
    return [EndedMember(one, End(one.is_now)) for one in found.order_by("pk")]


def changed_members(consoles: Collection[int]) -> QuerySet[AlarmMember]:
    """Open members that are broken in another way by now than the alarm says."""
    found = _otherwise_broken(consoles).select_related("alarm", "account_connector__account")
    return found.order_by("pk")


# ---- the questions ----


def _lost(consoles: Collection[int], since: datetime) -> QuerySet[AccountConnector]:
    rows = _unnoticed(consoles).filter(_is_lost(since))
    return rows.exclude(Exists(_taken_away())).exclude(_is_doubtful())


def _dead(consoles: Collection[int], since: datetime) -> QuerySet[AccountConnector]:
    return _unnoticed(consoles).filter(
        NOT_WORKING, Exists(_found_by_schedule()), test_failed_at__gt=since
    )


def _unnoticed(consoles: Collection[int]) -> QuerySet[AccountConnector]:
    found: QuerySet[AccountConnector] = (
        AccountConnector.objects.there()
        .filter(account__gone_at=None, account__console__in=consoles)
        .exclude(Exists(_members().filter(ended_at=None)))
        .order_by()
    )
    return found


def _ended(consoles: Collection[int]) -> QuerySet[Any]:
    is_gone = Q(account_connector__gone_at__isnull=False) | Q(
        account_connector__account__gone_at__isnull=False
    )
    works = Q(account_connector__authenticated=True, account_connector__test_failed_at=None)
    by_us = Operation.objects.filter(
        account_connector=OuterRef("account_connector"),
        kind=DEAUTHENTICATE,
        state=State.DONE,
        finished_at__gte=OuterRef("began_at"),
    )
    is_wanted = Q(account_connector__authenticated=False, account_connector__why_broken="")
    is_wanted &= Q(Exists(by_us.order_by()))
    return (
        AlarmMember.objects.filter(ended_at=None, alarm__console__in=consoles)
        .annotate(
            is_now=Case(
                When(is_gone, then=Value(End.GONE)),
                When(works, then=Value(End.RECOVERED)),
                When(is_wanted, then=Value(End.WANTED)),
                default=Value(""),
                output_field=CharField(),
            )
        )
        .exclude(is_now="")
        .order_by()
    )


def _otherwise_broken(consoles: Collection[int]) -> QuerySet[AlarmMember]:
    there = Q(account_connector__gone_at=None)
    is_lost = there & Q(account_connector__authenticated=False, trouble=Trouble.NOT_WORKING)
    is_dead = there & Q(
        account_connector__authenticated=True,
        account_connector__test_failed_at__isnull=False,
        trouble=Trouble.NOT_AUTHENTICATED,
    )
    has_other_reason = there & ~Q(account_connector__why_broken=F("why"))
    has_other_reason &= ~Q(account_connector__why_broken__in=["", WhyBroken.UNKNOWN])
    rows = AlarmMember.objects.filter(ended_at=None, alarm__console__in=consoles)
    return rows.filter(is_lost | is_dead | has_other_reason).order_by()


@prepared
def _with_lost(consoles: Collection[int], since: datetime) -> QuerySet[Any, Any]:
    return _lost(consoles, since).values_list("account__console").distinct()


@prepared
def _with_dead(consoles: Collection[int], since: datetime) -> QuerySet[Any, Any]:
    return _dead(consoles, since).values_list("account__console").distinct()


@prepared
def _with_ended(consoles: Collection[int]) -> QuerySet[Any, Any]:
    return _ended(consoles).values_list("alarm__console").distinct()


@prepared
def _with_changed(consoles: Collection[int]) -> QuerySet[Any, Any]:
    return _otherwise_broken(consoles).values_list("alarm__console").distinct()


@prepared
def _with_doubted(consoles: Collection[int], since: datetime, lag: datetime) -> QuerySet[Any, Any]:
    changed = Exists(_connected().filter(connected_at__gt=lag))
    changed_too = Exists(_changed().filter(finished_at__gt=lag))
    rows = _unnoticed(consoles).filter(_is_lost(since), _is_doubtful())
    rows = rows.exclude(changed | changed_too | Exists(_taken_away()))
    return rows.values_list("account").distinct()


def _moment(connector: AccountConnector) -> datetime:
    since = connector.authenticated_since
    moment = connector.test_failed_at if connector.is_not_working else since
    return moment or timezone.now()


def _is_lost(since: datetime) -> Q:
    return Q(authenticated=False, authenticated_since__gt=since) & ~Q(why_broken="")


def _members() -> QuerySet[AlarmMember]:
    return AlarmMember.objects.filter(account_connector=OuterRef("pk")).order_by()


def _taken_away() -> QuerySet[Operation]:
    """What colleagues do, or have just done, to take its credentials away; or to delete it."""
    rows = Operation.objects.filter(account_connector=OuterRef("pk")).order_by()
    is_under_way = Q(state__in=ACTIVE, kind__in=[DEAUTHENTICATE, DELETE])
    is_done = Q(
        state=State.DONE,
        kind=DEAUTHENTICATE,
        finished_at__gte=OuterRef("authenticated_since"),
    )
    return rows.filter(is_under_way | is_done)


def _found_by_schedule() -> QuerySet[ConnectionTest]:
    """The test that says so now, where nobody asked for it: who asks for one sees its answer."""
    return ConnectionTest.objects.filter(
        account_connector=OuterRef("pk"),
        worked=False,
        actor_kind=ActorKind.SYSTEM,
        began_at=OuterRef("test_failed_at"),
    ).order_by()


def _is_doubtful() -> Q:
    """Whether somebody connected it, by us, so shortly before the listing began."""
    before = OuterRef("seen_at") - LISTINGS_LAG
    is_connected = Exists(_connected().filter(connected_at__gt=before))
    return Q(is_connected | Exists(_changed().filter(finished_at__gt=before)))


def _connected() -> QuerySet[LinkItem]:
    return LinkItem.objects.filter(
        account_connector=OuterRef("pk"), connected_at__isnull=False
    ).order_by()


def _changed() -> QuerySet[Operation]:
    rows = Operation.objects.filter(account_connector=OuterRef("pk"), state=State.DONE)
    return rows.exclude(kind=DEAUTHENTICATE).order_by()
