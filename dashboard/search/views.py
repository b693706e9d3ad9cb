"""The search over everything, as a page and as the command palette; the keyboard shortcuts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboard.common.htmx import render_page
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role
from dashboard.search.finding import find


@require_http_methods(["GET", "POST"])
@role_required(Role.VIEWER)
def search(request: StaffRequest) -> HttpResponse:
    """What `q` finds: lines of the palette for a swap, else a page that needs no script.

    The palette posts: a customer's whole address may be pasted into it, and addresses are logged.
    """
    typed = (request.POST if request.method == "POST" else request.GET).get("q", "")
    groups = find(request.user, typed)
    context = {"typed": typed, "groups": groups, "count": sum(len(one.hits) for one in groups)}
    return render_page(request, "search/search.html", "search/_palette_hits.html", context)


@require_http_methods(["GET", "POST"])
@role_required(Role.VIEWER)
def shortcut_list(request: StaffRequest) -> HttpResponse:
    """The keys; posting switches those that are a single one on or off for the person."""
    if request.method == "POST":
        request.user.has_single_keys = "single_keys" in request.POST
        request.user.save(update_fields=["has_single_keys"])
        state = "on" if request.user.has_single_keys else "off"
        messages.success(request, f"Single-key shortcuts are {state}.")
        return redirect("shortcut_list")
    return render(request, "search/shortcut_list.html")
