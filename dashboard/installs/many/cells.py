"""The cells of one line of a table over a form that was checked without them: a filled one wins."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict

from dashboard.bulk.tables import quoted
from dashboard.common.damage import damage_of, unprotected
from dashboard.common.untrusted_text import storable
from dashboard.installs.fields import ChoiceOrAnother, Fraction, Moment, UntrustedText, WholeNumber
from dashboard.installs.form import InstallForm

F = TypeVar("F", bound=InstallForm)

VALUES_NAMED = 12
"""As many listed values are named to somebody who wrote another."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which field each column fills, and which of them must be filled by the line or the form."""

    fields: Mapping[int, str]
    needed: Set[str]
    delimiter: str = ""
    """What stands between the table's cells: where commas do not, they may be decimals."""


@dataclass(frozen=True, slots=True)
class Filled(Generic[F]):
    """The form as it would be for the line alone, what is wrong in it, and what may be."""

    form: F
    problems: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def filled(form: F, cells: tuple[str, ...], columns: Columns) -> Filled[F]:
    """The form for one line."""
    line = Filled(copy.copy(form))
    line.form.cleaned_data = dict(form.cleaned_data)
    line.form._errors = ErrorDict()
    for place, name in columns.fields.items():
        _fill(line, name, cells[place], columns)
    line.form.check_halves()
    for name, errors in line.form._errors.items():
        line.problems.extend(f"{form.fields[name].label}: {error}" for error in errors)
    return line


def _fill(line: Filled[F], name: str, cell: str, columns: Columns) -> None:
    form_field, values = line.form.fields[name], line.form.cleaned_data
    if not cell.strip():
        if not values.get(name) and name in columns.needed:
            line.problems.append(f"{form_field.label}: nothing is entered.")
        return
    try:
        value = _read(form_field, cell)
    except ValidationError as error:
        line.problems.append(f"{form_field.label}: {' '.join(error.messages)}")
        return
    values[name] = value
    if doubt := _doubt(line.form, name, cell, value, columns.delimiter):
        line.doubts.append(f"{form_field.label}: {doubt}.")


def _read(form_field: forms.Field, cell: str) -> Any:
    """A cell's value as the field takes it."""
    if isinstance(form_field, ChoiceOrAnother):
        return form_field.read(cell)
    return form_field.clean(cell)


def _doubt(form: InstallForm, name: str, cell: str, value: object, delimiter: str) -> str:
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
        comma = delimiter == ";"
        return (
            f"{what} may be thousands: this table seems to have a comma for decimals"
            if (is_grouped and comma)
            else ""
        )
    if not isinstance(form_field, UntrustedText) or isinstance(form_field, WholeNumber | Moment):
        return ""
    if damage := damage_of(bare):
        return f"{what} {damage}"
    if unprotected(bare) != bare:
        return f"{what} begins with an apostrophe, as spreadsheets mark a text"
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        return f"{what} stands between quotation marks"
    return ""
