"""Tabs of an account: its settings in Cyclr, and its sub-accounts."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.accounts import services
from dashboard.accounts.changes import active_change
from dashboard.accounts.forms.editing import before_of
from dashboard.accounts.rows import COLUMNS
from dashboard.accounts.stored import LABELS, display_value
from dashboard.common import zones
from dashboard.common.htmx import is_swap
from dashboard.common.paging import paged
from dashboard.mirror.freshness import gone_lately
from dashboard.mirror.models import Account
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

ACCOUNTS = Account.objects.select_related("console")


@require_safe
@role_required(Role.VIEWER)
def account_settings(request: StaffRequest, pk: int) -> HttpResponse:
    """What Cyclr has of the account itself."""
    account = get_for(request, ACCOUNTS, pk=pk)
    known = before_of(account)
    known["error_webhook_url"] = known.get("error_webhook_host", "")
    context = services.head_context(request, account, "settings") | {
        "facts": [(label, display_value(name, known.get(name))) for name, label in LABELS.items()],
        "is_read": bool(account.attributes),
        "zone": zones.find(account.timezone),
        "active": active_change(account),
    }
    return render(request, "accounts/account_settings.html", context)


@require_safe
@role_required(Role.VIEWER)
def account_sub_accounts(request: StaffRequest, pk: int) -> HttpResponse:
    """The accounts below it."""
    account = get_for(request, ACCOUNTS, pk=pk)
    rows = Account.objects.filter(gone_lately()).below(account).order_by("sort_name", "pk")
    page = paged(request, rows.values_list(*COLUMNS))
    context = {
        "account": account,
        "page": page,
        "rows": services.rows_of(page),
    }
    if is_swap(request):
        return render(request, "accounts/_sub_account_table.html", context)
    context |= services.head_context(request, account, "sub-accounts")
    return render(request, "accounts/account_sub_accounts.html", context)
