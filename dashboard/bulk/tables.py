"""A table of accounts as people paste or upload it, and whom each of its lines means."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from dashboard.bulk.services import MOST_ROWS
from dashboard.common.damage import damage_of, may_become, unprotected
from dashboard.common.searching import is_same, is_shortened, squeeze
from dashboard.common.tables import Grid, TableError, decoded, read_grid
from dashboard.common.untrusted_text import display_line, storable
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account

LARGEST_TABLE = 2 * 1024 * 1024
MOST_COLUMNS = 200
NAMED = 60
"""Letters of an untrusted text that a sentence quotes."""

TOO_LONG = (
    "It has more cells than the heading. Put quotation marks around a cell that holds the sign "
    "which divides the cells."
)
UNKNOWN = "No account with this id is in this console."

# Headings in the languages of the spreadsheets; compared by their letters and digits alone.
ACCOUNT_HEADINGS = (
    *("account id", "id of the account", "account identifier", "account no", "account number"),
    *("konto id", "kontonummer", "konto nr", "kontokennung", "accountnummer", "account nr"),
    *("identifiant du compte", "id du compte", "id compte", "numéro de compte", "n° de compte"),
    *("id de la cuenta", "id de cuenta", "identificador de la cuenta", "número de cuenta"),
    *("account", "konto", "compte", "cuenta", "id"),
)
"""Those that say it best come first."""
ACCOUNT_NAME_HEADINGS = (
    *("account name", "name of the account", "customer", "customer name", "company"),
    *("company name", "account", "client", "client name"),
    *("kontoname", "name des kontos", "accountname", "kunde", "kundenname", "firma", "konto"),
    *("nom du compte", "compte", "nom du client", "entreprise", "société"),
    *("nombre de la cuenta", "nombre de cuenta", "cuenta", "cliente", "empresa"),
)
"""Columns with the account's name: what stands there must be the name of the id beside it."""


def squeezed(headings: Sequence[str]) -> list[str]:
    """Headings as they are compared."""
    return [squeeze(heading) for heading in headings]


_ACCOUNT, _ACCOUNT_NAME = squeezed(ACCOUNT_HEADINGS), frozenset(squeezed(ACCOUNT_NAME_HEADINGS))


def is_account_name(heading: str) -> bool:
    """Whether a column of this heading holds the names of the accounts."""
    return squeeze(heading) in _ACCOUNT_NAME


def account_column(heading: Sequence[str]) -> int | None:
    """Which column holds the account's id; `None` if the line names no such column."""
    found = squeezed(heading)
    return next((found.index(wanted) for wanted in _ACCOUNT if wanted in found), None)


def quoted(text: object) -> str:
    """An untrusted text between quotation marks, cut to fit into a sentence."""
    line = display_line(text)
    return f"“{line if len(line) <= NAMED else f'{line[:NAMED]}…'}”"


@dataclass(frozen=True, slots=True)
class Table:
    """A read table. `columns`: the heading of each cell after the account, as it was written."""

    columns: tuple[str, ...]
    lines: list[tuple[int, str, tuple[str, ...]]] = field(repr=False)
    """Line number, account id, one cell for each column."""

    too_long: frozenset[int] = frozenset()
    """The numbers of lines with more cells than there are headings."""
    problems: dict[int, str] = field(default_factory=dict)
    """Lines that cannot be cut into cells for sure, and why; they are not among `lines`."""
    delimiter: str = ","
    notes: tuple[str, ...] = ()
    """What a person should know of how it was read."""


# ---- reading ----


def upload_of(form: forms.Form) -> UploadedFile[Any] | None:
    """The file of a form that takes a table pasted or as a file, if one came."""
    upload = form.files.get("file")
    return upload if isinstance(upload, UploadedFile) else None


def table_of(
    form: forms.Form, *, besides: str, is_account: Callable[[str], bool] | None = None
) -> Table | None:
    """The table that was pasted or came as a file; `None` for an empty field.

    `besides` names what the file stands beside. Raises `TableError`.
    """
    pasted = str(form.data.get("table", ""))
    upload = upload_of(form)
    if upload is None:
        return read_table(pasted, is_account=is_account) if pasted.strip() else None
    if pasted.strip():
        raise TableError(f"Use one: this file, or {besides}.")
    if (upload.size or 0) > LARGEST_TABLE:
        raise TableError("The file is larger than 2 MB. Split it.")
    text, note = decoded(upload.read())
    return read_table(text, is_pasted=False, is_account=is_account, note=note)


