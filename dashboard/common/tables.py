"""Tables as spreadsheets write them: pasted, or as a file.

Excel and Calc put cells on the clipboard with tabs between them and without quotation marks, so a
mark there is a letter like others. Files follow the rules of CSV, more or less. What cannot be
told for sure is left out and named by its line: a line that is joined wrongly gives one customer's
key or link to another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError

BYTE_ORDER_MARK = "\ufeff"
DELIMITERS = (",", ";", "\t")
LINES_LOOKED_AT = 20
"""Filled lines among which the heading is looked for: titles may stand above it."""
LINES_OF_A_CELL = 500
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t ]*', re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\n|\r")
_QUOTED = re.compile(r'"[^"]*"')


class TableError(ValidationError):
    """The table as a whole cannot be read; the words say why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `number`: the line on which it begins. With a `problem` it has no cells."""

    number: int
    cells: list[str] = field(repr=False)
    problem: str = ""

    @property
    def is_filled(self) -> bool:
        """Whether anything stands in it."""
        return bool(self.problem) or any(cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table cut into cells. `heading` is `None` if no line names the columns."""

    delimiter: str
    heading: Row | None
    rows: list[Row]
    above: list[int] = field(default_factory=list)
    """The numbers of filled lines above the heading."""


# ---- files ----


def decoded(content: bytes) -> tuple[str, str]:
    """A file's text, and what a person should know about how it was read; empty for nothing.

    Raises `TableError`.
    """
    if content.startswith(WORKBOOKS):
        raise TableError(
            "This is a workbook, with characters that no table has. Save it as “CSV UTF-8” and "
            "choose that file."
        )
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16"), ""
        if half := _half_empty(content):
            return content.decode(half), ""
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return _western(content)


def _half_empty(content: bytes) -> str:
    """The kind of UTF-16 without its mark that this is, or empty: every other byte is nothing."""
    start = content[:1000]
    pairs = len(start) // 2
    if pairs < 2 or len(content) % 2:
        return ""
    if start[1::2].count(0) > pairs * 0.6:
        return "utf-16-le"
    return "utf-16-be" if start[::2].count(0) > pairs * 0.6 else ""


def _western(content: bytes) -> tuple[str, str]:
    try:
        if b"\xff\xfe" in content:  # the mark of another file, joined to this one
            raise TableError("The file is not UTF-8. Save it as “CSV UTF-8”.")
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        raise TableError("The file is not UTF-8. Save it as “CSV UTF-8”.") from None
    return text, (
        "The file is not UTF-8, so it was read as Windows-1252. If letters with accents are wrong "
        "below, save it as “CSV UTF-8”."
    )


# ---- rows ----

Place = Callable[[Sequence[str]], int | None]
"""Which cell of a row that names the columns names the account's; `None`: it is no such row."""


def read_grid(
    text: str,
    account_place: Place,
    *,
    is_pasted: bool = True,
    is_account: Callable[[str], bool] | None = None,
) -> Grid:
    """The table in `text`, cut into cells. `is_account`: whether a cell may name an account.

    Raises `TableError`.
    """
    if "\0" in text:
        raise TableError("The table holds characters that no table has. Save it as CSV (UTF-8).")
    lines = [line.removeprefix(BYTE_ORDER_MARK) for line in _LINE_END.split(text)]
    delimiter, start = _told(lines)
    found = [
        heading
        for one in ([delimiter] if delimiter else DELIMITERS)
        if (heading := _heading(lines, start, one, account_place)) is not None
    ]
    if not found:
        delimiter = delimiter or _likely(lines[start:])
        rules = _Rules(delimiter, is_pasted and delimiter == "\t", is_account)
        return Grid(delimiter, None, _rows(lines, start, rules))
    heading = max(found, key=lambda one: (one.filled, -one.line))
    cells, delimiter = heading.cells, heading.delimiter
    is_bare = not any(map(_QUOTED.fullmatch, lines[heading.line].split(delimiter)))
    rules = _Rules(
        delimiter,
        is_pasted and delimiter == "\t" and is_bare,
        is_account,
        place=account_place(cells) or 0,
        width=len(cells),
        least=max(n for n, cell in enumerate(cells, 1) if cell.strip()),
    )
    return Grid(
        delimiter,
        Row(heading.line + 1, cells),
        _rows(lines, heading.end, rules),
        [n for n in range(start + 1, heading.line + 1) if lines[n - 1].strip()],
    )


def _told(lines: Sequence[str]) -> tuple[str, int]:
    """What a line `sep=;` says stands between the cells, and where the table begins."""
    for place, line in enumerate(lines):
        if line.strip():
            told = _SEPARATOR.fullmatch(line.strip(" "))
            return (told[1], place + 1) if told else ("", 0)
    return "", 0


def _likely(lines: Sequence[str]) -> str:
    """What stands between the cells of the first line; not what stands within one of them."""
    unquoted = _QUOTED.sub("quoted", "\n".join(lines[:LINES_OF_A_CELL]))
    first = next((line for line in unquoted.split("\n") if line.strip()), "")
    return max(DELIMITERS, key=first.count)


@dataclass(frozen=True, slots=True)
class _Heading:
    """A line that names the columns; `end`: where the row below it begins."""

    line: int
    end: int
    delimiter: str
    cells: list[str]

    @property
    def filled(self) -> int:
        """How many columns it names."""
        return sum(bool(cell.strip()) for cell in self.cells)


def _heading(
    lines: Sequence[str], start: int, delimiter: str, account_place: Place
) -> _Heading | None:
    filled = [n for n in range(start, len(lines)) if lines[n].strip()][:LINES_LOOKED_AT]
    for looked_at, line in enumerate(filled):
        cut = _cut(lines, line, delimiter)
        # Far down, a single cell is more likely an account of that name.
        if account_place(cut.cells) is not None and (len(cut.cells) > 1 or looked_at < 3):
            return _Heading(line, line + cut.lines, delimiter, cut.cells)
    return None


