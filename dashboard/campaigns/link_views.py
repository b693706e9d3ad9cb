"""What is done to all links of a campaign at once, and their table to download."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.audit.models import Actor
from dashboard.bulk import services as bulk
from dashboard.bulk.models import BulkRun
from dashboard.campaigns import acting, board
from dashboard.campaigns.forms import ExtendForm, RevokeForm, SendAgainForm
from dashboard.campaigns.views import RUNS
from dashboard.common.spreadsheet import csv_response
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role
from dashboard.people.proof import reauthenticated


@require_http_methods(["GET", "POST"])
@role_required(Role.LEAD)
def campaign_resend(request: StaffRequest, reference: str) -> HttpResponse:
    """Write again to everyone who did not open their link."""
    run = get_for(request, RUNS, Role.LEAD, reference=reference)
    form = SendAgainForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        submission = form.cleaned_data["submission"]
        count = acting.send_again(run, Actor.staff(request.user), submission)
        return _done(request, run, count, "{} sent again: on the way.")
    return _confirm(request, run, form, "resend", acting.not_opened(run).count())


@require_http_methods(["GET", "POST"])
@role_required(Role.LEAD)
def campaign_extend(request: StaffRequest, reference: str) -> HttpResponse:
    """Let all unfinished links work longer."""
    run = get_for(request, RUNS, Role.LEAD, reference=reference)
    form = ExtendForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        count = acting.extend_all(run, Actor.staff(request.user), form.lifetime())
        return _done(request, run, count, "{} extended.")
    return _confirm(request, run, form, "extend", acting.extendable(run).count())


@require_http_methods(["GET", "POST"])
@role_required(Role.LEAD)
def campaign_revoke(request: StaffRequest, reference: str) -> HttpResponse:
    """End all unfinished links, after the word was typed."""
    run = get_for(request, RUNS, Role.LEAD, reference=reference)
    form = RevokeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        count = acting.revoke_all(run, Actor.staff(request.user))
        return _done(request, run, count, "{} revoked.")
    return _confirm(request, run, form, "revoke", acting.unfinished(run).count())


def _confirm(
    request: StaffRequest, run: BulkRun, form: forms.Form, act: str, count: int
) -> HttpResponse:
    context = {"run": run, "form": form, "act": act, "count": count}
    status = 422 if form.is_bound else 200
    return render(request, "campaigns/campaign_act.html", context, status=status)


def _done(request: StaffRequest, run: BulkRun, count: int, message: str) -> HttpResponse:
    said = f"{count:,} link{'' if count == 1 else 's'}"
    say: Callable[..., None] = messages.success if count else messages.info
    say(request, message.format(said) if count else "There was nothing left to do.")
    return redirect(run)


@require_POST
@role_required(Role.LEAD)
@reauthenticated
def campaign_export(request: StaffRequest, reference: str) -> HttpResponseBase:
    """Where each account stands, as CSV; without the addresses that customers use."""
    run = get_for(request, RUNS, Role.LEAD, reference=reference)
    bulk.note_export(run, Actor.staff(request.user))
    return csv_response(f"campaign-{run.reference}", board.COLUMNS, board.table(run))
