"""Settings: the address for Cyclr's error webhook, and which accounts have it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from dashboard.bulk.services import MOST_ROWS, OtherRunError
from dashboard.common import encryption
from dashboard.common.htmx import render_page
from dashboard.common.paging import paged
from dashboard.common.searching import words_in
from dashboard.error_webhook import services
from dashboard.error_webhook.models import ErrorWebhook
from dashboard.error_webhook.services import NONE, OTHER, OURS, SET_FOR_MANY, SHOW
from dashboard.mirror.models import Account
from dashboard.operations.submissions import SubmissionField
from dashboard.operations.submitting import AlreadyActiveError, OtherInputError
from dashboard.people.access import StaffRequest, administered_console, consoles_for, role_required
from dashboard.people.models import Role

PAGE = "error_webhook/settings_error_webhook.html"
PARTIAL = "error_webhook/_error_webhook_table.html"


class SetForm(forms.Form):
    """A press of *Set*, which counts once."""

    submission = SubmissionField()


@require_GET
@role_required(Role.ADMIN)
def settings_error_webhook_list(request: StaffRequest) -> HttpResponse:
    """The consoles and whether they have an address; with one console, its page."""
    consoles = list(consoles_for(request.user, Role.ADMIN))
    if len(consoles) == 1:
        return redirect("settings_error_webhook", consoles[0].pk)
    found = ErrorWebhook.objects.filter(console__in=consoles)
    webhooks = {webhook.console_id: webhook for webhook in found}
    context = {"rows": [(console, webhooks.get(console.pk)) for console in consoles]}
    return render(request, "error_webhook/settings_error_webhook_list.html", context)


@sensitive_variables("context")
@require_GET
@role_required(Role.ADMIN)
def settings_error_webhook(request: StaffRequest, pk: int) -> HttpResponse:
    """One console's address, and what its accounts have instead or of it."""
    console = administered_console(request, pk)
    webhook = ErrorWebhook.objects.select_related("console").filter(console=console).first()
    if webhook is None:
        return render(request, PAGE, {"console": console})
    show = request.GET.get("show", NONE)
    show = show if show in SHOW else NONE
    search = request.GET.get("q", "").strip().replace("\x00", "")
    counts = {key: services.accounts_with(webhook, key).count() for key in SHOW}
    accounts = services.accounts_with(webhook, show)
    accounts = accounts.filter(words_in(search, "search_text")) if search else accounts
    context: dict[str, Any] = {
        "console": console,
        "webhook": webhook,
        "address": _address(webhook),
        "chips": [(key, label, counts[key]) for key, label in SHOW.items()],
        "show": show,
        "label": SHOW[show],
        "search": search,
        "page": paged(request, accounts.order_by("sort_name", "pk")),
        "form": SetForm(auto_id=False),
        "is_set": show == OURS,
        "is_other": show == OTHER,
        "many": counts[show] if show in SET_FOR_MANY and not search else 0,
        "most": MOST_ROWS,
    }
    return render_page(request, PAGE, PARTIAL, context)


def _address(webhook: ErrorWebhook) -> str:
    """The whole address; empty where its key was removed from the settings."""
    try:
        return webhook.url()
    except encryption.DecryptionError:
        return ""


@require_POST
@role_required(Role.ADMIN)
def settings_error_webhook_make(request: StaffRequest, pk: int) -> HttpResponse:
    """Make the console's address."""
    services.make(administered_console(request, pk), request.user)
    return redirect("settings_error_webhook", pk)


@require_POST
@role_required(Role.ADMIN)
def settings_error_webhook_rotate(request: StaffRequest, pk: int) -> HttpResponse:
    """Another address; the one until now answers for a day."""
    services.rotate(_webhook(request, pk), request.user)
    messages.success(request, "There is a new address. The one before answers for a day.")
    return redirect("settings_error_webhook", pk)


@require_POST
@role_required(Role.ADMIN)
def settings_error_webhook_set(request: StaffRequest, pk: int, account_pk: int) -> HttpResponse:
    """Set it on one account, by an operation."""
    webhook = _webhook(request, pk)
    rows = Account.objects.there().filter(console=webhook.console)
    account = get_object_or_404(rows, pk=account_pk)
    form = SetForm(request.POST)
    if not form.is_valid() or not _address(webhook):
        raise Http404
    try:
        operation = services.set_on(webhook, account, request.user, form.cleaned_data["submission"])
    except (AlreadyActiveError, OtherInputError) as error:
        messages.info(request, "Another change of this account is under way.")
        operation = error.operation
    return redirect(operation)


@require_POST
@role_required(Role.ADMIN)
def settings_error_webhook_set_many(request: StaffRequest, pk: int) -> HttpResponse:
    """The preview of a run that sets it on all accounts of a list."""
    webhook = _webhook(request, pk)
    form, show = SetForm(request.POST), request.POST.get("show", "")
    if not form.is_valid() or show not in SET_FOR_MANY or not _address(webhook):
        raise Http404
    if not services.accounts_with(webhook, show).exists():
        return redirect("settings_error_webhook", pk)
    try:
        run = services.set_on_many(webhook, show, request.user, form.cleaned_data["submission"])
    except OtherRunError as error:
        run = error.run
    return redirect(run)


def _webhook(request: StaffRequest, pk: int) -> ErrorWebhook:
    rows = ErrorWebhook.objects.select_related("console")
    return get_object_or_404(rows, console=administered_console(request, pk))
