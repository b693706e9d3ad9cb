"""Settings: the tokens of the API, one's own; an administrator of all consoles sees everybody's."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.api import tokens
from dashboard.api.models import ApiToken
from dashboard.api.switches import API
from dashboard.api.token_forms import TokenForm
from dashboard.common.paging import paged
from dashboard.features import services as features
from dashboard.features.registry import SwitchedOffError
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role, User
from dashboard.people.proof import reauthenticated

MOST = 50
"""Tokens of one person that work at a time."""


def _seen_by(user: User) -> QuerySet[ApiToken]:
    rows = ApiToken.objects.select_related("owner", "console")
    return rows if user.is_admin_of_all else rows.filter(owner=user)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.VIEWER)
def token_list(request: StaffRequest) -> HttpResponse:
    """The tokens, and the form for another."""
    if request.method == "POST":
        return _make(request)
    return _page(request, TokenForm(request.user))


@sensitive_variables("plain")
@reauthenticated
def _make(request: StaffRequest) -> HttpResponse:
    """A new token, shown once, in the answer that made it. It outlives the session by far."""
    if error := _switched_off(request.user):
        raise error
    form = TokenForm(request.user, request.POST)
    if not form.is_valid():
        return _page(request, form)
    own = ApiToken.objects.filter(owner=request.user, revoked_at=None)
    if own.count() >= MOST:
        form.add_error(None, f"You have {MOST} tokens. Revoke one that is not used any more.")
        return _page(request, form)
    made, plain = tokens.make(request.user, **form.values())
    return _page(request, TokenForm(request.user), made, plain)


def _switched_off(user: User) -> SwitchedOffError | None:
    """What to say where the API is off in all that the person sees."""
    return features.first_off([API], user.consoles, user.switched_off)


@sensitive_variables("plain")
def _page(
    request: StaffRequest, form: TokenForm, made: ApiToken | None = None, plain: str = ""
) -> HttpResponse:
    error = _switched_off(request.user)
    context = {
        "form": form,
        "made": made,
        "plain": plain,
        "switched_off": error.message if error else "",
        "page": paged(request, _seen_by(request.user)),
        "sees_all": request.user.is_admin_of_all,
    }
    status = 422 if form.errors else 200
    return render(request, "settings/token_list.html", context, status=status)


@require_POST
@role_required(Role.VIEWER)
def token_revoke(request: StaffRequest, pk: int) -> HttpResponse:
    """End a token at once."""
    token = get_object_or_404(_seen_by(request.user), pk=pk)
    if tokens.revoke(token, request.user):
        messages.success(request, "Revoked. It opens nothing any more.")
    else:
        messages.info(request, "It was revoked before.")
    return redirect("token_list")
