"""The audit trail: who did what, when, to whom, with what result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import replace_url

from dashboard.audit import checking, services
from dashboard.audit.descriptions import line_of
from dashboard.audit.export import COLUMNS, table
from dashboard.audit.models import Actor, AuditEntry
from dashboard.common import timing
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import MOST_COUNTED, clean_address, paged_long
from dashboard.common.searching import words_in
from dashboard.common.spreadsheet import csv_response
from dashboard.common.untrusted_text import storable
from dashboard.people.access import (
    Access,
    StaffRequest,
    consoles_for,
    every_console_for,
    lets_in,
    role_required,
)
from dashboard.people.models import Role, User
from dashboard.people.proof import reauthenticated

FILTERS = ("q", "who", "account", "result", "console", "from", "until")
SEARCHED = {"q": "search_text", "who": "actor_search", "account": "account_search"}
"""Filters that are searched for, and the column of each."""
RESULTS = {"done": "Done", "failed": "Failed", "other": "Other results"}
"""Filters by result. Most results are one of the first two; the others are told in words."""
NO_CONSOLE = "none"
DAYS = (("Today", 0, 0), ("Yesterday", 1, 1), ("Last 7 days", 6, 0))
"""Ready-made filters: their words, and how many days ago they begin and end."""


@dataclass(frozen=True, slots=True)
class ReadyDays:
    """A chip for some days; `ago` is what the script counts them anew by."""

    label: str
    since: str
    until: str
    ago: str
    is_chosen: bool


@require_safe
@role_required(Role.VIEWER)
def audit_list(request: StaffRequest) -> HttpResponse:
    """The trail, newest first."""
    asked = _asked(request.GET)
    page = paged_long(request, _found(request.user, asked).select_related("console"))
    page.items = [line_of(entry) for entry in page.items]
    context: dict[str, Any] = {
        "page": page,
        "asked": asked,
        "until": asked["until"],
        "since": asked["from"],
        "days": _ready_days(asked),
        "is_filtered": any(asked[name] for name in FILTERS),
        "list_url": reverse("audit_list"),
        "results": RESULTS.items(),
        "consoles": request.user.consoles,
        "sees_no_console": request.user.roles.get(None) is not None,
        "verdict": checking.verdict(_chains(request.user)),
    }
    if lets_in(Access(Role.LEAD), request.user):
        context["most_counted"] = MOST_COUNTED
        context["exportable"] = _exportable(request.user, asked, page.total + page.is_more)
    response = render_page(request, "audit/audit_list.html", "audit/_audit_table.html", context)
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return response


@require_POST
@role_required(Role.LEAD)
@reauthenticated
def audit_export(request: StaffRequest) -> HttpResponseBase:
    """What the list shows as CSV. Taking it along is an act itself, so it is recorded first."""
    asked = _asked(request.POST)
    with transaction.atomic():
        found = _found(request.user, asked, Role.LEAD)
        recorded = services.record(
            Actor.staff(request.user),
            "exported the audit trail",
            target=f"{found.count():,} entries",
            target_url=reverse("audit_list"),
            filters={name: value for name, value in asked.items() if value},
        )
    rows = found.filter(pk__lt=recorded.pk).select_related("console")
    return csv_response("audit", COLUMNS, table(rows.iterator(chunk_size=1000)))


def _asked(query: QueryDict) -> dict[str, str]:
    """The filters of the address or form; a date that is none filters nothing."""
    asked = {name: str(storable(query.get(name, "").strip()))[:200] for name in (*FILTERS, "zone")}
    if timing.zone(asked["zone"]) is None:
        asked["zone"] = ""
    for name in ("from", "until"):
        if _day(asked, name) is None:
            asked[name] = ""
    if asked["result"] not in RESULTS:
        asked["result"] = ""
    if asked["console"] != NO_CONSOLE and not _is_key(asked["console"]):
        asked["console"] = ""
    return asked


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _chains(user: User) -> list[int]:
    """The numbers of the chains that the person may see, those of retired consoles too."""
    numbers = list(every_console_for(user).values_list("pk", flat=True))
    return [0, *numbers] if user.roles.get(None) is not None else numbers


def _day(asked: dict[str, str], name: str, later: int = 0) -> datetime | None:
    """The beginning of the asked day, or of one so many days later, where the reader is."""
    try:
        day = parse_date(asked[name])
        if day is None or not 1 < day.year < 9998:
            return None
        begin = datetime.combine(day + timedelta(days=later), time.min, _zone(asked))
    except ValueError:
        return None
    return begin.astimezone(UTC)


def _zone(asked: dict[str, str]) -> tzinfo:
    """The zone of the days; UTC where the reader's browser did not tell."""
    return timing.zone(asked["zone"]) or UTC


def _ready_days(asked: dict[str, str]) -> list[ReadyDays]:
    """Today and the like, as the reader's calendar has them."""
    today = timezone.now().astimezone(_zone(asked)).date()
    found = []
    for label, first, last in DAYS:
        since, until = (str(today - timedelta(days=count)) for count in (first, last))
        is_chosen = (asked["from"], asked["until"]) == (since, until)
        found.append(ReadyDays(label, since, until, f"{first} {last}", is_chosen))
    return found


def _exportable(user: User, asked: dict[str, str], shown: int) -> int:
    """How many of the entries shown the person may take along, `MOST_COUNTED` + 1 at most."""
    is_lead_of_all = user.roles.get(None, Role.VIEWER) >= Role.LEAD
    if is_lead_of_all:
        return shown
    return _found(user, asked, Role.LEAD).order_by()[: MOST_COUNTED + 1].count()


def _found(user: User, asked: dict[str, str], at_least: Role = Role.VIEWER) -> QuerySet[AuditEntry]:
    """The entries that fit, within the consoles in which the person holds the role.

    What belongs to no console (sign-ins, exports) is for those who hold it in all of them.
    """
    may_see = Q(console__in=consoles_for(user, at_least))
    everywhere = user.roles.get(None)
    if everywhere is not None and everywhere >= at_least:
        may_see |= Q(console=None)
    filters: dict[str, Any] = {}
    if since := _day(asked, "from"):
        filters["at__gte"] = since
    if end := _day(asked, "until", later=1):
        filters["at__lt"] = end
    if console := asked["console"]:
        filters["console"] = None if console == NO_CONSOLE else int(console)
    # By key, which rises with time as the trail is only ever added to, and has the index.
    rows = AuditEntry.objects.filter(may_see, **filters).order_by("-pk")
    if asked["result"] == "other":
        rows = rows.exclude(result__in=["done", "failed"])
    elif asked["result"]:
        rows = rows.filter(result=asked["result"])
    for name, column in SEARCHED.items():
        rows = rows.filter(words_in(asked[name], column))
    return rows
