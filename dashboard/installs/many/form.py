"""The form for many accounts: what all share, and a table for what differs.

The table has a heading line; one column names the account, every other one a field of the form.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from dashboard.bulk.tables import (
    Accounts,
    Table,
    is_account_name,
    read_table,
    table_of,
    upload_of,
)
from dashboard.common.searching import nfkc_casefold, squeeze
from dashboard.common.tables import TableError
from dashboard.common.untrusted_text import first_few, storable
from dashboard.installs.form import InstallForm
from dashboard.installs.many.keeping import (
    COLUMNS_NAMED,
    CONNECTOR_COLUMNS,
    NOT_KEPT,
    emptied_message,
    is_harmless,
    without_columns,
)
from dashboard.installs.naming import By, Entry, entries_for
from dashboard.mirror.models import CatalogueConnector

UNFILLABLE = {
    *("submission", "release", "layout", "method", "installs_by"),
    *("wants_link", "by_customer", "is_native", "another"),
}

MEANT = {"connector": "id or name", "version": "version"}


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
        ways: Sequence[By] = (By.ID,),
    ) -> None:
        super().__init__(connector, None, data, method=method, ways=ways)
        if files is not None:
            self.files = files
        self.fields["name"].label = "Name in each account"
        self.fields["name"].help_text = "A number is added where the name is taken."
        self.fields["table"].label = "Account ids or a table"
        self.fields["table"].help_text = (
            "One account id on each line; or a table with a heading line: “Account id”, and a "
            "column for each field that differs. A column “Connector” may say which is meant: by "
            "id, by name, or by name and version."
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
        self.meant_places: dict[str, int] = {}
        """The columns that say which connector is meant: `connector`, `version`."""
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
            self.read = self._table()
            self.filled = self._fields_of(self.read.columns)
        except TableError as error:
            self._table_error = error
            return
        for place, name in self.filled.items():
            if any(cells[place].strip() for _, _, cells in self.read.lines):
                if self.fields[name].required:
                    self.needed.add(name)
                self.fields[name].required = False

    def _table(self) -> Table:
        besides = "the ids and the table above"
        table = table_of(self, besides=besides, is_account=self.accounts.is_account)
        return table or read_table("")

    @cached_property
    def entries(self) -> list[Entry]:
        """The connectors that the table may name, to be told that another one is meant."""
        return entries_for(self.connector)

    @cached_property
    def accounts(self) -> Accounts:
        """The accounts that the table may name."""
        return Accounts(self.connector.console)

    def field_of(self, heading: str) -> str | None:
        """The field that a column's heading names, however it is written."""
        known = self.headings()
        # An apostrophe keeps spreadsheets from computing it.
        for written in (heading, heading.removeprefix("'")):
            if name := known.get(nfkc_casefold(written)):
                return name
        key = squeeze(heading)
        alike = {name for one, name in known.items() if key and squeeze(one) == key}
        return alike.pop() if len(alike) == 1 else None

    def _fields_of(self, columns: Sequence[str]) -> dict[int, str]:
        found: dict[int, str] = {}
        for place, heading in enumerate(columns):
            name = self.field_of(heading)
            if name is None and (part := CONNECTOR_COLUMNS.get(squeeze(heading))):
                if part in self.meant_places:
                    raise TableError(f"Two columns are for the connector’s {MEANT[part]}.")
                self.meant_places[part] = place
                continue
            if name is None and is_account_name(heading):
                if self.name_place is not None:
                    raise TableError("Two columns are for the account’s name.")
                self.name_place = place
                continue
            if name is None and not heading:
                continue
            shown = storable(heading if len(heading) <= 60 else f"{heading[:60]}…")
            if name is None:
                raise TableError(
                    f"No field is called “{shown}”. Known are: {self._known_labels()}."
                )
            if name in found.values():
                raise TableError(f"Two columns are called “{shown}”.")
            found[place] = name
        return found

    def headings(self) -> dict[str, str]:
        """Folded heading to field name: by label, and for settings by what Cyclr calls them."""
        found: dict[str, str] = {}
        for position, parameter in enumerate(self.parameters):
            found.setdefault(nfkc_casefold(parameter.target_name), f"parameter-{position}")
        for name in self.fillable():
            found.setdefault(nfkc_casefold(str(self.fields[name].label)), name)
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
                if known.get(nfkc_casefold(heading)) == name:
                    found.setdefault(name, heading)
        return found

    def fillable(self) -> list[str]:
        """The fields that may differ between accounts."""
        return [name for name in self.fields if name not in UNFILLABLE | self.never_shown]

    def _known_labels(self) -> str:
        known = ["Account id", *self.column_headings().values()]
        where = ": the table to download has them all" if len(known) > COLUMNS_NAMED else ""
        return first_few(known, COLUMNS_NAMED) + where

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
            self.add_error("table", self.emptied_message)
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
        kept, self.emptied = without_columns(text, self._is_kept)
        return kept

    def _is_kept(self, cell: str) -> bool:
        name = self.field_of(cell)
        return not self.is_secret(name) if name else is_harmless(cell)

    @property
    def emptied_message(self) -> str:
        """What to enter again, in words."""
        return emptied_message(self.emptied)

    def shared_entries(self) -> list[list[str]]:
        """What all accounts share, for people: secrets masked, nothing for nothing."""
        entries: list[list[str]] = self.display_input()["entries"]
        return [entry for entry in entries if entry[1] not in {"", "not set"}]
