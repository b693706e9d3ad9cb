"""First administrator, passwords."""

from __future__ import annotations

import logging

from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction

from dashboard.environment.email_address import meant_address
from dashboard.people.models import Membership, Role, User

logger = logging.getLogger(__name__)


def ensure_administrator(email: str, password: str) -> bool:
    """Make the first administrator if nobody exists yet; whether one was made.

    Raises `ValidationError` with what is wrong with the password.
    """
    if not email or not password or User.objects.exists():
        return False
    validate_password(password, User(email=meant_address(email), name="Administrator"))
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
