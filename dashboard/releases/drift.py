"""Installed releases that are not the live one any more: what going to the live one means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q

from cyclr_api import AuthMethod, Parameter
from dashboard.common.chunks import chunks
from dashboard.connectors.models import ConnectionTestMethod
from dashboard.consoles.models import Console
from dashboard.methods.models import Method, MethodReading, SavedCall
from dashboard.mirror.models import (
    AccountConnector,
    CatalogueConnector,
    CycleConnector,
    Release,
)
from dashboard.people.models import User
from dashboard.releases.comparing import (
    Asked,
    compare_authentication,
    compare_settings,
    settings_of,
)
from dashboard.releases.models import ReleaseReading

Of = tuple[int, int]
"""A console's id, and a release's."""


@dataclass(slots=True)
class Drift:
    """A release that is installed, beside the one that is live now."""

    connector: CatalogueConnector
    """The library's entry, which is the live release."""
    release_id: int
    installed: int
    accounts: int
    is_asked_known: bool = False
    """Whether what both ask was ever told."""
    asked: list[str] = field(default_factory=list)
    """What the live one asks in addition, in words; settings that must have a value first."""
    needed: frozenset[str] = frozenset()
    """Cyclr's names of the settings among them that must have a value."""
    are_methods_known: bool = False
    test_method: str = ""
    """The chosen test method, if the live one has it no longer."""
    calls: list[str] = field(default_factory=list)
    """Saved calls of methods that the live one has no longer."""

    @property
    def of(self) -> Of:
        """Which release, in which console."""
        return self.connector.console_id, self.release_id

    @property
    def of_live(self) -> Of:
        """The live one."""
        return self.connector.console_id, self.connector.release_id

    @property
    def stops(self) -> int:
        """How many things would stop."""
        return len(self.calls) + bool(self.test_method)


def drifts(consoles: Sequence[Console], user: User) -> list[Drift]:
    """All of them, those that most accounts have first; the same few queries for any number."""
    found = _installed(consoles)
    _tell_asked(found)
    _tell_stopped(found, user)
    return sorted(found, key=lambda one: (-one.accounts, one.connector.sort_name, -one.release_id))


def drift_of(connector: CatalogueConnector, release_id: int, user: User) -> Drift | None:
    """One of them; None if nobody has that release, or it is the live one."""
    found = [
        one
        for one in _installed([connector.console], connector=connector)
        if one.release_id == release_id
    ]
    _tell_asked(found)
    _tell_stopped(found, user)
    return next(iter(found), None)


def installed_of(drift: Drift) -> list[AccountConnector]:
    """The installed connectors of a release."""
    rows = AccountConnector.objects.there().filter(
        account__console=drift.connector.console_id,
        account__gone_at=None,
        connector_name=drift.connector.name,
        connector_version=drift.connector.version,
        release_id=drift.release_id,
    )
    return list(rows.select_related("account").order_by("account__sort_name", "sort_name", "pk"))


@dataclass(frozen=True, slots=True)
class Affected:
    """An installed connector of an older release: what runs with it, and what it lacks."""

    connector: AccountConnector
    running: int
    lacks: tuple[str, ...]


def affected_by(drift: Drift) -> list[Affected]:
    """Those of a release, in the order in which to see to them.

    First the ones with which the most runs; among those, the ones that lack something.
    """
    rows = installed_of(drift)
    running = _running(rows)
    found = [
        Affected(one, running.get(one.pk, 0), tuple(sorted(drift.needed - set(one.filled))))
        for one in rows
    ]
    return sorted(found, key=lambda one: (-one.running, -len(one.lacks)))


# ---- what is installed ----


def _installed(
    consoles: Sequence[Console], connector: CatalogueConnector | None = None
) -> list[Drift]:
    rows = AccountConnector.objects.there().filter(
        account__console__in=consoles, account__gone_at=None, release_id__isnull=False
    )
    entries = CatalogueConnector.objects.there().filter(console__in=consoles, account=None)
    if connector is not None:
        kind = {"connector_name": connector.name, "connector_version": connector.version}
        rows, entries = rows.filter(**kind), entries.filter(pk=connector.pk)
    live = {
        (entry.console_id, entry.name, entry.version): entry
        for entry in entries.select_related("console").defer("description")
    }
    kind_of = ("account__console", "connector_name", "connector_version", "release_id")
    counted = rows.order_by().values_list(*kind_of)
    found = []
    for console, name, version, release_id, installed, accounts in counted.annotate(
        Count("pk"), Count("account", distinct=True)
    ):
        entry = live.get((console, name, version))
        if entry is not None and entry.release_id != release_id:
            found.append(Drift(entry, release_id, installed, accounts))
    return found


