"""Columns of a table that say what a connector of the plan is installed with: “HubSpot: Region”.

A cell wins over the plan, and is checked as the connector's own form does it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from dashboard.bulk.tables import Table
from dashboard.common.searching import squeeze
from dashboard.common.tables import TableError
from dashboard.installs.fields.choices import ChoiceOrAnotherWidget
from dashboard.installs.many.cells import Columns, filled
from dashboard.installs.naming import ways_of
from dashboard.mirror.models import CatalogueConnector
from dashboard.onboarding.forms import ConnectorForm
from dashboard.onboarding.input import Entries
from dashboard.onboarding.models import OnboardingStep
from dashboard.onboarding.turns import EntriesLostError, typed_of

JSON = dict[str, Any]

CHECKS = frozenset({"by_customer", "is_native"})


class EntriesError(Exception):
    """What a line says of a connector cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class OfConnector:
    """A step of the plan, its form as the plan fills it, and the columns of the table for it."""

    step: OnboardingStep
    form: ConnectorForm
    columns: Columns

    def entries(self, cells: tuple[str, ...]) -> Entries | None:
        """What the step works from in a line; None as it is planned.

        Raises `EntriesError`.
        """
        is_filled = any(cells[place].strip() for place in self.columns.fields)
        if not is_filled and not self.columns.needed:
            return None
        line = filled(self.form, cells, self.columns)
        doubts = [
            f"{doubt} Onboard this account by itself if it is meant." for doubt in line.doubts
        ]
        if problems := [*line.problems, *doubts]:
            raise EntriesError(f"{self.step.connector}: {' '.join(problems)}")
        return line.form.entries()


def headings_of(steps: Sequence[OnboardingStep]) -> dict[str, tuple[OnboardingStep, str]]:
    """Squeezed heading to the step that it is about and the field of its form.

    A setting is named by its label or by what Cyclr calls it, below its connector's name; by name
    and version where two of one name are planned.
    """
    found: dict[str, tuple[OnboardingStep, str]] = {}
    for step, form, name in _fields_of(steps):
        for called in _names_of(form.connector):
            for label in _labels_of(form, name):
                found.setdefault(squeeze(f"{called} {label}"), (step, name))
    return found


def known_headings(steps: Sequence[OnboardingStep]) -> list[str]:
    """As they may be written, for people."""
    return [
        f"{step.connector}: {form.fields[name].label}" for step, form, name in _fields_of(steps)
    ]


def is_secret(step: OnboardingStep, name: str) -> bool:
    """Whether what stands in the column of this field must not be drawn again."""
    return bool(_form_of(step).is_secret(name))


def columns_of(table: Table, places: Mapping[int, tuple[OnboardingStep, str]]) -> list[OfConnector]:
    """The steps that the table has columns for. `places`: the field that each column fills.

    Raises `TableError` where plan and columns do not make a whole.
    """
    by_step: dict[int, dict[int, str]] = {}
    steps: dict[int, OnboardingStep] = {}
    for place, (step, name) in places.items():
        steps[step.pk] = step
        by_step.setdefault(step.pk, {})[place] = name
    return [_of_connector(table, steps[pk], fields) for pk, fields in by_step.items()]


def _of_connector(table: Table, step: OnboardingStep, fields: dict[int, str]) -> OfConnector:
    if step.has_secrets:
        raise TableError(
            f"{step.connector}: the plan has a secret for it, which no line can be joined with. "
            "Take it out of the plan, and give it a column."
        )
    try:
        typed = typed_of(step)
    except EntriesLostError as error:
        raise TableError(f"{step.connector}: {error}") from None
    form = _form_of(step, typed, data=_planned(step, typed))
    needed = {name for name in fields.values() if form.fields[name].required}
    for name in fields.values():
        form.fields[name].required = False
    if not form.is_valid():
        label, errors = next(iter(form.errors.items()))
        shown = form.fields[label].label if label in form.fields else "the plan"
        said = " ".join(map(str, errors))
        raise TableError(f"{step.connector}: {shown}: {said} Give it a column.")
    return OfConnector(step, form, Columns(fields, needed, table.delimiter))


def _form_of(
    step: OnboardingStep, typed: JSON | None = None, data: QueryDict | None = None
) -> ConnectorForm:
    connector = step.connector
    assert connector is not None
    method = str((typed or step.display_input).get("method", ""))
    return ConnectorForm(connector, None, data, method=method, ways=ways_of(connector))


def _planned(step: OnboardingStep, typed: JSON) -> QueryDict:
    """What a browser would send of the plan's form."""
    blank = _form_of(step, typed)
    kept = blank.moved(typed.get("initial", {}), str(typed.get("layout", "")))
    data = QueryDict(mutable=True)
    for name in ("release", "layout", "method"):
        data[name] = str(blank.initial.get(name) or "")
    data["submission"] = str(uuid.uuid4())
    for name, value in kept.items():
        if name in CHECKS or isinstance(value, bool):
            if value:
                data[name] = "on"
        elif value not in (None, ""):
            widget = blank.fields[name].widget
            if isinstance(widget, ChoiceOrAnotherWidget):
                data[name], data[f"{name}_other"] = widget.decompress(value)
            else:
                data[name] = str(value)
    return data


def _fields_of(
    steps: Sequence[OnboardingStep],
) -> Iterator[tuple[OnboardingStep, ConnectorForm, str]]:
    """Every field that a column may fill."""
    for step in steps:
        if step.connector is None or step.connector.gone_at is not None:
            continue
        form = _form_of(step)
        for name in form.fields:
            if name.startswith(("parameter-", "auth-")):
                yield step, form, name


def _names_of(connector: CatalogueConnector) -> list[str]:
    return [connector.name, f"{connector.name} {connector.version}"]


def _labels_of(form: ConnectorForm, name: str) -> list[str]:
    labels = [str(form.fields[name].label)]
    if name.startswith("parameter-"):
        labels.append(form.parameters[int(name.removeprefix("parameter-"))].target_name)
    if name == "auth-key":
        labels.append("API key")  # its label may name a header as well
    return labels
