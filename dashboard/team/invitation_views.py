"""Inviting colleagues, and the public page on which somebody invited chooses a password."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.audit.models import Actor
from dashboard.common.limits import is_within
from dashboard.people.access import StaffRequest, open_to_all, role_required
from dashboard.people.address import client_address, network_of
from dashboard.people.models import Role
from dashboard.people.proof import reauthenticated
from dashboard.team import invitations
from dashboard.team.forms import AcceptForm, InviteForm
from dashboard.team.invitations import NotPossibleError
from dashboard.team.models import LASTS, Invitation
from dashboard.team.people_views import draw_list
from dashboard.team.scope import places_of

MOST_TRIES, WINDOW = 20, 600
"""Passwords that one network may send in so many seconds."""


@sensitive_variables("url")
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
@reauthenticated
def invitation_new(request: StaffRequest) -> HttpResponse:
    """The form to invite somebody; without a mail server the answer shows the address once."""
    places = places_of(request.user)
    form = InviteForm(places, request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _draw_new(request, form)
    email, role = form.cleaned_data["email"], form.cleaned_data["role"]
    try:
        url = invitations.invite(request.user, email, role, form.place())
    except NotPossibleError as error:
        form.add_error("email", str(error))
        return _draw_new(request, form)
    return _answer(request, url, email)


def _draw_new(request: StaffRequest, form: InviteForm) -> HttpResponse:
    context = {"form": form, "days": LASTS.days}
    status = 422 if form.errors else 200
    return render(request, "team/invitation_new.html", context, status=status)


@sensitive_variables("url")
@require_POST
@role_required(Role.ADMIN)
@reauthenticated
def invitation_resend(request: StaffRequest, pk: int) -> HttpResponse:
    """Another message with another address; the one before ends."""
    invitation = _invitation(request, pk)
    try:
        url = invitations.invite_again(invitation, request.user)
    except NotPossibleError as error:
        messages.error(request, str(error))
        return redirect("person_list")
    return _answer(request, url, invitation.email)


def _answer(request: StaffRequest, url: str, email: str) -> HttpResponse:
    if url:
        return draw_list(request, shown_once=url, whose=email)
    messages.success(request, f"The invitation to {email} is on its way.")
    return redirect("person_list")


@require_POST
@role_required(Role.ADMIN)
@reauthenticated
def invitation_withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Its address works no more."""
    invitation = _invitation(request, pk)
    if invitations.withdraw(invitation, Actor.staff(request.user)):
        messages.success(request, f"The invitation of {invitation.email} is withdrawn.")
    return redirect("person_list")


def _invitation(request: StaffRequest, pk: int) -> Invitation:
    rows = Invitation.objects.visible_to(request.user)
    found: Invitation = get_object_or_404(rows, pk=min(pk, 2**63 - 1))
    return found


# ---- who was invited ----


@open_to_all
@sensitive_post_parameters("password", "again")
@sensitive_variables("form", "token")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page to choose a password on. Looking at it uses nothing up, whoever looks."""
    found = invitations.find(token)
    if found is None:
        return render(request, "team/invitation_unknown.html", status=404)
    if request.method != "POST":
        return _draw(request, found, AcceptForm())
    if not is_within(_limit_of(request), most=MOST_TRIES, seconds=WINDOW):
        response = _draw(request, found, AcceptForm(), status=429, is_too_many=True)
        response["Retry-After"] = str(WINDOW)
        return response
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return _draw(request, found, form, 422)
    try:
        invitations.accept(found, form.cleaned_data["name"], form.cleaned_data["password"])
    except ValidationError as error:
        form.add_error("password", error)
    except NotPossibleError as error:
        form.add_error(None, str(error))
    else:
        return redirect("invitation_accepted")
    return _draw(request, found, form, 422)


@open_to_all
@require_safe
def invitation_accepted(request: HttpRequest) -> HttpResponse:
    """What is next."""
    return render(request, "team/invitation_accepted.html")


def _draw(
    request: HttpRequest,
    found: Invitation,
    form: AcceptForm,
    status: int = 200,
    *,
    is_too_many: bool = False,
) -> HttpResponse:
    context = {"invitation": found, "form": form, "is_too_many": is_too_many}
    return render(request, "team/invitation.html", context, status=status)


def _limit_of(request: HttpRequest) -> str:
    return f"invitation:{network_of(client_address(request))}"
