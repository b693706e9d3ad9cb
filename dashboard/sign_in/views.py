"""Signing in and out."""

from __future__ import annotations

import logging

from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.people.access import open_to_all
from dashboard.people.views import safe_next
from dashboard.sign_in import attempts, company_leave, provider
from dashboard.sign_in.forms import SignInForm

logger = logging.getLogger(__name__)

WRONG = "Email or password is wrong"
TOO_MANY = "Too many tries"


@open_to_all
@sensitive_post_parameters("password")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The page to sign in, and on POST the attempt."""
    target = safe_next(request)
    if request.method != "POST":
        if request.user.is_authenticated:
            return HttpResponseRedirect(target)
        return _page(request, SignInForm(), target)
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, form, target, trouble=WRONG)
    try:
        user = attempts.owner(request, form.cleaned_data["email"], form.cleaned_data["password"])
    except attempts.TooManyTriesError:
        return _page(request, form, target, trouble=TOO_MANY, status=429)
    if user is None:
        return _page(request, form, target, trouble=WRONG)
    if request.user.is_authenticated and request.user != user:
        get_adapter(request).logout(request)  # else the second step would lead back to who was in
    answer: HttpResponse = perform_login(request, user, redirect_url=target)
    return answer


@open_to_all
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; the browser forgets what it kept of the pages.

    Who came by the company's provider is led on to sign out there, if the settings say so: by a
    page, since browsers hold a form to `form-action` through all its redirects.
    """
    leaves = settings.OIDC["DESK_OIDC_SIGN_OUT"] and provider.came_by_it(request)
    hint = company_leave.hint_of(request)
    logout(request)
    if leaves:
        request.session[company_leave.LEAVING] = hint
        response = render(request, "sign_in/company_wait.html", {"is_leaving": True})
    else:
        response = redirect("sign_in")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _page(
    request: HttpRequest, form: SignInForm, target: str, *, trouble: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "email": form["email"].value() or "",
        "next": target,
        "trouble": trouble,
        "is_too_many": trouble == TOO_MANY,
        "company": settings.OIDC["DESK_OIDC_NAME"] if provider.is_offered() else "",
    }
    response = render(request, "sign_in/sign_in.html", context, status=status)
    if status == 429:
        response["Retry-After"] = str(int(attempts.HOUR.total_seconds()))
    return response
