"""Signing in, first administrator, passwords."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import authenticate, login
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from dashboard.common.searching import nfkc_casefold
from dashboard.environment.email_address import meant_address
from dashboard.people.address import client_address, network_of
from dashboard.people.models import Membership, Role, SignInFailure, User

logger = logging.getLogger(__name__)

WINDOW = timedelta(minutes=15)
"""How long a failed try counts."""
TRIES_PER_EMAIL = 10
TRIES_PER_ADDRESS = 50


class TooManyTriesError(Exception):
    """This e-mail address or this network has failed too often; the password was not looked at."""


@dataclass(frozen=True)
class _Try:
    """The two keys a try counts under."""

    email_key: str
    address_key: str

    def is_over_limit(self, *, allowance: int = 0) -> bool:
        """Whether the window already holds the limit, `allowance` of them being our own."""
        recent = SignInFailure.objects.filter(at__gt=timezone.now() - WINDOW)
        by_email = recent.filter(email_key=self.email_key).count() - allowance
        by_address = recent.filter(address_key=self.address_key).count() - allowance
        return by_email >= TRIES_PER_EMAIL or by_address >= TRIES_PER_ADDRESS


def sign_in(request: HttpRequest, email: str, password: str) -> User | None:
    """Sign the person in and rotate the session; `None` if the address or password is wrong.

    Raises `TooManyTriesError`. A try is stored before the password is looked at, so that many at
    once cannot slip under the limit, and removed when it succeeds. Refused tries are not stored.
    """
    attempt = _Try(
        _key("email", nfkc_casefold(meant_address(email))),
        _key("address", network_of(client_address(request))),
    )
    if attempt.is_over_limit():
        logger.warning("sign-in refused reason=too_many_tries")
        raise TooManyTriesError
    SignInFailure.objects.filter(at__lte=timezone.now() - WINDOW).delete()
    own = SignInFailure.objects.create(email_key=attempt.email_key, address_key=attempt.address_key)
    if attempt.is_over_limit(allowance=1):
        own.delete()
        logger.warning("sign-in refused reason=too_many_tries")
        raise TooManyTriesError
    user = authenticate(request, username=email, password=password)
    if not isinstance(user, User):
        logger.warning("sign-in failed")
        return None
    with transaction.atomic():
        SignInFailure.objects.filter(email_key=attempt.email_key).delete()
        login(request, user)
    logger.info("signed in user=%d", user.pk)
    return user


def _key(kind: str, text: str) -> str:
    return salted_hmac(f"dashboard.people.sign_in.{kind}", text, algorithm="sha256").hexdigest()


def ensure_administrator(email: str, password: str) -> bool:
    """Make the first administrator if nobody exists yet; whether one was made.

    The password is taken as it is: whoever starts the dashboard has chosen it.
    """
    if not email or not password or User.objects.exists():
        return False
    try:
        with transaction.atomic():
            user = User.objects.create_user(meant_address(email), password, name="Administrator")
            Membership.objects.create(user=user, console=None, role=Role.ADMIN)
    except IntegrityError:  # another process was faster
        return False
    logger.info("first administrator created user=%d", user.pk)
    return True


def administrators() -> list[str]:
    """The e-mail addresses of some who administer all consoles, the first of them first."""
    people = User.objects.filter(
        is_active=True, memberships__console=None, memberships__role=Role.ADMIN
    )
    return list(people.order_by("pk").values_list("email", flat=True)[:3])


def set_password(user: User, password: str) -> None:
    """Give a new password; every session of the person ends with it.

    Raises `ValidationError` with what is wrong with the password.
    """
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    logger.info("password set user=%d", user.pk)
