"""The notices of somebody's consoles, the bell, and what they want by e-mail."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.notices import kinds, services, wishes
from dashboard.notices.context import Bell
from dashboard.notices.forms import WishesForm
from dashboard.notices.models import Notice
from dashboard.people.access import StaffRequest, consoles_for, role_required
from dashboard.people.models import Role

PLACES = ("side", "top")
"""Where the shell has a bell: in the navigation, and on a phone in the top bar."""


@require_GET
@role_required(Role.VIEWER)
def notice_list(request: StaffRequest) -> HttpResponse:
    """What happened in the person's consoles, newest first; looks again by itself."""
    kind = request.GET.get("kind", "")
    rows = Notice.objects.visible_to(request.user).select_related("console", "account")
    newest = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    if kind in kinds.KINDS:
        rows = rows.filter(kind=kind)
    up_to = services.seen_up_to(request.user)
    version = version_of(request.get_full_path(), newest, up_to)
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    page = paged(request, rows.order_by("-pk"))
    context = {
        "page": page,
        "rows": [(notice, _is_new(notice, up_to, request)) for notice in page],
        "kinds": kinds.choices(),
        "kind": kind,
        "newest": newest,
        "up_to": up_to,
        "version": version,
    }
    return render_page(request, "notices/notice_list.html", "notices/_notice_table.html", context)


def _is_new(notice: Notice, up_to: int, request: StaffRequest) -> bool:
    return notice.pk > up_to and notice.at >= request.user.created_at


@require_GET
@role_required(Role.VIEWER)
def notice_bell(request: StaffRequest) -> HttpResponse:
    """The bell alone, for the shell that looks again; one query for what is new."""
    bell = Bell(request)
    if request.GET.get("seen") == bell.version:
        return nothing_new()
    place = request.GET.get("at", "")
    context = {"bell": bell, "at": place if place in PLACES else PLACES[0]}
    return render(request, "notices/_bell.html", context)


@require_POST
@role_required(Role.VIEWER)
def notice_seen(request: StaffRequest) -> HttpResponse:
    """Mark as seen what the page showed as newest, and all before it."""
    asked = request.POST.get("up_to", "")
    newest = Notice.objects.visible_to(request.user).order_by("-pk").first()
    if newest is not None and asked.isascii() and asked.isdigit() and len(asked) < 19:
        services.mark_seen(request.user, min(int(asked), newest.pk))
    return redirect("notice_list")


@require_http_methods(["GET", "POST"])
@role_required(Role.VIEWER)
def notice_wishes(request: StaffRequest) -> HttpResponse:
    """Which notices the person gets by e-mail; none, unless they say so."""
    form = WishesForm(
        list(consoles_for(request.user)),
        wishes.wishes_of(request.user),
        request.POST if request.method == "POST" else None,
    )
    if request.method == "POST" and form.is_valid():
        wishes.set_wishes(request.user, form.places, form.wishes())
        messages.success(request, "Saved. It applies from now on.")
        return redirect("notice_wishes")
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "fields": list(form)}
    return render(request, "notices/notice_wishes.html", context, status=status)
