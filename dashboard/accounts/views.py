"""Pages of the accounts."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import replace_url, trigger_client_event

from dashboard.accounts import export, services, tags
from dashboard.accounts.account_filter import AccountFilter
from dashboard.accounts.actions import actions_of
from dashboard.accounts.asking import ORDERS, ordered_rows
from dashboard.accounts.empty_list import shown_accounts, why_empty
from dashboard.accounts.looking_back import LookBackForm, asked_moment
from dashboard.accounts.rows import COLUMNS
from dashboard.accounts.services import Installs
from dashboard.audit import list_export
from dashboard.common.addresses import own_path
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.polling import POLL_1S, is_seen, nothing_new, version_of
from dashboard.common.sorting import Sorting
from dashboard.mirror.freshness import (
    consoles_in_view,
    is_overdue,
    reading_of,
    with_console,
)
from dashboard.mirror.history import past_of
from dashboard.mirror.icons import add_icons
from dashboard.mirror.models import Account
from dashboard.mirror.tasks import ask_for_sync, ask_for_view
from dashboard.operations.live_updates import poll_event_of_account
from dashboard.operations.models import Operation
from dashboard.people.access import StaffRequest, get_for, may_open, role_required
from dashboard.people.models import Role
from dashboard.people.proof import reauthenticated

# ---- the list ----


@require_safe
@role_required(Role.VIEWER)
def account_list(request: StaffRequest) -> HttpResponse:
    """Every account, searched, filtered and sorted as the address says."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    reading = reading_of(in_view.shown)
    asked = AccountFilter.of(request.user, request.GET)
    search, is_narrowed = asked.search, asked.is_narrowed
    sorting = Sorting(request, ORDERS)
    consoles = sorted(console.pk for console in in_view.shown)
    parent = asked.parent.pk if asked.parent else ""
    name = f"accounts {consoles} {parent} {asked}"

    def rows() -> QuerySet[Any, Any]:
        found = asked.among(shown_accounts(in_view))
        return found.order_by(*sorting.order_by).values_list(*COLUMNS)

    words = asked.plain_words()
    if words is not None:
        page = paged(request, rows, name=name, ask=ordered_rows(in_view, sorting, words))
    else:
        page = paged(request, rows(), name=name)
    is_first_reading = reading.is_running and reading.read_at is None
    is_waiting = not page.total and is_first_reading and not search and not is_narrowed
    version = version_of(is_waiting, page.total)
    if is_waiting and is_seen(request, version):
        return nothing_new()
    context = {
        "page": page,
        "rows": services.rows_of(page),
        "search": search,
        "is_broken_only": asked.is_broken_only,
        "is_failing_only": asked.is_failing_only,
        "is_narrowed": is_narrowed,
        "parent": asked.parent,
        "tag": asked.tag,
        "may_create": may_open(request.user, "account_new"),
        "is_waiting": is_waiting,
        "version": version,
        "sorting": sorting,
        "in_view": in_view,
        "reading": reading,
        "console_names": {console.pk: console.name for console in in_view.every},
    }
    if not is_swap(request):
        names = tags.names_in_use(in_view.shown)
        context |= {"tag_names": names, "tag": tags.as_named(asked.tag, names)}
    if not page.total:
        context |= why_empty(request, in_view, reading, search, is_narrowed, asked.parent)
    response = render_page(
        request, "accounts/account_list.html", "accounts/_account_table.html", context
    )
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return response


@require_POST
@role_required(Role.LEAD)
@reauthenticated
def account_export(request: StaffRequest) -> HttpResponseBase:
    """What the list shows as CSV, of the consoles in which the person is a Lead."""
    every = shown_accounts(consoles_in_view(request))
    rows = AccountFilter.of(request.user, request.GET).among(every)
    rows = rows.visible_to(request.user, Role.LEAD)
    return list_export.export(request, "accounts", export.HEADINGS, export.table(rows))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.VIEWER)
def account_list_refresh(request: StaffRequest) -> HttpResponse:
    """How old all lists of consoles are; POST has the consoles in view read again."""
    in_view = consoles_in_view(request)
    if request.method == "POST":
        for console in in_view.shown:
            ask_for_sync(console)
    if not is_swap(request):
        back = own_path(request.POST.get("next", ""))
        return redirect(back or with_console(request, reverse("account_list")))
    reading = reading_of(in_view.shown)
    version = version_of(reading)
    if is_seen(request, version):
        return nothing_new()
    context = {
        "reading": reading,
        "in_view": in_view,
        "version": version,
        "back": request.htmx.current_url_abs_path or "",
    }
    response = render(request, "accounts/_reading.html", context)
    if request.method != "POST" and not reading.is_running:
        trigger_client_event(response, "mirror-read")
    return response


# ---- one account ----


