"""The notifications of somebody's consoles, the bell, and what they want by e-mail."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import paged_long
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.notifications import kinds, preferences, services
from dashboard.notifications.context import Bell
from dashboard.notifications.forms import PreferencesForm
from dashboard.notifications.models import Notification
from dashboard.people.access import StaffRequest, consoles_for, role_required
from dashboard.people.models import Role

PLACES = ("side", "top")
"""Where the shell has a bell: in the navigation, and on a phone in the top bar."""


@require_GET
@role_required(Role.VIEWER)
def notification_list(request: StaffRequest) -> HttpResponse:
    """What happened in the person's consoles, newest first; looks again by itself."""
    kind = request.GET.get("kind", "")
    rows = Notification.objects.visible_to(request.user).select_related("console", "account")
    newest = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    if kind in kinds.KINDS:
        rows = rows.filter(kind=kind)
    up_to = services.seen_up_to(request.user)
    version = version_of(request.get_full_path(), newest, up_to)
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    page = paged_long(request, rows.order_by("-pk"))
    context = {
        "page": page,
        "rows": [(notification, _is_new(notification, up_to, request)) for notification in page],
        "kinds": kinds.choices(),
        "kind": kind,
        "newest": newest,
        "up_to": up_to,
        "version": version,
    }
    return render_page(
        request,
        "notifications/notification_list.html",
        "notifications/_notification_table.html",
        context,
    )


def _is_new(notification: Notification, up_to: int, request: StaffRequest) -> bool:
    return notification.pk > up_to and notification.at >= request.user.created_at


@require_GET
@role_required(Role.VIEWER)
def notification_bell(request: StaffRequest) -> HttpResponse:
    """The bell alone, for the shell that looks again; one query for what is new."""
    bell = Bell(request)
    if request.GET.get("seen") == bell.version:
        return nothing_new()
    place = request.GET.get("at", "")
    context = {"bell": bell, "at": place if place in PLACES else PLACES[0]}
    return render(request, "notifications/_bell.html", context)


@require_POST
@role_required(Role.VIEWER)
def notification_seen(request: StaffRequest) -> HttpResponse:
    """Mark as seen what the page showed as newest, and all before it."""
    asked = request.POST.get("up_to", "")
    newest = Notification.objects.visible_to(request.user).order_by("-pk").first()
    if newest is not None and asked.isascii() and asked.isdigit() and len(asked) < 19:
        services.mark_seen(request.user, min(int(asked), newest.pk))
    return redirect("notification_list")


@require_http_methods(["GET", "POST"])
@role_required(Role.VIEWER)
def notification_preferences(request: StaffRequest) -> HttpResponse:
    """Which notifications the person gets by e-mail; none, unless they say so."""
    form = PreferencesForm(
        list(consoles_for(request.user)),
        preferences.preferences_of(request.user),
        request.POST if request.method == "POST" else None,
    )
    if request.method == "POST" and form.is_valid():
        preferences.set_preferences(request.user, form.places, form.preferences())
        messages.success(request, "Saved. It applies from now on.")
        return redirect("notification_preferences")
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "fields": list(form)}
    return render(request, "notifications/notification_preferences.html", context, status=status)
