"""Signing in through the company's provider: who comes in, and with which role."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from dashboard.common.untrusted_text import display_line
from dashboard.environment.allauth import COMPANY
from dashboard.environment.email_address import EmailAddressError, parse_address
from dashboard.people.models import Membership, Role, User
from dashboard.sign_in import company_leave, company_proof, trail

logger = logging.getLogger(__name__)

UNVERIFIED = (
    "Your e-mail address is not verified there",
    "Have it verified by whoever looks after your company’s accounts, then try again.",
)
NOT_KNOWN = (
    "You may not use Cyclr Desk yet",
    "Your company’s account is in order, but it gives you no role here. Ask an administrator.",
)
SOMEBODY_ELSES = (
    "Your e-mail address belongs to another account here",
    "Somebody came in with it by another account of your company. Ask an administrator.",
)
SWITCHED_OFF = ("Your access was switched off", "Ask an administrator.")
STALE = (
    "Your company did not ask you to sign in again",
    "So it could be anybody at your desk. Nothing was changed. Try again, or confirm otherwise. If"
    " it happens each time, tell an administrator: the provider has to say when you signed in.",
)
AWAY = (
    "Your company’s sign-in does not answer",
    "Try again in a moment, or sign in with your password.",
)
STILL_IN = (
    "You are signed out here",
    "Your company’s sign-in does not answer, so you may still be signed in there. Sign out there"
    " before somebody else uses this browser.",
)
NOT_FINISHED = (
    "The sign-in was not finished",
    "It was cancelled, or begun in another window. Try again.",
)


def is_offered() -> bool:
    """Whether there is one."""
    return bool(settings.OIDC["DESK_OIDC_ISSUER"])


def vouches_for(request: HttpRequest) -> bool:
    """Whether this session was opened by the company's provider, and with a second factor there."""
    return came_by_it(request) and company_proof.had_factor(request)


def knows(user: User) -> bool:
    """Whether the person can sign in through the company's provider alone, and no other way."""
    if not is_offered() or user.has_usable_password():
        return False
    return bool(SocialAccount.objects.filter(user=user, provider=COMPANY).exists())


def came_by_it(request: HttpRequest) -> bool:
    """Whether this session was opened by the company's provider."""
    records = get_authentication_records(request, request.user)
    return any(record.get("method") == "socialaccount" for record in records)


def refusal(request: HttpRequest, words: tuple[str, str], status: int = 403) -> HttpResponse:
    """A page that says why nobody came in."""
    context = {
        "heading": words[0],
        "reason": words[1],
        "is_in": words == STALE and request.user.is_authenticated,
    }
    return render(request, "sign_in/company_refused.html", context, status=status)


class CompanyAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # it declares no types
    """The provider of the settings. It leads back to the settings' address, not the request's."""

    def get_callback_url(self, request: HttpRequest, app: object) -> str:
        """Where people come back to."""
        return settings.DESK_URL + reverse("company_back")

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **other: Any) -> Any:
        """What was said at both places must be about the same person."""
        login = super().complete_login(request, app, token, **other)
        company_leave.note(request, other["response"].get("id_token"))
        said = login.account.extra_data
        subjects = {part.get("sub") for part in said.values() if isinstance(part, dict)}
        if len(subjects) != 1:
            raise ImmediateHttpResponse(refusal(request, NOT_FINISHED))
        return login


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # it declares no types
    """Nobody signs up: who comes in is decided before allauth would ask."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """People are made below, if their claims say so."""
        return False

    def on_authentication_error(self, request: HttpRequest, *_: Any, **said: Any) -> None:
        """A page of ours, whatever it was."""
        error = said.get("exception")
        logger.warning("single sign-on failed error=%s", type(error).__name__ if error else "none")
        words, status = (AWAY, 503) if error else (NOT_FINISHED, 403)
        raise ImmediateHttpResponse(refusal(request, words, status))

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let the person in with the role that their claims give, or refuse them."""
        claims = _claims(sociallogin.account.extra_data)
        token = sociallogin.account.extra_data.get("id_token") or {}
        sociallogin.account.extra_data = {}
        if company_proof.is_stale(request, token):
            self._refuse(request, _signed_in(request), STALE)
        role = role_of(claims)
        with transaction.atomic():
            user = _person(sociallogin, claims, role)
            if isinstance(user, User):
                if user.is_active:
                    _give(user, role)
                if not sociallogin.is_existing and user.is_active:
                    sociallogin.connect(request, user)
                    trail.did(user, "linked single sign-on")
                elif sociallogin.is_existing:
                    sociallogin.account.save(update_fields=["extra_data"])
        if not isinstance(user, User):
            self._refuse(request, None, user)
        elif not user.is_active:
            self._refuse(request, user, SWITCHED_OFF)
        elif settings.OIDC["DESK_OIDC_ROLES"] and role is None:
            self._refuse(request, user, NOT_KNOWN)
        else:
            company_proof.note(request, user, token)

    def _refuse(self, request: HttpRequest, user: User | None, words: tuple[str, str]) -> None:
        trail.sign_in_failed(request, user)
        raise ImmediateHttpResponse(refusal(request, words))


