"""Installing a template into an account: choosing it, and the form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.audit.models import Actor
from dashboard.common.paging import paged
from dashboard.common.untrusted_text import display_text
from dashboard.cycles.installing import INSTALL
from dashboard.installs.fields.text import UntrustedText
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account, AccountConnector, Template, TemplateConnector
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
LONGEST_NAME = 200


class InstallForm(forms.Form):
    """What the cycle is called."""

    submission = SubmissionField()
    name = UntrustedText(
        max_length=LONGEST_NAME,
        label="Name of the cycle",
        help_text="As it is listed in the account.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, template: Template, data: Any = None) -> None:
        super().__init__(data, initial={"name": str(template)[:LONGEST_NAME]})


@dataclass(frozen=True, slots=True)
class Part:
    """A connector that the template needs. `installed`: which of the account's may be used."""

    need: TemplateConnector
    installed: list[AccountConnector]


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
    context = {
        "template": template,
        "search": search,
        "accounts": list(found.order_by("sort_name", "pk")[:MOST_MATCHES]),
        "is_more": found.count() > MOST_MATCHES,
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
        "parts": _parts(account, template),
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
                exclusivity_key=f"template:{account.pk}:{template.pk}",
            )
        )
    except (AlreadyActiveError, OtherInputError) as error:
        context["other"] = error.operation
        draw_anew(form)
        return render(request, "cycles/template_install.html", context, status=409)
    return redirect(operation)


def _parts(account: Account, template: Template) -> list[Part]:
    """What it needs, each with what the account has of the kind; two queries."""
    needed = list(template.connectors.all())
    names = {one.connector_name for one in needed}
    installed: dict[str, list[AccountConnector]] = {}
    rows = AccountConnector.objects.there().filter(account=account, connector_name__in=names)
    for one in rows.select_related("account"):
        key = key_of(one.connector_name, one.connector_version)
        installed.setdefault(key, []).append(one)
    return [Part(one, installed.get(one.kind_key, [])) for one in needed]
