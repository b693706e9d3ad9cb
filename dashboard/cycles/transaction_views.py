"""The pages of what a cycle did. Who reads them is recorded."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from dashboard.common.addresses import back_to
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.cycles import readings, transactions
from dashboard.cycles.models import TransactionReading
from dashboard.cycles.recording import record_reading
from dashboard.cycles.views import CYCLES, is_there
from dashboard.mirror.models import Cycle
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

READ = "cycles.read_transactions"


@require_safe
@role_required(Role.AGENT)
def cycle_transactions(request: StaffRequest, pk: int) -> HttpResponse:
    """What was read of the list, by status and words."""
    cycle = get_for(request, CYCLES, Role.AGENT, pk=pk)
    reading = transactions.latest(cycle)
    version = version_of(reading and (reading.pk, reading.finished_at))
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    found = readings.found_by(reading)
    if reading is not None and found:
        record_reading(request, READ, reading)
    search = request.GET.get("q", "").strip()[:300]
    statuses = transactions.statuses_of(found)
    status = request.GET.get("status", "")
    status = status if status in statuses else ""
    chosen = [
        one | {"url": transactions.url_of(cycle, one["id"])}
        for one in transactions.among(found, status=status, search=search)
    ]
    context = {
        **_context(cycle, reading, version),
        "page": paged(request, chosen),
        "count": len(found),
        "status": status,
        "statuses": statuses,
        "search": search,
    }
    return render_page(
        request, "cycles/cycle_transactions.html", "cycles/_cycle_transactions.html", context
    )


@require_safe
@role_required(Role.AGENT)
def cycle_transaction(request: StaffRequest, pk: int) -> HttpResponse:
    """What each step of one sent and got, folded. `id`: Cyclr's of the transaction."""
    cycle = get_for(request, CYCLES, Role.AGENT, pk=pk)
    transaction_id = _asked(request.GET.get("id", ""))
    reading = transactions.latest(cycle, transaction_id)
    version = version_of(reading and (reading.pk, reading.finished_at))
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    found = readings.found_by(reading)
    if reading is not None and found:
        record_reading(request, READ, reading, transaction=transaction_id)
    search = request.GET.get("q", "").strip()[:300]
    context = {
        **_context(cycle, reading, version),
        "transaction_id": transaction_id,
        "page": paged(request, transactions.items_among(found, search=search)),
        "count": len(found),
        "search": search,
    }
    return render_page(
        request, "cycles/cycle_transaction.html", "cycles/_cycle_transaction.html", context
    )


@require_POST
@role_required(Role.AGENT)
def cycle_transactions_read(request: StaffRequest, pk: int) -> HttpResponse:
    """Have the list read, or one transaction; its page shows it when it is there."""
    cycle = get_for(request, CYCLES, Role.AGENT, pk=pk)
    asked = request.POST.get("id", "")
    transaction_id = _asked(asked) if asked else ""
    if is_there(cycle):
        transactions.ask(cycle, transaction_id)
    if transaction_id:
        return redirect(transactions.url_of(cycle, transaction_id))
    return redirect(back_to(request, reverse("cycle_transactions", args=[cycle.pk])))


def _context(cycle: Cycle, reading: TransactionReading | None, version: str) -> dict[str, Any]:
    return {
        "cycle": cycle,
        "account": cycle.account,
        "reading": reading,
        "is_due": reading is None and is_there(cycle),
        "is_reading": reading is not None and not reading.is_finished,
        "most": transactions.MOST,
        "most_read": transactions.MOST_READ,
        "version": version,
    }


def _asked(text: str) -> str:
    """The id that an address asks for."""
    if not transactions.is_id(text):
        raise Http404
    return text
