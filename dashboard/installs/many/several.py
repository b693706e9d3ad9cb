"""A table that installs several connectors: each line names its own, by id or by name.

The lines of one connector are checked by its own form for many accounts, so that a cell means the
same in both tables.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.bulk.services import Target
from dashboard.bulk.tables import (
    Accounts,
    Table,
    is_account_name,
    quoted,
    read_table,
    table_of,
    upload_of,
)
from dashboard.common.damage import unprotected
from dashboard.common.searching import nfkc_casefold, squeeze
from dashboard.common.tables import TableError
from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.installs.many.form import MEANT, InstallManyForm
from dashboard.installs.many.keeping import (
    CONNECTOR_COLUMNS,
    NOT_KEPT,
    emptied_message,
    is_harmless,
    without_columns,
)
from dashboard.installs.many.lines import NOT_READ, targets
from dashboard.installs.naming import Entry, NotMeantError, entries_of, find_meant, open_to
from dashboard.mirror.catalogue import label_of
from dashboard.mirror.models import CatalogueConnector
from dashboard.operations.submissions import SubmissionField

METHOD_COLUMNS = frozenset({"authentication", "authenticationmethod", "authmethod"})
NO_COLUMN = (
    "One column must be “Connector”: an id, a name, or name and version on each line. The first "
    "line names the columns."
)
NOT_NAMED = "No connector is named."
SHARED = ("skips_existing", "wants_link", "by_customer")
"""The ticks that count for each line."""

Line = tuple[int, str, tuple[str, ...]]
"""As `Table` has it: its number, the account id, one cell for each column."""


class InstallSeveralForm(forms.Form):
    """The table, and what counts for all of its lines."""

    submission = SubmissionField()
    table = forms.CharField(
        required=False,
        strip=False,
        label="Table",
        help_text="A heading line, then one line for each install.",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )
    file = forms.FileField(
        required=False,
        label="Or a CSV file",
        help_text="UTF-8, at most 2 MB and 5,000 lines.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )
    skips_existing = forms.BooleanField(
        required=False, initial=True, label="Leave out accounts that have the connector already"
    )
    wants_link = forms.BooleanField(
        required=False,
        initial=True,
        label="Create a connection link where the customer has to sign in",
        help_text="They are listed under Links.",
    )
    by_customer = forms.BooleanField(
        required=False,
        label="Let the customers fill in what a line leaves empty",
        help_text="Each on a connection link of their own.",
    )

    def __init__(self, console: Console, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        self.console = console
        self.read: Table | None = None
        self.emptied: list[str] = []
        for name in ("table", "file"):
            self.fields[name].is_alternative = True  # type: ignore[attr-defined]

    @cached_property
    def accounts(self) -> Accounts:
        """The accounts that the table may name."""
        return Accounts(self.console)

    def clean(self) -> dict[str, Any]:
        """Read the table; what it says on each line the preview tells."""
        values = super().clean() or {}
        place = "table" if upload_of(self) is None else "file"
        try:
            table = table_of(self, besides="the table above", is_account=self.accounts.is_account)
            self.read = table or read_table("")
            if "connector" not in places_of(self.read.columns):
                raise TableError(NO_COLUMN)
        except TableError as error:
            self.add_error(place, ValidationError(str(error.message)))
        return values

    def without_secrets(self, text: str) -> str:
        """The table as it may be drawn again: what a column holds depends on the connector."""
        kept, self.emptied = without_columns(text, is_harmless)
        return kept

    def tell_what_was_not_kept(self) -> None:
        """A form that is shown again says what of its table is gone."""
        pasted = str(self.data.get("table", ""))
        kept = self.without_secrets(pasted)
        if upload_of(self) is not None and "file" not in self.errors:
            self.add_error("file", "Choose the file again: no browser keeps it.")
        if self.emptied:
            self.add_error("table", emptied_message(self.emptied))
        elif pasted.strip() and not kept:
            self.add_error("table", NOT_KEPT)


def places_of(columns: Sequence[str]) -> dict[str, int]:
    """The columns that say which connector a line means, and how it authenticates.

    Raises `TableError` if two say the same.
    """
    found: dict[str, int] = {}
    for place, heading in enumerate(columns):
        key = squeeze(heading)
        part = CONNECTOR_COLUMNS.get(key) or ("method" if key in METHOD_COLUMNS else None)
        if part is None:
            continue
        if part in found:
            what = f"the connector’s {MEANT[part]}" if part in MEANT else "how it authenticates"
            raise TableError(f"Two columns are for {what}.")
        found[part] = place
    return found


class LinesForm(InstallManyForm):
    """The form of one connector, as its lines of a table of several fill it in."""

    def __init__(
        self,
        connector: CatalogueConnector,
        table: Table,
        ticks: dict[str, bool],
        *,
        method: str,
        accounts: Accounts,
        entries: list[Entry],
    ) -> None:
        self.given = table
        data = {
            "submission": str(uuid.uuid4()),
            "release": str(connector.release_id),
            "name": connector.name,
            "method": method,
            "table": NOT_READ,
            **{name: "on" for name, is_on in ticks.items() if is_on},
        }
        super().__init__(connector, data, method=method)
        self.accounts, self.entries = accounts, entries

    def _table(self) -> Table:
        return self.given


@dataclass(frozen=True, slots=True)
class Group:
    """The lines that install one connector in one way."""

    entry: Entry
    method: str
    lines: list[Line] = field(repr=False)


def targets_of_several(form: InstallSeveralForm) -> list[Target]:
    """Each line as a target: its connector and its account found, its cells checked."""
    assert form.read is not None
    entries = entries_of(form.console.pk)
    groups, found = _grouped(form, form.read, entries)
    found += [
        Target(number, NOT_READ, None, problem=words)
        for number, words in form.read.problems.items()
    ]
    rows = CatalogueConnector.objects.select_related("console", "account")
    connectors = rows.in_bulk({one.entry.pk for one in groups})
    for group in groups:
        found += _checked(form, form.read, group, connectors[group.entry.pk], entries)
    return sorted(found, key=lambda target: target.number)


def _grouped(
    form: InstallSeveralForm, table: Table, entries: list[Entry]
) -> tuple[list[Group], list[Target]]:
    """The lines by what they install, and those of which that is not clear."""
    places = places_of(table.columns)
    groups: dict[tuple[Entry, str], list[Line]] = defaultdict(list)
    unclear = []
    for number, written, cells in table.lines:
        said = {part: unprotected(cells[place]).strip() for part, place in places.items()}
        account = form.accounts.meant(written).account
        own = open_to(account.pk if account else None, entries)
        try:
            if not said["connector"]:
                raise NotMeantError(NOT_NAMED)
            entry, _ = find_meant(own, said["connector"], said.get("version", ""))
        except NotMeantError as error:
            unclear.append(_left_out(form, (number, written, cells), f"Connector: {error}"))
            continue
        groups[entry, nfkc_casefold(said.get("method", ""))].append((number, written, cells))
    return [Group(*which, lines) for which, lines in groups.items()], unclear


def _checked(
    several: InstallSeveralForm,
    table: Table,
    group: Group,
    connector: CatalogueConnector,
    entries: list[Entry],
) -> list[Target]:
    """The lines of one connector, by its own form."""
    try:
        method = _method(connector, group.method)
    except ValidationError as error:
        return [_left_out(several, line, " ".join(error.messages)) for line in group.lines]
    places, unknown = _columns(connector, method, table, group.lines)
    strange = {
        line[0]: heading for line in group.lines for n, heading in unknown if line[2][n].strip()
    }
    found = [
        _left_out(several, line, f"{connector} has no field {quoted(strange[line[0]])}.")
        for line in group.lines
        if line[0] in strange
    ]
    lines = [
        (number, written, tuple(cells[n] for n in places))
        for number, written, cells in group.lines
        if number not in strange
    ]
    form = LinesForm(
        connector,
        replace(table, columns=tuple(table.columns[n] for n in places), lines=lines, problems={}),
        {name: bool(several.cleaned_data.get(name)) for name in SHARED},
        method=method,
        accounts=several.accounts,
        entries=open_to(connector.account_id, entries),
    )
    if not lines or not form.is_valid():
        return found + [_left_out(several, line, _words(form)) for line in lines]
    return found + [_of(connector, form, one) for one in targets(form)]


def _method(connector: CatalogueConnector, written: str) -> str:
    """The authentication method of a line; of several the line says which."""
    methods = connector.methods
    if not written and len(methods) < 2:
        return ""
    found = [
        one.id or str(n)
        for n, one in enumerate(methods)
        if written in {nfkc_casefold(label_of(one)), nfkc_casefold(one.id or "")}
    ]
    if written and len(found) == 1:
        return found[0]
    named = ", ".join(label_of(one) for one in methods) or "none"
    raise ValidationError(f"Authentication: write how {connector} authenticates: {named}.")


def _columns(
    connector: CatalogueConnector, method: str, table: Table, lines: list[Line]
) -> tuple[list[int], list[tuple[int, str]]]:
    """The columns that these lines fill, and those of them that the connector does not know."""
    known = InstallManyForm(connector, method=method)
    places, unknown = [], []
    for n, heading in enumerate(table.columns):
        key = squeeze(heading)
        if key in METHOD_COLUMNS or not any(cells[n].strip() for _, _, cells in lines):
            continue
        if is_account_name(heading) or key in CONNECTOR_COLUMNS or known.field_of(heading):
            places.append(n)
        else:
            unknown.append((n, heading))
    return places, unknown


def _left_out(form: InstallSeveralForm, line: Line, problem: str) -> Target:
    number, written, _ = line
    label = str(storable(written))[:300] or "(no account id)"
    return Target(number, label, form.accounts.meant(written).account, problem=problem)


def _words(form: InstallManyForm) -> str:
    """What the connector's own form refuses, in one line."""
    said = []
    for name, errors in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        words = " ".join(map(str, errors))
        is_empty = name in form.fields and words == form.fields[name].error_messages.get("required")
        said.append(f"{label}: {'nothing is entered.' if is_empty else words}")
    return " ".join(said)


def _of(connector: CatalogueConnector, form: InstallManyForm, one: Target) -> Target:
    """The line as one of a run over several connectors."""
    entries = [["Connector", f"{connector.name} {connector.version}".strip()]]
    if form.method is not None and len(form.methods) > 1:
        entries.append(["Authentication", label_of(form.method)])
    shown = {**one.shown, "entries": entries + list(one.shown.get("entries", ()))}
    entered = replace(one.input, title=f"Install {connector.name}")
    return replace(one, connector=connector, shown=shown, input=entered)
