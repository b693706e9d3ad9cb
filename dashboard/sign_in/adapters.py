"""What allauth asks us: who may sign up (nobody), where people go, what they are told."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from dashboard.common.addresses import own_path
from dashboard.people import held
from dashboard.people.address import client_address
from dashboard.people.models import User
from dashboard.sign_in import familiar, first_step, seeds_at_rest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # it declares no types
    """Nobody signs up, limits are ours, and only addresses of ours are led back to."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are invited."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """No lock-out of allauth's: it would hold for the right password too."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """The browser's address, as far as our proxies tell it."""
        return client_address(request)

    def is_safe_url(self, url: str | None) -> bool:
        """Whether somebody may be led to this address."""
        return bool(own_path(url or ""))

    def pre_login(self, request: HttpRequest, user: User, **login: Any) -> HttpResponse | None:
        """The first step is done; a second one may follow."""
        first_step.note(request, user)
        answer: HttpResponse | None = super().pre_login(request, user, **login)
        return answer

    def post_login(self, request: HttpRequest, user: User, **login: Any) -> HttpResponse:
        """Lead the person on; this browser is one of theirs from now on."""
        answer: HttpResponse = super().post_login(request, user, **login)
        familiar.remember(request, answer, user)
        first_step.forget(request)
        return answer

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in: the session, the moment on the person's row and the trail's entry are one."""
        with transaction.atomic():
            super().login(request, user)

    def logout(self, request: HttpRequest) -> None:
        """A new sign-in of the same person loses nothing that they had typed before."""
        kept = request.session.get(held.KEY)
        super().logout(request)
        if kept:
            request.session[held.KEY] = kept

    def add_message(self, *_: Any, **__: Any) -> None:
        """What happened stands on the page that follows."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mail goes through `dashboard.common.mail` only."""
        raise NotImplementedError(template_prefix)

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """People have no other name to sign in with than their address."""


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # it declares no types
    """Seeds are encrypted for the person they belong to, and passkeys hold for our address only."""

    def encrypt(self, text: str) -> str:
        """A seed as it is stored."""
        return seeds_at_rest.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """A stored seed, if it is of the person whom this is about."""
        return seeds_at_rest.decrypt(encrypted_text)

    def get_totp_issuer(self) -> str:
        """What authenticator apps show."""
        return "Cyclr Desk"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Whose passkeys they are: the settings' address, whatever the request says."""
        return {"id": relying_party(), "name": "Cyclr Desk"}


def relying_party() -> str:
    """The host that passkeys are bound to; on this machine the only name that browsers take."""
    host = urlsplit(settings.DESK_URL).hostname or ""
    return "localhost" if is_loopback(host) else host


def is_loopback(host: str) -> bool:
    """Whether this machine is meant."""
    return host in {"127.0.0.1", "::1", "localhost"}
