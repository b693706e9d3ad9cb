"""Installing one connector into many accounts: a form for all, a table for what differs.

The table has a heading line; one column names the account, every other one a field of the form.
A cell that is filled wins over the form. Each line is checked as the single form would be.
"""

from __future__ import annotations

import copy
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.forms.utils import ErrorDict
from django.http import QueryDict

from dashboard.bulk.services import MOST_ROWS, Target
from dashboard.common.foreign import fold, storable
from dashboard.common.spreadsheet import BYTE_ORDER_MARK
from dashboard.installs.fields import ChoiceOrAnother
from dashboard.installs.forms import InstallForm
from dashboard.installs.services import exclusive_key, follow_up, refused_accounts
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector

LARGEST_TABLE = 2 * 1024 * 1024
MOST_COLUMNS = 200
DELIMITERS = ",;\t"
ACCOUNT_HEADINGS = ("account id", "account", "account_id", "accountid", "id")
IGNORED_HEADINGS = ("account name", "")
"""Columns that are there for the reader's sake."""

_QUOTED = re.compile(r'"[^"]*"')

UNFILLABLE = {"submission", "release", "layout", "method"}
UNFILLABLE |= {"wants_link", "by_customer", "is_native", "another"}

COLUMNS_NAMED = 12
"""As many known columns are named to somebody who wrote an unknown one."""

TOO_LONG = (
    "It has more cells than the heading. Put quotation marks around a cell that holds the sign "
    "which divides the cells."
)
NOT_KEPT = "It may hold secrets, so it was not kept. Enter it again."


