"""The session engine (`SESSION_ENGINE`): Django's sessions, kept in `Session`."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.db.models import Exists, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from dashboard.common import encryption
from dashboard.common.prepared import columns_of, instance_of, prepared
from dashboard.common.untrusted_text import storable
from dashboard.features.models import SwitchedOff
from dashboard.people.models import Role, User
from dashboard.sessions.models import Session, hash_of

logger = logging.getLogger(__name__)


class SessionStore(SessionBase):
    """A session that is found by the hash of its key. A key that is not known is never adopted."""

    def __init__(
        self, session_key: str | None = None, *, user_agent: str = "", address: str = ""
    ) -> None:
        super().__init__(session_key)
        self.user_agent = str(storable(user_agent))[:300]
        self.address = address
        self.row: Session | None = None
        """The row, once it was read or written."""
        self.ended_user_id: int | None = None
        """Whose session it was, where it has reached a limit or was ended just now."""
        self._person: User | None = None
        self._began_at: datetime | None = None
        """Since when the person is signed in, where a session goes on under another key."""

    # ---- what Django asks of a store ----

    def load(self) -> dict[str, Any]:
        """What the session holds; nothing, and no key, if it is not there or has ended."""
        row, person = _session_of(hash_of(self._session_key or ""))
        if row is None or row.is_over:
            self.ended_user_id = row.user_id if row is not None else None
            self._session_key = None
            return {}
        try:
            found = row.data
        except encryption.DecryptionError:
            logger.warning("session cannot be opened session=%d", row.pk)
            self._session_key = None
            return {}
        self.row, self._person = row, person
        return found

    def exists(self, session_key: str) -> bool:
        """Whether there is one of this key."""
        return Session.objects.filter(key_hash=hash_of(session_key)).exists()

    def create(self) -> None:
        """Begin a session under a new key."""
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Keep what it holds. Raises `UpdateError` for one that was ended meanwhile."""
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        key_hash = hash_of(self.session_key)
        if must_create:
            self.row = self._inserted(key_hash, data)
            return None
        row = self.row
        if row is None or row.key_hash != key_hash:
            row = self._found(key_hash)
        self._update(row, data)
        self.row = row
        return None

    def delete(self, session_key: str | None = None) -> None:
        """End it."""
        key = session_key or self.session_key
        if not key:
            return
        Session.objects.filter(key_hash=hash_of(key)).delete()
        if self.row is not None and self.row.key_hash == hash_of(key):
            self.row = None

    @classmethod
    def clear_expired(cls) -> None:
        """Forget those that reached a limit."""
        Session.objects.over().delete()

    def cycle_key(self) -> None:
        """Go on under another key. It is the same session, as long as the same person has it."""
        data = self._get_session()  # type: ignore[attr-defined]  # reads the row
        if self.row is not None and self.row.user_id == _user_id(data):
            self._began_at = self.row.began_at
        super().cycle_key()

    def flush(self) -> None:
        """End it, and know whose it was."""
        if self.row is not None:
            self.ended_user_id = self.row.user_id
        super().flush()

    # ---- ours ----

    def person(self) -> User | None:
        """Who is signed in, as read together with the session.

        `None` in every case that is not the usual one: Django's `get_user` decides on those.
        """
        holds = [self.get(key) for key in (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY)]
        key, backend, proof = holds
        person = self._person
        if person is None or key != str(person.pk) or not person.is_active or not proof:
            return None
        is_proven = constant_time_compare(proof, person.get_session_auth_hash())
        return person if is_proven and backend in settings.AUTHENTICATION_BACKENDS else None

    def begin_anew(self) -> None:
        """Somebody signed in: another key, and the limits count from now."""
        if self.row is not None and self.row.user_id is not None:
            super().cycle_key()

    def _inserted(self, key_hash: str, data: dict[str, Any]) -> Session:
        now = timezone.now()
        row = Session(
            key_hash=key_hash,
            began_at=self._began_at or now,
            last_seen_at=now,
            user_agent=self.user_agent,
            address=self.address,
            user_id=_user_id(data),
        )
        self._began_at = None
        row.encrypted_data = encryption.encrypt_json(data, associated_data=row.associated_data)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise CreateError from None
        return row

    def _found(self, key_hash: str) -> Session:
        row = Session.objects.filter(key_hash=key_hash).first()
        if row is None:
            raise UpdateError
        return row

    def _update(self, row: Session, data: dict[str, Any]) -> None:
        """Write what has changed; the moment of signing in is when the person appears in it."""
        user_id = _user_id(data)
        columns: dict[str, Any] = {}
        if user_id != row.user_id:
            columns |= {"user_id": user_id, "began_at": timezone.now()}
        columns["encrypted_data"] = encryption.encrypt_json(
            data, associated_data=row.associated_data
        )
        if not Session.objects.filter(pk=row.pk, key_hash=row.key_hash).update(**columns):
            raise UpdateError
        for name, value in columns.items():
            setattr(row, name, value)


_OF_SESSION, _OF_PERSON = columns_of(Session), columns_of(User, "user__")


@prepared
def _rows_of_session(key_hash: str) -> QuerySet[Any, Any]:
    """One for each role that the person holds, and one without any."""
    held = "user__memberships__"
    return (
        Session.objects.filter(key_hash=key_hash)
        .order_by(f"{held}pk")
        .annotate(is_anything_off=Exists(SwitchedOff.objects.all()))
        .values_list(
            *(f"{held}console_id", f"{held}role", "is_anything_off"), *_OF_SESSION, *_OF_PERSON
        )
    )


def _session_of(key_hash: str) -> tuple[Session | None, User | None]:
    """The session and its person, with their roles: one query for what every page asks."""
    found = _rows_of_session(key_hash)
    if not found:
        return None, None
    _, _, is_anything_off, *values = found[0]
    session = instance_of(Session, values[: len(_OF_SESSION)])
    if session.user_id is None:
        return session, None
    person = instance_of(User, values[len(_OF_SESSION) :])
    person.roles = {console_id: Role(role) for console_id, role, *_ in found if role}
    if not is_anything_off:
        person.switched_off = frozenset()
    return session, person


def _user_id(data: dict[str, Any]) -> int | None:
    """Who is signed in, by what the session holds."""
    found = str(data.get(SESSION_KEY, ""))
    return int(found) if found.isdecimal() else None
