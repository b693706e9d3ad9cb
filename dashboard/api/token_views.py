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
from dashboard.api.token_forms import TokenForm
from dashboard.common.paging import paged
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role, User

MOST = 50
"""Tokens of one person that work at a time."""


def _seen_by(user: User) -> QuerySet[ApiToken]:
    rows = ApiToken.objects.select_related("owner", "console")
    return rows if user.roles.get(None) == Role.ADMIN else rows.filter(owner=user)


@sensitive_variables("plain")
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.VIEWER)
def token_list(request: StaffRequest) -> HttpResponse:
    """The tokens, and the form for another. A new one is shown once, in the answer that made it."""
    form = TokenForm(request.user, request.POST if request.method == "POST" else None)
    plain, made = "", None
    if request.method == "POST" and form.is_valid():
        own = ApiToken.objects.filter(owner=request.user, revoked_at=None)
        if own.count() >= MOST:
            form.add_error(None, f"You have {MOST} tokens. Revoke one that is not used any more.")
        else:
            made, plain = tokens.make(request.user, **form.values())
            form = TokenForm(request.user)
    context = {
        "form": form,
        "made": made,
        "plain": plain,
        "page": paged(request, _seen_by(request.user)),
        "sees_all": request.user.roles.get(None) == Role.ADMIN,
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
