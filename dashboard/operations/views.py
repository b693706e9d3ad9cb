"""Operations: every change to Cyclr in flight or done, and the timeline of one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import replace_url

from dashboard.audit import list_export
from dashboard.audit.models import Actor, ActorKind
from dashboard.common.addresses import own_path
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged_long
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.untrusted_text import storable
from dashboard.mirror.freshness import InView, consoles_in_view
from dashboard.mirror.models import Account
from dashboard.operations import display, export, submitting
from dashboard.operations.filters import STATES, searched
from dashboard.operations.handlers import role_for
from dashboard.operations.models import Operation, State
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role, User
from dashboard.people.proof import reauthenticated

FILTERS = ("state", "who", "account")
"""What the address may hold beside search and console."""


def _search(request: StaffRequest) -> str:
    return str(storable(request.GET.get("q", "").strip()))


def _state(request: StaffRequest) -> str:
    state = request.GET.get("state", "")
    return state if state in STATES else ""


def _narrowed(
    rows: QuerySet[Operation], request: StaffRequest, in_view: InView
) -> tuple[QuerySet[Operation], Any, Any]:
    """Those that the address asks for; and who asked for them, in which account, if it says."""
    search, state = _search(request), _state(request)
    if in_view.chosen:
        rows = rows.filter(console=in_view.chosen)
    if state:
        rows = rows.filter(state__in=STATES[state])
    rows, who = _done_by(rows, request)
    rows, account = _in_account(rows, request)
    if not (search or account):
        rows = rows.filter(is_bulk=False)  # thousands of one run would bury all others
    if search:
        rows = searched(rows, search)
    return rows, who, account


@require_POST
@role_required(Role.LEAD)
@reauthenticated
def operation_export(request: StaffRequest) -> HttpResponseBase:
    """What the list shows as CSV, of the consoles in which the person is a Lead."""
    every = Operation.objects.visible_to(request.user, Role.LEAD)
    rows, _, _ = _narrowed(every, request, consoles_in_view(request))
    return list_export.export(request, "operations", export.HEADINGS, export.table(rows))


@require_safe
@role_required(Role.VIEWER)
def operation_list(request: StaffRequest) -> HttpResponse:
    """Every change, newest first; its rows move by themselves while one of them does."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    search, state = _search(request), _state(request)
    rows: QuerySet[Operation] = Operation.objects.visible_to(request.user)
    rows, who, account = _narrowed(rows, request, in_view)
    page = paged_long(request, rows.select_related("account", "actor_user"))
    version = version_of(
        request.get_full_path(),
        page.total,
        [(row.pk, row.attempt, row.state, row.finished_at) for row in page],
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    context = {
        "page": page,
        "in_view": in_view,
        "search": search,
        "state": state,
        "states": list(STATES),
        "who": who,
        "account": account,
        "is_filtered": bool(search or state or who or account),
        "kept": [(name, request.GET[name]) for name in FILTERS if request.GET.get(name)],
        "list_url": reverse("operation_list"),
        "accounts_url": reverse("account_list"),
        "is_moving": any(not row.is_finished for row in page),
        "version": version,
    }
    response = render_page(
        request, "operations/operation_list.html", "operations/_operation_table.html", context
    )
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return response


def _done_by(rows: QuerySet[Operation], request: StaffRequest) -> tuple[QuerySet[Operation], str]:
    """The operations of whom `?who=` asks for, and the name of whom."""
    asked = request.GET.get("who", "")
    if asked == "me":
        return rows.filter(actor_user=request.user), "me"
    if asked == "customers":
        return rows.filter(actor_kind=ActorKind.LINK), "customers"
    if asked == "desk":
        return rows.filter(actor_kind=ActorKind.SYSTEM), "Cyclr Desk"
    if not asked.isdecimal():
        return rows, ""
    theirs = rows.filter(actor_user=int(asked[:18]))
    one = theirs.select_related("actor_user").first()  # a name only of whom one sees work of
    return (theirs, one.actor_user.display_name) if one and one.actor_user else (rows, "")


def _in_account(
    rows: QuerySet[Operation], request: StaffRequest
) -> tuple[QuerySet[Operation], Account | None]:
    """The operations of the account that `?account=` asks for."""
    asked = request.GET.get("account", "")
    if not asked.isdecimal():
        return rows, None
    account = Account.objects.visible_to(request.user).filter(pk=int(asked[:18])).first()
    return (rows.filter(account=account), account) if account else (rows, None)


@require_safe
@role_required(Role.VIEWER)
def operation_detail(request: StaffRequest, reference: str) -> HttpResponse:
    """One operation: how far it is, what happened, and what can be done about it."""
    operation = get_for(request, _with_all(), reference=reference)
    events = list(operation.events.all())
    follow_ups = list(operation.follow_ups.all())
    summary = display.summary_of(operation, events)
    version = version_of(
        (operation.state, operation.attempt, operation.is_put_aside, len(events), summary),
        [(one.pk, one.state, one.attempt) for one in follow_ups],
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    may_act = _may_act(request.user, operation)
    context = {
        "operation": operation,
        "follow_ups": follow_ups,
        "summary": summary,
        "timeline": display.timeline(events),
        "entries": display.entries(operation),
        "stored": display.stored(operation),
        "kind": display.kind_label(operation),
        "links": display.links_made([operation, *follow_ups]),
        "ticket": display.ticket(
            operation, request.build_absolute_uri(operation.get_absolute_url())
        ),
        "may_cancel": may_act and operation.is_cancellable,
        "may_dismiss": may_act and operation.state == State.FAILED,
        "may_retry": may_act and operation.is_retryable,
        "fix_url": display.fix_url(operation) if may_act else "",
        "result_url": display.result_url(operation),
        "is_moving": not operation.is_finished or any(not one.is_finished for one in follow_ups),
        "version": version,
    }
    return render_page(
        request, "operations/operation_detail.html", "operations/_operation.html", context
    )


@require_POST
@role_required(Role.AGENT)
def operation_cancel(request: StaffRequest, reference: str) -> HttpResponse:
    """Take back what nobody has begun."""
    operation = get_for(request, Operation.objects, at_least=Role.AGENT, reference=reference)
    if submitting.cancel(operation, Actor.staff(request.user)):
        messages.success(request, "Cancelled. Nothing was sent to Cyclr.")
    else:
        messages.warning(request, "It had already begun, so it could not be cancelled.")
    return redirect(operation)


@require_POST
@role_required(Role.AGENT)
def operation_dismiss(request: StaffRequest, reference: str) -> HttpResponse:
    """Take a failure out of what needs attention, or with `undo` put it there again."""
    operation = get_for(request, Operation.objects, at_least=Role.AGENT, reference=reference)
    actor = Actor.staff(request.user)
    if request.POST.get("undo"):
        if submitting.bring_back(operation, actor):
            messages.success(request, "It stands among what needs attention again.")
    elif submitting.dismiss(operation, actor):
        messages.success(request, "Dismissed. It stays under Operations, and can be brought back.")
    return redirect(own_path(request.POST.get("next", "")) or operation)


@require_POST
@role_required(Role.AGENT)
def operation_retry(request: StaffRequest, reference: str) -> HttpResponse:
    """Try a failed operation again with the entries that are still encrypted."""
    rows = Operation.objects.select_related("account")
    operation = get_for(request, rows, at_least=Role.AGENT, reference=reference)
    get_for(request, rows, at_least=role_for(operation), reference=reference)
    try:
        is_retried = submitting.retry(operation, Actor.staff(request.user))
    except submitting.AlreadyActiveError as error:
        messages.warning(request, "Somebody else is already doing this: here is its progress.")
        return redirect(error.operation)
    if not is_retried:
        messages.warning(request, "It cannot be tried again as it is: its entries are not kept.")
    return redirect(operation)


def _with_all() -> Any:
    """Operations with what their page shows of others."""
    return Operation.objects.select_related(
        "account", "connector", "account_connector", "parent", "actor_user"
    ).prefetch_related("events", "follow_ups")


def _may_act(user: User, operation: Operation) -> bool:
    role = user.role_in(operation.console_id)
    return role is not None and role >= max(Role.AGENT, role_for(operation))