def read_table(
    text: str,
    *,
    is_pasted: bool = True,
    is_account: Callable[[str], bool] | None = None,
    note: str = "",
) -> Table:
    """The table in `text`: commas, semicolons or tabs between cells, quotes around them if need be.

    A single column without a heading is taken as account ids. Raises `TableError`.
    """
    if len(text) > LARGEST_TABLE:
        raise TableError("The table is larger than 2 MB. Split it.")
    grid = read_grid(text, account_column, is_pasted=is_pasted, is_account=is_account)
    if grid.heading is None and not grid.rows:
        raise TableError("Enter at least one account id.")
    heading = [cell.strip() for cell in grid.heading.cells] if grid.heading else ["Account id"]
    place = account_column(heading) or 0
    if grid.heading is None and len(grid.rows[0].cells) > 1:
        raise TableError(
            f"Line {grid.rows[0].number} must name the columns, and one of them must be "
            "“Account id”."
        )
    if len(heading) > MOST_COLUMNS:
        raise TableError(f"The table has more than {MOST_COLUMNS} columns.")
    again = _headings_again(grid, heading)
    rows = [row for row in grid.rows if row.number not in again]
    if len(rows) > MOST_ROWS:
        raise TableError(
            f"The table has {len(rows):,} lines; {MOST_ROWS:,} are possible at once. Split it."
        )
    if not rows:
        raise TableError("The table has a heading and no line below it.")
    width = len(heading)
    good = [row for row in rows if not row.problem]
    return Table(
        tuple(cell for n, cell in enumerate(heading) if n != place),
        [_line(row.number, row.cells, place, width) for row in good],
        frozenset(r.number for r in good if any(cell.strip() for cell in r.cells[width:])),
        {row.number: row.problem for row in rows if row.problem},
        grid.delimiter,
        _notes(note, grid, again),
    )


def _headings_again(grid: Grid, heading: Sequence[str]) -> list[int]:
    """The lines that repeat the heading. Raises `TableError` for one with other columns."""
    if grid.heading is None:
        return []
    first = squeezed(heading)
    again = []
    for row in grid.rows:
        found = squeezed(row.cells)
        if (
            len(first) > 1
            and account_column(row.cells) is not None
            and len(set(found) & set(first)) > 1
        ):
            if [one for one in found if one] != [one for one in first if one]:
                raise TableError(
                    f"Line {row.number} is another heading, with other columns. Paste one table "
                    "at a time."
                )
            again.append(row.number)
        elif len(first) == 1 and found[:1] == first:
            again.append(row.number)
    return again


def _notes(note: str, grid: Grid, again: Sequence[int]) -> tuple[str, ...]:
    notes = [note] if note else []
    if grid.above:
        notes.append(f"{_lines_label(grid.above)} above the heading and was passed over.")
    if again:
        notes.append(f"{_lines_label(again)} a heading again and was passed over.")
    return tuple(notes)


