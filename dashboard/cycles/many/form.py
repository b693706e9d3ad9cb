"""The form for many accounts: which, and what the cycle is called in each."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms

from dashboard.bulk.tables import (
    TOO_LONG,
    Accounts,
    Table,
    is_account_name,
    quoted,
    squeezed,
    table_of,
    upload_of,
)
from dashboard.common.damage import damage_of, unprotected
from dashboard.common.searching import squeeze
from dashboard.common.tables import TableError
from dashboard.cycles.name_field import LONGEST_NAME, name_field
from dashboard.installs.fields.text import UntrustedText
from dashboard.mirror.models import Template
from dashboard.operations.submissions import SubmissionField

NAME_HEADINGS = squeezed(
    [
        *("name", "cycle", "cycle name", "name of the cycle"),
        *("zyklus", "name des zyklus", "nom", "nom du cycle", "nombre", "nombre del ciclo"),
    ]
)
"""Columns that say what the cycle is called in each account."""


class TemplateManyForm(forms.Form):
    """One name for all, and a table of accounts in which a cell may say another."""

    submission = SubmissionField()
    name = name_field()
    table = forms.CharField(
        label="Account ids or a table",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text="One account id on each line; or a table with a heading line: “Account id”, and "
        "perhaps “Name” for the name of the cycle in each.",
    )
    file = forms.FileField(
        label="Or a CSV file",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        help_text="UTF-8, at most 2 MB and 5,000 lines.",
    )
    leaves_out_done = forms.BooleanField(
        label="Leave out accounts that have a cycle of this template already",
        required=False,
        initial=True,
    )

    def __init__(
        self, template: Template, data: Any = None, files: Any = None, *, table: str = ""
    ) -> None:
        """`table`: the accounts that a list was asked to fill in."""
        initial = {"name": str(template)[:LONGEST_NAME], "table": table}
        super().__init__(data, files, initial=initial)
        self.template = template
        for name in ("table", "file"):
            self.fields[name].is_alternative = True  # type: ignore[attr-defined]
        self.read: Table | None = None
        self.notes: list[str] = []
        """What the preview says of how the table was read."""
        self.places: dict[str, int] = {}
        """The columns that say the `account`'s name and the cycle's `name`."""

    @cached_property
    def accounts(self) -> Accounts:
        """The accounts that the table may name."""
        return Accounts(self.template.console)

    def clean(self) -> dict[str, Any]:
        """Read the table."""
        values: dict[str, Any] = super().clean() or {}
        place = "table" if upload_of(self) is None else "file"
        try:
            self.read = table_of(
                self, besides="the ids and the table above", is_account=self.accounts.is_account
            )
            if self.read is None:
                raise TableError("Enter at least one account id.")
            self._find_places(self.read)
        except TableError as error:
            self.add_error(place, error)
        if self.errors and upload_of(self) is not None and "file" not in self.errors:
            self.add_error("file", "Choose the file again: no browser keeps it.")
        return values

    def _find_places(self, table: Table) -> None:
        """Which column says what; those that nobody knows are passed over, and it is said."""
        self.notes = list(table.notes)
        for place, heading in enumerate(table.columns):
            what = "account" if is_account_name(heading) else ""
            what = "name" if squeeze(heading) in NAME_HEADINGS else what
            if not what:
                if heading:
                    self.notes.append(f"The column {quoted(heading)} was passed over.")
                continue
            if what in self.places:
                raise TableError(f"Two columns are called {quoted(heading)}.")
            self.places[what] = place

    def cell(self, cells: tuple[str, ...], what: str) -> str:
        """What a line says there, without what protects it from spreadsheets."""
        return unprotected(cells[self.places[what]].strip()) if what in self.places else ""

    def name_in(self, cells: tuple[str, ...]) -> tuple[str, str]:
        """What the cycle is called in a line, and what of that must be confirmed first.

        Raises `ValidationError`, which says what is wrong with it.
        """
        written = self.cell(cells, "name")
        if not written:
            return self.cleaned_data["name"], ""
        field = self.fields["name"]
        assert isinstance(field, UntrustedText)
        damage = damage_of(written)
        doubt = f"The name {quoted(written)} {damage}." if damage else ""
        return str(field.clean(written)), doubt

    def too_long(self, number: int) -> str:
        """Why a line cannot be cut into cells, in words."""
        return TOO_LONG if self.read is not None and number in self.read.too_long else ""

    def shared_entries(self) -> list[list[str]]:
        """What all accounts share, for people."""
        return [["Name", self.cleaned_data["name"]]]
