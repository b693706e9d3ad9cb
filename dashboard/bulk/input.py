"""What makes a row's operation: encrypted with the row, typed where it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dashboard.bulk.models import BulkRow
from dashboard.common import encryption
from dashboard.operations.input import Input

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowInput(Input):
    """A row's part of an `OperationRequest`: `values`, `shown`, `exclusivity_key`, `follow_up`.

    `title`: its own; empty = the run's. `leaves_out_done`: its handler is asked once more when its
    turn comes whether it is still needed.
    """

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    shown: Mapping[str, Any] = field(default_factory=dict)
    exclusivity_key: str = ""
    follow_up: JSON | None = field(default=None, repr=False)
    title: str = ""
    leaves_out_done: bool = False

    def kept(self) -> JSON:
        """As it is encrypted: an earlier release takes what is not there to be as it is here."""
        own = {
            "exclusivity_key": self.exclusivity_key,
            "follow_up": self.follow_up,
            "title": self.title,
            "leaves_out_done": self.leaves_out_done,
        }
        said = {name: value for name, value in own.items() if value}
        return {"values": dict(self.values), "shown": dict(self.shown)} | said

    @classmethod
    def of_row(cls, row: BulkRow) -> Self:
        """A row's; raises `DecryptionError` if no key opens it."""
        place = row.associated_data
        return cls.from_json(encryption.decrypt_json(row.encrypted_input, associated_data=place))
