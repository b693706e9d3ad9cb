"""Pages for installing into many accounts: one connector, or one that each line names."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.audit import list_export
from dashboard.audit.models import Actor
from dashboard.bulk.services import OtherRunError, RunRequest, draft
from dashboard.common.damage import protected
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.untrusted_text import display_line
from dashboard.consoles.models import Console
from dashboard.installs.many.form import InstallManyForm
from dashboard.installs.many.lines import targets
from dashboard.installs.many.several import SHARED, InstallSeveralForm, targets_of_several
from dashboard.installs.naming import ways_of
from dashboard.installs.services import KIND
from dashboard.mirror.freshness import library_read_at
from dashboard.mirror.icons import add_icons
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector
from dashboard.people.access import StaffRequest, consoles_for, get_for, role_required
from dashboard.people.models import Role

PAGE, PARTIAL = "installs/install_many.html", "installs/_install_many_form.html"
SEVERAL = "installs/install_several.html"
FROM_LIST = "from-list"
"""Posted with a table of accounts that were chosen in a list: the form begins with it."""


@require_http_methods(["GET", "POST"])
@role_required(Role.LEAD)
def install_many(request: StaffRequest, pk: int) -> HttpResponse:
    """The form and the table; a valid POST becomes the preview of a bulk run."""
    connector = _installable(request, pk)
    add_icons([connector])
    asked = request.POST if request.method == "POST" else request.GET
    method = asked.get("method", "")
    context: dict[str, Any] = {
        "connector": connector,
        "age_of": library_read_at(connector.console),
        "accounts": Account.objects.there().filter(console=connector.console).count(),
    }
    is_begun = FROM_LIST in request.POST
    if request.method != "POST" or "redraw" in request.POST or is_begun or is_swap(request):
        context["form"] = _drawn(request, connector, method)
        return render_page(request, PAGE, PARTIAL, context)
    form = InstallManyForm(
        connector, request.POST, request.FILES, method=method, ways=ways_of(connector)
    )
    context["form"] = form
    if request.POST.get("release") != str(connector.release_id):
        context |= {"form": _drawn(request, connector, method), "outdated": True}
        return render_page(request, PAGE, PARTIAL, context, status=409)
    if not form.is_valid():
        _ready_to_show(form)
        return render_page(request, PAGE, PARTIAL, context, status=422)
    try:
        run = draft(
            RunRequest(
                kind=KIND,
                title=f"Install {connector.name}",
                actor=Actor.staff(request.user),
                console=connector.console,
                submission=form.cleaned_data["submission"],
                targets=targets(form),
                connector=connector,
                shown={"entries": form.shared_entries(), "notes": form.notes},
            )
        )
    except OtherRunError as error:
        return redirect(error.run)
    return redirect(run)


@require_safe
@role_required(Role.LEAD)
def install_many_table(request: StaffRequest, pk: int) -> HttpResponseBase:
    """A table to fill in: every account without this connector, a column for each field."""
    connector = _installable(request, pk)
    form = InstallManyForm(connector, method=request.GET.get("method", ""))
    headings = form.column_headings()
    headings.pop("description", None)
    # Beside a setting of that name the reader's column would be taken for it.
    reader = [] if "account name" in form.headings() else ["Account name"]
    columns = ["Account id", *reader, *headings.values()]
    rows = _without(connector, len(reader), len(headings))
    return list_export.export(request, "accounts", columns, rows)


@require_http_methods(["GET", "POST"])
@role_required(Role.LEAD)
def install_several(request: StaffRequest) -> HttpResponse:
    """A table in which each line names its connector; a valid POST becomes a preview."""
    consoles = list(consoles_for(request.user, Role.LEAD))
    console = next((one for one in consoles if str(one.pk) == request.GET.get("console")), None)
    console = console or (consoles[0] if len(consoles) == 1 else None)
    context: dict[str, Any] = {"consoles": consoles, "console": console}
    if console is None:
        return render(request, SEVERAL, context)
    context["accounts"] = Account.objects.there().filter(console=console).count()
    if request.method != "POST":
        context["form"] = InstallSeveralForm(console)
        return render(request, SEVERAL, context)
    form = InstallSeveralForm(console, request.POST, request.FILES)
    context["form"] = form
    if not form.is_valid():
        form.tell_what_was_not_kept()
        _ready_to_show(form)
        return render(request, SEVERAL, context, status=422)
    try:
        run = draft(_several_request(request, console, form))
    except OtherRunError as error:
        return redirect(error.run)
    return redirect(run)


def _several_request(
    request: StaffRequest, console: Console, form: InstallSeveralForm
) -> RunRequest:
    assert form.read is not None
    ticked = [str(form.fields[name].label) for name in SHARED if form.cleaned_data[name]]
    return RunRequest(
        kind=KIND,
        title="Install connectors",
        actor=Actor.staff(request.user),
        console=console,
        submission=form.cleaned_data["submission"],
        targets=targets_of_several(form),
        shown={"entries": [[one, "Yes"] for one in ticked], "notes": list(form.read.notes)},
    )


def _without(connector: CatalogueConnector, names: int, blanks: int) -> Iterator[list[str]]:
    having = AccountConnector.objects.there().filter(
        connector_name=connector.name, connector_version=connector.version
    )
    accounts = Account.objects.there().filter(console=connector.console)
    if connector.account_id is not None:
        accounts = accounts.filter(pk=connector.account_id)
    accounts = accounts.exclude(pk__in=having.values("account")).order_by("sort_name", "pk")
    for account in accounts.iterator(chunk_size=1000):
        name = display_line(account.name)  # of several lines it would be taken for several accounts
        yield [protected(account.cyclr_id), *[protected(name)] * names, *[""] * blanks]


def _installable(request: StaffRequest, pk: int) -> CatalogueConnector:
    connectors = CatalogueConnector.objects.select_related("console", "account")
    connector: CatalogueConnector = get_for(request, connectors, Role.LEAD, pk=pk)
    if not connectors.installable().filter(pk=connector.pk).exists():
        raise Http404
    return connector


def _drawn(request: StaffRequest, connector: CatalogueConnector, method: str) -> InstallManyForm:
    """A form that is not checked yet, with what was typed before, less secrets."""
    form = InstallManyForm(connector, method=method, ways=ways_of(connector))
    if FROM_LIST in request.POST:
        form.initial["table"] = request.POST.get("table", "")
    elif request.method == "POST":
        form.keep(request.POST)
    return form


def _ready_to_show(form: InstallManyForm | InstallSeveralForm) -> None:
    """A form that is shown again is a new submission, and shows no secrets of its table."""
    assert isinstance(form.data, QueryDict)
    data = form.data.copy()
    data["submission"] = str(uuid.uuid4())
    data["table"] = form.without_secrets(data.get("table", ""))
    form.data = data
