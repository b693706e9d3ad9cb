"""The pages of alarms: what broke, since when, how many, and whose turn it is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboard.alarms import handling
from dashboard.alarms.filters import OPEN, SHOW, conditions, counted, searched
from dashboard.alarms.forms import HandOverForm, SnoozeForm
from dashboard.alarms.models import Alarm
from dashboard.alarms.next_steps import lines_of, owner_words, with_links
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.polling import NO_POLL, POLL_5S, is_seen, nothing_new, version_of
from dashboard.mirror.freshness import consoles_in_view
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

ALARMS = Alarm.objects.select_related("console", "owner", "account_connector__account")
EVENTS_SHOWN = 50


@require_GET
@role_required(Role.VIEWER)
def alarm_list(request: StaffRequest) -> HttpResponse:
    """The open alarms, or those of another list; live."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    search = request.GET.get("q", "").strip().replace("\x00", "")
    show = request.GET.get("show", OPEN)
    show = show if show in SHOW else OPEN
    in_view = consoles_in_view(request)
    alarms = searched(ALARMS.shown().filter(console__in=in_view.shown), search)
    counts = counted(alarms, request.user)
    page = paged(request, alarms.filter(conditions(request.user)[show]))
    shown = [(one.pk, one.state, one.open_count, one.member_count, one.owner_id) for one in page]
    version = version_of(request.get_full_path(), counts, shown)
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    context = {
        "search": search,
        "show": show,
        "is_filtered": bool(search) or show != OPEN,
        "chips": [(key, label, counts[key]) for key, label in SHOW.items()],
        "in_view": in_view,
        "page": page,
        "version": version,
    }
    return render_page(request, "alarms/alarm_list.html", "alarms/_alarm_table.html", context)


@require_GET
@role_required(Role.VIEWER)
def alarm_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One alarm; of one that became part of another, that one. Live while it is open."""
    alarm = get_for(request, ALARMS, pk=pk)
    if alarm.merged_into_id is not None:
        return redirect(alarm)
    return _draw(request, alarm)


def _draw(request: StaffRequest, alarm: Alarm, *, status: int = 200, **forms: Any) -> HttpResponse:
    may_act = _may_act(request, alarm)
    members = with_links(alarm.members.select_related("account_connector__account"))
    page = paged(request, members)
    lines = lines_of(page.items, may_act=may_act)
    events = list(alarm.events.all()[: EVENTS_SHOWN + 1])
    version = version_of(
        [(one.member.pk, one.word, one.step) for one in lines],
        (alarm.state, alarm.owner_id, alarm.snoozed_until, alarm.open_count, alarm.member_count),
        events[0].pk if events else 0,
    )
    is_part = is_swap(request) and request.method == "GET"
    if is_part and is_seen(request, version):
        return nothing_new()
    context = {
        "alarm": alarm,
        "page": page,
        "lines": lines,
        "events": events[:EVENTS_SHOWN],
        "owner_words": owner_words(alarm),
        "is_mine": alarm.owner_id == request.user.pk,
        "may_act": may_act and alarm.ended_at is None,
        "poll_event": NO_POLL if alarm.ended_at else POLL_5S,
        "version": version,
        "snooze_form": SnoozeForm(),
        "hand_over_form": HandOverForm(alarm),
    }
    template = "alarms/_alarm.html" if is_part else "alarms/alarm_detail.html"
    return render(request, template, context | forms, status=status)


def _may_act(request: StaffRequest, alarm: Alarm) -> bool:
    role = request.user.role_in(alarm.console_id)
    return role is not None and role >= Role.AGENT


def _alarm_to_change(request: StaffRequest, pk: int) -> Alarm:
    """The alarm, for an agent of its console; what became part of another one is that one."""
    asked: Alarm = get_for(request, ALARMS, Role.AGENT, pk=pk)
    alarm: Alarm = get_for(request, ALARMS, Role.AGENT, pk=asked.merged_into_id or asked.pk)
    return alarm


@require_POST
@role_required(Role.AGENT)
def alarm_take(request: StaffRequest, pk: int) -> HttpResponse:
    """Have it, if nobody has."""
    alarm = _alarm_to_change(request, pk)
    if not handling.take(alarm, request.user) and alarm.owner_id != request.user.pk:
        alarm.refresh_from_db(fields=["owner", "ended_at"])
        message = "It is closed by now."
        if alarm.ended_at is None and alarm.owner:
            message = f"{alarm.owner} was quicker and has it."
        messages.info(request, message)
    return redirect(alarm)


@require_POST
@role_required(Role.AGENT)
def alarm_release(request: StaffRequest, pk: int) -> HttpResponse:
    """Nobody has it any more."""
    alarm = _alarm_to_change(request, pk)
    handling.release(alarm, request.user)
    return redirect(alarm)


@require_POST
@role_required(Role.AGENT)
def alarm_hand_over(request: StaffRequest, pk: int) -> HttpResponse:
    """Give it to a colleague."""
    alarm = _alarm_to_change(request, pk)
    form = HandOverForm(alarm, request.POST)
    if not form.is_valid():
        return _draw(request, alarm, status=422, hand_over_form=form)
    handling.hand_over(alarm, request.user, form.cleaned_data["to"])
    return redirect(alarm)


@require_POST
@role_required(Role.AGENT)
def alarm_snooze(request: StaffRequest, pk: int) -> HttpResponse:
    """Leave it out of what is open for a while."""
    alarm = _alarm_to_change(request, pk)
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        return _draw(request, alarm, status=422, snooze_form=form)
    handling.snooze(alarm, request.user, form.moment())
    return redirect(alarm)


@require_POST
@role_required(Role.AGENT)
def alarm_wake(request: StaffRequest, pk: int) -> HttpResponse:
    """Have it among what is open again."""
    alarm = _alarm_to_change(request, pk)
    handling.wake(alarm, request.user)
    return redirect(alarm)
