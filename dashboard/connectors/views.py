"""The page of one installed connector."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from dashboard.common.htmx import is_swap
from dashboard.common.ticking import is_seen, nothing_new, version_of
from dashboard.connectors import services
from dashboard.mirror.models import AccountConnector
from dashboard.mirror.reading import is_stale
from dashboard.operations.moving import beat_of_connector
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role


@require_safe
@role_required(Role.VIEWER)
def connector_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """What Cyclr says of it, whether it was proven to work, and what was done to it."""
    connectors = AccountConnector.objects.select_related("account__console")
    connector = get_for(request, connectors, pk=pk)
    if is_swap(request) and request.htmx.target == "connector-history":
        return render(request, "connectors/_connector_history.html", _history(connector))
    facts = _facts(connector)
    if is_swap(request):
        if is_seen(request, facts["version"]):
            return nothing_new()
        response = render(request, "connectors/_connector_facts.html", facts)
        return trigger_client_event(response, "connector-changed")
    account = connector.account
    role = request.user.role_in(account.console_id)
    is_there = connector.gone_at is None and account.gone_at is None
    context = {
        "account": account,
        "library_entry": services.library_entry(connector),
        "may_act": bool(role and role >= Role.AGENT and is_there),
        "asks_itself": is_stale(account),
        "back": request.get_full_path(),
    }
    context |= facts | _history(connector)
    return render(request, "connectors/connector_detail.html", context)


def _facts(connector: AccountConnector) -> dict[str, Any]:
    """What Cyclr says and what was proven, and the version of it."""
    beat = beat_of_connector(connector)
    version = version_of(
        beat,
        connector.state,
        connector.authenticated,
        connector.authenticated_since,
        connector.proven_at,
        connector.account.refresh_error,
        connector.account.gone_at,
    )
    return {"connector": connector, "beat": beat, "version": version}


def _history(connector: AccountConnector) -> dict[str, Any]:
    return {"connector": connector, "lines": services.history_of(connector)}