def _lines_label(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"Line {numbers[0]} is"
    return f"Each of the lines {', '.join(map(str, numbers[:20]))} is"


def _line(number: int, row: list[str], place: int, width: int) -> tuple[int, str, tuple[str, ...]]:
    cells = [*row, *[""] * (width - len(row))]
    account = cells[place].strip() if place < len(cells) else ""
    return number, account, tuple(cell for n, cell in enumerate(cells[:width]) if n != place)


# ---- whom a line means ----


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom a line means. `problem`: why nobody, in a few words; `why`: the same with names.

    `doubt`: what a person must say yes to first.
    """

    account: Account | None = None
    problem: str = ""
    why: str = ""
    doubt: str = ""


_FORMULA = re.compile(r'="(.*)"')


class Accounts:
    """The accounts of a console, as the lines of a table name them."""

    def __init__(self, console: Console) -> None:
        light = Account.objects.filter(console=console).only("cyclr_id", "name", "gone_at")
        self.by_id = {account.cyclr_id: account for account in light}
        self._by_letters: dict[str, list[Account]] = defaultdict(list)
        self._by_name: dict[str, list[Account]] = defaultdict(list)
        self._made: dict[str, list[Account]] = {}
        self._long = [one for key, one in self.by_id.items() if len(key) > 11 and key.isdigit()]
        for account in self.by_id.values():
            self._by_letters[_loose(account.cyclr_id)].append(account)
            if account.name:
                self._by_name[squeeze(account.name)].append(account)

    def is_account(self, cell: str) -> bool:
        """Whether a cell may be an account's id, exactly or nearly."""
        return cell in self.by_id or bool(_loose(cell)) and _loose(cell) in self._by_letters

    def meant(self, written: str, name: str = "") -> Meant:
        """Whom a line means that has this id, and perhaps a name beside it."""
        if not written:
            return Meant(problem="No account id.")
        exact = self._exact(written)
        if not exact:
            return self._unknown(written, name)
        if name:
            named = [one for one in exact if _is_called(one, name)]
            named = named or [one for one in exact if self._is_nearly(one, name, written)]
            return Meant(named[0]) if len(named) == 1 else self._of_another(written, name, exact)
        if len(exact) > 1:
            ids = " and ".join(quoted(one.cyclr_id) for one in exact)
            return Meant(problem=f"{ids} are two accounts: write the name beside the id.")
        others = self._made_into(written)
        doubt = ""
        if others:
            doubt = (
                f"The id {quoted(written)} is {_named(exact[0])}, and a spreadsheet also "
                f"makes it of {_listed(others)}."
            )
        return Meant(exact[0], doubt=doubt)

    def _made_into(self, written: str) -> list[Account]:
        """The accounts of whose id a spreadsheet may have made this."""
        if not written[:1].isdigit():
            return []
        if written not in self._made:
            zeros = self._by_letters.get(_loose(written), [])
            some = self._long if damage_of(written) else zeros
            self._made[written] = [one for one in some if may_become(one.cyclr_id, written)]
        return self._made[written]

    def _exact(self, written: str) -> list[Account]:
        formula = _FORMULA.fullmatch(written)
        ways = [written, unprotected(written), written.removeprefix("'")]
        ways += [formula[1]] if formula else []
        found = {way: self.by_id[way] for way in ways if way in self.by_id}
        return list(found.values())

    def _is_nearly(self, account: Account, name: str, written: str) -> bool:
        """Whether it has this name less some words, and no other account is rather meant."""
        others = self._by_name.get(squeeze(name)) or self._made_into(written)
        return not others and is_shortened(account.name, name)

    def _of_another(self, written: str, name: str, exact: Sequence[Account]) -> Meant:
        said = (
            f"{quoted(written)} is the id of {quoted(exact[0])}, but the table says {quoted(name)}"
        )
        hint = self._hint(written, name)
        return Meant(
            problem="The id and the name beside it are not one account’s.",
            why=f"{said} beside it. {hint}".strip(),
        )

    def _unknown(self, written: str, name: str) -> Meant:
        message = " ".join(filter(None, [UNKNOWN, self._hint(written, name)]))
        if damage := damage_of(written):
            message = f"{message} {quoted(written)} {damage}."
        short = UNKNOWN if message != UNKNOWN else ""
        return Meant(problem=short or message, why=message if short else "")

    def _hint(self, written: str, name: str) -> str:
        """Which account it may have been meant for, if exactly one."""
        alike = self._by_letters.get(_loose(written), [])
        some = [one for one in alike if one not in self._exact(written)]
        found = {one.pk: one for one in [*some, *self._made_into(written)]}
        named = [one for one in found.values() if name and _is_called(one, name)]
        some = named or list(found.values())
        if len(some) == 1:
            return f"{_named(some[0])} differs only in how it is written: write it so."
        if some:
            return f"It may be {_listed(some)}: write the id whole."
        by_name = self._by_name.get(squeeze(name), []) if name else []
        return (
            f"{quoted(name)} has the id {quoted(by_name[0].cyclr_id)}." if len(by_name) == 1 else ""
        )


def _is_called(account: Account, name: str) -> bool:
    """Whether it has this name, perhaps as our own table wrote it."""
    return is_same(account.name, name) or is_same(display_line(account.name), name)


def _named(account: Account) -> str:
    """An id with the name of the account, if it has one."""
    name = f" ({display_line(account.name)[:NAMED]})" if account.name else ""
    return f"{quoted(account.cyclr_id)}{name}"


def _listed(accounts: Sequence[Account]) -> str:
    names = [_named(one) for one in accounts[:3]]
    return " or ".join(names) + (" or another" if len(accounts) > 3 else "")


def _loose(text: str) -> str:
    """An id without what may be lost on its way: case, blanks, dashes, braces, leading zeros."""
    whole = re.sub(r"[.,]0+$", "", text) if re.fullmatch(r"\d+[.,]0+", text) else text
    return squeeze(str(storable(whole))).lstrip("0")