class TableError(ValidationError):
    """The table as a whole cannot be read; the words say why and what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    """A read table. `columns`: the heading of each cell after the account, as it was written."""

    columns: tuple[str, ...]
    lines: list[tuple[int, str, tuple[str, ...]]] = field(repr=False)
    """Line number, account id, one cell for each column."""

    too_long: frozenset[int] = frozenset()
    """The numbers of lines with more cells than there are headings."""


def upload_of(form: forms.Form) -> UploadedFile[Any] | None:
    """The file of a form that takes a table pasted or as a file, if one came."""
    upload = form.files.get("file")
    return upload if isinstance(upload, UploadedFile) else None


def table_text(form: forms.Form, *, besides: str) -> str:
    """The table that was pasted or came as a file; `besides` names what the file stands beside.

    Raises `TableError` for both at once, and for a file that cannot be read.
    """
    pasted = str(form.data.get("table", ""))
    upload = upload_of(form)
    if upload is None:
        return pasted
    if pasted.strip():
        raise TableError(f"Use one: this file, or {besides}.")
    if (upload.size or 0) > LARGEST_TABLE:
        raise TableError("The file is larger than 2 MB. Split it.")
    try:
        return str(upload.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise TableError("The file is not UTF-8. Save it as “CSV UTF-8”.") from None


def read_table(text: str) -> Table:
    """The table in `text`: commas, semicolons or tabs between cells, quotes around them if need be.

    A single column without a heading is taken as account ids. Raises `TableError`.
    """
    if len(text) > LARGEST_TABLE:
        raise TableError("The table is larger than 2 MB. Split it.")
    numbered = _numbered(text)
    if not numbered:
        raise TableError("Enter at least one account id.")
    heading = [cell.strip() for cell in numbered[0][1]]
    place = _account_column(heading)
    if place is None:
        if len(heading) > 1:
            raise TableError(
                "The first line must name the columns, and one of them must be “Account id”."
            )
        heading, place = ["Account id"], 0
    else:
        numbered = numbered[1:]
    if len(heading) > MOST_COLUMNS:
        raise TableError(f"The table has more than {MOST_COLUMNS} columns.")
    if len(numbered) > MOST_ROWS:
        raise TableError(
            f"The table has {len(numbered):,} lines; {MOST_ROWS:,} are possible at once. Split it."
        )
    if not numbered:
        raise TableError("The table has a heading and no line below it.")
    width = len(heading)
    return Table(
        tuple(cell for n, cell in enumerate(heading) if n != place),
        [_line(number, row, place, width) for number, row in numbered],
        frozenset(n for n, row in numbered if any(cell.strip() for cell in row[width:])),
    )


def _numbered(text: str) -> list[tuple[int, list[str]]]:
    """The lines that hold anything, with their numbers."""
    text = text.removeprefix(BYTE_ORDER_MARK)
    if "\0" in text:
        raise TableError("The table holds characters that no table has. Save it as CSV (UTF-8).")
    try:
        rows = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        )
    except csv.Error as error:
        raise TableError(
            f"The table cannot be read ({error}). Is a quotation mark missing?"
        ) from None
    return [(n, row) for n, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]


def _delimiter(text: str) -> str:
    """What stands between the cells of the first line; not what stands within one of them."""
    unquoted = _QUOTED.sub("quoted", text)
    first = next((line for line in unquoted.split("\n") if line.strip()), "")
    return max(DELIMITERS, key=first.count)


def _account_column(heading: Sequence[str]) -> int | None:
    folded = [fold(cell) for cell in heading]
    for wanted in ACCOUNT_HEADINGS:
        if wanted in folded:
            return folded.index(wanted)
    return None


def _line(number: int, row: list[str], place: int, width: int) -> tuple[int, str, tuple[str, ...]]:
    cells = [*row, *[""] * (width - len(row))]
    account = cells[place].strip() if place < len(cells) else ""
    return number, account, tuple(cell for n, cell in enumerate(cells[:width]) if n != place)


class InstallManyForm(InstallForm):
    """The install form for all accounts, with the table of accounts and of what differs."""

    never_shown = frozenset({"table", "file", "skips_existing"})
    stays_in_browser = "table,file"

    table = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    file = forms.FileField(
        required=False, widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"})
    )
    skips_existing = forms.BooleanField(required=False, initial=True)

    def __init__(
        self,
        connector: CatalogueConnector,
        data: Any = None,
        files: Any = None,
        *,
        method: str = "",
    ) -> None:
        super().__init__(connector, None, data, method=method)
        if files is not None:
            self.files = files
        self.fields["name"].label = "Name in each account"
        self.fields["name"].help_text = "A number is added where the name is taken."
        self.fields["table"].label = "Account ids or a table"
        self.fields["table"].help_text = (
            "One account id on each line; or a table with a heading line: “Account id”, and a "
            "column for each field that differs."
        )
        self.fields["file"].label = "Or a CSV file"
        self.fields["file"].help_text = "UTF-8, at most 2 MB and 5,000 lines."
        for name in ("table", "file"):
            self.fields[name].is_alternative = True  # type: ignore[attr-defined]
        skips = "Leave out accounts that have this connector already"
        self.fields["skips_existing"].label = skips
        if "wants_link" in self.fields:
            self.fields["wants_link"].label = "Create a connection link for each account"
            self.fields["wants_link"].help_text = "They are listed under Links."
        if self.offers_customer:
            self.fields["by_customer"].label = "Let the customers fill this in"
            self.fields["by_customer"].help_text = (
                "What stays empty each customer types on a connection link of their own. "
                "They are listed under Links."
            )
        self.read: Table | None = None
        self._table_error: ValidationError | None = None
        self.filled: dict[int, str] = {}
        """Which field each column of the table fills."""
        self.needed: set[str] = set()
        """The fields that a line must fill if the form does not."""
        self.emptied: list[str] = []
        """The columns whose cells were not kept for another drawing."""

    def keep(self, posted: QueryDict) -> None:
        """Take over what was typed, the table too, less what is or may be a secret."""
        super().keep(posted)
        self.initial["table"] = self.without_secrets(posted.get("table", ""))

    def full_clean(self) -> None:
        """Read the table first: what it fills need not be in the form."""
        if self.is_bound:
            self._read_table()
        # What a table would have filled that cannot be read, nobody knows.
        loose = self._table_error is not None and self._has_table
        names = [name for name in self.fillable() if loose and self.fields[name].required]
        for name in names:
            self.fields[name].required = False
        super().full_clean()
        for name in names:
            self.fields[name].required = True

    @property
    def _has_table(self) -> bool:
        return upload_of(self) is not None or bool(str(self.data.get("table", "")).strip())

    def _read_table(self) -> None:
        try:
            self.read = read_table(table_text(self, besides="the ids and the table above"))
            self.filled = self._fields_of(self.read.columns)
        except TableError as error:
            self._table_error = error
            return
        for place, name in self.filled.items():
            if any(cells[place].strip() for _, _, cells in self.read.lines):
                if self.fields[name].required:
                    self.needed.add(name)
                self.fields[name].required = False

    def _fields_of(self, columns: Sequence[str]) -> dict[int, str]:
        known = self.headings()
        found: dict[int, str] = {}
        for place, heading in enumerate(columns):
            # An apostrophe keeps spreadsheets from computing it.
            name = known.get(fold(heading)) or known.get(fold(heading.removeprefix("'")))
            if name is None and fold(heading) in IGNORED_HEADINGS:
                continue
            shown = storable(heading if len(heading) <= 60 else f"{heading[:60]}…")
            if name is None:
                raise TableError(f"No field is called “{shown}”. Known are: {self._known_words()}.")
            if name in found.values():
                raise TableError(f"Two columns are called “{shown}”.")
            found[place] = name
        return found

    def headings(self) -> dict[str, str]:
        """Folded heading to field name: by label, and for settings by what Cyclr calls them."""
        found: dict[str, str] = {}
        for position, parameter in enumerate(self.parameters):
            found.setdefault(fold(parameter.target_name), f"parameter-{position}")
        for name in self.fillable():
            found.setdefault(fold(str(self.fields[name].label)), name)
        if "auth-key" in self.fields:
            found.setdefault("api key", "auth-key")  # its label may name a header as well
        found.setdefault("name", "name")  # as on the form for one account
        found.pop("", None)
        return found

    def column_headings(self) -> dict[str, str]:
        """Field name to the heading of its column, for every field that one heading can name."""
        known = self.headings()
        found: dict[str, str] = {}
        for name in self.fillable():
            place = name.removeprefix("parameter-")
            other = self.parameters[int(place)].target_name if place != name else ""
            for heading in (str(self.fields[name].label), other):
                if known.get(fold(heading)) == name:
                    found.setdefault(name, heading)
        return found

    def fillable(self) -> list[str]:
        """The fields that may differ between accounts."""
        return [name for name in self.fields if name not in UNFILLABLE | self.never_shown]

    def _known_words(self) -> str:
        known = ["Account id", *self.column_headings().values()]
        more = len(known) - COLUMNS_NAMED
        and_more = f" and {more} more: the table to download has them all" if more > 0 else ""
        return ", ".join(known[:COLUMNS_NAMED]) + and_more

    def clean(self) -> dict[str, Any]:
        """The form's own rules, what was wrong with the table, and what of it is gone."""
        values = super().clean()
        place = "table" if upload_of(self) is None else "file"
        if self._table_error is not None:
            self.add_error(place, self._table_error)
        if not self._errors:
            return values
        pasted = str(self.data.get("table", ""))
        kept = self.without_secrets(pasted)
        if upload_of(self) is not None and "file" not in self._errors:
            self.add_error("file", "Choose the file again: no browser keeps it.")
        if self.emptied:
            self.add_error("table", self.emptied_words)
        elif pasted.strip() and not kept:
            self.add_error("table", NOT_KEPT)
        return values

    # ---- what may be drawn again ----

    def without_secrets(self, text: str) -> str:
        """The table as it may be drawn again; `emptied` names the columns that lost their cells.

        A column that is not known may be a secret with a slip in its heading.
        """
        self.emptied = []
        harmless = len(self.methods) <= 1 and not any(map(self.is_secret, self.fillable()))
        if harmless or not text.strip():
            return text
        try:
            rows = [row for _, row in _numbered(text)] if len(text) <= LARGEST_TABLE else []
        except TableError:
            return ""
        heading = [cell.strip() for cell in rows[0]] if rows else []
        place = _account_column(heading)
        if place is None:
            return text if max(map(len, rows), default=0) == 1 else ""
        known = self.headings()
        kept = [
            n
            for n, cell in enumerate(heading)
            if n == place
            or fold(cell) in IGNORED_HEADINGS
            or ((name := known.get(fold(cell))) and not self.is_secret(name))
        ]
        self.emptied = [
            cell
            for n, cell in enumerate(heading)
            if n not in kept and any(row[n].strip() for row in rows[1:] if n < len(row))
        ]
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=_delimiter(text), lineterminator="\n")
        writer.writerow(heading)
        for row in rows[1:]:
            cells = [row[n] if n in kept and n < len(row) else "" for n in range(len(heading))]
            writer.writerow(cells)
        return out.getvalue()

    @property
    def emptied_words(self) -> str:
        """What to enter again, in words."""
        names = ", ".join(f"“{storable(name)[:60]}”" for name in self.emptied[:COLUMNS_NAMED])
        return f"The cells of {names} were not kept: enter them again." if names else ""

    def shared_entries(self) -> list[list[str]]:
        """What all accounts share, for people: secrets masked, nothing for nothing."""
        entries: list[list[str]] = self.shown_input()["entries"]
        return [entry for entry in entries if entry[1] not in {"", "not set"}]


