"""What the pages of an account are made of: its installs, what moves in it, how old it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.accounts import tags
from dashboard.accounts.actions import with_open_link
from dashboard.accounts.models import Tag
from dashboard.accounts.rows import Row
from dashboard.common.addresses import own_path
from dashboard.common.page_addresses import page_addresses
from dashboard.common.paging import Page
from dashboard.common.prepared import prepared
from dashboard.common.questions import Question
from dashboard.common.timing import format_span
from dashboard.mirror.freshness import gone_lately, is_stale
from dashboard.mirror.models import Account, AccountConnector
from dashboard.mirror.sync import reading_interval
from dashboard.operations.models import ACTIVE, Operation, State
from dashboard.people.access import StaffRequest
from dashboard.people.models import Role

INSTALL = "installs.install"
LATELY = timedelta(hours=24)
"""How long a failed install stays among the connectors."""


@dataclass(slots=True)
class Installs:
    """One account's installs that are no connectors yet; newest first."""

    active: list[Operation] = field(default_factory=list)
    failed: list[Operation] = field(default_factory=list)


def open_installs(accounts: Sequence[int]) -> dict[int, Installs]:
    """By account: installs that run, and those that failed lately with no later one since."""
    since = timezone.now() - LATELY
    keys = [key for (key,) in _installs_since(since, accounts)]
    operations: Iterable[Operation] = ()
    if keys:
        operations = (
            Operation.objects.filter(pk__in=keys)
            .select_related("connector")
            .order_by("-created_at", "-pk")
        )
    found: dict[int, Installs] = {}
    seen: set[tuple[int | None, int | str]] = set()
    for operation in operations:
        key = (operation.account_id, operation.connector_id or operation.title)
        if key in seen or operation.account_id is None:
            continue
        seen.add(key)
        installs = found.setdefault(operation.account_id, Installs())
        if not operation.is_finished:
            installs.active.append(operation)
        elif operation.state == State.FAILED and not operation.is_put_aside:
            installs.failed.append(operation)
    return found


@prepared
def _installs_since(since: datetime, accounts: Sequence[int]) -> QuerySet[Any, Any]:
    installs = Operation.objects.filter(account__in=accounts, kind=INSTALL).order_by()
    ended = Q(state__in=[State.DONE, State.FAILED], finished_at__gt=since)
    return installs.filter(Q(state__in=ACTIVE) | ended).values_list("pk")


Line = tuple[Row, Installs, list[Tag], str]
"""An account as its table shows it: with what is being installed, its tags, and its address."""


def rows_of(page: Page[Any]) -> list[Line]:
    """The lines of a page whose items are the values of `COLUMNS`; two queries, or three."""
    page.items = accounts = [Row(*values) for values in page.items]
    keys = [one.pk for one in accounts]
    installs, found = open_installs(keys), tags.by_account(keys)
    urls = page_addresses("account_detail", keys)
    return [
        (one, installs.get(one.pk) or Installs(), found.get(one.pk, []), url)
        for one, url in zip(accounts, urls, strict=True)
    ]


def connectors_of(account: Account) -> list[AccountConnector]:
    """Its installed connectors, those that need somebody first, those that are gone last."""
    rows = with_open_link(account.connectors.filter(gone_lately()))
    return sorted(rows, key=lambda connector: connector.gone_at is not None)


@Question
def link_count(account: Account) -> int:
    """How many connection links were made for it; links answer."""
    return 0


@dataclass(frozen=True, slots=True)
class OpenRun:
    """An account's onboarding that has not ended: how far it is, and what it waits for."""

    url: str
    shape: str
    """Names its mark."""
    label: str
    message: str


@Question
def open_run(account: Account) -> OpenRun | None:
    """Its onboarding that has not ended; onboarding answers."""
    return None


def head_context(request: StaffRequest, account: Account, tab: str) -> dict[str, Any]:
    """What `accounts/account_page.html` shows around every tab of an account.

    `tab` is the tab in view, such as `connectors` or `links`. The package that serves
    the tab adds its own.
    """
    role = request.user.role_in(account.console_id)
    context: dict[str, Any] = {
        "account": account,
        "tab": tab,
        "link_count": link_count(account),
        "open_run": open_run(account),
        "cycle_count": account.cycles.filter(gone_lately()).count(),
        "sub_account_count": Account.objects.there().below(account).count(),
        "may_act": bool(role and role >= Role.AGENT and not account.gone_at),
        "may_edit": bool(role and role >= Role.LEAD and not account.gone_at),
        "tags": tags.tags_of(account),
        "takes_links": account.connectors.there().exists(),
        "asks_itself": is_stale(account),
        "read_every": read_every(account),
        "back": back_from(request, account),
    }
    if account.parent_id:
        siblings = Account.objects.visible_to(request.user).filter(console=account.console_id)
        context["parent"] = siblings.filter(cyclr_id=account.parent_id).first()
    return context


def back_from(request: StaffRequest, account: Account) -> str:
    """Where a refresh without script leads back to: the page that shows the account now."""
    if request.method == "POST":
        asked = request.POST.get("next", "")
    elif request.headers.get("HX-Request") == "true":
        asked = request.htmx.current_url_abs_path or ""
    else:
        asked = request.get_full_path()
    return own_path(asked) or account.get_absolute_url()


def read_every(account: Account) -> str:
    """How often it is read while nobody asks; empty for one that is gone."""
    every = reading_interval(account).total_seconds()
    return "" if account.gone_at else f"read every {format_span(every)}"
