"""Tables as CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse
from django.utils import timezone

from dashboard.common.untrusted_text import storable

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
"""A cell that begins like this would be computed, not shown."""

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


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of the file, one by one, so that a long table is never in memory as a whole."""
    writer = csv.writer(_Line())
    yield BYTE_ORDER_MARK + str(writer.writerow([safe_cell(column) for column in columns]))
    for row in rows:
        yield str(writer.writerow([safe_cell(cell) for cell in row]))


def csv_response(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """The table as a download called `name` and the time."""
    response = StreamingHttpResponse(
        csv_lines(columns, rows), content_type="text/csv; charset=utf-8"
    )
    file_name = f"{name}-{timezone.now():%Y-%m-%d-%H%M}.csv"
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response
