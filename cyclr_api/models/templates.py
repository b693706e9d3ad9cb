"""Templates: the integrations that the partner designed and published."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ..decoding import Record
from .base import DROPPED, no_extra, version_in


@dataclass(frozen=True, slots=True)
class TemplateConnector:
    """A connector that a template uses [T][D]. `id` is the release's."""

    id: int | None
    name: str = ""
    version: str | None = None
    step_count: int | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of a template's `Connectors`."""
        record = Record(value, "template connector")
        return cls(
            id=record.whole("Id"),
            name=record.text("Name") or "",
            version=version_in(record),
            step_count=record.whole("StepCount"),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Template:
    """A published template [T][D]. `id` is a GUID; tags are case-sensitive [D]."""

    id: str
    name: str = ""
    description: str | None = None
    tags: tuple[str, ...] = ()
    connectors: tuple[TemplateConnector, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From a template object. UndecodableError without an object or an id."""
        record = Record(value, "template")
        return cls(
            id=record.text_id(),
            name=record.text("Name") or "",
            description=record.text("Description"),
            tags=record.texts("Tags"),
            connectors=record.objects("Connectors", TemplateConnector.from_json),
            extra=record.unread(DROPPED),
        )