# ---- the lines ----


def targets(form: InstallManyForm) -> Iterator[Target]:
    """Each line of the table as a target: its account found, its cells checked."""
    assert form.read is not None
    accounts = _accounts(form.connector, [account for _, account, _ in form.read.lines])
    having = _having(form.connector) if form.cleaned_data.get("skips_existing") else set()
    refused = refused_accounts(form.connector)
    for number, written, cells in form.read.lines:
        account = accounts.get(written) or accounts.get(written.removeprefix("'"))
        target = _target(form, number, written, account, cells, having)
        why = refused.get(account.pk if account else None) or refused.get(None, "")
        if account is not None and why and not target.problem:
            target = Target(number, target.label, account, problem=why)
        yield target


def _target(
    form: InstallManyForm,
    number: int,
    written: str,
    account: Account | None,
    cells: tuple[str, ...],
    having: set[int],
) -> Target:
    label = str(storable(written))[:300] or "(no account id)"
    if account is None:
        words = "No account with this id is in this console." if written else "No account id."
        return Target(number, label, None, problem=words)
    if account.gone_at is not None:
        return Target(number, label, account, problem="This account is gone from Cyclr.")
    owner = form.connector.account_id
    if owner is not None and owner != account.pk:
        words = "This connector belongs to another account alone."
        return Target(number, label, account, problem=words)
    if form.read is not None and number in form.read.too_long:
        return Target(number, label, account, problem=TOO_LONG)
    if account.pk in having:
        words = f"It has {form.connector.name} already."
        return Target(number, label, account, problem=words)
    try:
        line = _checked(form, cells)
    except ValidationError as error:
        return Target(number, label, account, problem=" ".join(error.messages))
    values = {
        "values": line.install_values(),
        "shown": line.shown_input(),
        "exclusive_key": exclusive_key(account, form.connector),
        "follow_up": follow_up(line, account),
        "leaves_out_done": bool(form.cleaned_data.get("skips_existing")),
    }
    shown = {"entries": _shown(line, cells)}
    return Target(number, label, account, values=values, shown=shown)


