"""Settings: the consoles. What is typed is tried by a worker before it is saved."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.audit.models import Actor
from dashboard.common import encryption
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.console_setup import saving
from dashboard.console_setup.forms import (
    OWN,
    ConsoleForm,
    CredentialsForm,
    DetailsForm,
    RetireForm,
    region_label,
    region_of,
)
from dashboard.console_setup.models import CheckKind, ConsoleCheck
from dashboard.consoles.models import SECOND, Console
from dashboard.links.models import Link
from dashboard.people.access import StaffRequest, every_console_for, role_required
from dashboard.people.models import Role
from dashboard.people.proof import reauthenticated

SETTINGS = {
    "API address": "CYCLR_API_URL",
    "Service address": "CYCLR_SERVICE_URL",
    "Client id": "CYCLR_CLIENT_ID",
    "Client secret": "CYCLR_CLIENT_SECRET",
    "Name": "CYCLR_CONSOLE_NAME",
    "Most calls": "CYCLR_CALLS_PER_SECOND",
}
"""What the console of the environment is changed by."""


@require_safe
@role_required(Role.ADMIN)
def console_list(request: StaffRequest) -> HttpResponse:
    """The consoles that the person administers, and those that were retired."""
    every = list(every_console_for(request.user, Role.ADMIN))
    context = {
        "consoles": [one for one in every if one.retired_at is None],
        "retired": [one for one in every if one.retired_at is not None],
        "may_add": request.user.is_admin_of_all,
    }
    return render(request, "console_setup/console_list.html", context)


@sensitive_post_parameters("client_secret")
@sensitive_variables("form", "values")
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
@reauthenticated
def console_new(request: StaffRequest) -> HttpResponse:
    """A new console, or one whose check failed, to be put right."""
    if not request.user.is_admin_of_all:
        raise PermissionDenied
    page = "console_setup/console_new.html"
    if request.method != "POST":
        return render(request, page, {"form": ConsoleForm(initial=_typed_before(request))})
    form = ConsoleForm(request.POST)
    if not form.is_valid():
        form.anew()
        return render(request, page, {"form": form}, status=422)
    values = form.cleaned_data
    names = ("name", "api_url", "service_url", "catalogue_account", "rate_limit")
    check = _ask(
        request,
        CheckKind.ADD,
        values,
        rate_period=values["rate_period"] or SECOND,
        **{name: values[name] for name in names},
    )
    return redirect("console_check", check.pk)


def _typed_before(request: StaffRequest) -> dict[str, Any]:
    """What was typed for a check that failed, without its secret."""
    asked = request.GET.get("again", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        return {"region": "us"}
    rows = ConsoleCheck.objects.filter(requested_by=request.user, kind=CheckKind.ADD)
    check = rows.filter(pk=asked).first()
    if check is None:
        return {"region": "us"}
    names = ("name", "service_url", "client_id", "catalogue_account", "rate_limit", "rate_period")
    region = region_of(check.api_url)
    return {
        "region": region,
        "own_api_url": check.api_url if region == OWN else "",
        **{name: getattr(check, name) for name in names},
    }


@sensitive_variables("values", "secret")
def _ask(
    request: StaffRequest, kind: CheckKind, values: dict[str, Any], **columns: Any
) -> ConsoleCheck:
    """Have the credentials tried; the same form sent twice is one check."""
    secret = values["client_secret"]
    own = ConsoleCheck.objects.filter(submission=values["submission"], requested_by=request.user)
    earlier: ConsoleCheck | None = own.first()
    if earlier is not None:
        return earlier
    try:
        with transaction.atomic():
            check: ConsoleCheck = ConsoleCheck.objects.create(
                submission=values["submission"],
                kind=kind,
                requested_by=request.user,
                client_id=values["client_id"],
                **columns,
            )
            check.encrypted_client_secret = encryption.encrypt(
                secret, associated_data=check.associated_data
            )
            check.save(update_fields=["encrypted_client_secret"])
            check.send_on_commit()
    except IntegrityError:  # pressed twice, at the same moment
        earlier = get_object_or_404(own)
        return earlier
    return check


@require_safe
@role_required(Role.ADMIN)
def console_check(request: StaffRequest, pk: int) -> HttpResponse:
    """How the try goes; when it has worked, the console."""
    rows = ConsoleCheck.objects.select_related("console").filter(requested_by=request.user)
    check = get_object_or_404(rows, pk=pk)
    if check.has_worked and check.console is not None:
        messages.success(request, _done_message(check))
        target = check.console.pk
        if is_swap(request):
            return redirect_browser(f"/settings/consoles/{target}/")
        return redirect("console_detail", target)
    version = version_of(check.pk, check.is_finished)
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    context = {"check": check, "version": version, "is_new": check.kind == CheckKind.ADD}
    page, partial = "console_setup/console_check.html", "console_setup/_console_check.html"
    return render_page(request, page, partial, context)


def _done_message(check: ConsoleCheck) -> str:
    if check.kind == CheckKind.ADD:
        return f"{check.console} is connected. Its accounts are being read."
    return "The new credentials work and are in use."


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def console_detail(request: StaffRequest, pk: int) -> HttpResponseBase:
    """One console: what it is, and what of it may be changed here."""
    return (_change if request.method == "POST" else _detail)(request, pk)


def _detail(request: StaffRequest, pk: int) -> HttpResponse:
    console = _console(request, pk)
    is_own = not console.is_from_environment and console.retired_at is None
    data = request.POST if request.method == "POST" and is_own else None
    form = DetailsForm.of(console, data)
    if request.method == "POST" and form.is_valid():
        values = {**form.cleaned_data, "rate_period": form.cleaned_data["rate_period"] or SECOND}
        return _act(request, console, lambda: _save(request, console, values))
    context = {
        "console": console,
        "region": region_label(console.api_url),
        "form": form if is_own else None,
        "settings_names": SETTINGS.items(),
        "accounts": console.accounts.filter(gone_at=None).count(),
        "links": Link.objects.open().filter(console=console).count(),
    }
    status = 422 if form.errors else 200
    return render(request, "console_setup/console_detail.html", context, status=status)


_change = reauthenticated(_detail)
"""The service address is where customers are sent: not for whoever finds a desk open."""


def _save(request: StaffRequest, console: Console, values: dict[str, Any]) -> str:
    is_changed = saving.change(console, values, Actor.staff(request.user))
    return "Saved." if is_changed else "Nothing was changed."


@sensitive_post_parameters("client_secret")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
@reauthenticated
def console_credentials(request: StaffRequest, pk: int) -> HttpResponse:
    """Other credentials: the new ones are tried, then used; work goes on meanwhile."""
    console = _own(request, pk)
    if console.retired_at is not None:
        return _retired_meanwhile(request, console)
    form = CredentialsForm(console, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        check = _ask(
            request,
            CheckKind.CREDENTIALS,
            form.cleaned_data,
            console=console,
            name=console.name,
            api_url=console.api_url,
            service_url=console.service_url,
        )
        return redirect("console_check", check.pk)
    if form.is_bound:
        form.anew()
    context = {"console": console, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "console_setup/console_credentials.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
@reauthenticated
def console_retire(request: StaffRequest, pk: int) -> HttpResponse:
    """What ends with it, and its name to be typed."""
    console = _own(request, pk)
    if console.retired_at is not None:
        return _retired_meanwhile(request, console)
    form = RetireForm(console, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _act(request, console, lambda: _retire(request, console))
    context = {
        "console": console,
        "form": form,
        "accounts": console.accounts.filter(gone_at=None).count(),
        "links": Link.objects.open().filter(console=console).count(),
    }
    status = 422 if form.is_bound else 200
    return render(request, "console_setup/console_retire.html", context, status=status)


def _retire(request: StaffRequest, console: Console) -> str:
    saving.retire(console, Actor.staff(request.user))
    return f"{console} is retired. Its history stays readable."


@require_POST
@role_required(Role.ADMIN)
def console_restore(request: StaffRequest, pk: int) -> HttpResponse:
    """Use a retired console again."""
    console = _console(request, pk)
    return _act(request, console, lambda: _restore(request, console))


def _restore(request: StaffRequest, console: Console) -> str:
    saving.restore(console, Actor.staff(request.user))
    return f"{console} is in use again. Its accounts are being read."


def _act(request: StaffRequest, console: Console, act: Any) -> HttpResponse:
    try:
        messages.success(request, act())
    except saving.NotHereError as error:
        messages.info(request, str(error))
    return redirect("console_detail", console.pk)


def _console(request: StaffRequest, pk: int) -> Console:
    """A console that the person administers, in use or retired."""
    return get_object_or_404(every_console_for(request.user, Role.ADMIN), pk=pk)


def _own(request: StaffRequest, pk: int) -> Console:
    """One that is kept here."""
    console = _console(request, pk)
    if console.is_from_environment:
        raise Http404
    return console


def _retired_meanwhile(request: StaffRequest, console: Console) -> HttpResponse:
    """A colleague, or another tab, was first."""
    messages.info(request, f"{console} was retired meanwhile.")
    return redirect("console_detail", console.pk)
