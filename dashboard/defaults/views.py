"""Settings: the connectors that every new account of a console gets."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.audit.models import Actor
from dashboard.common.htmx import render_page
from dashboard.common.paging import paged
from dashboard.consoles.models import Console
from dashboard.defaults import services
from dashboard.defaults.forms import DefaultForm
from dashboard.defaults.models import DefaultConnector
from dashboard.installs.form.release import release_label
from dashboard.mirror.icons import add_icons
from dashboard.mirror.models import CatalogueConnector
from dashboard.people.access import (
    StaffRequest,
    console_named,
    consoles_for,
    get_for,
    role_required,
)
from dashboard.people.models import Role

METHODS = ["GET", "HEAD", "POST"]
FORM = "defaults/default_form.html"
IN_THE_SET = "This connector is in the set already."
FULL = f"A set holds {services.MOST} connectors at most. Remove one first."


@require_safe
@role_required(Role.VIEWER)
def default_list(request: StaffRequest) -> HttpResponse:
    """The set of one console, in its order."""
    consoles = list(consoles_for(request.user))
    if not consoles:
        return render(request, "defaults/default_list.html", {"consoles": []})
    console = console_named(request, consoles)
    rows = services.planned(console)
    add_icons([one.connector for one in rows if one.connector])
    role = request.user.role_in(console.pk)
    context = {
        "console": console,
        "consoles": consoles,
        "rows": [(one, _how(one), *_moves(rows, place)) for place, one in enumerate(rows)],
        "may_change": role == Role.ADMIN,
    }
    return render(request, "defaults/default_list.html", context)


def _how(one: services.Planned) -> str:
    return release_label(one.connector, one.default.installs_by) if one.connector else ""


def _moves(rows: list[services.Planned], place: int) -> tuple[bool, bool]:
    """Whether it can go up, and down: an own product stays before what is none."""
    here = rows[place].default.is_native
    is_up = place > 0 and rows[place - 1].default.is_native == here
    is_down = place + 1 < len(rows) and rows[place + 1].default.is_native == here
    return is_up, is_down


@require_safe
@role_required(Role.ADMIN)
def default_pick(request: StaffRequest) -> HttpResponse:
    """The console's library, to choose one from."""
    console = console_named(request, list(consoles_for(request.user, Role.ADMIN)))
    search = request.GET.get("q", "").strip()
    library = CatalogueConnector.objects.installable().filter(console=console, account=None)
    page = paged(request, library.search(search).order_by("sort_name", "version", "pk"))
    add_icons(page)
    chosen = {one.connector.pk: one.default for one in services.planned(console) if one.connector}
    context = {
        "console": console,
        "page": page,
        "rows": [(connector, chosen.get(connector.pk)) for connector in page],
        "search": search,
        "library_is_empty": not search and not page.total,
    }
    return render_page(
        request, "defaults/default_pick.html", "defaults/_default_picker.html", context
    )


@require_http_methods(METHODS)
@role_required(Role.ADMIN)
def default_new(request: StaffRequest, pk: int) -> HttpResponse:
    """Put a connector of the library into the set."""
    library = CatalogueConnector.objects.installable().filter(account=None)
    connector = get_for(request, library.select_related("console"), Role.ADMIN, pk=pk)
    console = connector.console
    rows = DefaultConnector.objects.of(console)
    form = _form(request, connector)
    if not form.is_bound and not rows.exists():
        form.initial["is_native"] = True  # the partner's own product comes first
    if request.method == "POST" and (taken := _taken(request, form)) is not None:
        return taken
    if request.method == "POST" and form.is_valid():
        if rows.count() >= services.MOST:
            form.add_error(None, FULL)
            return _drawn(request, form, status=409)
        try:
            services.add(Actor.staff(request.user), console, form)
        except IntegrityError:
            form.add_error(None, IN_THE_SET)
            return _drawn(request, form, status=409)
        messages.success(request, f"{connector} is installed into every new account from now on.")
        return _to_list(console)
    return _drawn(request, form)


@require_http_methods(METHODS)
@role_required(Role.ADMIN)
def default_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change how one of the set is installed."""
    row = get_for(request, DefaultConnector.objects.select_related("console"), Role.ADMIN, pk=pk)
    now = next(one for one in services.planned(row.console) if one.default == row)
    if now.connector is None:
        return render(request, FORM, {"default": row, "console": row.console, "now": now})
    form = _form(request, now.connector, method=row.method)
    if not form.is_bound:
        form.fill(services.columns_of(row))
    if request.method == "POST" and (taken := _taken(request, form)) is not None:
        return taken
    if request.method == "POST" and form.is_valid():
        try:
            services.change(Actor.staff(request.user), row, form)
        except IntegrityError:
            form.add_error(None, IN_THE_SET)
            return _drawn(request, form, row, now, status=409)
        messages.success(request, "Saved. It counts for accounts that are created from now on.")
        return _to_list(row.console)
    return _drawn(request, form, row, now)


def _form(request: StaffRequest, connector: CatalogueConnector, method: str = "") -> DefaultForm:
    if request.method == "POST":
        return DefaultForm(connector, request.POST, method=request.POST.get("method", ""))
    return DefaultForm(connector, method=method)


def _taken(request: StaffRequest, form: DefaultForm) -> HttpResponse | None:
    """The form anew, if a newer release came out while it was open; else None."""
    if request.POST.get("release") == str(form.connector.release_id):
        return None
    anew = DefaultForm(form.connector, method=request.POST.get("method", ""))
    anew.keep(request.POST)
    return _drawn(request, anew, is_outdated=True, status=409)


def _drawn(
    request: StaffRequest,
    form: DefaultForm,
    row: DefaultConnector | None = None,
    now: services.Planned | None = None,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    add_icons([form.connector])
    if form.is_bound and form.errors and status == 200:
        status = 422
    context = {
        "form": form,
        "connector": form.connector,
        "console": form.connector.console,
        "default": row,
        "now": now,
        **more,
    }
    return render(request, FORM, context, status=status)


@require_POST
@role_required(Role.ADMIN)
def default_move(request: StaffRequest, pk: int) -> HttpResponse:
    """One place up, or with `down` one place down."""
    row = get_for(request, DefaultConnector.objects.select_related("console"), Role.ADMIN, pk=pk)
    services.move(Actor.staff(request.user), row, up="down" not in request.POST)
    return _to_list(row.console)


@require_POST
@role_required(Role.ADMIN)
def default_remove(request: StaffRequest, pk: int) -> HttpResponse:
    """Out of the set; what is installed stays."""
    row = get_for(request, DefaultConnector.objects.select_related("console"), Role.ADMIN, pk=pk)
    services.remove(Actor.staff(request.user), row)
    messages.success(request, f"{row} is no longer installed into new accounts.")
    return _to_list(row.console)


def _to_list(console: Console) -> HttpResponse:
    return redirect(f"{reverse('default_list')}?console={console.pk}")
