"""Narrowing the list of cycles by its address."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.http import QueryDict

from dashboard.mirror.models import CycleQuerySet

STATES = {
    "running": ("Running", Q(gone_at=None, is_active=True)),
    "stopped": ("Not running", Q(gone_at=None, is_active=False)),
    "errors": ("With errors", Q(gone_at=None, error_count__gt=0)),
    "warnings": ("With warnings", Q(gone_at=None, warning_count__gt=0)),
    "gone": ("Gone", Q(gone_at__isnull=False)),
}


@dataclass(frozen=True, slots=True)
class CycleFilter:
    """What was asked for; empty means any. Rubbish is left out."""

    search: str = ""
    state: str = ""
    template: str = ""
    """Cyclr's id of the template that a cycle was made of."""

    @classmethod
    def of(cls, asked: QueryDict) -> CycleFilter:
        """Read `q`, `state` and `template`."""
        state = asked.get("state", "")
        return cls(
            search=asked.get("q", "").strip()[:300],
            state=state if state in STATES else "",
            template=asked.get("template", "").replace("\x00", "")[:300],
        )

    @property
    def is_set(self) -> bool:
        """Whether it narrows anything."""
        return bool(self.search or self.state or self.template)

    def among(self, rows: CycleQuerySet) -> CycleQuerySet:
        """Those of `rows` that match."""
        found = rows.search(self.search) if self.search else rows
        if self.state:
            found = found.filter(STATES[self.state][1])
        if self.template:
            found = found.filter(template_cyclr_id=self.template)
        return found
