"""Settings: whether the settings still mean the same console, decided by an administrator."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from dashboard.audit.models import Actor
from dashboard.consoles import changes
from dashboard.consoles.models import ConsoleChange
from dashboard.links.models import Link
from dashboard.mirror import adopting
from dashboard.people.access import StaffRequest, consoles_for, require_role, role_required
from dashboard.people.models import Role
from dashboard.settings_pages.console_messages import comparison_message


@require_http_methods(["GET", "POST"])
@role_required(Role.ADMIN)
def settings_console(request: StaffRequest, pk: int) -> HttpResponse:
    """What is known of the change, and the two ways on."""
    console = get_object_or_404(consoles_for(request.user, Role.ADMIN), pk=pk)
    change = ConsoleChange.objects.filter(console=console).select_related("console").first()
    if change is None:
        return redirect("settings_index")
    # Who has a role in the old console alone must not open another one.
    may_decide = request.user.is_admin_of_all
    error = ""
    if request.method == "POST":
        require_role(request.user, console, Role.ADMIN)
        if not may_decide:
            error = "Only an administrator of all consoles decides this."
        elif request.POST.get("sure") != change.signature:
            error = "Tick the box first: what you decide cannot be taken back by itself."
        else:
            return _decide(request, change, request.POST.get("decision", ""))
    context = {
        "console": console,
        "change": change,
        "compared": comparison_message(change),
        "other": changes.other_holder(change),
        "links": Link.objects.open().filter(console=console).count(),
        "may_decide": may_decide,
        "error": error,
    }
    status = 422 if error else 200
    return render(request, "settings/settings_console.html", context, status=status)


def _decide(request: StaffRequest, change: ConsoleChange, decision: str) -> HttpResponse:
    actor = Actor.staff(request.user)
    try:
        if decision == "adopt":
            console = adopting.adopt(change.console, actor)
            messages.success(request, f"{console} goes on at the new address.")
        elif decision == "add":
            console = adopting.add(change, actor)
            messages.success(request, f"{console} is in use now; {change.console} has ended.")
    except changes.NothingToDecideError:
        messages.info(request, "It was decided by somebody else meanwhile.")
    return redirect("settings_index")