def _signed_in(request: HttpRequest) -> User | None:
    user = request.user
    return user if isinstance(user, User) else None


def role_of(claims: dict[str, Any]) -> Role | None:
    """The highest role that the claims give, if any."""
    values = claims.get(settings.OIDC["DESK_OIDC_ROLE_CLAIM"])
    held = {str(value) for value in values} if isinstance(values, list) else {str(values)}
    rules: list[tuple[str, str]] = settings.OIDC["DESK_OIDC_ROLES"]
    return max((Role[role.upper()] for value, role in rules if value in held), default=None)


def _claims(said: dict[str, Any]) -> dict[str, Any]:
    """What was said, the provider's own answer before what stands in its token."""
    token, info = said.get("id_token") or {}, said.get("userinfo") or {}
    return {**token, **info}


def _person(
    sociallogin: SocialLogin, claims: dict[str, Any], role: Role | None
) -> User | tuple[str, str]:
    """The colleague it is; a new one if the claims give a role; else why nobody."""
    is_verified = claims.get("email_verified")
    trusted = settings.OIDC["DESK_OIDC_TRUST_EMAIL"] and is_verified is None
    if not (trusted or is_verified is True or str(is_verified).lower() == "true"):
        return UNVERIFIED
    if sociallogin.is_existing:
        user: User = sociallogin.user
        return user
    try:
        email = parse_address(str(claims.get("email") or ""))
    except EmailAddressError:
        return UNVERIFIED
    known = User.objects.with_email(email).first()
    if known is not None:
        # An address that was somebody's before must not open what was theirs.
        theirs = SocialAccount.objects.filter(user=known, provider=COMPANY)
        return SOMEBODY_ELSES if theirs.exists() else known
    if role is None:
        return NOT_KNOWN
    made = User.objects.create_user(email, name=display_line(claims.get("name") or "")[:200])
    trail.did(made, "joined by single sign-on", role=role.label)
    return made


def _give(user: User, role: Role | None) -> None:
    """The role in all consoles follows the claims; without rules for that it stays.

    The last Admin of all consoles stays one: nobody else could give that role again.
    """
    if not settings.OIDC["DESK_OIDC_ROLES"]:
        return
    everywhere = Membership.objects.filter(user=user, console=None)
    before = everywhere.values_list("role", flat=True).first()
    if before == role:
        return
    if before == Role.ADMIN and not _others_are_admin(user):
        logger.warning("last admin kept against the claims user=%s", user.pk)
        return
    if role is None:
        everywhere.delete()
    else:
        Membership.objects.update_or_create(user=user, console=None, defaults={"role": role})
    user.__dict__.pop("roles", None)
    trail.did(
        user,
        "got another role by single sign-on",
        before=Role(before).label if before else "None",
        role=role.label if role else "None",
    )


def _others_are_admin(user: User) -> bool:
    """Whether there is an Admin of all consoles besides; call it in a transaction."""
    admins = Membership.objects.filter(console=None, role=Role.ADMIN, user__is_active=True)
    return admins.select_for_update().exclude(user=user).first() is not None


def adapter_for(request: HttpRequest) -> CompanyAdapter:
    """allauth's way to the provider."""
    return CompanyAdapter(request, COMPANY)
