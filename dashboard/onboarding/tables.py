"""Onboarding many accounts: a table of them, and the run that each line becomes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from cyclr_api.addresses import checked_account_id
from dashboard.accounts.forms.fields import ZoneField
from dashboard.audit.models import Actor
from dashboard.bulk.tables import (
    TOO_LONG,
    UNKNOWN,
    quoted,
)
from dashboard.common.searching import nfkc_casefold, squeeze
from dashboard.common.untrusted_text import is_blank, storable
from dashboard.links.recipients import address_of, bare, why_not
from dashboard.mirror.models import Account
from dashboard.onboarding.columns import EntriesError
from dashboard.onboarding.input import Entries
from dashboard.onboarding.models import (
    OPEN,
    PLACE,
    OnboardingRun,
    OnboardingStep,
    OnboardingTable,
    RunState,
    StepKind,
)
from dashboard.onboarding.plan import complete_steps, copy_for, put_account_columns
from dashboard.onboarding.table_form import LANGUAGES, TableForm
from dashboard.operations.submissions import own_submission

JSON = dict[str, Any]
KIND = "onboarding.table"
NO_LABEL = "(empty)"
LONGEST_NAME = 300


# ---- what a line means ----


@dataclass(frozen=True, slots=True)
class Line:
    """A line that becomes a run. `account`: None for a new one, of which `id` may be empty.

    `language`: empty as it is planned.
    """

    number: int
    account: Account | None
    id: str
    name: str
    zone: str
    email: str
    person: str
    language: str = ""
    entries: dict[int, Entries] = field(default_factory=dict, repr=False)
    """By step of the plan that the line fills otherwise: its input and what people see of it."""


class LeftOutError(Exception):
    """Nothing is done about a line; the message says why."""


class Reader:
    """Reads the lines of one table."""

    def __init__(self, form: TableForm) -> None:
        assert form.read is not None
        self.table, self.places, self.accounts = form.read, form.places, form.accounts
        self.zone = str(form.cleaned_data.get("zone") or "")
        self.lines: list[Line] = []
        self.left_out: list[list[Any]] = [
            [number, "(not read)", why] for number, why in form.read.problems.items()
        ]
        self._seen: dict[str, int] = {}
        console = form.pattern.console
        rows = OnboardingRun.objects.filter(console=console, state__in=OPEN)
        self._busy = set(rows.exclude(account=None).values_list("account", flat=True))
        there = Account.objects.there().filter(console=console)
        self._names = {squeeze(name): key for name, key in there.values_list("name", "cyclr_id")}
        for number, written, cells in form.read.lines:
            try:
                self.lines.append(self._line(number, written, cells))
            except LeftOutError as error:
                label = str(storable(written or self._cell(cells, "account")))[:300] or NO_LABEL
                self.left_out.append([number, label, str(error)])
        self.left_out.sort(key=lambda row: row[0])

    def _cell(self, cells: tuple[str, ...], what: str) -> str:
        places = self.places.cells
        return str(storable(bare(cells[places[what]]))) if what in places else ""

    def _line(self, number: int, written: str, cells: tuple[str, ...]) -> Line:
        if number in self.table.too_long:
            raise LeftOutError(TOO_LONG)
        name, person = self._cell(cells, "account"), self._cell(cells, "name")
        email, wrong = address_of(self._cell(cells, "email"))
        if wrong := wrong or why_not(person):
            raise LeftOutError(wrong)
        account = self._there(written, name)
        zone = "" if account else self._zone(self._cell(cells, "zone"))
        if account is None:
            self._check_new(written, name)
        language, entries = self._language(self._cell(cells, "language")), self._entries(cells)
        self._once(number, account, written, name)
        shown = str(account.name) if account else name
        line = Line(number, account, bare(written), shown, zone, email, person, language, entries)
        return line

    def _entries(self, cells: tuple[str, ...]) -> dict[int, Entries]:
        """What the line says of the plan's connectors, by step."""
        found = {}
        for one in self.places.connectors:
            try:
                given = one.entries(cells)
            except EntriesError as error:
                raise LeftOutError(str(error)) from None
            if given is not None:
                found[one.step.pk] = given
        return found

    @staticmethod
    def _language(written: str) -> str:
        """Its code; empty as it is planned."""
        key = squeeze(written)
        # “de-CH” and “de_AT” are German as spoken somewhere.
        code = LANGUAGES.get(key) or LANGUAGES.get(squeeze(re.split("[-_]", written)[0]))
        if key and not code:
            names = ", ".join(name for _, name in settings.LANGUAGES)
            raise LeftOutError(f"Language {quoted(written)} is not known. Known are: {names}.")
        return code or ""

    def _there(self, written: str, name: str) -> Account | None:
        """The account that is meant, or None for a new one."""
        if not written.strip():
            if key := self._names.get(squeeze(name)) if name else None:
                raise LeftOutError(
                    f"An account of that name is there already: write its id, {quoted(key)}."
                )
            return None
        meant = self.accounts.meant(written, name)
        if meant.account is None:
            is_new = meant.problem == UNKNOWN and not meant.why and not is_blank(name)
            if not is_new:
                hint = "" if name else " A new account needs a name."
                raise LeftOutError(f"{meant.why or meant.problem}{hint}")
            return None
        if meant.doubt:
            raise LeftOutError(f"{meant.doubt} Write the account’s name beside it.")
        if meant.account.gone_at is not None:
            raise LeftOutError("This account is gone from Cyclr.")
        if meant.account.pk in self._busy:
            raise LeftOutError("This account is being onboarded already.")
        return meant.account

    def _zone(self, written: str) -> str:
        try:
            zone = ZoneField(required=False).clean(written) or self.zone
        except ValidationError as error:
            raise LeftOutError(f"Time zone {quoted(written)}: {' '.join(error.messages)}") from None
        if not zone:
            raise LeftOutError("A new account needs a time zone.")
        return str(zone)

    @staticmethod
    def _check_new(written: str, name: str) -> None:
        if is_blank(name):
            raise LeftOutError("A new account needs a name.")
        if len(name) > LONGEST_NAME:
            raise LeftOutError("The name is too long.")
        if bare(written):
            try:
                checked_account_id(bare(written))
            except ValueError:
                raise LeftOutError("Cyclr takes no id with such characters.") from None

    def _once(self, number: int, account: Account | None, written: str, name: str) -> None:
        """An account stands in the table once, by id or, of a new one without, by name."""
        key = f"id {nfkc_casefold(bare(written))}" if bare(written) else f"name {squeeze(name)}"
        key = f"pk {account.pk}" if account else key
        first = self._seen.setdefault(key, number)
        if first != number:
            raise LeftOutError(f"This account is already on line {first}.")


