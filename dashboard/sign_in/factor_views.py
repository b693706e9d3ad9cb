"""The pages of second factors: at the sign-in, one's own, and the proof before risky acts."""

from __future__ import annotations

import json
from typing import Any

import segno
from allauth.account.models import Login
from allauth.account.stages import LoginStageController
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.common.htmx import is_swap
from dashboard.common.limits import is_within
from dashboard.people import proof
from dashboard.people.access import StaffRequest, open_to_all, role_required
from dashboard.people.address import client_address, network_of
from dashboard.people.middleware import back_from
from dashboard.people.models import Role, User
from dashboard.people.proof import reauthenticated
from dashboard.people.views import safe_next
from dashboard.sign_in import attempts, factors, first_step, passkeys, provider, trail
from dashboard.sign_in.adapters import FactorAdapter, is_loopback, relying_party
from dashboard.sign_in.middleware import opens_without_factor

WRONG_CODE = "This code is not right, or was used already."
WRONG_FIRST_CODE = "This code is not right. Look at the clock of your phone; type the next one."
WRONG_PASSKEY = "This passkey was not accepted. Try again."
TOO_MANY = "Too many tries. Wait a quarter of an hour."
PASSKEY_MOST, PASSKEY_WINDOW = 60, 600


# ---- signing in ----


@open_to_all
@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What the browser asks its keeper of passkeys for, before anybody is known."""
    network = network_of(client_address(request))
    if not is_within(f"passkey:{network}", most=PASSKEY_MOST, seconds=PASSKEY_WINDOW):
        return JsonResponse({}, status=429)
    return JsonResponse(passkeys.options_to_use(None))


@open_to_all
@require_POST
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with a passkey alone: it is two factors in one."""
    target = safe_next(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(target)
    try:
        one = passkeys.used(request.POST.get("credential", ""))
    except passkeys.RefusedError:
        trail.passkey_refused(request)
        context = {"email": "", "next": target, "trouble": WRONG_PASSKEY, "is_passkey": True}
        context["company"] = settings.OIDC["DESK_OIDC_NAME"] if provider.is_offered() else ""
        return render(request, "sign_in/sign_in.html", context)
    login = Login(user=one.user, redirect_url=target)
    answer: HttpResponse = perform_passwordless_login(request, one, login)
    return answer


@open_to_all
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """The second step of signing in."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(safe_next(request))
    stage = LoginStageController.enter(request, AuthenticateStage.key)
    if stage is None:
        return redirect("sign_in")
    user: User = stage.login.user
    if not user.is_active or not first_step.is_still_good(request, user):
        return redirect("sign_in")
    trouble = ""
    if request.method == "POST":
        one, trouble = _shown(request, user)
        if one is not None:
            post_authentication(request, one)
            answer: HttpResponse = stage.exit()
            return answer
        if trouble != TOO_MANY:  # those are recorded once an hour
            trail.sign_in_failed(request, user)
    status = 422 if trouble else 200
    context = _ways(user) | {"trouble": trouble}
    return render(request, "sign_in/second_factor.html", context, status=status)


def _shown(request: HttpRequest, user: User) -> tuple[Authenticator | None, str]:
    """The factor that was shown, or what was wrong about it."""
    try:
        if answer := request.POST.get("credential", ""):
            factors.count_try(request, user)
            return passkeys.used(answer, user), ""
        one = factors.use_code(request, user, request.POST.get("code", "")[:100])
    except factors.TooManyTriesError:
        trail.sign_in_refused(request, user)
        return None, TOO_MANY
    except passkeys.RefusedError:
        return None, WRONG_PASSKEY
    return one, "" if one else WRONG_CODE


def _ways(user: User) -> dict[str, Any]:
    own = factors.of(user)
    has_passkey = Authenticator.Type.WEBAUTHN in own
    return {
        "has_code": bool(own.keys() - {Authenticator.Type.WEBAUTHN}),
        "has_app": Authenticator.Type.TOTP in own,
        "has_passkey": has_passkey,
        "options": json.dumps(passkeys.options_to_use(user)) if has_passkey else "",
    }


# ---- the proof ----


@role_required(Role.VIEWER)
@opens_without_factor
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def reauthenticate(request: StaffRequest) -> HttpResponse:
    """Show who you are, and go back to where you were."""
    target, user, trouble = safe_next(request), request.user, ""
    if request.method == "POST":
        trouble = _doubt(request, user)
        if not trouble:
            proof.note(request)
            return HttpResponseRedirect(target)
        if trouble != TOO_MANY:
            trail.did(user, "did not confirm who they are", result="failed")
    context = _ways(user) | {
        "next": target,
        "trouble": trouble,
        "has_password": user.has_usable_password(),
        "company": settings.OIDC["DESK_OIDC_NAME"] if provider.came_by_it(request) else "",
    }
    return render(request, "sign_in/reauthenticate.html", context, status=422 if trouble else 200)


def _doubt(request: HttpRequest, user: User) -> str:
    """What is wrong with what was shown; empty if it is the person."""
    if "password" not in request.POST:
        one, trouble = _shown(request, user)
        if one is not None:
            one.record_usage()
        return trouble
    try:
        is_theirs = attempts.is_own_password(user, request.POST["password"][:4096])
    except ValidationError as error:
        return str(error.message)
    return "" if is_theirs else "This is not your password."


# ---- one's own ----


@role_required(Role.VIEWER)
@opens_without_factor
@require_safe
def security(request: StaffRequest) -> HttpResponse:
    """One's own sign-in: password, authenticator app, passkeys, recovery codes."""
    own = factors.of(request.user)
    context = {
        "apps": own.get(Authenticator.Type.TOTP, []),
        "passkeys": [(one, one.wrap().name) for one in own.get(Authenticator.Type.WEBAUTHN, [])],
        "has_codes": Authenticator.Type.RECOVERY_CODES in own,
        "has_password": request.user.has_usable_password(),
        "is_missing": factors.is_missing(request.user) and not provider.vouches_for(request),
        "days_left": factors.days_left(request.user),
        "other_address": _other_address(request),
    }
    return render(request, "sign_in/security.html", context)


@role_required(Role.VIEWER)
@opens_without_factor
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def app_add(request: StaffRequest) -> HttpResponse:
    """Take over a seed into an authenticator app."""
    if request.user.has_second_factor and Authenticator.Type.TOTP in factors.of(request.user):
        return redirect("security")
    trouble = ""
    if request.method == "POST":
        try:
            if factors.add_app(request, request.user, request.POST.get("code", "")[:100]):
                return redirect("recovery_codes")
            trouble = WRONG_FIRST_CODE
        except factors.TooManyTriesError:
            trouble = TOO_MANY
    seed = factors.pending_seed(request, request.user)
    address = FactorAdapter().build_totp_url(request.user, seed)
    context = {
        "trouble": trouble,
        "seed": " ".join(seed[at : at + 4] for at in range(0, len(seed), 4)),
        "address": address,
        "picture": segno.make(address, micro=False).svg_data_uri(scale=4, border=2, light="white"),
    }
    return render(request, "sign_in/app_add.html", context, status=422 if trouble else 200)


@role_required(Role.VIEWER)
@opens_without_factor
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def passkey_add(request: StaffRequest) -> HttpResponse:
    """Make a passkey in this browser."""
    trouble = ""
    if request.method == "POST":
        had_codes = Authenticator.Type.RECOVERY_CODES in factors.of(request.user)
        try:
            passkeys.add(
                request.user, request.POST.get("name", ""), request.POST.get("credential", "")
            )
        except passkeys.RefusedError:
            trouble = "The browser's passkey could not be used. Try again."
        else:
            messages.success(request, "The passkey is added.")
            return redirect("security" if had_codes else "recovery_codes")
    context = {
        "trouble": trouble,
        "name": request.POST.get("name", "")[:60],
        "options": json.dumps(passkeys.options_to_add(request.user)),
        "other_address": _other_address(request),
    }
    return render(request, "sign_in/passkey_add.html", context, status=422 if trouble else 200)


@role_required(Role.VIEWER)
@opens_without_factor
@reauthenticated
@require_POST
def passkey_rename(request: StaffRequest, pk: int) -> HttpResponse:
    """Call a passkey of one's own otherwise."""
    own = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.WEBAUTHN)
    passkeys.rename(get_object_or_404(own, pk=pk), request.POST.get("name", ""))
    messages.success(request, "The passkey has its new name.")
    return redirect("security")


