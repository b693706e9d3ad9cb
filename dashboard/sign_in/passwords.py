"""New passwords: one's own, and by a link in a mail to those who forgot theirs."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import base36_to_int, int_to_base36

from dashboard.common import mail
from dashboard.common.limits import is_within
from dashboard.jobs.leases import Lease
from dashboard.people import services
from dashboard.people.address import client_address, network_of
from dashboard.people.models import User
from dashboard.sign_in import trail
from dashboard.sign_in.models import PasswordMail

logger = logging.getLogger(__name__)

KEPT = timedelta(days=1)
AN_HOUR = 3600
PER_NETWORK, PER_PERSON = 10, 3
"""Mails an hour. Beyond the second nothing is said: who asks must not learn who is known."""


class _Tokens(PasswordResetTokenGenerator):
    """Django's, which end with the password; ours end with being signed out everywhere too."""

    key_salt = "dashboard.sign_in.passwords"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}:{user.session_generation}"


_tokens = _Tokens()


class TooManyMailsError(Exception):
    """This network has asked for too many."""


def ask_for_link(request: HttpRequest, email: str) -> None:
    """Have a link mailed, if the address is somebody's. Takes as long if it is not.

    Raises `TooManyMailsError`.
    """
    network = network_of(client_address(request))
    if not is_within(f"password-mail:{network}", most=PER_NETWORK, seconds=AN_HOUR):
        raise TooManyMailsError
    user = User.objects.with_email(email).filter(is_active=True).first()
    key = f"password-mail:{user.pk}" if user else f"password-mail:nobody:{network}"
    is_due = is_within(key, most=PER_PERSON, seconds=AN_HOUR)
    is_theirs = user is not None and user.has_usable_password() and is_due
    with transaction.atomic():
        PasswordMail.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
        PasswordMail.objects.create(user=user if is_theirs else None).send_on_commit()


def mail_link(lease: Lease[PasswordMail]) -> None:
    """Hand the mail over, if there is somebody to have it. What is temporary is raised."""
    user = lease.job.user
    if user is not None and user.is_active and user.has_usable_password():
        context = {"person": user, "url": link_for(user), "desk": settings.DESK_URL}
        mail.hand_over(
            mail.compose(
                to=user.email,
                subject="A new password for Cyclr Desk",
                text=render_to_string("sign_in/password_mail.txt", context),
            )
        )
    lease.finish()


def give_up(lease: Lease[PasswordMail], error: BaseException | None) -> None:
    """The mail server took none; the person asks again."""
    logger.warning("link for a new password not mailed error=%s", type(error).__name__)
    lease.finish(last_error="The message could not be handed over.")


def link_for(user: User) -> str:
    """An address where this person chooses a new password: once, within an hour."""
    key = f"{int_to_base36(user.pk)}-{_tokens.make_token(user)}"
    return settings.DESK_URL + reverse("password_link", args=[key])


def person_of(key: str) -> User | None:
    """Whose link it is, if it still works."""
    number, _, token = key.partition("-")
    try:
        user = User.objects.filter(pk=base36_to_int(number), is_active=True).first()
    except (ValueError, OverflowError):
        return None
    return user if user and _tokens.check_token(user, token) else None


def choose_by_link(key: str, password: str, request: HttpRequest) -> bool:
    """The same by a link, which is used up by it; false if it was used meanwhile."""
    with transaction.atomic():
        user = person_of(key)
        if user is None:
            return False
        User.objects.select_for_update().get(pk=user.pk)  # of two at once, one waits
        if person_of(key) is None:
            return False
        choose(user, password, by_link=True, request=request)
    return True


def choose(user: User, password: str, *, by_link: bool, request: HttpRequest) -> None:
    """Give the person the new password; every other session of theirs ends.

    Raises `ValidationError` with what is wrong with it.
    """
    with transaction.atomic():
        services.set_password(user, password)
        way = "a link in a mail" if by_link else "the present one"
        trail.did(user, "changed their password", by=way)
    if not by_link:
        update_session_auth_hash(request, user)
