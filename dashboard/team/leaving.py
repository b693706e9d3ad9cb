"""Who leaves, and who comes back: switched off, sessions ended, work decided on, at once."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.db.models import F

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.people.models import Role, User
from dashboard.sessions.models import Session
from dashboard.team import work
from dashboard.team.invitations import NotPossibleError, withdraw
from dashboard.team.models import Invitation
from dashboard.team.roles import LAST_ADMIN
from dashboard.team.scope import administrators_left, require_admin_of_all

logger = logging.getLogger(__name__)


def deactivate(
    user: User, by: User, decisions: dict[str, str] | None = None, to: User | None = None
) -> tuple[int, int]:
    """Switch somebody off: no session of theirs answers once more, nor ever again.

    `decisions` on their work, by `Work.field`, and to whom it is handed over. Their invitations
    that wait are withdrawn. Answers how much work goes on and how much was cancelled. Raises
    `NotPossibleError`.
    """
    require_admin_of_all(by)
    with transaction.atomic():
        row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if not row.is_active:
            raise NotPossibleError(f"{user.display_name} is deactivated already.")
        is_admin = user.memberships.filter(console=None, role=Role.ADMIN).exists()
        if is_admin and not administrators_left(but=user):
            raise NotPossibleError(LAST_ADMIN)
        User.objects.filter(pk=user.pk).update(is_active=False)
        _end_sessions(user)
        for invitation in Invitation.objects.waiting().filter(invited_by=user):
            withdraw(invitation, Actor.staff(by))
        going, cancelled = work.decide(user, decisions or {}, to, by)
        _record(by, "people.deactivate", user, going_on=going, cancelled=cancelled)
    user.refresh_from_db()
    logger.info("person deactivated user=%d by=%d", user.pk, by.pk)
    return going, cancelled


def reactivate(user: User, by: User) -> bool:
    """Switch somebody on again, with their roles and password; says whether they were off."""
    require_admin_of_all(by)
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
            return False
        _record(by, "people.reactivate", user)
    user.refresh_from_db()
    return True


def end_sessions(user: User, by: User) -> int:
    """Sign somebody out everywhere; how many sessions there were."""
    require_admin_of_all(by)
    with transaction.atomic():
        count = _end_sessions(user)
        _record(by, "people.end_sessions", user, sessions=count)
    return count


def _end_sessions(user: User) -> int:
    User.objects.filter(pk=user.pk).update(session_generation=F("session_generation") + 1)
    count, _ = Session.objects.filter(user=user).delete()
    return count


def _record(by: User, action: str, user: User, **details: Any) -> None:
    audit.record(
        Actor.staff(by),
        action,
        target=user.display_name,
        target_url=f"/settings/people/{user.pk}/",
        email=user.email,
        **details,
    )