@require_safe
@role_required(Role.VIEWER)
def account_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """An account and its connectors; its moving parts ask for themselves by their ids."""
    account = get_for(request, Account.objects.select_related("console"), pk=pk)
    if "at" in request.GET and not is_swap(request):
        return _past(request, account)
    match request.htmx.target if is_swap(request) else None:
        case "account-age":
            if account.is_refreshing:
                return nothing_new()
            return render(request, "accounts/_account_age.html", _age(request, account))
        case "account-head":
            context = services.head_context(request, account, "connectors")
            return render(request, "accounts/_account_head.html", context)
        case "account-latest":
            return render(request, "accounts/_account_latest.html", _latest(account))
    table = _connectors(request, account)
    if is_swap(request):
        if is_seen(request, table["version"]):
            return nothing_new()
        response = render(
            request, "accounts/_account_connectors.html", table | _actions(account, table)
        )
        return trigger_client_event(response, "account-changed")
    head = services.head_context(request, account, "connectors")
    context = head | table | _actions(account, table) | _latest(account)
    context |= {"look_back": LookBackForm()}
    return render(request, "accounts/account_detail.html", context)


def _past(request: StaffRequest, account: Account) -> HttpResponse:
    """What its connectors were at the moment that `?at=` names."""
    form, moment = asked_moment(request.GET)
    rows = past_of(account.connectors.order_by("sort_name", "pk"), moment) if moment else []
    context = {
        "subject": account,
        "account": account,
        "look_back": form,
        "moment": moment,
        "at": f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else "",
        "rows": [past for past in rows if past.state or past.other],
        "read_every": services.read_every(account) if moment else "",
    }
    status = 200 if moment else 422
    return render(request, "accounts/account_past.html", context, status=status)


def _connectors(request: StaffRequest, account: Account) -> dict[str, Any]:
    """What the table of connectors shows, and the version of it."""
    role = request.user.role_in(account.console_id)
    may_act = bool(role and role >= Role.AGENT and not account.gone_at)
    installs = services.open_installs([account.pk]).get(account.pk, Installs())
    page = paged(request, services.connectors_of(account), per_page=100)
    poll_event = POLL_1S if installs.active else poll_event_of_account(account)
    overdue = is_overdue(account)
    version = version_of(
        may_act,
        poll_event,
        overdue,
        account.refresh_error,
        account.gone_at,
        account.read_at is None,
        page.number,
        page.total,
        [(row.pk, row.state, row.name, row.connector_name, row.proven_at) for row in page],
        [row.test_failed_at for row in page],
        [getattr(row, "open_link", None) for row in page],
        [(row.pk, row.state, row.error) for row in installs.active + installs.failed],
    )
    return {
        "account": account,
        "page": page,
        "role": role,
        "installs": installs,
        "may_act": may_act,
        "poll_event": poll_event,
        "is_overdue": overdue,
        "version": version,
    }


def _actions(account: Account, table: dict[str, Any]) -> dict[str, Any]:
    """The rows of the table, each with its icon and the action that its state asks for."""
    installs = [*table["installs"].active, *table["installs"].failed]
    add_icons([*table["page"], *(one.connector for one in installs if one.connector)])
    actions = actions_of(account, table["page"].items, table["role"])
    return {"rows": [(row, actions.get(row.pk)) for row in table["page"]]}


def _latest(account: Account) -> dict[str, Any]:
    return {"account": account, "latest": list(Operation.objects.filter(account=account)[:5])}


def _age(request: StaffRequest, account: Account) -> dict[str, Any]:
    return {
        "account": account,
        "back": services.back_from(request, account),
        "read_every": services.read_every(account),
    }


@require_POST
@role_required(Role.VIEWER)
def account_refresh(request: StaffRequest, pk: int) -> HttpResponse:
    """Have the account read now; asked for again while it is read changes nothing."""
    account = get_for(request, Account.objects.select_related("console"), pk=pk)
    ask_for_view(account)
    context = _age(request, account)
    if not is_swap(request):
        return redirect(context["back"])
    response = render(request, "accounts/_account_age.html", context)
    return trigger_client_event(response, "refresh-asked")


@require_safe
@role_required(Role.VIEWER)
def account_activity(request: StaffRequest, pk: int) -> HttpResponse:
    """Everything that was changed in the account from here, newest first."""
    account = get_for(request, Account.objects.select_related("console"), pk=pk)
    page = paged(request, Operation.objects.filter(account=account))
    version = version_of(page.number, [(row.pk, row.state) for row in page])
    if is_seen(request, version):
        return nothing_new()
    context = {
        "account": account,
        "page": page,
        "version": version,
        "is_live": any(not operation.is_finished for operation in page),
    }
    if not is_swap(request):
        context |= services.head_context(request, account, "activity")
    return render_page(
        request, "accounts/account_activity.html", "accounts/_account_activity.html", context
    )
