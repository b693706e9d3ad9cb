"""The pages on which accounts are created, edited and deleted."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboard.accounts.changes import active_change, exclusivity_key
from dashboard.accounts.forms import CreateForm, DeleteForm, EditForm
from dashboard.accounts.handlers.creating import CREATE
from dashboard.accounts.handlers.deleting import DELETE
from dashboard.accounts.handlers.updating import UPDATE
from dashboard.accounts.loss import loss_of
from dashboard.audit.models import Actor
from dashboard.common import zones
from dashboard.common.htmx import is_swap
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.untrusted_text import display_text
from dashboard.consoles.models import Console
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account
from dashboard.operations import changing
from dashboard.operations.changing import Page
from dashboard.operations.forms import ChangeForm
from dashboard.operations.submissions import own_submission
from dashboard.operations.submitting import OperationRequest
from dashboard.people.access import StaffRequest, consoles_for, get_for, role_required
from dashboard.people.models import Role

METHODS = ["GET", "HEAD", "POST"]
ACCOUNTS = Account.objects.select_related("console")
LOOKED_AT_WITHIN = timedelta(minutes=1)
"""What goes with an account is shown as it was a moment ago; older, the page has it read."""


# ---- a new one ----


@require_http_methods(METHODS)
@role_required(Role.LEAD)
def account_new(request: StaffRequest) -> HttpResponse:
    """A new account, or with `?parent=` a sub-account of that one."""
    parent = _parent(request)
    mends = changing.earlier(request, CREATE, account=None)
    consoles = list(consoles_for(request.user, Role.LEAD))
    console = (
        parent.console
        if parent
        else _console(request, consoles, mends.console_id if mends else None)
    )
    if console is None:
        return render(request, "accounts/account_new.html", {"consoles": consoles})
    data = request.POST if request.method == "POST" else None
    zone = parent.timezone if parent else ""
    form = CreateForm(console, parent, data, zone=zone)
    context = {
        "console": console,
        "consoles": consoles,
        "parent": parent,
        "zone": _zone_note(form),
    }
    page = Page("accounts/account_new.html", context)
    if data is None:
        return changing.draw(request, page, form, mends)
    if not form.is_valid():
        return changing.draw_again(request, page, form, 422)
    return changing.send(request, page, form, _create_request(request, form))


def _parent(request: StaffRequest) -> Account | None:
    asked = request.GET.get("parent", "")
    return get_for(request, ACCOUNTS, Role.LEAD, pk=asked) if asked else None


def _console(request: StaffRequest, consoles: list[Console], mended: int | None) -> Console | None:
    """The one in the address, or the only one; None if one is to be chosen."""
    if not consoles:
        raise PermissionDenied
    asked = request.GET.get("console", "") or str(mended or "")
    chosen = next((one for one in consoles if str(one.pk) == asked), None)
    return chosen or (consoles[0] if len(consoles) == 1 else None)


def _create_request(request: StaffRequest, form: CreateForm) -> OperationRequest:
    actor = Actor.staff(request.user)
    submission = form.cleaned_data["submission"]
    values = form.values_for(own_submission(submission, actor, CREATE, form.console))
    return OperationRequest(
        kind=CREATE,
        title=f"Create account {display_text(form.cleaned_data['name'])}",
        actor=actor,
        console=form.console,
        submission=submission,
        values=values,
        shown={
            "entries": form.entries(),
            "initial": form.kept(),
            "parent": form.parent.pk if form.parent else None,
        },
        exclusivity_key=f"{CREATE}:{form.console.pk}:{key_of(values['id'].casefold())}",
        follow_up=form.follow_up(),
    )


# ---- one that is there ----


@require_http_methods(METHODS)
@role_required(Role.LEAD)
def account_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change some of an account."""
    account = get_for(request, ACCOUNTS, Role.LEAD, pk=pk)
    data = request.POST if request.method == "POST" else None
    form = EditForm(account, data)
    context = {
        "account": account,
        "active": active_change(account),
        "zone": _zone_note(form),
        "is_read": bool(account.attributes),
    }
    return _change(request, account, Page("accounts/account_edit.html", context), form, UPDATE)


@require_http_methods(METHODS)
@role_required(Role.LEAD)
def account_delete(request: StaffRequest, pk: int) -> HttpResponse:
    """Delete an account, after a look at what goes with it."""
    account = get_for(request, ACCOUNTS, Role.LEAD, pk=pk)
    loss = loss_of(account)
    data = request.POST if request.method == "POST" else None
    form = DeleteForm(account, [cycle.cyclr_id for cycle in loss.running], data)
    is_old = loss.cycles_read_at is None or (
        loss.cycles_read_at < timezone.now() - LOOKED_AT_WITHIN
    )
    version = version_of(loss, account.is_refreshing)
    context = {
        "account": account,
        "loss": loss,
        "version": version,
        "active": active_change(account),
        "asks_itself": is_old and not account.gone_at and not account.is_refreshing,
        "back": request.get_full_path(),
    }
    if is_swap(request):
        if is_seen(request, version):
            return nothing_new()
        return render(request, "accounts/_account_loss.html", context | {"form": form})
    return _change(request, account, Page("accounts/account_delete.html", context), form, DELETE)


TITLES = {UPDATE: "Change account", DELETE: "Delete account"}


def _change(
    request: StaffRequest, account: Account, page: Page, form: ChangeForm, kind: str
) -> HttpResponse:
    if request.method != "POST":
        mends = changing.earlier(request, kind, account=account)
        return changing.draw(request, page, form, mends)
    if account.gone_at is not None:
        return changing.draw_again(request, page, form, 409)
    if not form.is_valid():
        return changing.draw_again(request, page, form, 422)
    asked = OperationRequest(
        kind=kind,
        title=f"{TITLES[kind]} {display_text(account)}",
        actor=Actor.staff(request.user),
        console=account.console,
        submission=form.cleaned_data["submission"],
        account=account,
        values=form.values(),
        shown={"entries": form.entries(), "initial": form.kept()},
        exclusivity_key=exclusivity_key(account),
    )
    return changing.send(request, page, form, asked)


def _zone_note(form: ChangeForm) -> zones.Zone | None:
    """The zone that the form shows, with its clock."""
    return zones.find(zones.understand(str(form["timezone"].value() or "")).name)
