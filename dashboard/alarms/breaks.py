"""Which connectors are broken without an alarm, and which members of alarms are over.

The mirror says what broke: that Cyclr stopped calling a connector authenticated, though nobody
here had it so (`why_broken`), or that a test which nobody asked for found it dead. It never says
so of a page of errors, nor of a listing that broke off.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from dashboard.alarms.models import AlarmMember, End, Trouble
from dashboard.audit.models import ActorKind
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


def new_breaks(consoles: Collection[int]) -> list[Break]:
    """What is broken and has no open member of an alarm; the first to break first."""
    since = timezone.now() - LOOKED_BACK
    rows = (
        AccountConnector.objects.there()
        .filter(account__gone_at=None, account__console__in=consoles)
        .exclude(Exists(_members().filter(ended_at=None)))
        .select_related("account__console")
    )
    lost = rows.filter(_is_lost(since)).exclude(Exists(_taken_away())).exclude(_is_doubtful())
    dead = rows.filter(NOT_WORKING, Exists(_found_by_schedule()), test_failed_at__gt=since)
    found = [Break(one, _moment(one), Trouble.NOT_AUTHENTICATED) for one in lost.order_by()]
    found += [Break(one, _moment(one), Trouble.NOT_WORKING) for one in dead.order_by()]
    return sorted(found, key=lambda one: (one.at, one.connector.pk))


def doubted(consoles: Collection[int]) -> QuerySet[AccountConnector]:
    """Those whose loss only a listing tells that may have lagged, and no longer would."""
    now = timezone.now()
    lag = now - LISTINGS_LAG
    changed = Exists(_connected().filter(connected_at__gt=lag))
    changed_too = Exists(_changed().filter(finished_at__gt=lag))
    found: QuerySet[AccountConnector] = (
        AccountConnector.objects.there()
        .filter(_is_lost(now - LOOKED_BACK), _is_doubtful(), account__console__in=consoles)
        .filter(account__gone_at=None)
        .exclude(changed | changed_too | Exists(_taken_away()))
        .exclude(Exists(_members().filter(ended_at=None)))
    )
    return found.select_related("account").order_by()


def ended_members(consoles: Collection[int]) -> list[EndedMember]:
    """The open members of alarms that are broken no longer, each with how that came."""
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
    rows = AlarmMember.objects.filter(ended_at=None, alarm__console__in=consoles)
    found = (
        rows.annotate(
            is_now=Case(
                When(is_gone, then=Value(End.GONE)),
                When(works, then=Value(End.RECOVERED)),
                When(is_wanted, then=Value(End.WANTED)),
                default=Value(""),
                output_field=CharField(),
            )
        )
        .exclude(is_now="")
        .select_related("alarm", "account_connector__account")
        .order_by("pk")
    )
    return [EndedMember(one, End(one.is_now)) for one in found]


def changed_members(consoles: Collection[int]) -> QuerySet[AlarmMember]:
    """Open members that are broken in another way by now than the alarm says."""
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
    found = rows.filter(is_lost | is_dead | has_other_reason)
    return found.select_related("alarm", "account_connector__account").order_by("pk")


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
