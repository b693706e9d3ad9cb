"""Installing a template into an account: choosing it, and the form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.audit.models import Actor
from dashboard.common.paging import paged
from dashboard.common.untrusted_text import display_text
from dashboard.cycles.installing import INSTALL, exclusivity_key
from dashboard.cycles.name_field import LONGEST_NAME, name_field
from dashboard.cycles.parts import parts_of
from dashboard.mirror.models import Account, Template
from dashboard.operations.submissions import SubmissionField, draw_anew
from dashboard.operations.submitting import (
    AlreadyActiveError,
    OperationRequest,
    OtherInputError,
    submit,
)
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

ACCOUNTS = Account.objects.select_related("console")
MOST_MATCHES = 20


class InstallForm(forms.Form):
    """What the cycle is called."""

    submission = SubmissionField()
    name = name_field()

    def __init__(self, template: Template, data: Any = None) -> None:
        super().__init__(data, initial={"name": str(template)[:LONGEST_NAME]})


@require_safe
@role_required(Role.AGENT)
def template_pick(request: StaffRequest, pk: int) -> HttpResponse:
    """The templates that can be installed into an account."""
    account = get_for(request, ACCOUNTS, Role.AGENT, pk=pk)
    search = request.GET.get("q", "").strip()[:300]
    rows = Template.objects.there().filter(console=account.console)
    rows = rows.search(search) if search else rows
    context = {
        "account": account,
        "page": paged(request, rows.prefetch_related("connectors")),
        "search": search,
    }
    return render(request, "cycles/template_pick.html", context)


@require_safe
@role_required(Role.AGENT)
def template_accounts(request: StaffRequest, pk: int) -> HttpResponse:
    """The accounts into which a template can be installed, searched by name or id."""
    templates = Template.objects.select_related("console")
    template = get_for(request, templates, Role.AGENT, pk=pk)
    search = request.GET.get("q", "").strip()[:300]
    rows = Account.objects.there().filter(console=template.console)
    found = rows.search(search) if search else rows
    count = found.count()
    role = request.user.role_in(template.console)
    context = {
        "template": template,
        "search": search,
        "accounts": list(found.order_by("sort_name", "pk")[:MOST_MATCHES]),
        "count": count,
        "is_more": count > MOST_MATCHES,
        "may_install_many": role is not None and role >= Role.LEAD and template.gone_at is None,
    }
    return render(request, "cycles/template_accounts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def template_install(request: StaffRequest, pk: int, template_pk: int) -> HttpResponse:
    """Which connectors come and which are used, and the name; then the operation."""
    account = get_for(request, ACCOUNTS, Role.AGENT, pk=pk)
    templates = Template.objects.filter(console=account.console).select_related("console")
    template = get_for(request, templates, Role.AGENT, pk=template_pk)
    form = InstallForm(template, request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {
        "account": account,
        "template": template,
        "form": form,
        "parts": parts_of(account, template),
        "is_there": account.gone_at is None and template.gone_at is None,
    }
    if request.method != "POST":
        return render(request, "cycles/template_install.html", context)
    if not context["is_there"]:
        return render(request, "cycles/template_install.html", context, status=409)
    if not form.is_valid():
        draw_anew(form)
        return render(request, "cycles/template_install.html", context, status=422)
    name = form.cleaned_data["name"]
    try:
        operation = submit(
            OperationRequest(
                kind=INSTALL,
                title=f"Install {display_text(template)}",
                actor=Actor.staff(request.user),
                console=account.console,
                submission=form.cleaned_data["submission"],
                account=account,
                values={"template": template.pk, "name": name},
                shown={"entries": [["Name", name]]},
                exclusivity_key=exclusivity_key(account, template),
            )
        )
    except (AlreadyActiveError, OtherInputError) as error:
        context["other"] = error.operation
        draw_anew(form)
        return render(request, "cycles/template_install.html", context, status=409)
    return redirect(operation)
