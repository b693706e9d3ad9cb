"""Templates: what the partner has published, and what each needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url

from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.mirror.freshness import consoles_in_view, gone_lately, reading_of
from dashboard.mirror.models import CatalogueConnector, Cycle, Template, TemplateConnector
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role


@require_safe
@role_required(Role.VIEWER)
def template_list(request: StaffRequest) -> HttpResponse:
    """Every template, by name, with the connectors that it needs."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    search = request.GET.get("q", "").strip()[:300]
    every = Template.objects.visible_to(request.user).filter(gone_lately())
    if in_view.chosen:
        every = every.filter(console=in_view.chosen)
    found = every.search(search) if search else every
    page = paged(request, found.prefetch_related("connectors"))
    context: dict[str, Any] = {
        "page": page,
        "rows": _with_counts(page),
        "search": search,
        "in_view": in_view,
        "reading": reading_of(in_view.shown),
    }
    response = render_page(
        request, "cycles/template_list.html", "cycles/_template_table.html", context
    )
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return response


def _with_counts(templates: Iterable[Template]) -> list[tuple[Template, int]]:
    """Each with the number of cycles that were made of it; one query for all."""
    shown = list(templates)
    ids = {one.cyclr_id for one in shown}
    counted = (
        Cycle.objects.there()
        .filter(
            account__console__in={one.console_id for one in shown},
            template_cyclr_id__in=ids,
        )
        .order_by()
        .values_list("account__console", "template_cyclr_id")
        .annotate(count=Count("pk"))
    )
    counts = Counter({(console, cyclr_id): count for console, cyclr_id, count in counted})
    return [(one, counts[one.console_id, one.cyclr_id]) for one in shown]


@require_safe
@role_required(Role.VIEWER)
def template_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One template: what it is for, what it needs, and where it was installed."""
    template = get_for(request, Template.objects.select_related("console"), pk=pk)
    cycles = (
        Cycle.objects.filter(
            gone_lately(),
            account__console=template.console_id,
            template_cyclr_id=template.cyclr_id,
        )
        .select_related("account__console")
        .order_by("account__sort_name", "pk")
    )
    role = request.user.role_in(template.console) if template.gone_at is None else None
    context = {
        "template": template,
        "needed": _with_entries(template),
        "may_act": role is not None and role >= Role.AGENT,
        "may_install_many": role is not None and role >= Role.LEAD,
        "page": paged(request, cycles),
    }
    return render(request, "cycles/template_detail.html", context)


def _with_entries(
    template: Template,
) -> list[tuple[TemplateConnector, CatalogueConnector | None]]:
    """What it needs, each with its entry in the library, if there is one."""
    needed = list(template.connectors.all())
    entries = CatalogueConnector.objects.filter(
        console=template.console_id, account=None, kind_key__in=[one.kind_key for one in needed]
    )
    by_kind = {entry.kind_key: entry for entry in entries}
    return [(one, by_kind.get(one.kind_key)) for one in needed]
