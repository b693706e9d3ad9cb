"""The sessions of a person, to look at and to end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import constant_time_compare

from dashboard.common.encryption import DecryptionError
from dashboard.people.models import User
from dashboard.sessions.devices import device_name
from dashboard.sessions.models import Session, hash_of


@dataclass(frozen=True, slots=True)
class ShownSession:
    """One session as its person sees it."""

    pk: int
    device: str
    address: str
    began_at: datetime
    last_seen_at: datetime
    is_this: bool


def sessions_of(user: User, current: SessionBase | None = None) -> list[ShownSession]:
    """Those that still open something, the current one first, then the last seen."""
    here = hash_of(str(current.session_key or "")) if current is not None else ""
    shown = [
        ShownSession(
            pk=row.pk,
            device=device_name(row.user_agent),
            address=row.address,
            began_at=row.began_at,
            last_seen_at=row.last_seen_at,
            is_this=row.key_hash == here,
        )
        for row in Session.objects.live().filter(user=user)
        if _opens(row, user)
    ]
    return sorted(shown, key=lambda one: not one.is_this)


def end(user: User, pk: int) -> bool:
    """End one of the person's sessions; says whether it was there."""
    count, _ = Session.objects.filter(user=user, pk=pk).delete()
    return bool(count)


def end_others(user: User, current: SessionBase) -> int:
    """End all of the person's sessions but this one; how many."""
    here = hash_of(str(current.session_key or ""))
    count, _ = Session.objects.filter(user=user).exclude(key_hash=here).delete()
    return count


def _opens(row: Session, user: User) -> bool:
    """Whether it was opened with the password that is the person's now."""
    try:
        opened_with = str(row.data.get(HASH_SESSION_KEY, ""))
    except DecryptionError:
        return False
    return constant_time_compare(opened_with, user.get_session_auth_hash())