def _checked(form: InstallManyForm, cells: tuple[str, ...]) -> InstallManyForm:
    """The form as it would be for this line alone; ValidationError says what is wrong in it."""
    line = copy.copy(form)
    line.cleaned_data = dict(form.cleaned_data)
    line._errors = ErrorDict()
    problems: list[str] = []
    for place, name in form.filled.items():
        cell = cells[place]
        if not cell.strip():
            if not line.cleaned_data.get(name) and name in form.needed:
                problems.append(f"{form.fields[name].label}: nothing is entered.")
            continue
        try:
            line.cleaned_data[name] = _cleaned(form.fields[name], cell)
        except ValidationError as error:
            problems.append(f"{form.fields[name].label}: {' '.join(error.messages)}")
    line.check_halves()
    for name, errors in line._errors.items():
        problems += [f"{form.fields[name].label}: {error}" for error in errors]
    if problems:
        raise ValidationError(problems)
    return line


def _cleaned(form_field: forms.Field, cell: str) -> Any:
    """A cell's value as the field takes it."""
    if isinstance(form_field, ChoiceOrAnother):
        return form_field.clean(form_field.widget.decompress(cell.strip()))
    if isinstance(form_field, forms.ChoiceField):
        word = cell.strip().casefold()
        cell = {"yes": "true", "no": "false", "1": "true", "0": "false"}.get(word, word)
    return form_field.clean(cell)


def _shown(form: InstallManyForm, cells: tuple[str, ...]) -> list[list[str]]:
    found = []
    for place, name in form.filled.items():
        if not cells[place].strip():
            continue
        value = "set" if form.hides(name) else str(storable(cells[place].strip()))
        found.append([str(form.fields[name].label), value[:200]])
    return found


def _accounts(connector: CatalogueConnector, written: Iterable[str]) -> dict[str, Account]:
    ids = {one for raw in written for one in (raw, raw.removeprefix("'")) if one}
    found: dict[str, Account] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), 500):
        rows = Account.objects.filter(
            console=connector.console, cyclr_id__in=ordered[start : start + 500]
        )
        found |= {row.cyclr_id: row for row in rows}
    return found


def _having(connector: CatalogueConnector) -> set[int]:
    same = AccountConnector.objects.there().filter(
        account__console=connector.console,
        connector_name=connector.name,
        connector_version=connector.version,
    )
    return set(same.values_list("account_id", flat=True))
