"""Pages of reconnect campaigns: choosing, preview and board."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from dashboard.audit import list_export
from dashboard.audit.models import Actor
from dashboard.bulk import display as bulk_display
from dashboard.bulk import services as bulk
from dashboard.bulk.models import BulkRun, RunState
from dashboard.bulk.progress import Progress, progress_of
from dashboard.bulk.services import OtherRunError
from dashboard.campaigns import board, choosing, planning
from dashboard.campaigns.forms import CampaignForm
from dashboard.campaigns.rows import Chosen
from dashboard.common.damage import protected
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.polling import NO_POLL, POLL_1S, POLL_5S, is_seen, nothing_new, version_of
from dashboard.common.untrusted_text import display_line, storable
from dashboard.consoles.models import Console
from dashboard.links.filters import address_for
from dashboard.links.models import Link
from dashboard.mirror.freshness import consoles_in_view
from dashboard.notifications import mail_trouble
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

RUNS = BulkRun.objects.filter(kind=planning.KIND).select_related("console", "actor_user")

HEAD = "campaign-head"
"""The part of a board with its buttons; drawn anew only when what they do has changed."""

ONE_LINK = 50
"""So many connectors of a single account become one link at once, without a campaign."""


@require_http_methods(["GET", "POST"])
@role_required(Role.LEAD)
def campaign_new(request: StaffRequest) -> HttpResponse:
    """The form over the chosen connectors; sent, it becomes the preview of a campaign.

    What was chosen comes by POST from the list of connectors, since it may be thousands, or with
    `?change=` from a preview, which the new one replaces.
    """
    asked: QueryDict = request.POST if request.method == "POST" else request.GET
    is_sent = "submission" in request.POST
    changed = _preview_of(request, asked.get("change", ""))
    if changed is not None and not is_sent:
        asked = QueryDict(mutable=True)
        asked["selection"] = changed.display_input["selection"]
    try:
        connectors = choosing.chosen(request.user, asked)
    except choosing.TooManyError as error:
        return _page(request, {"too_many": error.count, "most": choosing.MOST}, status=422)
    consoles = choosing.consoles_of(connectors)
    if len(consoles) != 1:
        context = {"consoles": consoles, "selection": choosing.selection_of(connectors)}
        return _page(request, context, status=422 if connectors else 200)
    accounts = {one.account_id for one in connectors}
    is_single = len(accounts) == 1 and len(connectors) <= ONE_LINK
    if is_single and not is_sent and changed is None:
        query = urlencode([("connector", one.pk) for one in connectors])
        return redirect(f"{reverse('link_new', args=[accounts.pop()])}?{query}")
    console = next(iter(consoles))
    if is_sent:
        return _sent(request, connectors, console, changed)
    skips = any(one.needs_somebody for one in connectors)  # else they were chosen as they are
    plans = planning.plan(connectors, skips_authenticated=skips)
    recipients = planning.drafted_recipients(changed) if changed else {}
    for plan in plans:
        plan.email, plan.name = recipients.get(plan.account.pk, (plan.email, plan.name))
    form = CampaignForm(plans, wishes=changed.display_input["wishes"] if changed else None)
    if not skips:
        form.fields["skips_authenticated"].initial = False
    return _form(request, form, plans, console, changed)


def _preview_of(request: StaffRequest, reference: str) -> BulkRun | None:
    """The campaign of this name, if it was not started and the person may change it."""
    runs = RUNS.visible_to(request.user, Role.LEAD).filter(state=RunState.DRAFT)
    run: BulkRun | None = runs.filter(reference=storable(reference)).first() if reference else None
    return run


def _sent(
    request: StaffRequest,
    connectors: list[Chosen],
    console: Console,
    changed: BulkRun | None,
) -> HttpResponse:
    plans = planning.plan(connectors)
    form = CampaignForm(plans, request.POST, request.FILES)
    if not form.is_valid():
        again: QueryDict = request.POST.copy()
        again["submission"] = str(uuid.uuid4())
        form.data = again
        return _form(request, form, plans, console, changed, status=422)
    try:
        run = _drafted(request, form, plans, connectors, console)
    except OtherRunError as error:
        messages.warning(
            request, "This form was already sent, with different entries: here is the result."
        )
        return redirect(error.run)
    if changed is not None and changed.pk != run.pk:
        bulk.end(changed, Actor.staff(request.user))
    return redirect(run)


def _form(
    request: StaffRequest,
    form: CampaignForm,
    plans: list[planning.Plan],
    console: Console,
    changed: BulkRun | None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "console": console,
        "changed": changed,
        "connectors": sum(len(plan.connectors) for plan in plans),
        "going": sum(bool(plan.connectors) for plan in plans),
        "left_out": [plan for plan in plans if not plan.is_possible],
        "selection": choosing.selection_of(one for plan in plans for one in plan.every),
    }
    return _page(request, context, status=status)


def _drafted(
    request: StaffRequest,
    form: CampaignForm,
    plans: list[planning.Plan],
    connectors: list[Chosen],
    console: Console,
) -> BulkRun:
    wishes = form.wishes()
    if not (wishes.skips_authenticated and wishes.skips_linked):
        plans = planning.plan(
            connectors,
            skips_authenticated=wishes.skips_authenticated,
            skips_linked=wishes.skips_linked,
        )
    for plan in plans:
        plan.email, plan.name = form.recipients.get(plan.account.pk, ("", ""))
        plan.doubt = form.doubts.get(plan.account.pk, "")
    return planning.draft(
        Actor.staff(request.user),
        console,
        plans,
        wishes,
        submission=form.cleaned_data["submission"],
        entries=form.entries(),
        passed_over=form.passed_over,
        notes=form.notes,
    )


def _page(request: StaffRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, "campaigns/campaign_new.html", context, status=status)


@require_POST
@role_required(Role.LEAD)
def campaign_table(request: StaffRequest) -> HttpResponseBase:
    """A table of recipients to fill in: the accounts of what was chosen, whom we know already."""
    try:
        pieces = choosing.pieces(request.user, request.POST)
    except choosing.TooManyError as error:
        return _page(request, {"too_many": error.count, "most": choosing.MOST}, status=422)
    plans = (plan for piece in pieces for plan in planning.plan(piece) if plan.is_possible)
    rows = (
        [
            *map(protected, (p.account.cyclr_id, display_line(p.account.name), p.email, p.name)),
            p.names,
        ]
        for p in plans
    )
    columns = ("Account id", "Account name", "E-mail", "Name", "Connectors")
    return list_export.export(request, "recipients", columns, rows)


@require_safe
@role_required(Role.VIEWER)
def campaign_list(request: StaffRequest) -> HttpResponse:
    """Every campaign, newest first; live while one is being made or waits for customers."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    runs = RUNS.visible_to(request.user).defer("display_input")
    if in_view.chosen:
        runs = runs.filter(console=in_view.chosen)
    page = paged(request, runs.order_by("-created_at", "-pk"))
    lines = board.campaign_lines(page)
    shown = [(line.run.pk, line.state, line.links, line.connected) for line in lines]
    version = version_of(request.get_full_path(), page.total, shown)
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    is_moving = any(
        line.run.state == RunState.RUNNING or line.connected < line.links for line in lines
    )
    context = {
        "page": page,
        "lines": lines,
        "in_view": in_view,
        "is_moving": is_moving,
        "version": version,
    }
    return render_page(
        request, "campaigns/campaign_list.html", "campaigns/_campaign_table.html", context
    )


