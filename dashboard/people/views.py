"""Signing in and out."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.common import errors
from dashboard.common.addresses import own_path
from dashboard.common.htmx import redirect_browser
from dashboard.people import held, services
from dashboard.people.access import open_to_all
from dashboard.people.forms import SignInForm
from dashboard.people.middleware import SESSION_HEADER, back_from

logger = logging.getLogger(__name__)

WRONG = "Email or password is wrong"
TOO_MANY = "Too many tries"
SIGNED_IN_ANEW = "You signed in anew meanwhile, so nothing was sent. Press the button again."


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
        user = services.sign_in(request, form.cleaned_data["email"], form.cleaned_data["password"])
    except services.TooManyTriesError:
        return _page(request, form, target, trouble=TOO_MANY, status=429)
    if user is None:
        return _page(request, form, target, trouble=WRONG)
    return HttpResponseRedirect(target)


@open_to_all
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; the browser forgets what it kept of the pages."""
    logout(request)
    response = redirect("sign_in")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form of ours with an old token: mostly, the person signed in anew in another tab.

    It is never carried out. It comes back filled in; other sites' forms are refused as ever.
    """
    is_ours = held.is_own(request) and bool(request.COOKIES)
    if request.path.startswith(errors.GUESTS) or not is_ours:
        return errors.csrf_failure(request, reason)
    logger.info("form with an old token reason=%s", reason)
    is_htmx = request.headers.get("HX-Request") == "true"
    if request.path == resolve_url(settings.LOGIN_URL):
        target = safe_next(request)
        if request.user.is_authenticated:
            return HttpResponseRedirect(target)
        return HttpResponseRedirect(f"{request.path}?{urlencode({'next': target})}")
    back = back_from(request) or resolve_url(settings.LOGIN_REDIRECT_URL)
    is_kept = not is_htmx and held.hold(request)
    if not request.user.is_authenticated:
        url = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}"
        return _answer(url, "ended", is_htmx=is_htmx)
    if not is_kept or back != request.get_full_path():
        messages.info(request, SIGNED_IN_ANEW)
    return _answer(back, "new", is_htmx=is_htmx)


def _answer(url: str, session: str, *, is_htmx: bool) -> HttpResponse:
    response = redirect_browser(url) if is_htmx else HttpResponseRedirect(url)
    response[SESSION_HEADER] = session
    return response


def safe_next(request: HttpRequest) -> str:
    """Where to go after signing in: the address asked for if it is ours, else the overview."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    return own_path(asked) or resolve_url(settings.LOGIN_REDIRECT_URL)


def _page(
    request: HttpRequest, form: SignInForm, target: str, *, trouble: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "email": form["email"].value() or "",
        "next": target,
        "trouble": trouble,
        "is_too_many": trouble == TOO_MANY,
    }
    response = render(request, "people/sign_in.html", context, status=status)
    if status == 429:
        response["Retry-After"] = str(int(services.WINDOW.total_seconds()))
    return response
