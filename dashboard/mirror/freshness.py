"""How old what a page shows is: which consoles it is about, and when they were read last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.common.prepared import prepared
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account, SyncRun
from dashboard.people.access import StaffRequest, every_console_for

LINK_MOVES_FOR = timedelta(minutes=20)
"""How long after a customer's start on a link pages look for its effect by themselves."""


@dataclass(frozen=True, slots=True)
class InView:
    """The consoles a list is about: all the person may see, or the one in `?console=`."""

    every: list[Console]
    chosen: Console | None

    @property
    def shown(self) -> list[Console]:
        """Those whose things the list shows."""
        return [self.chosen] if self.chosen else self.every

    @property
    def is_choice(self) -> bool:
        """Whether there is more than one to choose from."""
        return len(self.every) > 1


def consoles_in_view(request: StaffRequest) -> InView:
    """Read from the address; one that was retired may be read, what is no console means all."""
    every = request.user.consoles
    asked = request.GET.get("console", "")
    chosen = next((console for console in every if str(console.pk) == asked), None)
    if chosen is None and request.user.reads_retired and asked.isdigit():
        chosen = every_console_for(request.user).filter(pk=asked).first()
    return InView(every, chosen)


def with_console(request: StaffRequest, url: str) -> str:
    """The address with the console in view, if one was chosen: where a redirect leads."""
    chosen = consoles_in_view(request).chosen
    return f"{url}?console={chosen.pk}" if chosen else url


@dataclass(frozen=True, slots=True)
class Reading:
    """When consoles were read completely; of several the one that is furthest behind counts."""

    read_at: datetime | None = None
    """When the last complete reading ended; None if one of them was never read."""
    error: str = ""
    """Why the latest reading broke off; empty if it did not."""
    is_running: bool = False
    is_stopped: bool = False
    """Whether the sync of one of them is stopped."""
    found: int = 0
    """Accounts that the running ones read."""
    read: int = 0
    """Those of them that were read."""
    library_error: str = ""
    """Why the latest reading could not read the library, although it read the rest."""
    skipped: int = 0
    """Things that the latest readings were told and could not read: they are missing here."""


class _Run(NamedTuple):
    """What is told of a sync."""

    console_id: int
    finished_at: datetime | None
    listed_at: datetime | None
    last_error: str
    accounts_found: int
    accounts_read: int
    library_error: str
    skipped: int


@prepared
def _runs_of(consoles: list[int]) -> QuerySet[Any, Any]:
    runs = SyncRun.objects.filter(console__in=consoles).order_by("-created_at", "-pk")
    return runs.values_list(*_Run._fields)


def reading_of(consoles: Sequence[Console]) -> Reading:
    """How far the reading of these consoles is; one query."""
    runs = [_Run(*values) for values in _runs_of([one.pk for one in consoles])]
    last: dict[int, _Run] = {}
    good: dict[int, datetime] = {}
    running: list[_Run] = []
    stopped = {console.pk for console in consoles if console.sync_stopped_at}
    for run in runs:
        if run.finished_at is None:
            if run.console_id not in stopped:
                running.append(run)
            continue
        last.setdefault(run.console_id, run)
        if not run.last_error:
            good.setdefault(run.console_id, run.finished_at)
    is_complete = bool(consoles) and all(console.pk in good for console in consoles)
    return Reading(
        read_at=min(good.values()) if is_complete else None,
        error=next((run.last_error for run in last.values() if run.last_error), ""),
        is_running=bool(running),
        is_stopped=bool(stopped),
        found=sum(run.accounts_found for run in running if run.listed_at),
        read=sum(run.accounts_read for run in running),
        library_error=next((run.library_error for run in last.values() if run.library_error), ""),
        skipped=sum(run.skipped for run in last.values()),
    )


def lately() -> datetime:
    """Since when what is gone went so lately that lists still say so."""
    return timezone.now() - timedelta(seconds=settings.KEEP_GONE_FOR)


def gone_lately(path: str = "", since: datetime | None = None) -> Q:
    """Those still there, and those that went so lately that lists still say so.

    `path` leads to the thing, such as `account__`; `since` is `lately()`, for prepared queries.
    """
    since = since or lately()
    return Q(**{f"{path}gone_at": None}) | Q(**{f"{path}gone_at__gt": since})


def is_stale(account: Account) -> bool:
    """Whether its data is so old that the page asks for it anew."""
    if account.gone_at or account.is_refreshing:
        return False
    oldest = timezone.now() - timedelta(seconds=settings.STALE_AFTER)
    return account.read_at is None or account.read_at < oldest


def is_overdue(account: Account) -> bool:
    """Whether a refresh was asked for, was not done, and nobody said why."""
    asked = account.refresh_asked_at
    if asked is None or account.is_refreshing or account.refresh_error:
        return False
    return account.read_at is None or account.read_at < asked


def library_read_at(console: Console) -> datetime | None:
    """When the console's library was read last; None if never."""
    runs = SyncRun.objects.filter(console=console, library_error="").exclude(listed_at=None)
    moment: datetime | None = runs.values_list("listed_at", flat=True).first()
    return moment
