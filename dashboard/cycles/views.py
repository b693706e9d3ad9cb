"""Templates and cycles: this version says where they are handled, and shows nothing of them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role


@require_safe
@role_required(Role.VIEWER)
def template_list(request: StaffRequest) -> HttpResponse:
    """Templates are not read by this version."""
    return render(
        request, "cycles/template_list.html", {"connectors_url": reverse("connector_list")}
    )


@require_safe
@role_required(Role.VIEWER)
def cycle_list(request: StaffRequest) -> HttpResponse:
    """Cycles are not read by this version."""
    return render(request, "cycles/cycle_list.html", {"connectors_url": reverse("connector_list")})
