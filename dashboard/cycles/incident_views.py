"""The page of a cycle's errors and warnings. Who reads them is recorded."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from dashboard.common.addresses import back_to
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.cycles import incidents, readings
from dashboard.cycles.recording import record_reading
from dashboard.cycles.transactions import url_of
from dashboard.cycles.views import CYCLES, is_there
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

READ = "cycles.read_incidents"


@require_safe
@role_required(Role.AGENT)
def cycle_incidents(request: StaffRequest, pk: int) -> HttpResponse:
    """What was read, filtered by level and words, each whole message folded."""
    cycle = get_for(request, CYCLES, Role.AGENT, pk=pk)
    reading = incidents.latest(cycle)
    version = version_of(reading and (reading.pk, reading.finished_at))
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    found = readings.found_by(reading)
    if reading is not None and found:
        record_reading(request, READ, reading)
    level = request.GET.get("level", "")
    level = level if level in incidents.LEVELS else ""
    search = request.GET.get("q", "").strip()[:300]
    chosen = incidents.among(found, level=level, search=search)
    context = {
        "cycle": cycle,
        "account": cycle.account,
        "reading": reading,
        "is_due": reading is None and is_there(cycle),
        "is_reading": reading is not None and not reading.is_finished,
        "page": paged(
            request, [one | {"url": url_of(cycle, one["transaction"])} for one in chosen]
        ),
        "count": len(found),
        "most": incidents.MOST,
        "level": level,
        "levels": incidents.LEVELS.items(),
        "search": search,
        "version": version,
    }
    return render_page(
        request, "cycles/cycle_incidents.html", "cycles/_cycle_incidents.html", context
    )


@require_POST
@role_required(Role.AGENT)
def cycle_incidents_read(request: StaffRequest, pk: int) -> HttpResponse:
    """Have them read; the page shows them when they are there."""
    cycle = get_for(request, CYCLES, Role.AGENT, pk=pk)
    if is_there(cycle):
        incidents.ask(cycle)
    return redirect(back_to(request, reverse("cycle_incidents", args=[cycle.pk])))