def _running(connectors: Iterable[AccountConnector]) -> dict[int, int]:
    """By connector: how many running cycles need it."""
    by_place = {(one.account_id, one.cyclr_id): one.pk for one in connectors}
    counts: dict[int, set[int]] = defaultdict(set)
    for some in chunks(sorted({account for account, _ in by_place})):
        uses = CycleConnector.objects.filter(
            cycle__account__in=some, cycle__is_active=True, cycle__gone_at=None
        ).order_by()
        columns = ("cycle__account", "account_connector_cyclr_id", "cycle")
        for account, cyclr_id, cycle in uses.values_list(*columns):
            if (pk := by_place.get((account, cyclr_id or 0))) is not None:
                counts[pk].add(cycle)
    return {pk: len(cycles) for pk, cycles in counts.items()}


# ---- what the live one asks ----


def _tell_asked(found: Sequence[Drift]) -> None:
    wanted = Q()
    for one in found:
        wanted |= Q(console=one.of[0], release_id=one.release_id)
    kept = {(row.console_id, row.release_id): row for row in Release.objects.filter(wanted)}
    for one in found if kept else ():
        before = kept.get(one.of)
        if before is None or not one.connector.is_whole:
            continue
        one.is_asked_known = True
        settings = compare_settings(_settings(before), _settings(one.connector))
        must = [now for now in settings.added if now.is_required]
        must += [
            change.now
            for change in settings.changed
            if change.now.is_required and not change.before.is_required
        ]
        may = [now for now in settings.added if not now.is_required]
        authentication = compare_authentication(_methods(before), _methods(one.connector))
        one.needed = frozenset(now.target for now in must)
        one.asked = [*(now.label for now in must), *(f"{now.label} (optional)" for now in may)]
        one.asked += [f"no longer authenticated by {label}" for label in authentication.removed]


def _settings(row: Release | CatalogueConnector) -> list[Asked]:
    every = [Parameter.from_json(one) for one in row.parameters]
    return settings_of(
        one for one in every if one.is_account_property and not one.is_hidden and one.target_name
    )


def _methods(row: Release | CatalogueConnector) -> list[AuthMethod]:
    return [AuthMethod.from_json(one) for one in row.authentication]


# ---- what would stop ----


def _tell_stopped(found: Sequence[Drift], user: User) -> None:
    releases = {one.of for one in found} | {one.of_live for one in found}
    read = _read(releases)
    consoles = {console for console, _ in releases}
    calls = list(SavedCall.objects.filter(console__in=consoles))
    tests = {
        (test.console_id, test.connector_name, test.connector_version): test
        for test in ConnectionTestMethod.objects.filter(console__in=consoles)
    }
    keys, ids = _methods_of(releases & read, calls, tests.values())
    for one in found:
        live = one.of_live
        if live not in read:
            continue
        one.are_methods_known = one.of in read
        entry = one.connector
        test = tests.get((entry.console_id, entry.name, entry.version))
        if test is not None and str(test.callable_id).casefold() not in ids[live]:
            one.test_method = str(test)
        gone = keys[one.of] - keys[live]
        lost = [call for call in calls if call.console_id == live[0] and call.method_key in gone]
        one.calls = [_named(call, user) for call in lost]


def _named(call: SavedCall, user: User) -> str:
    """Others' own calls are counted and not named."""
    is_told = call.is_shared or call.owner_id == user.pk
    return call.name if is_told else "a colleague’s own call"


def _read(releases: Collection[Of]) -> set[Of]:
    """Those of which the methods were ever read."""
    numbers = {release for _, release in releases}
    found: set[Of] = set()
    for kind in (ReleaseReading, MethodReading):
        rows = kind._default_manager.filter(release_id__in=numbers, last_error="")
        ended = rows.exclude(finished_at=None).order_by()
        found |= set(ended.values_list("console", "release_id").distinct())
    return found & set(releases)


def _methods_of(
    releases: Collection[Of],
    calls: Iterable[SavedCall],
    tests: Iterable[ConnectionTestMethod],
) -> tuple[dict[Of, set[str]], dict[Of, set[str]]]:
    """By release: the keys of its methods that calls name, and the ids that tests name."""
    keys: dict[Of, set[str]] = defaultdict(set)
    ids: dict[Of, set[str]] = defaultdict(set)
    wanted = Q(key__in={call.method_key for call in calls})
    for test in tests:
        wanted |= Q(unique_id__iexact=test.unique_id) if test.unique_id else Q()
        wanted |= Q(method_id=test.method_id) if test.method_id else Q()
    rows = Method.objects.filter(wanted, release_id__in={release for _, release in releases})
    columns = ("console", "release_id", "key", "unique_id", "method_id")
    for console, release, key, unique_id, method_id in rows.order_by().values_list(*columns):
        keys[console, release].add(key)
        ids[console, release] |= {unique_id.casefold(), str(method_id)}
    return keys, ids
