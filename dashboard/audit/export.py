"""The audit trail as CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator

from dashboard.audit.models import ActorKind, AuditEntry
from dashboard.common.foreign import storable

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
"""A cell that begins like this would be computed, not shown."""

COLUMNS = ("When (UTC)", "Who", "Kind", "What", "Target", "Account", "Result", "Console", "Details")
BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as something else."""


def safe_cell(value: object) -> str:
    """The value as text; an apostrophe before what a spreadsheet would compute.

    >>> safe_cell("=1+1")
    "'=1+1"
    """
    text = str(storable("" if value is None else str(value)))
    # Spaces and full-width signs before it do not stop every program.
    start = text.lstrip(" \u00a0\u3000").translate(_NARROW)
    return f"'{text}" if start.startswith(DANGEROUS) else text


_NARROW = str.maketrans("＝＋－＠", "=+-@")


class _Line:
    """A file of which csv writes one line at a time."""

    def write(self, text: str) -> str:
        """Hand the line on."""
        return text


def csv_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """The lines of the file, one by one, so that a long trail is never in memory as a whole."""
    writer = csv.writer(_Line())
    yield BYTE_ORDER_MARK + str(writer.writerow(COLUMNS))
    for entry in entries:
        cells = (
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            entry.actor_name,
            ActorKind(entry.actor_kind).label,
            entry.action,
            entry.target,
            entry.account_name,
            entry.result,
            entry.console.name if entry.console else "",
            json.dumps(entry.details, ensure_ascii=False) if entry.details else "",
        )
        yield str(writer.writerow([safe_cell(cell) for cell in cells]))
