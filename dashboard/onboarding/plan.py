"""Planning a run: its account, what is installed, what the customer gets. Nothing is sent yet."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from dashboard.audit.models import Actor
from dashboard.common import encryption
from dashboard.common.untrusted_text import display_text
from dashboard.consoles.models import Console
from dashboard.defaults import services as defaults
from dashboard.installs.input import InstallInput
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import (
    Account,
    AccountConnector,
    CatalogueConnector,
    Template,
    TemplateConnector,
)
from dashboard.onboarding.forms import auto_entries
from dashboard.onboarding.input import Entries, Wishes
from dashboard.onboarding.models import (
    OPEN,
    PLACE,
    OnboardingRun,
    OnboardingStep,
    StepKind,
)
from dashboard.onboarding.turns import EntriesLostError, entries_of
from dashboard.operations.submissions import own_submission

JSON = dict[str, Any]
KIND = "onboarding"
MOST_STEPS = 50
"""Connectors, and templates, of one plan."""


def make_draft(
    actor: Actor,
    console: Console,
    submission: uuid.UUID,
    *,
    account: Account | None = None,
    name: str = "",
    for_many: bool = False,
) -> OnboardingRun:
    """A plan with the default connectors in it that the account does not have.

    The same submission again gives the same plan.
    """
    own = own_submission(submission, actor, KIND, console, account)
    run = OnboardingRun(
        submission=own,
        console=console,
        account=account,
        name=str(account.name if account else name),
        for_many=for_many,
        wishes=Wishes(mails=for_many).kept(),
    )
    run.actor = actor
    try:
        with transaction.atomic():
            run.save(force_insert=True)
            _add_defaults(run)
    except IntegrityError:
        return OnboardingRun.objects.get(submission=own)
    return run


def _add_defaults(run: OnboardingRun) -> None:
    for one in defaults.planned(run.console):
        if one.form is None or one.connector is None or one.problem:
            continue
        step = _connector_step(run, one.connector, is_default=True)
        if has_already(run.account, one.connector):
            continue
        put_entries(step, Entries(one.form.install_values(), one.form.display_input()))
        step.save()


def default_problems(console: Console) -> list[str]:
    """Why some of the default connectors are not in a plan, in words."""
    found = defaults.planned(console)
    return [f"{display_text(one.default)}: {one.problem}" for one in found if one.problem]


# ---- the account ----


def put_account(run: OnboardingRun, name: str, values: JSON, shown: JSON) -> None:
    """A new account, as it is to be created."""
    with transaction.atomic():
        run.name = name
        run.save(update_fields=["name", "search_text"])
        step = run.steps.filter(kind=StepKind.ACCOUNT).first() or OnboardingStep(
            run=run, position=PLACE[StepKind.ACCOUNT], kind=StepKind.ACCOUNT
        )
        step.run = run
        put_account_columns(step, name, values, shown)
        step.save()


def put_account_columns(step: OnboardingStep, name: str, values: JSON, shown: JSON) -> None:
    """What the step of an account has, without saving it."""
    step.title = f"Create account {display_text(name)}"
    has_secrets = bool(values["fields"].get("error_webhook_url"))
    put_entries(step, Entries(values, shown, has_secrets=has_secrets))


def put_entries(step: OnboardingStep, entries: Entries) -> None:
    """What a step works from, encrypted, and what people see of it; without saving it."""
    step.display_input, step.has_secrets = entries.shown, entries.has_secrets
    step.encrypted_input = encryption.encrypt_json(
        entries.kept(), associated_data=step.associated_data
    )


# ---- connectors and templates ----


def _next_place(run: OnboardingRun, kind: StepKind) -> int:
    last = run.steps.filter(kind=kind).aggregate(last=Max("position"))["last"]
    return PLACE[kind] if last is None else int(last) + 1


def has_room(run: OnboardingRun, kind: StepKind) -> bool:
    """Whether one more may be planned."""
    return run.steps.filter(kind=kind).count() < MOST_STEPS


def add_connector(run: OnboardingRun, connector: CatalogueConnector) -> OnboardingStep:
    """Plan an install in which the customer enters what is asked; twice the same is once."""
    there: OnboardingStep | None = run.steps.filter(connector=connector).first()
    if there is not None:
        return there
    step = _connector_step(run, connector)
    put_entries(step, auto_entries(connector))
    step.save()
    return step


def _connector_step(
    run: OnboardingRun, connector: CatalogueConnector, *, is_default: bool = False
) -> OnboardingStep:
    return OnboardingStep(
        run=run,
        position=_next_place(run, StepKind.CONNECTOR),
        kind=StepKind.CONNECTOR,
        title=f"Install {display_text(connector)}",
        connector=connector,
        is_default=is_default,
    )


def has_already(account: Account | None, connector: CatalogueConnector) -> str:
    """Why a connector need not be installed, in words; empty if it must."""
    same = AccountConnector.objects.there().filter(
        account=account, connector_name=connector.name, connector_version=connector.version
    )
    there = same.first() if account else None
    return f"The account has it already, as “{display_text(there)}”" if there else ""


def add_template(run: OnboardingRun, template: Template) -> OnboardingStep:
    """Plan a template; twice the same is once."""
    there: OnboardingStep | None = run.steps.filter(template=template).first()
    if there is not None:
        return there
    step: OnboardingStep = run.steps.create(
        position=_next_place(run, StepKind.TEMPLATE),
        kind=StepKind.TEMPLATE,
        title=f"Install template {display_text(template)}",
        template=template,
        cycle_name=str(template)[:200],
    )
    return step


@dataclass(frozen=True, slots=True)
class Part:
    """A connector that a template needs. `planned`: by a step of the plan; else what is there."""

    need: TemplateConnector
    planned: OnboardingStep | None
    installed: list[AccountConnector]


def parts_of(run: OnboardingRun, steps: Sequence[OnboardingStep]) -> dict[int, list[Part]]:
    """By step of a template: what it needs, and which of it is reused; three queries for all."""
    templates = {step.template_id for step in steps if step.template_id}
    needs = TemplateConnector.objects.filter(template__in=templates)
    installed: dict[str, list[AccountConnector]] = {}
    if run.account is not None:
        for one in AccountConnector.objects.there().filter(account=run.account):
            one.account = run.account
            kind = key_of(one.connector_name, one.connector_version)
            installed.setdefault(kind, []).append(one)
    planned = {
        key_of(step.connector.name, step.connector.version): step
        for step in steps
        if step.connector is not None
    }
    found: dict[int, list[Part]] = {}
    for need in needs:
        part = Part(need, planned.get(need.kind_key), installed.get(need.kind_key, []))
        found.setdefault(need.template_id, []).append(part)
    return {step.pk: found.get(step.template_id or 0, []) for step in steps if step.template_id}


# ---- before it is started ----


def problems_of(run: OnboardingRun, steps: Sequence[OnboardingStep]) -> list[str]:
    """What stands in the way of starting it, in words."""
    found = []
    is_new = any(step.kind == StepKind.ACCOUNT for step in steps)
    if run.account is None and not is_new and not run.for_many:
        found.append("There is no account yet.")
    if run.account is not None and run.account.gone_at is not None:
        found.append("Cyclr does not have this account any more.")
    if not any(step.connector_id or step.template_id for step in steps):
        found.append("Nothing is installed: add a connector or a template.")
    for step in steps:
        found += _problems_of_step(step)
    if run.account is not None and (other := other_open(run)):
        found.append(f"This account is being onboarded already: {other.reference}.")
    return found


def _problems_of_step(step: OnboardingStep) -> list[str]:
    if step.kind in {StepKind.ACCOUNT, StepKind.CONNECTOR} and not step.encrypted_input:
        return [f"{step.title}: its entries were kept for a day only. Enter them again."]
    if step.template is not None and step.template.gone_at is not None:
        return [f"{step.title}: Cyclr does not have this template any more."]
    one = step.connector
    if one is None:
        return []
    if one.gone_at is not None or one.is_draft:
        return [f"{step.title}: Cyclr does not offer this connector any more."]
    try:
        entered = InstallInput.from_json(entries_of(step))
    except EntriesLostError as error:
        return [f"{step.title}: {error}"]
    if not entered.connector_name and entered.release_id != one.release_id:
        return [f"{step.title}: a new release came out. Open it, and check its entries."]
    return []


def other_open(run: OnboardingRun) -> OnboardingRun | None:
    """Another run of the same account that was started and has not ended."""
    rows = OnboardingRun.objects.filter(account=run.account, state__in=OPEN).exclude(pk=run.pk)
    found: OnboardingRun | None = rows.first()
    return found


def complete(run: OnboardingRun) -> None:
    """Add the steps that follow from the plan; again it does nothing."""
    templates = list(run.steps.filter(kind=StepKind.TEMPLATE))
    OnboardingStep.objects.bulk_create(complete_steps(run, templates), ignore_conflicts=True)


def complete_steps(run: OnboardingRun, templates: Sequence[OnboardingStep]) -> list[OnboardingStep]:
    """The steps that follow from the plan, by what is wished and by its templates."""
    wished = Wishes.from_json(run.wishes)
    found: list[OnboardingStep] = []
    if wished.makes_link:
        found.append(_step(run, StepKind.LINK, "Create a connection link"))
        found.append(_step(run, StepKind.CONSENT, "The customer connects"))
    if wished.activates:
        for number, step in enumerate(templates):
            title = f"Activate {step.cycle_name or 'the cycle'}"
            found.append(_step(run, StepKind.ACTIVATE, title, number=number, of=step))
    return found


def _step(
    run: OnboardingRun,
    kind: StepKind,
    title: str,
    *,
    number: int = 0,
    of: OnboardingStep | None = None,
) -> OnboardingStep:
    return OnboardingStep(run=run, position=PLACE[kind] + number, kind=kind, title=title, of=of)


def copy_for(
    pattern: OnboardingRun,
    steps: Sequence[OnboardingStep],
    run: OnboardingRun,
    entries: Mapping[int, Entries],
) -> list[OnboardingStep]:
    """The steps of a plan for one line of a table; their entries are encrypted for it anew.

    `entries`: by step, what the line says itself.
    """
    made = []
    for step in steps:
        copied = OnboardingStep(
            run=run,
            position=step.position,
            kind=step.kind,
            title=step.title,
            connector=step.connector,
            template=step.template,
            is_default=step.is_default,
            cycle_name=step.cycle_name,
            has_secrets=step.has_secrets,
            display_input=step.display_input,
        )
        if (own := entries.get(step.pk)) is not None:
            put_entries(copied, own)
        elif step.encrypted_input:
            step.run = pattern
            plain = encryption.decrypt(step.encrypted_input, associated_data=step.associated_data)
            copied.encrypted_input = encryption.encrypt(
                plain, associated_data=copied.associated_data
            )
        made.append(copied)
    return made


def put_wishes(run: OnboardingRun, recipient: JSON, wished: Wishes) -> None:
    """What the form of the plan says."""
    run.recipient_email = recipient["recipient_email"]
    run.recipient_name = recipient["recipient_name"]
    run.wishes = wished.kept()
    run.save(update_fields=["recipient_email", "recipient_name", "wishes", "search_text"])
