"""The form that takes a table of accounts to onboard, and what its columns are for."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.conf import settings

from dashboard.accounts.forms.fields import ZoneField
from dashboard.bulk.tables import Accounts, Table, quoted, squeezed, table_of, upload_of
from dashboard.common.searching import squeeze
from dashboard.common.tables import LINES_LOOKED_AT, TableError
from dashboard.common.untrusted_text import first_few
from dashboard.installs.many.keeping import COLUMNS_NAMED, emptied_message, without_columns
from dashboard.links.recipients import meaning
from dashboard.onboarding.columns import (
    OfConnector,
    columns_of,
    headings_of,
    is_secret,
    known_headings,
)
from dashboard.onboarding.models import OnboardingRun, OnboardingStep
from dashboard.operations.submissions import SubmissionField

ZONE_HEADINGS = squeezed(
    ["time zone", "timezone", "zone", "zeitzone", "fuseau horaire", "zona horaria"]
)
LANGUAGE_HEADINGS = squeezed(["language", "sprache", "langue", "idioma", "lengua"])
LANGUAGES = {
    **{squeeze(name): code for code, name in settings.LANGUAGES},
    **{code: code for code, _ in settings.LANGUAGES},
    **{"german": "de", "french": "fr", "spanish": "es", "englisch": "en", "anglais": "en"},
    **{"ingles": "en", "franzosisch": "fr", "spanisch": "es", "allemand": "de"},
    **{"aleman": "de", "frances": "fr", "espagnol": "es", "castellano": "es"},
}
"""Squeezed name of a language to its code."""
FILLS_NOTHING = " ,;\t\r\"'"
"""What stands in lines of a table that hold nothing."""
KNOWN = "Account id, Account name, E-mail, Name, Language, Time zone"


@dataclass(frozen=True, slots=True)
class Places:
    """Which cell says what of a line; and what of the plan's connectors the columns fill."""

    cells: dict[str, int] = field(default_factory=dict)
    """By `name` and `email` (for whom the link is), `account`, `zone`, `language`."""
    connectors: list[OfConnector] = field(default_factory=list)


class TableForm(forms.Form):
    """The accounts, one a line."""

    submission = SubmissionField()
    zone = ZoneField(
        label="Time zone of new accounts",
        required=False,
        help_text="Where a line says no other. A city, a country, an IANA name or a Windows name.",
    )
    table = forms.CharField(
        label="Accounts as a table",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=f"With a heading line: {KNOWN}. A column for a connector of the plan is called "
        "as on its form, after its name: “HubSpot: Region”. A line whose id is not in Cyclr yet, "
        "or is empty, becomes a new account and needs a name and a time zone.",
    )
    file = forms.FileField(
        label="Or a CSV file",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        help_text="UTF-8, at most 2 MB and 5,000 lines.",
    )

    def __init__(
        self,
        pattern: OnboardingRun,
        steps: Sequence[OnboardingStep],
        data: Any = None,
        files: Any = None,
    ) -> None:
        """`steps`: the pattern's, with their connectors."""
        super().__init__(data, files, initial={"submission": uuid.uuid4()})
        for name in ("table", "file"):
            self.fields[name].is_alternative = True  # type: ignore[attr-defined]
        self.pattern, self.steps = pattern, steps
        self.read: Table | None = None
        self.places = Places()
        self.accounts = Accounts(pattern.console)
        self.headings = headings_of(steps) if self.is_bound else {}

    def clean(self) -> dict[str, Any]:
        """Read the table."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        is_account = self.accounts.is_account
        try:
            self.read = table_of(self, besides="the table above", is_account=is_account)
            if self.read is None:
                raise TableError("Paste a table, or choose a file.")
            self.places = self._places(self.read)
        except TableError as error:
            self.add_error("table" if upload_of(self) is None else "file", error)
        if self.errors and upload_of(self) is not None and "file" not in self.errors:
            self.add_error("file", "Choose the file again: no browser keeps it.")
        if self.errors:
            self._drop_secrets()
        return values

    def _places(self, table: Table) -> Places:
        """Which cell says what. Raises `TableError`."""
        cells: dict[str, int] = {}
        of_steps: dict[int, tuple[OnboardingStep, str]] = {}
        for place, heading in enumerate(table.columns):
            if not heading.strip():
                continue
            what = _meaning(heading)
            target = None if what else self.headings.get(squeeze(heading))
            shown = quoted(heading)
            if not what and target is None:
                raise TableError(f"No column is called {shown}. Known are: {self._known()}.")
            if what in cells or target in of_steps.values():
                raise TableError(f"Two columns are called {shown}.")
            if target is not None:
                of_steps[place] = target
            else:
                cells[what] = place
        return Places(cells, columns_of(table, of_steps))

    def _known(self) -> str:
        return first_few([KNOWN, *known_headings(self.steps)], COLUMNS_NAMED + 1)

    def _drop_secrets(self) -> None:
        """What is pasted is drawn again without the columns that are, or may be, a secret."""
        pasted = str(self.data.get("table", ""))
        if self._is_harmless(pasted):
            return  # also one that cannot be read
        kept, emptied = without_columns(pasted, self._is_kept)
        data: Any = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict
        data["table"] = kept
        self.data = data
        if message := emptied_message(emptied):
            self.add_error("table", message)
        elif not kept:
            self.add_error("table", "It may hold secrets, so it was not kept. Enter it again.")

    def _is_harmless(self, pasted: str) -> bool:
        """Whether the first line with anything in it names nothing but what may be drawn again.

        And none below, down to which the heading is looked for, names a secret.
        """
        lines = [line for line in pasted.splitlines() if line.strip(FILLS_NOTHING)]
        cells = [
            [cell.strip(" \"'") for cell in re.split(r"[,;\t]", line)]
            for line in lines[:LINES_LOOKED_AT]
        ]
        if not cells:
            return True
        is_whole = lines[0].count('"') % 2 == 0  # else it goes on, within a cell, on the next
        named = [self.headings.get(squeeze(cell)) for line in cells[1:] for cell in line]
        has_secret = any(one is not None and is_secret(*one) for one in named)
        return is_whole and not has_secret and all(map(self._is_kept, cells[0]))

    def _is_kept(self, heading: str) -> bool:
        target = self.headings.get(squeeze(heading))
        if target is not None:
            return not is_secret(*target)
        return not heading.strip() or bool(_meaning(heading))


def _meaning(heading: str) -> str:
    """What a column of a line's own is for; empty for another."""
    key = squeeze(heading)
    if key in ZONE_HEADINGS:
        return "zone"
    return "language" if key in LANGUAGE_HEADINGS else meaning(heading)
