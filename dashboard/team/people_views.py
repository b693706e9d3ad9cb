"""Settings: the people, their roles and sessions, who leaves and who comes back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role, User
from dashboard.people.proof import reauthenticated
from dashboard.sessions.listing import sessions_of
from dashboard.team import invitations, leaving, roles, work
from dashboard.team.forms import NO_ROLE, RoleForm
from dashboard.team.invitations import NotPossibleError
from dashboard.team.models import Invitation, InvitationMail
from dashboard.team.scope import (
    people_seen_by,
    places_of,
    require_admin_of_all,
)

PAGE = "team/person_detail.html"


@require_safe
@role_required(Role.ADMIN)
def person_list(request: StaffRequest) -> HttpResponse:
    """Everybody, and who is invited."""
    return draw_list(request)


def draw_list(request: StaffRequest, *, shown_once: str = "", whose: str = "") -> HttpResponse:
    """The page; `shown_once` is the address of an invitation, for want of a mail server."""
    people = list(people_seen_by(request.user))
    invited = Invitation.objects.filter(user__in=[one.pk for one in people])
    invited_by = {one.user_id: one.invited_by for one in invited.select_related("invited_by")}
    latest = InvitationMail.objects.filter(invitation=OuterRef("pk")).order_by("-pk")
    waiting = Invitation.objects.visible_to(request.user).waiting()
    waiting = waiting.select_related("console", "invited_by").annotate(
        mail_state=Subquery(latest.values("state")[:1]),
        mail_error=Subquery(latest.values("last_error")[:1]),
    )
    context = {
        "people": [(one, invited_by.get(one.pk)) for one in people],
        "invitations": [(one, invitations.why_void(one, one.invited_by)) for one in waiting],
        "shown_once": shown_once,
        "whose": whose,
    }
    return render(request, "team/person_list.html", context)


@require_safe
@role_required(Role.ADMIN)
@reauthenticated
def person_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One person."""
    return _draw(request, _person(request, pk))


def _draw(
    request: StaffRequest, person: User, form: RoleForm | None = None, status: int = 200
) -> HttpResponse:
    held = {one.console_id: one for one in person.memberships.select_related("console")}
    places = places_of(request.user)
    free = [place for place in places if (place.pk if place else None) not in held]
    is_all = request.user.is_admin_of_all
    keys = {place.pk if place else None for place in places}
    initial = {"was": NO_ROLE, "role": str(Role.VIEWER.value)}
    context: dict[str, Any] = {
        "person": person,
        "invitation": Invitation.objects.filter(user=person).select_related("invited_by").first(),
        "held": [
            (one, key in keys) for key, one in held.items() if is_all or key is None or key in keys
        ],
        "roles": list(Role),
        "form": form or (RoleForm(free, initial=initial) if free else None),
        "is_me": person.pk == request.user.pk,
        "is_admin_of_all": is_all,
        "sessions": sessions_of(person, request.session) if is_all else [],
    }
    return render(request, PAGE, context, status=status)


@require_POST
@role_required(Role.ADMIN)
@reauthenticated
def person_role(request: StaffRequest, pk: int) -> HttpResponse:
    """Give, change or take a role."""
    person = _person(request, pk)
    form = RoleForm(places_of(request.user), request.POST)
    if not form.is_valid():
        return _draw(request, person, form, 422)
    role = form.role_of("role")
    try:
        is_changed = roles.set_role(
            person, role, form.place(), was=form.role_of("was"), by=request.user
        )
    except NotPossibleError as error:
        messages.error(request, str(error))
    else:
        if is_changed:
            messages.success(request, "Changed. It holds from their next click on.")
    return redirect("person_detail", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
@reauthenticated
def person_deactivate(request: StaffRequest, pk: int) -> HttpResponse:
    """What somebody has under way, to decide on; on POST they are switched off."""
    person = _person(request, pk)
    require_admin_of_all(request.user)
    if not person.is_active:
        messages.info(request, f"{person.display_name} is deactivated already.")
        return redirect("person_detail", pk)
    heirs = list(User.objects.filter(is_active=True).exclude(pk=pk).order_by("name", "email"))
    if request.method == "POST":
        decisions = {name: value for name, value in request.POST.items() if value in _DECISIONS}
        to = next((one for one in heirs if str(one.pk) == request.POST.get("to")), None)
        try:
            going, cancelled = leaving.deactivate(person, request.user, decisions, to)
        except NotPossibleError as error:
            messages.error(request, str(error))
            return redirect("person_detail", pk)
        messages.success(request, _told(person, going, cancelled))
        return redirect("person_detail", pk)
    found = work.work_of(person)
    context = {
        "person": person,
        "work": [(one, one.may_be_given_to(request.user)) for one in found],
        "heirs": heirs,
    }
    return render(request, "team/person_deactivate.html", context)


_DECISIONS = {work.GO_ON, work.CANCEL, work.HAND_OVER}


def _told(person: User, going: int, cancelled: int) -> str:
    words = f"{person.display_name} is deactivated and signed out everywhere."
    if going:
        words += f" Going on: {going}."
    if cancelled:
        words += f" Cancelled: {cancelled}."
    return words


@require_POST
@role_required(Role.ADMIN)
@reauthenticated
def person_reactivate(request: StaffRequest, pk: int) -> HttpResponse:
    """Switch somebody on again."""
    person = _person(request, pk)
    if leaving.reactivate(person, request.user):
        messages.success(request, f"{person.display_name} may sign in again, with the same roles.")
    return redirect("person_detail", pk)


@require_POST
@role_required(Role.ADMIN)
@reauthenticated
def person_end_sessions(request: StaffRequest, pk: int) -> HttpResponse:
    """Sign somebody out everywhere."""
    person = _person(request, pk)
    leaving.end_sessions(person, request.user)
    messages.success(request, f"{person.display_name} is signed out everywhere.")
    return redirect("person_detail", pk)


def _person(request: StaffRequest, pk: int) -> User:
    person: User = get_object_or_404(people_seen_by(request.user), pk=min(pk, 2**63 - 1))
    return person
