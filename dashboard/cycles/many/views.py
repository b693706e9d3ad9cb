"""Pages for installing one template into many accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.accounts.account_filter import AccountFilter
from dashboard.audit import list_export
from dashboard.audit.models import Actor
from dashboard.bulk.services import MOST_ROWS, OtherRunError, RunRequest, draft
from dashboard.common.damage import protected
from dashboard.common.paging import paged
from dashboard.common.spreadsheet import csv_lines
from dashboard.common.untrusted_text import display_line, display_text
from dashboard.cycles.installing import INSTALL
from dashboard.cycles.many.form import TemplateManyForm
from dashboard.cycles.many.lines import targets
from dashboard.mirror.freshness import consoles_in_view
from dashboard.mirror.models import Account, AccountQuerySet, Cycle, Template
from dashboard.operations.submissions import draw_anew
from dashboard.people.access import StaffRequest, consoles_for, get_for, role_required
from dashboard.people.models import Role

PAGE = "cycles/template_install_many.html"
COLUMNS = ("Account id", "Account name")


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.LEAD)
def template_install_many(request: StaffRequest, pk: int) -> HttpResponse:
    """The form and the table; a valid POST becomes the preview of a bulk run.

    `scope=filter`: the table is filled with the accounts that a list's address finds.
    """
    template = _installable(request, pk)
    context: dict[str, Any] = {
        "template": template,
        "needed": template.connectors.all(),
        "count": _accounts(template).count(),
        "most": MOST_ROWS,
    }
    if request.method != "POST":
        chosen = _chosen(request, template)
        count = chosen.count() if chosen is not None else 0
        context["too_many"] = count if count > MOST_ROWS else 0
        is_filled = chosen is not None and 0 < count <= MOST_ROWS
        table = _as_table(chosen) if chosen is not None and is_filled else ""
        context |= {"form": TemplateManyForm(template, table=table), "filled": count}
        context["is_none"] = chosen is not None and not count
        return render(request, PAGE, context)
    form = TemplateManyForm(template, request.POST, request.FILES)
    if not form.is_valid():
        draw_anew(form)
        return render(request, PAGE, context | {"form": form}, status=422)
    try:
        run = draft(
            RunRequest(
                kind=INSTALL,
                title=f"Install {display_text(template)}",
                actor=Actor.staff(request.user),
                console=template.console,
                submission=form.cleaned_data["submission"],
                targets=targets(form),
                shown={"entries": form.shared_entries(), "notes": form.notes},
            )
        )
    except OtherRunError as error:
        return redirect(error.run)
    return redirect(run)


@require_safe
@role_required(Role.LEAD)
def template_install_many_table(request: StaffRequest, pk: int) -> HttpResponseBase:
    """A table to fill in: every account without a cycle of this template."""
    template = _installable(request, pk)
    having = Cycle.objects.there().filter(template_cyclr_id=template.cyclr_id)
    accounts = _accounts(template).exclude(pk__in=having.values("account"))
    rows = _rows(accounts, blanks=1)
    return list_export.export(request, "accounts", [*COLUMNS, "Name"], rows)


@require_safe
@role_required(Role.LEAD)
def template_pick_many(request: StaffRequest) -> HttpResponse:
    """The templates that can be installed into the accounts that a list's address finds."""
    consoles = consoles_for(request.user, Role.LEAD)
    if chosen := consoles_in_view(request).chosen:
        consoles = consoles.filter(pk=chosen.pk)
    search = request.GET.get("template", "").strip()[:300]
    rows = Template.objects.there().filter(console__in=consoles).select_related("console")
    rows = rows.search(search) if search else rows
    query = request.GET.copy()
    for key in ("template", "page", "sort"):
        query.pop(key, None)
    query["scope"] = "filter"
    context = {
        "page": paged(request, rows.prefetch_related("connectors")),
        "search": search,
        "query": query.urlencode(),
        "kept": [(key, value) for key, value in query.items() if key != "scope"],
        "has_consoles": len({one.pk for one in consoles}) > 1,
    }
    return render(request, "cycles/template_pick_many.html", context)


def _installable(request: StaffRequest, pk: int) -> Template:
    templates = Template.objects.select_related("console")
    template: Template = get_for(request, templates, Role.LEAD, pk=pk)
    if template.gone_at is not None:
        raise Http404
    return template


def _accounts(template: Template) -> AccountQuerySet:
    accounts: AccountQuerySet = Account.objects.there().filter(console=template.console)
    return accounts


def _chosen(request: StaffRequest, template: Template) -> AccountQuerySet | None:
    """The accounts that the address asks for; None if it asks for none."""
    if request.GET.get("scope") != "filter":
        return None
    return AccountFilter.of(request.user, request.GET).among(_accounts(template))


def _as_table(accounts: AccountQuerySet) -> str:
    """As it is pasted: with names, so that a person can read what it says."""
    text = "".join(csv_lines(COLUMNS, _rows(accounts)))
    return text.lstrip("\ufeff").replace("\r\n", "\n")


def _rows(accounts: AccountQuerySet, blanks: int = 0) -> Iterator[list[str]]:
    for account in accounts.order_by("sort_name", "pk").iterator(chunk_size=1000):
        name = display_line(account.name)  # of several lines it would be taken for several accounts
        yield [protected(account.cyclr_id), protected(name), *[""] * blanks]
