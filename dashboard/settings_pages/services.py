"""Adding colleagues from the command line."""

from __future__ import annotations

import logging

from django.db import transaction

from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.people.models import Role, User
from dashboard.team import roles

logger = logging.getLogger(__name__)


def add_person(
    email: str, password: str, *, name: str, role: Role, console: Console | None
) -> User:
    """A new colleague with a role in this console, or in all of them."""
    with transaction.atomic():
        user = User.objects.create_user(email, password, name=name)
        roles.give(user, role, console, Actor.system())
    logger.info("person added user=%d", user.pk)
    return user