@require_safe
@role_required(Role.VIEWER)
def campaign_detail(request: StaffRequest, reference: str) -> HttpResponse:
    """One campaign: its preview, and from its start on where each account stands."""
    run = get_for(request, RUNS, reference=reference)
    progress = progress_of(run)
    counts = board.counts_of(run)
    role = request.user.role_in(run.console)
    acts = _acts(run, counts)
    state = bulk_display.state_of(run, progress)
    trouble = mail_trouble.current()
    counted = planning.counted(run) if run.state == RunState.DRAFT else {}
    turn = version_of(
        list(counted.values()),
        run.state,
        run.halted,
        state,
        progress.to_do,
        progress.failed > 0,
        acts,
        trouble,
    )
    context: dict[str, Any] = {
        "run": run,
        "state": state,
        "heading": bulk_display.heading(run, progress.to_do),
        "progress": progress,
        "acts": acts,
        "may_act": role is not None and role >= Role.LEAD,
        "turn": turn,
        "shown": run.display_input | counted,
        "mail_trouble": trouble,
        "passed_over": bulk_display.passed_over_in_table(
            run, run.display_input.get("passed_over", [])
        ),
    }
    if is_swap(request) and request.htmx.target == HEAD:
        return render(request, "campaigns/_campaign_head.html", context)
    show = request.GET.get("show", "")
    show = show if show in board.BY_KEY else ""
    rows = board.placed(run.rows.all())
    if show:
        rows = rows.filter(place=show)
    page = paged(request, board.by_urgency(rows).values_list("pk", "place"))
    lines = board.lines(run, page)
    drawn = [(one.row.pk, one.place.key, one.last_at, one.email, one.why) for one in lines]
    version = version_of(request.get_full_path(), turn, progress, sorted(counts.items()), drawn)
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    tally = board.tally(counts)
    context |= {
        "tally": tally,
        "tally_label": ", ".join(f"{count:,} {place.word.lower()}" for place, count in tally),
        "bar": board.bar(counts),
        "made": board.made(counts),
        "connected": counts.get("connected", 0),
        "time_left": bulk_display.time_left(progress),
        "total": sum(counts.values()),
        "page": page,
        "lines": lines,
        "rows": [
            (line, address_for(request.user, line.link) if line.link else "") for line in lines
        ],
        "show": show,
        "poll_event": _poll_event(run, progress),
        "version": version,
    }
    response = render_page(
        request, "campaigns/campaign_detail.html", "campaigns/_campaign_rows.html", context
    )
    if is_swap(request) and request.headers.get("X-Turn") != turn:
        trigger_client_event(response, "turned", after="settle")
    return response


def _acts(run: BulkRun, counts: dict[str, int]) -> dict[str, bool]:
    """What can be done to all links now."""
    if run.started_at is None:
        return {}
    ended = {"connected", "revoked", "left-out", "waiting", "not-made"}
    return {
        "resend": any(counts.get(key) for key in ("not-sent", "filed", "sent")),
        "unfinished": any(key not in ended for key in counts),
    }


def _poll_event(run: BulkRun, progress: Progress) -> str:
    """How often the board looks again by itself; empty when nothing can change any more."""
    if run.state == RunState.RUNNING or progress.under_way:
        return POLL_1S
    return POLL_5S if Link.objects.open().filter(run=run).exists() else NO_POLL
