"""The table's lines: a filled cell wins over the form; each is checked as a form of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError

from dashboard.bulk.input import RowInput
from dashboard.bulk.services import Target
from dashboard.bulk.tables import TOO_LONG, Meant
from dashboard.common.chunks import by_key
from dashboard.common.damage import unprotected
from dashboard.common.untrusted_text import storable
from dashboard.installs.many.cells import Columns, filled
from dashboard.installs.many.form import MEANT, InstallManyForm
from dashboard.installs.naming import By, NotMeantError, meant
from dashboard.installs.services import exclusivity_key, follow_up, refused_accounts
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector

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
    whole = by_key(Account.objects.all(), [one.account.pk for one in meant if one.account])
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
    entered = RowInput(
        values=line.install_values(),
        shown=line.display_input(),
        exclusivity_key=exclusivity_key(account, form.connector),
        follow_up=follow_up(line, account),
        leaves_out_done=bool(form.cleaned_data.get("skips_existing")),
    )
    shown = {"entries": _shown(line, one.cells)}
    doubt = " ".join(filter(None, [one.meant.doubt, *doubts]))
    return Target(one.number, one.label, account, entered, shown=shown, doubt=doubt)


def _checked(form: InstallManyForm, cells: tuple[str, ...]) -> tuple[InstallManyForm, list[str]]:
    """The form as it would be for this line alone, and what of it somebody should look at.

    Raises `ValidationError`, which says what is wrong in it.
    """
    problems: list[str] = []
    by: By | None = None
    try:
        by = _meant(form, cells)
    except NotMeantError as error:
        problems.append(f"Connector: {error}")
    delimiter = form.read.delimiter if form.read is not None else ""
    line = filled(form, cells, Columns(form.filled, form.needed, delimiter))
    if by:
        line.form.cleaned_data["installs_by"] = by
    if problems := problems + line.problems:
        raise ValidationError(problems)
    return line.form, line.doubts


def _meant(form: InstallManyForm, cells: tuple[str, ...]) -> By | None:
    """By what the line asks for the connector; raises `NotMeantError`."""
    written = {part: unprotected(cells[place]) for part, place in form.meant_places.items()}
    if not any(map(str.strip, written.values())):
        return None
    return meant(form.connector, form.entries, *(written.get(part, "") for part in MEANT))


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


def _having(connector: CatalogueConnector) -> set[int]:
    same = AccountConnector.objects.there().filter(
        account__console=connector.console,
        connector_name=connector.name,
        connector_version=connector.version,
    )
    return set(same.values_list("account_id", flat=True))
