"""The set of default connectors: what of it can be installed now, installing it, changing it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.defaults.forms import DefaultForm
from dashboard.defaults.models import DefaultConnector
from dashboard.installs.naming import Entry, NotMeantError, asked_for, entries_in
from dashboard.installs.services import KIND, install_request, refused_accounts, refused_in
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.operations.handlers import handler_for
from dashboard.operations.models import Operation
from dashboard.operations.submitting import AlreadyActiveError, OtherInputError, submit

MOST = 20
"""As many a console may have."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One of the set, and what it is at this moment.

    `problem`: why it cannot be installed, in words; `note`: what of it is left out.
    """

    default: DefaultConnector
    connector: CatalogueConnector | None = None
    form: DefaultForm | None = None
    problem: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Installed:
    """What became of one of the set: its install, or in words why there is none.

    `is_needless`: because the account has it.
    """

    default: DefaultConnector
    operation: Operation | None = None
    problem: str = ""
    is_needless: bool = False


# ---- what it is now ----


def planned(console: Console) -> list[Planned]:
    """The console's set in its order, each as a new account would get it now."""
    rows = list(DefaultConnector.objects.of(console))
    entries = entries_in(console.pk) if rows else []
    found: list[Planned] = []
    for row in rows:
        one = _planned(row, entries)
        if one.connector and one.connector in [other.connector for other in found]:
            one = Planned(row, problem=f"{one.connector} is in the set a second time.")
        found.append(one)
    return found


def _planned(row: DefaultConnector, entries: Sequence[Entry]) -> Planned:
    try:
        entry = asked_for(
            entries,
            row.installs_by,
            release_id=row.release_id,
            name=row.connector_name,
            version=row.connector_version,
        )
    except NotMeantError as error:
        return Planned(row, problem=str(error))
    connector = CatalogueConnector.objects.get(pk=entry.pk)
    if why := refused_accounts(connector).get(None):
        return Planned(row, connector, problem=why)
    form = form_of(row, connector)
    gone = form.fill(columns_of(row))
    note = f"Not asked any more, so left out: {', '.join(gone)}." if gone else ""
    problem = " ".join(form.take_kept())
    return Planned(row, connector, form, problem, note)


def form_of(row: DefaultConnector, connector: CatalogueConnector) -> DefaultForm:
    """The form of one of the set, with nothing in it yet."""
    return DefaultForm(connector, method=row.method)


def columns_of(row: DefaultConnector) -> dict[str, object]:
    """What was entered, as `DefaultForm.columns` said it."""
    names = ("name", "description", "is_native", "installs_by", "values")
    return {name: getattr(row, name) for name in names}


# ---- installing ----


def install_defaults(
    account: Account,
    actor: Actor,
    submission: uuid.UUID,
    *,
    parent: Operation | None = None,
    is_bulk: bool = False,
) -> list[Installed]:
    """Ask for an install of each of the set; the same submission again gives the same installs.

    Each is an operation of its own, after `parent`; one that cannot be installed stops no other.
    """
    found = planned(account.console)
    refused = refused_in(account, [one.connector for one in found if one.connector])
    made = []
    for one in found:
        why = one.problem or (refused.get(one.connector.pk, "") if one.connector else "")
        if why or one.form is None or one.connector is None:
            made.append(Installed(one.default, problem=why))
            continue
        one.form.cleaned_data["submission"] = uuid.uuid5(submission, f"default:{one.default.pk}")
        made.append(_installed(one.default, account, actor, one.form, parent, is_bulk))
    return made


def _installed(
    default: DefaultConnector,
    account: Account,
    actor: Actor,
    form: DefaultForm,
    parent: Operation | None,
    is_bulk: bool,
) -> Installed:
    requested = install_request(actor, account, form.connector, form)
    requested.parent, requested.is_bulk = parent, is_bulk
    earlier = Operation.objects.filter(submission=requested.own_submission).first()
    if earlier is not None:
        return Installed(default, earlier)
    if why := handler_for(KIND).needless(account, form.connector, requested.values):
        return Installed(default, problem=why, is_needless=True)
    try:
        return Installed(default, submit(requested))
    except (AlreadyActiveError, OtherInputError) as error:
        return Installed(default, error.operation)


# ---- changing the set ----


def add(actor: Actor, console: Console, form: DefaultForm) -> DefaultConnector:
    """Put one at the end of the set. Raises `IntegrityError` for one that is in it."""
    with transaction.atomic():
        _lock(console)
        last = DefaultConnector.objects.filter(console=console).aggregate(last=Max("position"))
        place = (last["last"] or 0) + 1
        row = DefaultConnector.objects.create(console=console, position=place, **form.columns())
        _record(actor, row, "defaults.add")
    return row


def change(actor: Actor, row: DefaultConnector, form: DefaultForm) -> None:
    """Keep what was entered for one of the set."""
    with transaction.atomic():
        for name, value in form.columns().items():
            setattr(row, name, value)
        row.save()
        _record(actor, row, "defaults.change")


def remove(actor: Actor, row: DefaultConnector) -> None:
    """Take one out of the set; what is installed stays."""
    with transaction.atomic():
        _record(actor, row, "defaults.remove")
        row.delete()


def move(actor: Actor, row: DefaultConnector, *, up: bool) -> bool:
    """Let it change places with the one before or after it; says whether there is one."""
    with transaction.atomic():
        _lock(row.console)
        rows = list(DefaultConnector.objects.of(row.console).filter(is_native=row.is_native))
        here = rows.index(row)
        there = here - 1 if up else here + 1
        if not 0 <= there < len(rows):
            return False
        rows[here], rows[there] = rows[there], rows[here]
        for position, one in enumerate(rows):
            one.position = position
        DefaultConnector.objects.bulk_update(rows, ["position"])
        _record(actor, row, "defaults.move")
    return True


def _lock(console: Console) -> None:
    """Let one change of a console's set end before the next begins, by the end of a transaction."""
    Console.objects.select_for_update().get(pk=console.pk)


def _record(actor: Actor, row: DefaultConnector, action: str) -> None:
    audit.record(
        actor, action, console=row.console, target=str(row), target_url=row.get_absolute_url()
    )
