"""Saving a call under a name, and deleting what was saved."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.methods import saving
from dashboard.methods.answer_views import call_for
from dashboard.methods.inputs import CallInput
from dashboard.methods.models import Method, SavedCall
from dashboard.methods.views import CONNECTORS
from dashboard.mirror.models import AccountConnector
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def method_call_save(request: StaffRequest, pk: int, call_pk: int) -> HttpResponse:
    """Ask for a name, then keep the values under it. 404 once they were wiped, or for a body."""
    call = call_for(request, pk, call_pk)
    sends = CallInput.of(call)
    if sends is None or sends.body:
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = saving.SaveForm(call, request.user, data)
    connector = call.account_connector
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            saved = form.save(sends)
            _record(request, "methods.save_call", saved, connector)
        messages.success(request, "The call is saved.")
        return _form_of(connector, saved)
    kept = sends.without_secrets().given
    context = {
        "form": form,
        "call": call,
        "connector": connector,
        "account": connector.account,
        "given": kept,
        "left_out": [one.label for one in sends.given if one.is_secret],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "methods/method_call_save.html", context, status=status)


@require_POST
@role_required(Role.AGENT)
def saved_call_delete(request: StaffRequest, pk: int, saved_pk: int) -> HttpResponse:
    """Delete a saved call: one's own, or as a Lead one that others share."""
    connector: AccountConnector = get_for(request, CONNECTORS, Role.AGENT, pk=pk)
    visible = SavedCall.objects.visible_to(request.user, connector.account.console)
    saved = get_object_or_404(visible, pk=saved_pk)
    if not saving.may_delete(saved, request.user):
        raise PermissionDenied
    with transaction.atomic():
        _record(request, "methods.delete_saved_call", saved, connector)
        saved.delete()
    messages.success(request, "The saved call is deleted.")
    return redirect(reverse("method_list", args=[connector.pk]))


def _form_of(connector: AccountConnector, saved: SavedCall) -> HttpResponseRedirect:
    url = reverse("method_detail", args=[connector.pk, saved.method_key])
    return HttpResponseRedirect(f"{url}?{urlencode({'saved': saved.pk})}")


def _record(
    request: StaffRequest, action: str, saved: SavedCall, connector: AccountConnector
) -> None:
    has_method = Method.objects.of(connector).filter(key=saved.method_key).exists()
    url = _form_of(connector, saved).url if has_method and action == "methods.save_call" else ""
    audit.record(
        Actor.staff(request.user),
        action,
        console=saved.console,
        target=f"{saved} of {saved.method_name}",
        target_url=url,
        account_name=str(connector.account),
        shared=saved.is_shared,
    )