@dataclass(frozen=True, slots=True)
class _Rules:
    """How rows are cut: the heading has `width` cells, `least` of them without empty ones."""

    delimiter: str
    is_clipboard: bool
    is_account: Callable[[str], bool] | None = None
    place: int = 0
    width: int = 1
    least: int = 1

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether a row has as many cells as the heading; empty ones at the end do not count."""
        return len(cells) >= self.least and not any(cell.strip() for cell in cells[self.width :])

    def is_row(self, line: str) -> bool:
        """Whether a line may be a row of its own, so that no cell may swallow it."""
        cells = _cut([line], 0, self.delimiter).cells
        if self.is_clipboard or self.is_account is None:
            return self.fits(cells)
        return self.place < len(cells) and self.is_account(cells[self.place].strip(' "'))


def _rows(lines: Sequence[str], start: int, rules: _Rules) -> list[Row]:
    found: list[Row] = []
    line = start
    while line < len(lines):
        if '"' in lines[line]:
            some, line = _quoted(lines, line, rules)
            found += some
        else:
            found.append(Row(line + 1, lines[line].split(rules.delimiter)))
            line += 1
    return [row for row in found if row.is_filled]


def _quoted(lines: Sequence[str], line: int, rules: _Rules) -> tuple[list[Row], int]:
    """The row, or rows, of a line with quotation marks, and where the next one begins."""
    number, cut = line + 1, _cut(lines, line, rules.delimiter)
    plain = [_bare(cell) for cell in lines[line].split(rules.delimiter)]
    end = line + cut.lines
    if cut.lines > 1:
        joins = rules.fits(cut.cells) and not any(map(rules.is_row, lines[line + 1 : end]))
        if joins and not (rules.is_clipboard and cut.holds_delimiter):
            return [Row(number, cut.cells)], end
        if rules.is_clipboard and rules.fits(plain):
            return [Row(number, plain)], line + 1
        words = f"A quotation mark opens on line {number} and closes on line {end}"
        fault = (
            "another row seems to be between them"
            if rules.fits(cut.cells)
            else "the line read as one does not have as many cells as the heading"
        )
        words = f"{words}, but {fault}. Take the marks away, or put them right."
        return [Row(n + 1, [], words) for n in range(line, end) if lines[n].strip()], end
    if rules.is_clipboard:
        fits = rules.fits(cut.cells) and not rules.fits(plain)
        return [Row(number, cut.cells if fits else plain)], line + 1
    if cut.opens == "never closed":
        raise TableError(
            f"The table cannot be read: line {number} opens a quotation mark that nothing closes. "
            "Close it, or remove it."
        )
    if cut.opens:
        words = (
            f"A quotation mark opens on line {number} and is not closed: close it, or remove it."
        )
        return [Row(number, [], words)], line + 1
    return [Row(number, cut.cells)], line + 1


def _bare(cell: str) -> str:
    """A cell of the clipboard: its marks are its own unless they are doubled within."""
    inner = cell[1:-1]
    is_quoted = len(cell) > 1 and cell[0] == cell[-1] == '"' and '""' in inner
    return inner.replace('""', '"') if is_quoted and '"' not in inner.replace('""', "") else cell


@dataclass(slots=True)
class _Cut:
    """A row as the rules of CSV have it. `lines`: how many it takes.

    `opens`: why a mark that opens a cell was taken for a letter, where that is not plain to see.
    `holds_delimiter`: a cell of several lines has one within.
    """

    cells: list[str]
    lines: int = 1
    opens: str = ""
    holds_delimiter: bool = False


def _cut(lines: Sequence[str], line: int, delimiter: str) -> _Cut:
    if '"' not in lines[line]:
        return _Cut(lines[line].split(delimiter))
    text = "\n".join(lines[line : line + LINES_OF_A_CELL])
    cut, place = _Cut([]), 0
    while True:
        place, ends = _cell(text, place, delimiter, cut)
        if ends:
            cut.lines = text.count("\n", 0, place) + 1
            return cut


def _cell(text: str, place: int, delimiter: str, cut: _Cut) -> tuple[int, bool]:
    """Take the cell that begins at `place`; where the next one does, and whether none follows."""
    start = place
    while text.startswith(" ", start):
        start += 1
    close = _closing(text, start + 1, delimiter) if text.startswith('"', start) else None
    if close is not None and close >= 0:
        inner = text[start + 1 : close]
        cut.cells.append(inner.replace('""', '"'))
        cut.holds_delimiter |= "\n" in inner and delimiter in inner
        end = close + 1
        while text.startswith(" ", end):
            end += 1
    else:
        line_end = text.find("\n", place)
        line_end = len(text) if line_end < 0 else line_end
        end = text.find(delimiter, place, line_end)
        end = line_end if end < 0 else end
        cut.cells.append(text[place:end])
        if close is not None and -close - 1 >= line_end:
            cut.opens = "never closed" if -close - 1 >= len(text) else "closed elsewhere"
    is_last = end >= len(text) or text[end] == "\n"
    return (end if is_last else end + len(delimiter)), is_last


def _closing(text: str, start: int, delimiter: str) -> int:
    """Where the cell's closing mark is; `-1 - place` if what is found at `place` closes nothing."""
    place = text.find('"', start)
    while place >= 0 and text.startswith('"', place + 1):
        place = text.find('"', place + 2)
    if place < 0:
        return -1 - len(text)
    after = place + 1
    while text.startswith(" ", after):
        after += 1
    closes = after >= len(text) or text.startswith((delimiter, "\n"), after)
    return place if closes else -1 - place