@role_required(Role.VIEWER)
@opens_without_factor
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def factor_remove(request: StaffRequest, pk: int) -> HttpResponse:
    """Take a passkey or the authenticator app away, after a question."""
    own = Authenticator.objects.filter(user=request.user, type__in=factors.REAL)
    one = get_object_or_404(own, pk=pk)
    if request.method == "POST":
        factors.remove(request.user, one)
        messages.success(request, "It is removed.")
        return redirect("security")
    is_last = own.count() == 1
    context = {
        "name": one.wrap().name if one.type == Authenticator.Type.WEBAUTHN else "",
        "is_last": is_last,
        "is_required": is_last and factors.is_required(request.user),
    }
    return render(request, "sign_in/factor_remove.html", context)


@role_required(Role.VIEWER)
@opens_without_factor
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_codes(request: StaffRequest) -> HttpResponse:
    """The recovery codes that are not used yet; on POST new ones."""
    if request.method == "POST":
        factors.recovery_codes(request.user, anew=True)
        messages.success(request, "The old codes have ended.")
        return redirect("recovery_codes")
    codes = factors.recovery_codes(request.user)
    if not codes and not request.user.has_second_factor:
        return redirect("security")
    return render(request, "sign_in/recovery_codes.html", {"codes": codes})


@role_required(Role.VIEWER)
@opens_without_factor
@require_POST
def later(request: StaffRequest) -> HttpResponse:
    """Leave the banner out for the rest of this session; what is typed below it stays."""
    request.session["factor-later"] = True
    if is_swap(request):
        return HttpResponse()
    return HttpResponseRedirect(back_from(request) or resolve_url(settings.LOGIN_REDIRECT_URL))


def _other_address(request: HttpRequest) -> str:
    """Where passkeys work, if not here: browsers bind them to a name, never to a number."""
    host = request.get_host().partition(":")[0]
    if host == relying_party():
        return ""
    if is_loopback(host):
        return f"{request.scheme}://localhost:{request.get_port()}{reverse('security')}"
    return settings.DESK_URL + reverse("security")
