"""E-mail and password: who they belong to, and how often they may be tried.

Strangers count by account and by network, so that nobody guesses; a browser that the person has
signed in with before counts by itself, so that no stranger locks anybody out. The counts are rows:
all processes share them, and they need nothing that could be away while the database is there.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from dashboard.common.limits import is_within
from dashboard.common.searching import nfkc_casefold
from dashboard.environment.email_address import meant_address
from dashboard.people.address import client_address, network_of
from dashboard.people.models import SignInFailure, User
from dashboard.sign_in import familiar, trail

logger = logging.getLogger(__name__)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STRANGERS = (("email_key", 10, HOUR), ("email_key", 20, DAY), ("address_key", 20, HOUR))
"""What strangers may get wrong: for one account, and from one network over all accounts."""
OWN_BROWSER = (("browser_key", 10, HOUR),)
"""What somebody may get wrong in a browser of theirs."""


class TooManyTriesError(Exception):
    """There were too many failures of this kind; the password was not looked at."""


@dataclass(frozen=True)
class _Try:
    """The keys a try counts under. `browser_key` is empty for strangers."""

    email_key: str
    address_key: str
    browser_key: str = ""

    def is_over_limit(self, *, allowance: int = 0) -> bool:
        """Whether a window already holds its limit, `allowance` of them being our own."""
        now = timezone.now()
        others = SignInFailure.objects.all()
        if not self.browser_key:
            others = others.filter(browser_key="")
        return any(
            others.filter(at__gt=now - window, **{key: getattr(self, key)}).count() - allowance
            >= most
            for key, most, window in (OWN_BROWSER if self.browser_key else STRANGERS)
        )

    def store(self) -> SignInFailure:
        """Count it as failed until it has succeeded."""
        return SignInFailure.objects.create(
            email_key=self.email_key, address_key=self.address_key, browser_key=self.browser_key
        )

    def forget(self) -> None:
        """The right person was at it: what they got wrong before counts no more."""
        SignInFailure.objects.filter(
            email_key=self.email_key, address_key=self.address_key, browser_key=self.browser_key
        ).delete()


def owner(request: HttpRequest, email: str, password: str) -> User | None:
    """The person to whom both belong; `None` if the address or password is wrong.

    Raises `TooManyTriesError`. A try is stored before the password is looked at, so that many at
    once cannot slip under the limit, and removed when it succeeds. Refused tries are not stored.
    """
    known = User.objects.with_email(email).first()
    attempt = _try_of(request, email, known)
    if attempt.is_over_limit():
        _refuse(request, known)
    SignInFailure.objects.filter(at__lte=timezone.now() - DAY).delete()
    own = attempt.store()
    if attempt.is_over_limit(allowance=1):
        own.delete()
        _refuse(request, known)
    user = authenticate(request, username=email, password=password)
    if not isinstance(user, User):
        logger.warning("sign-in failed")
        trail.sign_in_failed(request, known)
        return None
    attempt.forget()
    return user


def is_own_password(user: User, password: str) -> bool:
    """Whether somebody who is signed in knows the password; raises `ValidationError` beyond ten."""
    if not is_within(f"own-password:{user.pk}", most=10, seconds=900):
        raise ValidationError("Too many tries. Wait a quarter of an hour.")
    return user.check_password(password)


def _try_of(request: HttpRequest, email: str, known: User | None) -> _Try:
    number = familiar.number_for(request, known)
    return _Try(
        _key("email", nfkc_casefold(meant_address(email))),
        _key("address", network_of(client_address(request))),
        _key("browser", number) if number else "",
    )


def _refuse(request: HttpRequest, known: User | None) -> None:
    logger.warning("sign-in refused reason=too_many_tries")
    trail.sign_in_refused(request, known)
    raise TooManyTriesError


def _key(kind: str, text: str) -> str:
    return salted_hmac(f"dashboard.people.sign_in.{kind}", text, algorithm="sha256").hexdigest()
