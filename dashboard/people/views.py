"""Signing in and out."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.people import services
from dashboard.people.access import open_to_all
from dashboard.people.forms import SignInForm

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


def safe_next(request: HttpRequest) -> str:
    """Where to go after signing in: the address asked for if it is ours, else the overview."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    if (
        asked.startswith("/")
        and url_has_allowed_host_and_scheme(
            asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )
        and not any(ord(letter) < 32 for letter in asked)
    ):
        return asked
    return resolve_url(settings.LOGIN_REDIRECT_URL)


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
