"""Installing one connector into many accounts: a form for all, a table for what differs.

The table has a heading line; one column names the account, every other one a field of the form.
A cell that is filled wins over the form. Each line is checked as the single form would be.
"""

from __future__ import annotations

import copy
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.http import QueryDict

from dashboard.bulk.services import Target
from dashboard.bulk.tables import (
    LARGEST_TABLE,
    TOO_LONG,
    Accounts,
    Meant,
    Table,
    account_column,
    is_account_name,
    quoted,
    read_table,
    table_of,
    upload_of,
)
from dashboard.common.damage import damage_of, unprotected
from dashboard.common.foreign import storable
from dashboard.common.searching import fold, squeeze
from dashboard.common.tables import TableError, read_grid
from dashboard.installs.fields import ChoiceOrAnother, ForeignText, Fraction, Moment, WholeNumber
from dashboard.installs.forms import InstallForm
from dashboard.installs.services import exclusive_key, follow_up, refused_accounts
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector

UNFILLABLE = {"submission", "release", "layout", "method"}
UNFILLABLE |= {"wants_link", "by_customer", "is_native", "another"}

COLUMNS_NAMED = 12
"""As many known columns are named to somebody who wrote an unknown one."""
VALUES_NAMED = 12
"""As many listed values are named to somebody who wrote another."""

NOT_KEPT = "It may hold secrets, so it was not kept. Enter it again."
NOT_READ = "(not read)"
"""In place of the account of a line that cannot be cut into cells: it may hold secrets."""


class InstallManyForm(InstallForm):
    """The install form for all accounts, with the table of accounts and of what differs."""

    never_shown = frozenset({"table", "file", "skips_existing"})
    stays_in_browser = "table,file"
    takes_recipient = False

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
        self.name_place: int | None = None
        """The column that says the accounts' names."""
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
    def notes(self) -> list[str]:
        """What the preview says of how the table was read."""
        return list(self.read.notes) if self.read else []

    @property
    def _has_table(self) -> bool:
        return upload_of(self) is not None or bool(str(self.data.get("table", "")).strip())

    def _read_table(self) -> None:
        try:
            table = table_of(
                self,
                besides="the ids and the table above",
                is_account=self.accounts.is_account,
            )
            self.read = table or read_table("")
            self.filled = self._fields_of(self.read.columns)
        except TableError as error:
            self._table_error = error
            return
        for place, name in self.filled.items():
            if any(cells[place].strip() for _, _, cells in self.read.lines):
                if self.fields[name].required:
                    self.needed.add(name)
                self.fields[name].required = False

    @cached_property
    def accounts(self) -> Accounts:
        """The accounts that the table may name."""
        return Accounts(self.connector.console)

    def field_of(self, heading: str) -> str | None:
        """The field that a column's heading names, however it is written."""
        known = self.headings()
        # An apostrophe keeps spreadsheets from computing it.
        for written in (heading, heading.removeprefix("'")):
            if name := known.get(fold(written)):
                return name
        key = squeeze(heading)
        alike = {name for one, name in known.items() if key and squeeze(one) == key}
        return alike.pop() if len(alike) == 1 else None

    def _fields_of(self, columns: Sequence[str]) -> dict[int, str]:
        found: dict[int, str] = {}
        for place, heading in enumerate(columns):
            name = self.field_of(heading)
            if name is None and is_account_name(heading):
                if self.name_place is not None:
                    raise TableError("Two columns are for the account’s name.")
                self.name_place = place
                continue
            if name is None and not heading:
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
            grid = read_grid(text if len(text) <= LARGEST_TABLE else "", account_column)
        except TableError:
            return ""
        rows = [row.cells for row in grid.rows if not row.problem]
        if grid.heading is None:
            is_single = max(map(len, rows), default=0) == 1 and len(rows) == len(grid.rows)
            return text if is_single else ""
        heading = [cell.strip() for cell in grid.heading.cells]
        kept = [n for n, cell in enumerate(heading) if self._is_kept(heading, n, cell)]
        self.emptied = [
            cell
            for n, cell in enumerate(heading)
            if n not in kept and any(row[n].strip() for row in rows if n < len(row))
        ]
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=grid.delimiter, lineterminator="\n")
        writer.writerow(heading)
        for row in rows:
            cells = [row[n] if n in kept and n < len(row) else "" for n in range(len(heading))]
            writer.writerow(cells)
        return out.getvalue()

    def _is_kept(self, heading: Sequence[str], place: int, cell: str) -> bool:
        if place == account_column(heading):
            return True
        name = self.field_of(cell)
        return not self.is_secret(name) if name else not cell or is_account_name(cell)

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


