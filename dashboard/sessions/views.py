"""What the script of every staff page asks about its session."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_POST, require_safe

from dashboard.people.access import StaffRequest, open_to_all, role_required
from dashboard.people.models import Role


@require_safe
@open_to_all
def session_state(request: HttpRequest) -> HttpResponse:
    """Who is signed in, and the token that forms need now: after signing in again in a tab."""
    user = request.user
    person = user.pk if user.is_authenticated else None
    return JsonResponse({"person": person, "token": get_token(request) if person else ""})


@require_POST
@role_required(Role.VIEWER)
def session_stay(request: StaffRequest) -> HttpResponse:
    """*Stay signed in*: that it was asked is all it does."""
    return HttpResponse(status=204)
