"""What of a pasted table may be drawn again: columns that are known to hold no secret."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

from dashboard.bulk.tables import LARGEST_TABLE, account_column, is_account_name
from dashboard.common.searching import squeeze
from dashboard.common.tables import TableError, read_grid
from dashboard.common.untrusted_text import storable

CONNECTOR_COLUMNS = {
    **dict.fromkeys(("connector", "connectorname", "connectorid", "releaseid"), "connector"),
    **dict.fromkeys(("connectorversion",), "version"),
}
"""Headings, squeezed, of the columns that say which connector is meant."""

COLUMNS_NAMED = 12
"""As many columns are named in a sentence."""

NOT_KEPT = "It may hold secrets, so it was not kept. Enter it again."


def is_harmless(heading: str) -> bool:
    """Whether a column says whose line it is, or which connector is meant, or nothing."""
    return not heading or is_account_name(heading) or squeeze(heading) in CONNECTOR_COLUMNS


def without_columns(text: str, is_kept: Callable[[str], bool]) -> tuple[str, list[str]]:
    """The table with the cells of the account's column and of those whose heading `is_kept`.

    And the headings of columns that lost cells. Empty where it cannot be read for sure.
    """
    try:
        grid = read_grid(text if len(text) <= LARGEST_TABLE else "", account_column)
    except TableError:
        return "", []
    rows = [row.cells for row in grid.rows if not row.problem]
    if grid.heading is None:
        is_single = max(map(len, rows), default=0) == 1 and len(rows) == len(grid.rows)
        return text if is_single else "", []
    heading = [cell.strip() for cell in grid.heading.cells]
    account = account_column(heading)
    kept = [n for n, cell in enumerate(heading) if n == account or is_kept(cell)]
    emptied = [
        cell
        for n, cell in enumerate(heading)
        if n not in kept and any(row[n].strip() for row in rows if n < len(row))
    ]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=grid.delimiter, lineterminator="\n")
    writer.writerow(heading)
    for row in rows:
        writer.writerow([row[n] if n in kept and n < len(row) else "" for n in range(len(heading))])
    return out.getvalue(), emptied


def emptied_message(emptied: Sequence[str]) -> str:
    """What to enter again, in words."""
    names = ", ".join(f"“{storable(name)[:60]}”" for name in emptied[:COLUMNS_NAMED])
    return f"The cells of {names} were not kept: enter them again." if names else ""