def targets(form: InstallManyForm) -> list[Target]:
    """Each line of the table as a target: its account found, its cells checked."""
    assert form.read is not None
    having = _having(form.connector) if form.cleaned_data.get("skips_existing") else set()
    refused = refused_accounts(form.connector)
    place, lines = form.name_place, form.read.lines
    meant = [
        form.accounts.meant(written, unprotected(cells[place].strip()) if place is not None else "")
        for _, written, cells in lines
    ]
    whole = _whole([one.account.pk for one in meant if one.account])
    found = [
        Target(number, NOT_READ, None, problem=words)
        for number, words in form.read.problems.items()
    ]
    for (number, written, cells), one in zip(lines, meant, strict=True):
        account = whole[one.account.pk] if one.account else None
        found.append(_target(form, Line(number, written, cells, one, account), having, refused))
    return sorted(found, key=lambda target: target.number)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table, and whom it means."""

    number: int
    written: str
    cells: tuple[str, ...] = field(repr=False)
    meant: Meant
    account: Account | None

    @property
    def label(self) -> str:
        """The account as it was written."""
        return str(storable(self.written))[:300] or "(no account id)"

    def left_out(self, problem: str, why: str = "") -> Target:
        """The line as one of which nothing is done."""
        shown = {"why": why} if why else {}
        return Target(self.number, self.label, self.account, shown=shown, problem=problem)


def _target(
    form: InstallManyForm, one: Line, having: set[int], refused: Mapping[int | None, str]
) -> Target:
    account, owner = one.account, form.connector.account_id
    assert form.read is not None
    if account is None:
        return one.left_out(one.meant.problem, one.meant.why)
    if account.gone_at is not None:
        return one.left_out("This account is gone from Cyclr.")
    if owner is not None and owner != account.pk:
        return one.left_out("This connector belongs to another account alone.")
    if one.number in form.read.too_long:
        return one.left_out(TOO_LONG)
    if account.pk in having:
        return one.left_out(f"It has {form.connector.name} already.")
    try:
        line, doubts = _checked(form, one.cells)
    except ValidationError as error:
        return one.left_out(" ".join(error.messages))
    if why := refused.get(account.pk) or refused.get(None, ""):
        return one.left_out(why)
    values = {
        "values": line.install_values(),
        "shown": line.shown_input(),
        "exclusive_key": exclusive_key(account, form.connector),
        "follow_up": follow_up(line, account),
        "leaves_out_done": bool(form.cleaned_data.get("skips_existing")),
    }
    shown = {"entries": _shown(line, one.cells)}
    doubt = " ".join(filter(None, [one.meant.doubt, *doubts]))
    return Target(one.number, one.label, account, values=values, shown=shown, doubt=doubt)


def _checked(form: InstallManyForm, cells: tuple[str, ...]) -> tuple[InstallManyForm, list[str]]:
    """The form as it would be for this line alone, and what of it somebody should look at.

    Raises `ValidationError`, which says what is wrong in it.
    """
    line = copy.copy(form)
    line.cleaned_data = dict(form.cleaned_data)
    line._errors = ErrorDict()
    problems: list[str] = []
    doubts: list[str] = []
    for place, name in form.filled.items():
        cell, form_field = cells[place], form.fields[name]
        if not cell.strip():
            if not line.cleaned_data.get(name) and name in form.needed:
                problems.append(f"{form_field.label}: nothing is entered.")
            continue
        try:
            value = _read(form_field, cell)
        except ValidationError as error:
            problems.append(f"{form_field.label}: {' '.join(error.messages)}")
            continue
        line.cleaned_data[name] = value
        if doubt := _doubt(form, name, cell, value):
            doubts.append(f"{form_field.label}: {doubt}.")
    line.check_halves()
    for name, errors in line._errors.items():
        problems += [f"{form.fields[name].label}: {error}" for error in errors]
    if problems:
        raise ValidationError(problems)
    return line, doubts


def _read(form_field: forms.Field, cell: str) -> Any:
    """A cell's value as the field takes it."""
    if isinstance(form_field, ChoiceOrAnother):
        return form_field.read(cell)
    return form_field.clean(cell)


def _doubt(form: InstallManyForm, name: str, cell: str, value: object) -> str:
    """Why what a cell says may not be what is meant, in words; empty if nothing says so."""
    form_field, bare = form.fields[name], cell.strip()
    what = "what is entered" if form.is_secret(name) else quoted(bare)
    if isinstance(form_field, ChoiceOrAnother):
        if form_field.has(str(value)):
            return ""
        named = ", ".join(str(storable(one))[:60] for one in form_field.values[:VALUES_NAMED])
        more = ", …" if len(form_field.values) > VALUES_NAMED else ""
        return f"{what} is none of the listed values, which are {named}{more}"
    if isinstance(form_field, Fraction):
        is_grouped = re.fullmatch(r"[+-]?\d{1,3}\.\d{3}", bare)
        comma = form.read is not None and form.read.delimiter == ";"
        return (
            f"{what} may be thousands: this table seems to have a comma for decimals"
            if (is_grouped and comma)
            else ""
        )
    if not isinstance(form_field, ForeignText) or isinstance(form_field, WholeNumber | Moment):
        return ""
    if damage := damage_of(bare):
        return f"{what} {damage}"
    if unprotected(bare) != bare:
        return f"{what} begins with an apostrophe, as spreadsheets mark a text"
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        return f"{what} stands between quotation marks"
    return ""


def _shown(form: InstallManyForm, cells: tuple[str, ...]) -> list[list[str]]:
    found = []
    for place, name in form.filled.items():
        if not cells[place].strip():
            continue
        entered = str(form.cleaned_data.get(name) or "").strip()
        value = "set" if form.hides(name) else str(storable(entered))
        found.append([str(form.fields[name].label), value[:200]])
    return found


def _whole(pks: Sequence[int]) -> dict[int, Account]:
    found: dict[int, Account] = {}
    for start in range(0, len(pks), 500):
        found |= Account.objects.in_bulk(pks[start : start + 500])
    return found


def _having(connector: CatalogueConnector) -> set[int]:
    same = AccountConnector.objects.there().filter(
        account__console=connector.console,
        connector_name=connector.name,
        connector_version=connector.version,
    )
    return set(same.values_list("account_id", flat=True))
