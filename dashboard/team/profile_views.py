"""A person's own page: the name, and where they are signed in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role, User
from dashboard.sessions import listing
from dashboard.team.forms import ProfileForm


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.VIEWER)
def profile(request: StaffRequest) -> HttpResponse:
    """Who one is here, and the sessions that are open."""
    user = request.user
    is_post = request.method == "POST"
    form = ProfileForm(request.POST if is_post else None, initial={"name": user.name})
    if is_post and form.is_valid():
        _rename(user, form.cleaned_data["name"])
        messages.success(request, "Saved.")
        return redirect("profile")
    context = {
        "form": form,
        "held": user.memberships.select_related("console").order_by("console__name"),
        "sessions": listing.sessions_of(user, request.session),
    }
    status = 422 if form.errors else 200
    return render(request, "team/profile.html", context, status=status)


def _rename(user: User, name: str) -> None:
    if name == user.name:
        return
    with transaction.atomic():
        was, user.name = user.name, name
        user.save(update_fields=["name"])
        _record(user, "people.rename", was=was)


@require_POST
@role_required(Role.VIEWER)
def profile_end_session(request: StaffRequest, pk: int) -> HttpResponse:
    """End one of one's own sessions."""
    with transaction.atomic():
        is_ended = listing.end(request.user, min(pk, 2**63 - 1))
        if is_ended:
            _record(request.user, "people.end_session")
    if is_ended:
        messages.success(request, "That session is over.")
    return redirect("profile")


@require_POST
@role_required(Role.VIEWER)
def profile_end_others(request: StaffRequest) -> HttpResponse:
    """End all of one's own sessions but this."""
    with transaction.atomic():
        count = listing.end_others(request.user, request.session)
        _record(request.user, "people.end_other_sessions", sessions=count)
    messages.success(request, "You are signed in here alone now.")
    return redirect("profile")


def _record(user: User, action: str, **details: Any) -> None:
    audit.record(
        Actor.staff(user),
        action,
        target=user.display_name,
        target_url=reverse("person_detail", args=[user.pk]),
        **details,
    )
