"""The audit trail: who did what, when, to whom, with what result."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import replace_url

from dashboard.audit import services
from dashboard.audit.export import COLUMNS, table
from dashboard.audit.models import Actor, AuditEntry
from dashboard.audit.words import line_of
from dashboard.common.foreign import storable
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.searching import words_in
from dashboard.common.spreadsheet import csv_response
from dashboard.people.access import StaffRequest, consoles_for, role_required
from dashboard.people.models import Role, User

FILTERS = ("q", "who", "account", "from", "until")
SEARCHED = {"q": "search_text", "who": "actor_search", "account": "account_search"}
"""Filters that are searched for, and the column of each."""


@require_safe
@role_required(Role.LEAD)
def audit_list(request: StaffRequest) -> HttpResponse:
    """The trail, newest first."""
    asked = _asked(request.GET)
    page = paged(request, _found(request.user, asked).select_related("console"))
    page.items = [line_of(entry) for entry in page.items]
    context = {
        "page": page,
        "asked": asked,
        "until": asked["until"],
        "since": asked["from"],
        "is_filtered": any(asked.values()),
        "list_url": reverse("audit_list"),
    }
    response = render_page(request, "audit/audit_list.html", "audit/_audit_table.html", context)
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return response


@require_POST
@role_required(Role.LEAD)
def audit_export(request: StaffRequest) -> HttpResponseBase:
    """What the list shows as CSV. Taking it along is an act itself, so it is recorded first."""
    asked = _asked(request.POST)
    with transaction.atomic():
        found = _found(request.user, asked)
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
    asked = {name: str(storable(query.get(name, "").strip()))[:200] for name in FILTERS}
    for name in ("from", "until"):
        if _day(asked[name]) is None:
            asked[name] = ""
    return asked


def _day(text: str) -> datetime | None:
    """The beginning of the day in UTC."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return datetime.combine(day, time.min, tzinfo=UTC) if day and day.year < 9999 else None


def _found(user: User, asked: dict[str, str]) -> QuerySet[AuditEntry]:
    """The entries within the person's consoles that fit.

    What belongs to no console (sign-ins, exports) is for those who are lead of all of them.
    """
    may_see = Q(console__in=consoles_for(user, Role.LEAD))
    if user.roles.get(None, Role.VIEWER) >= Role.LEAD:
        may_see |= Q(console=None)
    filters: dict[str, Any] = {}
    if since := _day(asked["from"]):
        filters["at__gte"] = since
    if until := _day(asked["until"]):
        filters["at__lt"] = until + timedelta(days=1)
    # By key, which rises with time as the trail is only ever added to, and has the index.
    rows = AuditEntry.objects.filter(may_see, **filters).order_by("-pk")
    for name, column in SEARCHED.items():
        rows = rows.filter(words_in(asked[name], column))
    return rows