# ---- what comes of it ----


def make_table(actor: Actor, form: TableForm) -> OnboardingTable:
    """A preview: a run that is not started for each line; the same submission gives the same."""
    pattern, reader = form.pattern, Reader(form)
    own = own_submission(form.cleaned_data["submission"], actor, KIND, pattern.console)
    table = OnboardingTable(
        submission=own,
        console=pattern.console,
        left_out=reader.left_out,
        notes=list(reader.table.notes),
    )
    table.actor = actor
    try:
        with transaction.atomic():
            table.save(force_insert=True)
            _make_runs(table, pattern, reader.lines, actor)
    except IntegrityError:
        existing: OnboardingTable | None = OnboardingTable.objects.filter(submission=own).first()
        if existing is None:
            raise
        return existing
    return table


def _make_runs(
    table: OnboardingTable, pattern: OnboardingRun, lines: list[Line], actor: Actor
) -> None:
    planned = list(pattern.steps.select_related("connector", "template"))
    runs = [_run(table, pattern, line, actor) for line in lines]
    OnboardingRun.objects.bulk_create(runs, batch_size=500)
    steps: list[OnboardingStep] = []
    for run, line in zip(runs, lines, strict=True):
        if line.account is None:
            steps.append(_account_step(run, line))
        steps += copy_for(pattern, planned, run, line.entries)
    OnboardingStep.objects.bulk_create(steps, batch_size=500)
    templates = OnboardingStep.objects.filter(run__table=table, kind=StepKind.TEMPLATE)
    by_run: dict[int, list[OnboardingStep]] = {}
    for step in templates:
        by_run.setdefault(step.run_id, []).append(step)
    more = [one for run in runs for one in complete_steps(run, by_run.get(run.pk, []))]
    OnboardingStep.objects.bulk_create(more, batch_size=500)


def _run(table: OnboardingTable, pattern: OnboardingRun, line: Line, actor: Actor) -> OnboardingRun:
    run = OnboardingRun(
        submission=uuid.uuid5(table.submission, str(line.number)),
        console=pattern.console,
        account=line.account,
        name=line.name,
        recipient_email=line.email,
        recipient_name=line.person,
        wishes=pattern.wishes | ({"language": line.language} if line.language else {}),
        table=table,
        line=line.number,
        state=RunState.DRAFT,
    )
    run.actor = actor
    return run


def _account_step(run: OnboardingRun, line: Line) -> OnboardingStep:
    values: Mapping[str, Any] = {
        "id": line.id or str(uuid.uuid5(run.submission, "account")),
        "is_id_ours": not line.id,
        "parent_id": "",
        "fields": {"name": line.name, "timezone": line.zone},
    }
    entries = [["Id", line.id or "Made up"], ["Name", line.name], ["Time zone", line.zone]]
    initial = {"name": line.name, "timezone": line.zone, "id": line.id}
    step = OnboardingStep(run=run, kind=StepKind.ACCOUNT, position=PLACE[StepKind.ACCOUNT])
    put_account_columns(step, line.name, dict(values), {"entries": entries, "initial": initial})
    return step
