"""Sessions of browsers, kept so that a copy of the database opens none of them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.common import encryption
from dashboard.people.models import User

ANONYMOUS_FOR = timedelta(hours=1)
"""How long a session lasts in which nobody has signed in (yet): what it holds is on its way."""


def hash_of(key: str) -> str:
    """What is kept of a session's key. The key has 160 random bits, so no salt is needed."""
    return hashlib.sha256(f"desk session {key}".encode()).hexdigest()


def idle_limit() -> timedelta:
    """How long a session lasts in which nobody does anything."""
    return timedelta(seconds=settings.SESSION_IDLE_AFTER)


def whole_limit() -> timedelta:
    """How long a session lasts at most, from signing in."""
    return timedelta(seconds=settings.SESSION_ENDS_AFTER)


class SessionQuerySet(models.QuerySet["Session"]):
    """Sessions, found."""

    def live(self) -> Self:
        """Those that have not reached a limit."""
        return self.exclude(self._over(timezone.now()))

    def over(self) -> Self:
        """Those that have: they open nothing any more."""
        return self.filter(self._over(timezone.now()))

    def _over(self, now: datetime) -> Q:
        return (
            Q(user=None, began_at__lte=now - ANONYMOUS_FOR)
            | Q(user__isnull=False, last_seen_at__lte=now - idle_limit())
            | Q(user__isnull=False, began_at__lte=now - whole_limit())
        )


class Session(models.Model):
    """One browser's session: the hash of its key, what it holds (encrypted), and whose it is."""

    key_hash = models.CharField(max_length=64, unique=True)
    encrypted_data = models.TextField()
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    began_at = models.DateTimeField(help_text="When the person signed in.")
    last_seen_at = models.DateTimeField(help_text="The last request, to the minute; no polls.")
    user_agent = models.CharField(max_length=300, blank=True, default="")
    address = models.CharField(max_length=45, blank=True, default="")

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen_at", "-pk"]
        indexes = [models.Index(fields=["last_seen_at"], name="desk_session_last_seen")]

    def __str__(self) -> str:
        return f"Session {self.pk}"

    @property
    def associated_data(self) -> str:
        """What its data is bound to."""
        return f"desk_sessions.session:{self.key_hash}:data"

    @property
    def data(self) -> dict[str, Any]:
        """What it holds. Raises `DecryptionError`."""
        found = encryption.decrypt_json(self.encrypted_data, associated_data=self.associated_data)
        return found if isinstance(found, dict) else {}

    @property
    def idle_end(self) -> datetime:
        """When it ends if nobody does anything."""
        return self.last_seen_at + idle_limit()

    @property
    def whole_end(self) -> datetime:
        """When it ends whatever is done."""
        return self.began_at + (whole_limit() if self.user_id else ANONYMOUS_FOR)

    @property
    def is_over(self) -> bool:
        """Whether it has reached a limit."""
        now = timezone.now()
        return self.whole_end <= now or (self.user_id is not None and self.idle_end <= now)
