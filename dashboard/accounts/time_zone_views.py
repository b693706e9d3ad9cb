"""Time zones to look one up in, and beside the form of an account to pick one from."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.accounts.forms.fields import ZoneField
from dashboard.accounts.stored import LABELS
from dashboard.common import zones
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import paged
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role

SHOWN = 8
"""Matches beside the form; more are narrowed down by another word."""


class ZoneForm(forms.Form):
    """The field alone, as the forms of accounts have it."""

    timezone = ZoneField(
        label=LABELS["timezone"],
        help_text="A city, a country, an IANA name or a Windows name.",
    )


@require_safe
@role_required(Role.VIEWER)
def time_zone_list(request: StaffRequest) -> HttpResponse:
    """Every time zone with its clock now, by country; searched by place, name or offset."""
    search = request.GET.get("q", "").strip()
    found = _found(search)
    page = paged(request, found, per_page=100)
    context = {"page": page, "search": search}
    return render_page(
        request, "accounts/time_zone_list.html", "accounts/_time_zone_table.html", context
    )


@require_safe
@role_required(Role.VIEWER)
def time_zone_pick(request: StaffRequest) -> HttpResponse:
    """What a text means while it is typed (`?timezone=`), or the field with one picked."""
    text = request.GET.get("timezone", "")
    zone = zones.find(zones.understand(text).name)
    if "picked" in request.GET and is_swap(request):
        form = ZoneForm(initial={"timezone": zone.name if zone else ""})
        return render(request, "accounts/_zone_field.html", {"form": form, "zone": zone})
    matches = [] if zone or not text.strip() else _found(text)
    context = {
        "zone": zone,
        "matches": matches[:SHOWN],
        "left_out": len(matches) - SHOWN,
        "is_unknown": bool(text.strip()) and not zone and not matches,
    }
    return render(request, "accounts/_zone_matches.html", context)


def _found(text: str) -> list[zones.Zone]:
    """What is meant, else what has every word; one that was typed whole comes alone."""
    meant = zones.understand(text)
    if zone := zones.find(meant.name):
        return [zone]
    return (
        list(meant.candidates)
        if len(meant.candidates) < SHOWN and meant.candidates
        else (zones.search(text))
    )
