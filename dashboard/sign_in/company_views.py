"""The way to the company's provider and back.

The button posts to us and gets a page; only that page's own step leads away, since browsers hold a
form to `form-action` through all its redirects.
"""

from __future__ import annotations

from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from dashboard.common.limits import is_within
from dashboard.people.access import open_to_all
from dashboard.people.address import client_address, network_of
from dashboard.people.views import safe_next
from dashboard.sign_in import company_leave, company_proof, provider

NEXT = "company-next"
FAILS = (OSError, OAuth2Error, KeyError, ValueError, TypeError, AttributeError)
"""What a provider that is away, or that answers nonsense, makes of its own library."""
MOST, WINDOW = 60, 600


@open_to_all
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """The button: a page that leads on by itself."""
    if not provider.is_offered():
        raise Http404
    request.session[NEXT] = safe_next(request)
    return render(request, "sign_in/company_wait.html")


@open_to_all
@require_safe
def away(request: HttpRequest) -> HttpResponse:
    """To the provider, once for each press of the button."""
    if not provider.is_offered():
        raise Http404
    target = request.session.pop(NEXT, None)
    if target is None:
        return redirect("sign_in")
    network = network_of(client_address(request))
    if not is_within(f"company:{network}", most=MOST, seconds=WINDOW):
        return provider.refusal(request, provider.AWAY, 429)
    asks = company_proof.ask(request)
    try:
        adapter = provider.adapter_for(request)
        company = adapter.get_provider()
        company.get_oauth2_adapter = lambda _: adapter
        answer: HttpResponse = company.redirect(request, "login", next_url=target, auth_params=asks)
    except FAILS:
        return provider.refusal(request, provider.AWAY, 503)
    return answer


@open_to_all
@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """Back from the provider: in, or a page that says why not."""
    if not provider.is_offered():
        raise Http404
    view = OAuth2CallbackView.adapter_view(provider.adapter_for(request))
    try:
        answer: HttpResponse = view(request)
    except FAILS:
        return provider.refusal(request, provider.AWAY, 503)
    company_proof.take_over(request)
    return answer


@open_to_all
@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """To the provider's own sign-out, once for each press of ours; it leads back to sign in."""
    hint = request.session.pop(company_leave.LEAVING, None)
    if hint is None or not provider.is_offered():
        return redirect("sign_in")
    try:
        known = provider.adapter_for(request).openid_config
        there = company_leave.address(
            known.get("end_session_endpoint"), settings.OIDC["DESK_OIDC_ISSUER"], hint
        )
    except FAILS:
        return provider.refusal(request, provider.STILL_IN, 503)
    return HttpResponseRedirect(there) if there else redirect("sign_in")
