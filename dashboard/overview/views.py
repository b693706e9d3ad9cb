"""The home page: what is wrong, what moved, how fresh all of it is."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from dashboard.audit.descriptions import line_of
from dashboard.audit.models import Actor, AuditEntry
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.consoles.models import Console
from dashboard.mirror import sync
from dashboard.mirror.freshness import InView, consoles_in_view, reading_of, with_console
from dashboard.mirror.tasks import resume_sync
from dashboard.overview.attention import KINDS, attention
from dashboard.overview.figures import Figures, figures, sync_figures
from dashboard.people.access import (
    StaffRequest,
    consoles_for,
    is_on,
    require_role,
    role_required,
)
from dashboard.people.models import Role, User

RECENT = 8


@require_safe
@role_required(Role.VIEWER)
def overview(request: StaffRequest) -> HttpResponse:
    """What needs attention, recent activity, and the figures; live until there is something."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    consoles = in_view.shown
    shown = figures(consoles)
    sync_version = _version(shown)
    if shown.is_first and is_swap(request) and is_seen(request, sync_version):
        return nothing_new()
    show = request.GET.get("show", "")
    show = show if show in KINDS else ""
    may_act = {
        console.pk
        for console in consoles
        if (request.user.role_in(console) or Role.VIEWER) >= Role.AGENT
    }
    found = attention(
        consoles,
        unauthenticated=shown.share.unauthenticated,
        not_working=shown.share.not_working,
        may_act=may_act,
        may_campaign=consoles_of_campaigns(request.user, consoles),
        show=show,
    )
    recent = AuditEntry.objects.filter(console__in=consoles).order_by("-pk")[:RECENT]
    reading = reading_of(consoles)
    context = {
        "in_view": in_view,
        "reading": reading,
        "version": version_of(reading),
        "figures": shown,
        "sync_version": sync_version,
        "may_stop_sync": consoles_of_leads(request.user, consoles),
        "attention": found,
        "chips": [(kind, word, found.counts[kind]) for kind, word in KINDS.items()],
        "show": show,
        "in_list": found.counts[show] if show else found.total,
        "everything": _everything(found.counts, show),
        "recent": [line_of(entry) for entry in recent],
        "activity_url": reverse("audit_list"),
    }
    return render_page(request, "overview/overview.html", "overview/_overview.html", context)


@require_safe
@role_required(Role.VIEWER)
def overview_sync(request: StaffRequest) -> HttpResponse:
    """How the reading of Cyclr goes: the part of the home page that moves while it is read."""
    if not is_swap(request):
        return redirect(with_console(request, reverse("overview")))
    in_view = consoles_in_view(request)
    shown = sync_figures(in_view.shown)
    sync_version = _version(shown)
    if is_seen(request, sync_version):
        return nothing_new()
    return _sync_health(request, in_view, shown)


@require_POST
@role_required(Role.LEAD)
def overview_sync_stop(request: StaffRequest, pk: int) -> HttpResponse:
    """Stop reading a console; a run under way waits where it is."""
    sync.stop_sync(_console(request, pk), Actor.staff(request.user))
    return _switched(request)


@require_POST
@role_required(Role.LEAD)
def overview_sync_resume(request: StaffRequest, pk: int) -> HttpResponse:
    """Let it go on."""
    resume_sync(_console(request, pk), Actor.staff(request.user))
    return _switched(request)


def _console(request: StaffRequest, pk: int) -> Console:
    console = get_object_or_404(consoles_for(request.user), pk=pk)
    require_role(request.user, console, Role.LEAD)
    return console


def _switched(request: StaffRequest) -> HttpResponse:
    if not is_swap(request):
        return redirect(with_console(request, reverse("overview")))
    in_view = consoles_in_view(request)
    return _sync_health(request, in_view, sync_figures(in_view.shown))


def _sync_health(request: StaffRequest, in_view: InView, shown: Figures) -> HttpResponse:
    context = {
        "in_view": in_view,
        "figures": shown,
        "sync_version": _version(shown),
        "may_stop_sync": consoles_of_leads(request.user, in_view.shown),
    }
    return render(request, "overview/_sync_health.html", context)


def consoles_of_leads(user: User, consoles: Sequence[Console]) -> set[int]:
    """The consoles in which the person may stop the sync and let it go on."""
    return {one.pk for one in consoles if (user.role_in(one) or Role.VIEWER) >= Role.LEAD}


def consoles_of_campaigns(user: User, consoles: Sequence[Console]) -> set[int]:
    """The consoles in which the person may begin a reconnect campaign."""
    leads = consoles_of_leads(user, consoles)
    return {pk for pk in leads if is_on(user, "campaign_new", pk)}


def _version(shown: Figures) -> str:
    """What the moving part shows, without what only time changes."""
    return version_of(
        [
            (
                one.running and one.running.pk,
                one.done,
                one.accounts,
                one.runs,
                one.is_failing,
                one.is_stopped,
                bool(one.console.trouble_since),
            )
            for one in shown.readings
        ],
        [(one.name, one.alive, one.gone) for one in shown.silent],
    )


COUNTABLE = {"alarms", "links", "operations"}


def _everything(counts: dict[str, int], show: str) -> list[tuple[str, str]]:
    """Where the rest of a list that is too long stands: addresses and their words."""
    lists = {
        "alarms": (reverse("alarm_list"), "alarm"),
        "not-authenticated": (
            f"{reverse('connector_list')}?state=not-authenticated",
            "not authenticated",
        ),
        "not-working": (f"{reverse('connector_list')}?state=not-working", "not working"),
        "links": (f"{reverse('link_list')}?show=unfinished", "link"),
        "operations": (f"{reverse('operation_list')}?state=failed", "operation"),
        "wearing": (f"{reverse('connector_list')}?q=is%3Awearing", "wearing out"),
    }
    return [
        (url, f"{counts[kind]:,} {label}{'s' * (kind in COUNTABLE and counts[kind] != 1)}")
        for kind, (url, label) in lists.items()
        if counts[kind] and show in {"", kind}
    ]
