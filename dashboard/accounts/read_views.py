"""Tabs of an account that are read from Cyclr when somebody looks: its users, and its usage."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.accounts import reading, services, usage
from dashboard.accounts.forms.users import LONGEST_USERNAME, AddUserForm, RemoveUserForm
from dashboard.accounts.handlers.users import ADD_USER, REMOVE_USER
from dashboard.accounts.models import ReadingKind
from dashboard.audit.models import Actor
from dashboard.common.htmx import is_swap
from dashboard.common.paging import paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.questions import Question
from dashboard.common.untrusted_text import display_text, storable
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account
from dashboard.operations import changing
from dashboard.operations.changing import Page
from dashboard.operations.forms import ChangeForm
from dashboard.operations.submitting import OperationRequest
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

ACCOUNTS = Account.objects.select_related("console")
TABS = {ReadingKind.USERS: "account_users", ReadingKind.USAGE: "account_usage"}


@Question
def link_username(account: Account) -> str:
    """The user as whom customers on connection links are signed in; links answer."""
    return ""


# ---- what is read ----


@require_safe
@role_required(Role.VIEWER)
def account_users(request: StaffRequest, pk: int) -> HttpResponse:
    """Who may sign in to the account in Cyclr."""
    account = get_for(request, ACCOUNTS, pk=pk)
    return _tab(request, account, ReadingKind.USERS)


@require_safe
@role_required(Role.VIEWER)
def account_usage(request: StaffRequest, pk: int) -> HttpResponse:
    """How many tasks it has used, in this period and in those that are known."""
    account = get_for(request, ACCOUNTS, pk=pk)
    return _tab(request, account, ReadingKind.USAGE)


@require_POST
@role_required(Role.VIEWER)
def account_users_read(request: StaffRequest, pk: int) -> HttpResponse:
    """Have them read; the page shows them when they are there."""
    return _read(request, get_for(request, ACCOUNTS, pk=pk), ReadingKind.USERS)


@require_POST
@role_required(Role.VIEWER)
def account_usage_read(request: StaffRequest, pk: int) -> HttpResponse:
    """Have it read; the page shows it when it is there."""
    return _read(request, get_for(request, ACCOUNTS, pk=pk), ReadingKind.USAGE)


def _read(request: StaffRequest, account: Account, kind: ReadingKind) -> HttpResponse:
    if account.gone_at is None:
        reading.ask(account, kind)
    return redirect(TABS[kind], account.pk)


def _tab(request: StaffRequest, account: Account, kind: ReadingKind) -> HttpResponse:
    row = reading.latest(account, kind)
    version = version_of(row and (row.pk, row.finished_at))
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    context: dict[str, Any] = {
        "account": account,
        "reading": row,
        "is_due": row is None and account.gone_at is None,
        "is_reading": row is not None and not row.is_finished,
        "version": version,
        "read_url_name": f"{TABS[kind]}_read",
        "what": f"account-{kind}",
    }
    answer = reading.answer_of(row)
    context |= _users(request, account, answer) if kind == ReadingKind.USERS else _usage(account)
    if is_swap(request):
        return render(request, f"accounts/_{TABS[kind]}.html", context)
    context |= services.head_context(request, account, str(kind))
    return render(request, f"accounts/{TABS[kind]}.html", context)


def _users(request: StaffRequest, account: Account, answer: reading.JSON | None) -> dict[str, Any]:
    role = request.user.role_in(account.console_id)
    names = (answer or {}).get("names") or []
    return {
        "is_known": answer is not None,
        "page": paged(request, sorted(names, key=str.casefold)),
        "count": (answer or {}).get("count") or 0,
        "link_user": link_username(account),
        "may_edit": bool(role and role >= Role.LEAD and not account.gone_at),
    }


def _usage(account: Account) -> dict[str, Any]:
    return {"bars": usage.bars_of(account), "width": usage.WIDTH}


# ---- who has access ----


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.LEAD)
def account_user_add(request: StaffRequest, pk: int) -> HttpResponse:
    """Give somebody access to the account in Cyclr."""
    account = get_for(request, ACCOUNTS, Role.LEAD, pk=pk)
    form = AddUserForm(request.POST if request.method == "POST" else None)
    page = Page("accounts/account_user_add.html", {"account": account})
    return _change(request, account, page, form, ADD_USER)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.LEAD)
def account_user_remove(request: StaffRequest, pk: int) -> HttpResponse:
    """Take the access of `?user=` away, confirmed by typing the name."""
    account = get_for(request, ACCOUNTS, Role.LEAD, pk=pk)
    username = str(storable(request.GET.get("user", "")))[:LONGEST_USERNAME]
    if not username.strip():
        return redirect("account_users", account.pk)
    form = RemoveUserForm(username, request.POST if request.method == "POST" else None)
    context = {
        "account": account,
        "username": username,
        "is_link_user": username == link_username(account),
    }
    page = Page("accounts/account_user_remove.html", context)
    return _change(request, account, page, form, REMOVE_USER)


TITLES = {ADD_USER: "Add user", REMOVE_USER: "Remove user"}


def _change(
    request: StaffRequest, account: Account, page: Page, form: ChangeForm, kind: str
) -> HttpResponse:
    if request.method != "POST":
        return changing.draw(request, page, form, changing.earlier(request, kind, account=account))
    if account.gone_at is not None:
        return changing.draw_again(request, page, form, 409)
    if not form.is_valid():
        return changing.draw_again(request, page, form, 422)
    username = form.values()["username"]
    asked = OperationRequest(
        kind=kind,
        title=f"{TITLES[kind]} {display_text(username)}",
        actor=Actor.staff(request.user),
        console=account.console,
        submission=form.cleaned_data["submission"],
        account=account,
        values=form.values(),
        shown={"entries": form.entries(), "initial": form.kept()},
        exclusivity_key=f"accounts.user:{account.pk}:{key_of(username.casefold())}",
    )
    return changing.send(request, page, form, asked)
