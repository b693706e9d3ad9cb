"""Short stand-ins for texts of any length, for constraints."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import models


def key_of(*texts: str) -> str:
    """A short stand-in for texts of any length, the same for the same texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]


class KeyField(models.CharField):  # type: ignore[type-arg]  # at run time it takes none
    """`key_of` other columns, set by itself whenever a row is made or saved.

    For unique constraints: PostgreSQL refuses an index entry of more than 2.7 kB, and what comes
    from outside is as long as it likes. The columns it is made of never change.
    """

    def __init__(self, *, of: Sequence[str], **options: Any) -> None:
        self.of = list(of)
        fixed: dict[str, Any] = {"max_length": 32, "editable": False, "default": ""}
        super().__init__(**fixed | options)

    def deconstruct(self) -> Any:
        """For migrations."""
        name, path, arguments, options = super().deconstruct()
        return name, path, arguments, options | {"of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Also called for each row of a `bulk_create`."""
        key = key_of(*(getattr(model_instance, name) for name in self.of))
        setattr(model_instance, self.attname, key)
        return key
