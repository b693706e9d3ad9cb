"""The page on which an administrator says how customers see the partner."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.audit.models import Actor
from dashboard.common.htmx import render_page
from dashboard.consoles.branding import brand_from
from dashboard.consoles.colours import ENOUGH_FOR_TEXT, WHITE, contrast, palette
from dashboard.consoles.models import Branding, Console
from dashboard.people.access import StaffRequest, console_named, consoles_for, role_required
from dashboard.people.models import Role
from dashboard.settings_pages.branding import branding_of, save_branding
from dashboard.settings_pages.branding_forms import BrandForm

PAGE, PREVIEW = "settings/brand_edit.html", "settings/_brand_preview.html"


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def brand_edit(request: StaffRequest) -> HttpResponse:
    """Name, logo, colour, whom to ask, legal pages of one console."""
    consoles = list(consoles_for(request.user, Role.ADMIN))
    if not consoles:
        return render_page(request, PAGE, PAGE, {"consoles": []})
    console = console_named(request, consoles)
    row = branding_of(console)
    if request.method == "POST":
        form = BrandForm(row, request.POST, request.FILES)
        if form.is_valid():
            _save(request, console, form)
            return redirect(f"{reverse('brand_edit')}?console={console.pk}")
    else:
        form = BrandForm(row)
    context = {"form": form, "console": console, "consoles": consoles}
    shown = form.shown() if form.is_bound else row
    status = 422 if form.is_bound else 200
    return render_page(request, PAGE, PAGE, context | _preview(shown), status=status)


@require_safe
@role_required(Role.ADMIN)
def brand_preview(request: StaffRequest) -> HttpResponse:
    """The customer's page as it would be with what stands in the form; nothing is stored."""
    console = console_named(request, list(consoles_for(request.user, Role.ADMIN)))
    form = BrandForm(branding_of(console), request.GET)
    context = {"console": console, **_preview(form.shown())}
    return render_page(request, PREVIEW, PREVIEW, context)


def _save(request: StaffRequest, console: Console, form: BrandForm) -> None:
    values = form.cleaned_data
    changed = save_branding(
        Actor.staff(request.user),
        console,
        values,
        logo=values["logo"],
        drop_logo=values.get("has_no_logo", False),
    )
    if changed:
        messages.success(request, "Branding saved. Customers see it from now on.")
    else:
        messages.info(request, "Nothing was changed.")


def _preview(row: Branding) -> dict[str, Any]:
    brand = brand_from(row, row.console)
    context: dict[str, Any] = {
        "brand": brand,
        "partner": brand.name,
        "support_email": brand.support_email,
        "spoken": brand.language or "en",
    }
    if brand.colour:
        context |= {
            "white_on": f"{contrast(brand.colour, WHITE):.1f}",
            "is_readable": contrast(brand.colour, WHITE) >= ENOUGH_FOR_TEXT,
            "palette": palette(brand.colour),
        }
    return context
