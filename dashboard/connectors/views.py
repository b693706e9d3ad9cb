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
from dashboard.accounts.looking_back import LookBackForm, asked_moment
from dashboard.accounts.services import read_every
from dashboard.audit.models import Actor
from dashboard.common.htmx import is_swap
from dashboard.common.polling import POLL_1S, is_seen, nothing_new, version_of
from dashboard.connectors import connection_tests, schedules, services
from dashboard.connectors.blast_radius import newest_links_of
from dashboard.connectors.forms import OwnScheduleForm
from dashboard.connectors.models import ConnectionTest, ConnectionTestMethod, TestEvery
from dashboard.connectors.open_alarms import alarm_of
from dashboard.connectors.releases import release_state
from dashboard.connectors.setting_lines import missing_settings, setting_lines
from dashboard.connectors.support_message import addresses, support_message
from dashboard.connectors.usage import where_used
from dashboard.connectors.verdict import verdict_of
from dashboard.connectors.wear import wear_of
from dashboard.mirror.freshness import is_stale
from dashboard.mirror.history import past_of
from dashboard.mirror.icons import add_icon_of
from dashboard.mirror.models import Account, AccountConnector, WhyBroken
from dashboard.operations.live_updates import poll_event_of_connector
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

LINKS_SHOWN = 5


@require_safe
@role_required(Role.VIEWER)
def connector_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """What Cyclr says of it, whether it was proven to work, and what was done to it."""
    connectors = with_open_link(AccountConnector.objects.select_related("account__console"))
    connector = get_for(request, connectors, pk=pk)
    if "at" in request.GET and not is_swap(request):
        return _past(request, connector)
    if is_swap(request) and request.htmx.target == "connector-history":
        return render(request, "connectors/_connector_history.html", _history(connector))
    facts = _facts(request, connector)
    if is_swap(request):
        if is_seen(request, facts["version"]):
            return nothing_new()
        response = render(request, "connectors/_connector_facts.html", facts)
        return trigger_client_event(response, "connector-changed")
    account = connector.account
    add_icon_of(connector, facts["release"].named)
    context = {
        "account": account,
        "asks_itself": is_stale(account) or _are_cycles_unread(account),
        "back": request.get_full_path(),
        "look_back": LookBackForm(),
    }
    context |= facts | _history(connector) | _schedule(facts, connector)
    return render(request, "connectors/connector_detail.html", context)


def _past(request: StaffRequest, connector: AccountConnector) -> HttpResponse:
    """What it was at the moment that `?at=` names."""
    form, moment = asked_moment(request.GET)
    context = {
        "subject": connector,
        "account": connector.account,
        "look_back": form,
        "moment": moment,
        "past": past_of([connector], moment)[0] if moment else None,
        "read_every": read_every(connector.account) if moment else "",
    }
    status = 200 if moment else 422
    return render(request, "connectors/connector_past.html", context, status=status)


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
    """The answer, what it is made of, what was given to it and what needs it; and their version."""
    account = connector.account
    role = request.user.role_in(account.console_id)
    is_there = connector.gone_at is None and account.gone_at is None
    may_act = bool(role and role >= Role.AGENT and is_there)
    release = release_state(connector)
    method = ConnectionTestMethod.of(connector)
    testing, ended = connection_tests.latest_tests(connector)
    settings = setting_lines(connector, release.entry)
    missing = missing_settings(settings)
    used = where_used(connector)
    facts = {
        "setup": services.setup_lines(connector, release.entry),
        "verdict": verdict_of(connector, ended, missing, may_be_tested=method is not None),
        "settings": settings,
        "used": used,
        "alarm": alarm_of(connector),
        "wear": wear_of(connector),
        "links": newest_links_of(connector, LINKS_SHOWN),
        "poll_event": POLL_1S if testing else poll_event_of_connector(connector),
    }
    version = version_of(
        *(value for name, value in sorted(facts.items()) if name != "used"),
        used.version,
        connector.state,
        connector.authenticated,
        connector.authenticated_since,
        connector.proven_at,
        connector.test_failed_at,
        connector.identity,
        testing and (testing.pk, testing.tries, testing.summary, testing.not_before),
        ended and (ended.pk, ended.finished_at),
        account.refresh_error,
        account.gone_at,
    )
    return facts | {
        "connector": connector,
        "library_entry": release.entry,
        "release": release,
        "may_act": may_act,
        "may_lose": bool(role and role >= Role.LEAD and may_act),
        "may_test": may_act and method is not None,
        "may_choose_test": bool(
            role and role >= Role.ADMIN and is_there and method is None and release.entry
        ),
        "test_method": method,
        "runs": [run for run in (testing, ended) if run is not None],
        "support_message": _support_message(connector, ended),
        "egress": addresses(),
        "is_put_off": testing is not None and testing.not_before > timezone.now(),
        "version": version,
    }


def _are_cycles_unread(account: Account) -> bool:
    """Whether nobody has asked for the account's cycles yet."""
    is_there = account.gone_at is None and not account.is_refreshing
    return is_there and account.cycles_asked_at is None


def _support_message(connector: AccountConnector, ended: ConnectionTest | None) -> str:
    """What to write to Cyclr's support where the newest test met a refusal of our address."""
    if ended is None or ended.why != WhyBroken.ADDRESS:
        return ""
    return support_message(connector, ended.said)


def _schedule(facts: dict[str, Any], connector: AccountConnector) -> dict[str, Any]:
    """How often it is tested by itself, for whoever may say that, and for the others in words."""
    own, of_kind = schedules.described(connector, facts["test_method"])
    return {
        "schedule": of_kind if own is None else TestEvery(own).label,
        "schedule_form": OwnScheduleForm(of_kind, own=own) if facts["may_lose"] else None,
    }


def _history(connector: AccountConnector) -> dict[str, Any]:
    return {"connector": connector, "lines": services.history_of(connector)}
