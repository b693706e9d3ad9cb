"""The table's lines: a filled cell wins over the form; each is checked as a form of its own."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict

from dashboard.bulk.services import Target
from dashboard.bulk.tables import TOO_LONG, Meant, quoted
from dashboard.common.chunks import chunks
from dashboard.common.damage import damage_of, unprotected
from dashboard.common.untrusted_text import storable
from dashboard.installs.fields import ChoiceOrAnother, Fraction, Moment, UntrustedText, WholeNumber
from dashboard.installs.many.form import MEANT, InstallManyForm
from dashboard.installs.naming import By, NotMeantError, meant
from dashboard.installs.services import exclusivity_key, follow_up, refused_accounts
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector

VALUES_NAMED = 12
"""As many listed values are named to somebody who wrote another."""

BY_LABELS = {By.ID: "id", By.VERSION: "name and version", By.NAME: "name"}

NOT_READ = "(not read)"
"""In place of the account of a line that cannot be cut into cells: it may hold secrets."""


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
        Target(number, NOT_READ, None, problem=message)
        for number, message in form.read.problems.items()
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
        "shown": line.display_input(),
        "exclusivity_key": exclusivity_key(account, form.connector),
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
    try:
        if by := _meant(form, cells):
            line.cleaned_data["installs_by"] = by
    except NotMeantError as error:
        problems.append(f"Connector: {error}")
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


def _meant(form: InstallManyForm, cells: tuple[str, ...]) -> By | None:
    """By what the line asks for the connector; raises `NotMeantError`."""
    written = {part: unprotected(cells[place]) for part, place in form.meant_places.items()}
    if not any(map(str.strip, written.values())):
        return None
    return meant(form.connector, form.entries, *(written.get(part, "") for part in MEANT))


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
    if not isinstance(form_field, UntrustedText) or isinstance(form_field, WholeNumber | Moment):
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
    by = form.cleaned_data.get("installs_by")
    if any(cells[place].strip() for place in form.meant_places.values()):
        found.append(["Installed by", BY_LABELS[By(by or By.ID)]])
    for place, name in form.filled.items():
        if not cells[place].strip():
            continue
        entered = str(form.cleaned_data.get(name) or "").strip()
        value = "set" if form.hides(name) else str(storable(entered))
        found.append([str(form.fields[name].label), value[:200]])
    return found


def _whole(pks: Sequence[int]) -> dict[int, Account]:
    found: dict[int, Account] = {}
    for some in chunks(pks):
        found |= Account.objects.in_bulk(some)
    return found


def _having(connector: CatalogueConnector) -> set[int]:
    same = AccountConnector.objects.there().filter(
        account__console=connector.console,
        connector_name=connector.name,
        connector_version=connector.version,
    )
    return set(same.values_list("account_id", flat=True))
