"""Where an installed connector is used: the cycles and the templates that need it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.mirror.models import AccountConnector, Cycle, Template

CYCLES_SHOWN, TEMPLATES_SHOWN = 50, 20
OF_CYCLES = (
    *("cyclr_id", "name", "status", "is_active", "gone_at"),
    *("error_count", "last_successful_run_at"),
)
OF_TEMPLATES = ("cyclr_id", "name")
"""What is shown of them: most of the time goes into what a row holds besides."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Cycles of the account, the running ones first, and templates of the console.

    Both as far as they are shown. `read_at`: when the account's cycles were read; None: never,
    so nobody knows which there are.
    """

    cycles: tuple[Cycle, ...]
    templates: tuple[Template, ...]
    has_more_cycles: bool
    has_more_templates: bool
    read_at: datetime | None
    error: str = ""

    @property
    def running(self) -> int:
        """How many of the shown cycles run."""
        return sum(cycle.is_active for cycle in self.cycles)

    @property
    def version(self) -> tuple[object, ...]:
        """Changes with whatever is shown."""
        shown = tuple(
            tuple(getattr(cycle, column) for column in OF_CYCLES) for cycle in self.cycles
        )
        named = tuple(template.name for template in self.templates)
        return (shown, named, self.has_more_cycles, self.has_more_templates, self.error)


def where_used(connector: AccountConnector) -> Usage:
    """Two queries, whatever there is."""
    cycles = list(Cycle.objects.there().needing(connector).only(*OF_CYCLES)[: CYCLES_SHOWN + 1])
    needing = Template.objects.there().needing(connector).only(*OF_TEMPLATES)
    templates = list(needing[: TEMPLATES_SHOWN + 1])
    account = connector.account
    return Usage(
        cycles=tuple(cycles[:CYCLES_SHOWN]),
        templates=tuple(templates[:TEMPLATES_SHOWN]),
        has_more_cycles=len(cycles) > CYCLES_SHOWN,
        has_more_templates=len(templates) > TEMPLATES_SHOWN,
        read_at=account.cycles_read_at,
        error=account.cycles_error,
    )
