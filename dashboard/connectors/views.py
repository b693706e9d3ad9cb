"""The page of one installed connector."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from dashboard.accounts.actions import with_open_link
from dashboard.audit.models import Actor
from dashboard.common.htmx import is_swap
from dashboard.common.polling import POLL_1S, is_seen, nothing_new, version_of
from dashboard.connectors import connection_tests, services
from dashboard.connectors.models import ConnectionTestMethod
from dashboard.mirror.freshness import is_stale
from dashboard.mirror.icons import add_icons
from dashboard.mirror.models import AccountConnector
from dashboard.operations.live_updates import poll_event_of_connector
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role


@require_safe
@role_required(Role.VIEWER)
def connector_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """What Cyclr says of it, whether it was proven to work, and what was done to it."""
    connectors = with_open_link(AccountConnector.objects.select_related("account__console"))
    connector = get_for(request, connectors, pk=pk)
    if is_swap(request) and request.htmx.target == "connector-history":
        return render(request, "connectors/_connector_history.html", _history(connector))
    facts = _facts(request, connector)
    if is_swap(request):
        if is_seen(request, facts["version"]):
            return nothing_new()
        response = render(request, "connectors/_connector_facts.html", facts)
        return trigger_client_event(response, "connector-changed")
    account = connector.account
    add_icons([connector])
    context = {
        "account": account,
        "asks_itself": is_stale(account),
        "back": request.get_full_path(),
    }
    context |= facts | _history(connector)
    return render(request, "connectors/connector_detail.html", context)


@require_POST
@role_required(Role.AGENT)
def connector_test(request: StaffRequest, pk: int) -> HttpResponse:
    """Have it proven that it works; the page shows by itself what came of it."""
    connectors = AccountConnector.objects.select_related("account__console")
    connector = get_for(request, connectors, Role.AGENT, pk=pk)
    if connector.gone_at is None and connector.account.gone_at is None:
        with transaction.atomic():
            run = connection_tests.ask(connector, Actor.staff(request.user))
        if run is None:
            messages.info(request, connection_tests.NO_METHOD)
    if is_swap(request):
        facts = _facts(request, connector)
        return render(request, "connectors/_connector_facts.html", facts)
    return redirect(connector)


def _facts(request: StaffRequest, connector: AccountConnector) -> dict[str, Any]:
    """What Cyclr says, what was proven and what is left to set up, and the version of it."""
    account = connector.account
    role = request.user.role_in(account.console_id)
    is_there = connector.gone_at is None and account.gone_at is None
    may_act = bool(role and role >= Role.AGENT and is_there)
    entry = services.library_entry(connector)
    testing, ended = connection_tests.latest_tests(connector)
    poll_event = POLL_1S if testing else poll_event_of_connector(connector)
    setup = services.setup_lines(connector, entry)
    version = version_of(
        poll_event,
        connector.state,
        connector.authenticated,
        connector.authenticated_since,
        connector.proven_at,
        connector.test_failed_at,
        connector.identity,
        testing and (testing.pk, testing.tries, testing.words, testing.not_before),
        ended and (ended.pk, ended.finished_at),
        setup,
        account.refresh_error,
        account.gone_at,
    )
    return {
        "connector": connector,
        "library_entry": entry,
        "may_act": may_act,
        "may_lose": bool(role and role >= Role.LEAD and may_act),
        "may_test": may_act and ConnectionTestMethod.of(connector) is not None,
        "runs": [run for run in (testing, ended) if run is not None],
        "is_put_off": testing is not None and testing.not_before > timezone.now(),
        "setup": setup,
        "poll_event": poll_event,
        "version": version,
    }


def _history(connector: AccountConnector) -> dict[str, Any]:
    return {"connector": connector, "lines": services.history_of(connector)}
