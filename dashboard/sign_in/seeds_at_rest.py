"""Seeds of second factors, encrypted for the one person they belong to.

allauth hands over a seed without saying whose it is, so whoever looks at one says it first: a row
that was moved to somebody else cannot be opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.db import transaction

from dashboard.common import encryption
from dashboard.people.models import User

_whose: ContextVar[int | None] = ContextVar("whose", default=None)


class NobodysError(Exception):
    """A seed was asked for without saying whose it is."""


@contextmanager
def of(user: User) -> Iterator[None]:
    """What is encrypted and decrypted meanwhile is this person's."""
    before = _whose.set(user.pk)
    try:
        yield
    finally:
        _whose.reset(before)


def encrypt(text: str) -> str:
    """A seed as it is stored."""
    return encryption.encrypt(text, associated_data=_place())


def decrypt(encrypted: str) -> str:
    """A stored seed; raises `DecryptionError` for another person's."""
    return encryption.decrypt(encrypted, associated_data=_place())


def place_of(user_id: int) -> str:
    """What binds a seed to its person."""
    return f"people.User:{user_id}:second-factor"


def _place() -> str:
    user_id = _whose.get()
    if user_id is None:
        raise NobodysError
    return place_of(user_id)


@dataclass(frozen=True, slots=True)
class StoredSeed:
    """One encrypted seed, as its row holds it."""

    row: Authenticator
    field: str

    @property
    def key_id(self) -> str:
        """The key it is encrypted with."""
        return str(self.row.data[self.field]).split(".")[1]

    def encrypt_anew(self) -> bool:
        """Encrypt it with the current key; false if it cannot be opened, or has changed meanwhile.

        The row is locked: a code that is used up at the same moment stays used.
        """
        with transaction.atomic(), of(self.row.user):
            now = Authenticator.objects.select_for_update().filter(pk=self.row.pk).first()
            if now is None or now.data.get(self.field) != self.row.data[self.field]:
                return False
            try:
                now.data[self.field] = encrypt(decrypt(now.data[self.field]))
            except encryption.DecryptionError:
                return False
            now.save(update_fields=["data"])
        return True


def all_of_them() -> Iterator[StoredSeed]:
    """Every seed of everybody's."""
    for row in Authenticator.objects.select_related("user").order_by("pk"):
        for field in ("secret", "seed"):
            if row.data.get(field):
                yield StoredSeed(row, field)
