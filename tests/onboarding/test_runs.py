"""A run takes a customer from an account to running cycles, once, whatever breaks."""

from __future__ import annotations

import uuid
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor, AuditEntry
from dashboard.common import encryption
from dashboard.consoles.models import Console
from dashboard.installs.naming import By
from dashboard.links import services
from dashboard.links.models import Link, LinkMail
from dashboard.mirror.models import Account, AccountConnector, Cycle, Template
from dashboard.notifications.models import Notification
from dashboard.onboarding import advancing, plan, turning
from dashboard.onboarding.input import Wishes
from dashboard.onboarding.models import OnboardingRun, RunState, StepKind, StepState
from dashboard.onboarding.tasks import advance_run, wipe_entries
from dashboard.onboarding.turns import entries_of, typed_of
from dashboard.operations import submitting
from dashboard.operations.models import Operation, State
from dashboard.people.models import User
from tests.defaults.conftest import make_default
from tests.onboarding.conftest import Workers, begun, consent, draft, draft_of_new, step_of
from tests.simulated import library

pytestmark = pytest.mark.django_db


def state_of(run: OnboardingRun) -> str:
    run.refresh_from_db()
    return run.state


def story(run: OnboardingRun) -> list[tuple[str, ...]]:
    return list(run.steps.values_list("kind", "state", "message"))


def states(run: OnboardingRun) -> list[tuple[str, str]]:
    return list(run.steps.values_list("kind", "state"))


def test_the_whole_way_for_a_new_account(
    cyclr: CyclrState, console: Console, template: Template, user: User, workers: Workers
) -> None:
    run = draft_of_new(user, console)
    plan.add_template(run, template)
    recipient = {"recipient_email": "jane@customer.example", "recipient_name": "Jane Doe"}
    plan.put_wishes(run, recipient, Wishes(mails=True, interval=60))
    turning.begin(run, Actor.staff(user))
    workers.work()

    assert state_of(run) == RunState.WAITING
    assert run.account is not None and run.account.name == "Fresh Fish"
    waits = step_of(run, StepKind.CONSENT)
    assert waits.message.startswith(
        "Waits until Jane Doe signs in at HubSpot and signs in at Slack"
    )
    link = Link.objects.get(account=run.account)
    assert {item.account_connector.connector_name for item in link.items.all()} == {
        "HubSpot",
        "Slack",
    }
    assert LinkMail.objects.filter(link=link).count() == 1

    consent(cyclr, run.account, "HubSpot", "Slack")
    workers.work()

    assert state_of(run) == RunState.DONE, story(run)
    cycle = Cycle.objects.get(account=run.account)
    assert cycle.is_active
    assert {state for _, state in states(run)} == {StepState.DONE}
    assert Notification.objects.filter(kind="onboarded", account=run.account).count() == 1
    assert AuditEntry.objects.filter(action="onboarding.done").count() == 1
    assert [one.name for one in cyclr.cycles.of(run.account.cyclr_id)] == [template.name]


def test_connectors_that_are_there_are_used_and_not_installed_again(
    harbour: Account, user: User, workers: Workers
) -> None:
    before = AccountConnector.objects.filter(account=harbour).count()
    run = begun(user, harbour, "HubSpot", makes_link=False)
    workers.work()

    assert state_of(run) == RunState.DONE, story(run)
    assert "has it already" in step_of(run, StepKind.CONNECTOR).message
    assert AccountConnector.objects.filter(account=harbour).count() == before
    assert not Operation.objects.filter(account=harbour).exists()


@pytest.mark.parametrize("fault", ["drop_after_effect", "drop_before_effect"])
def test_a_lost_answer_installs_once(
    cyclr: CyclrState, harbour: Account, user: User, workers: Workers, fault: str
) -> None:
    getattr(cyclr.faults, fault)("POST", "/connectors/{id}/install", times=1)
    run = begun(user, harbour, "Salesforce")
    with time_machine.travel(timezone.now() + timedelta(seconds=1)) as clock:
        for _ in range(20):
            workers.work()
            clock.shift(timedelta(minutes=3))

    there = [one for one in cyclr.installed[harbour.cyclr_id] if one.name.startswith("Salesforce")]
    assert len(there) == 1
    assert step_of(run, StepKind.CONNECTOR).state == StepState.DONE


def test_a_worker_that_dies_between_two_steps_leaves_nothing_half_done(
    cyclr: CyclrState,
    harbour: Account,
    template: Template,
    user: User,
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every time it advances it dies first, right before it would store how far it came."""
    written = advancing._write
    died: set[tuple[str, str]] = set()

    def die_once(step: Any, turn: Any) -> None:
        written(step, turn)
        if (step.kind, type(turn).__name__) not in died:
            died.add((step.kind, type(turn).__name__))
            raise KeyboardInterrupt

    monkeypatch.setattr(advancing, "_write", die_once)
    run = begun(user, harbour, "Slack", template=template)

    def tick() -> None:
        try:
            workers.work()
        except KeyboardInterrupt:
            OnboardingRun.objects.update(leased_until=None)

    for _ in range(30):
        tick()
    consent(cyclr, harbour, "HubSpot", "Slack")
    for _ in range(10):
        tick()

    assert len(died) > 6
    assert state_of(run) == RunState.DONE, story(run)
    assert len([one for one in cyclr.installed[harbour.cyclr_id] if "Slack" in one.name]) == 1
    made = [one for one in cyclr.cycles.of(harbour.cyclr_id) if one.name == template.name]
    assert len(made) == 1
    assert Link.objects.filter(account=harbour).count() == 1
    assert Operation.objects.filter(kind="cycles.activate").count() == 1


def test_two_workers_at_once_ask_for_one_operation(
    harbour: Account, user: User, workers: Workers
) -> None:
    run = begun(user, harbour, "Salesforce")
    advance_run(run.pk)
    advance_run(run.pk)
    OnboardingRun.objects.update(not_before=timezone.now(), leased_until=None)
    advance_run(run.pk)

    assert Operation.objects.filter(account=harbour).count() == 1


def test_a_refusal_halts_it_and_a_retry_goes_on_there(
    cyclr: CyclrState, harbour: Account, user: User, workers: Workers
) -> None:
    cyclr.faults.respond(
        "POST", "/connectors/{id}/install", status=400, body={"Message": "No."}, times=1
    )
    run = begun(user, harbour, "Salesforce", "Pipedrive")
    workers.work()

    assert state_of(run) == RunState.HALTED
    first, second = run.steps.filter(kind=StepKind.CONNECTOR)
    assert (first.state, second.state) == (StepState.FAILED, StepState.PLANNED)
    assert "refused" in first.message
    assert Notification.objects.filter(kind="onboarding-halted").count() == 1

    turning.go_on(run, Actor.staff(user))
    workers.work()

    assert state_of(run) == RunState.WAITING
    names = [one.name for one in cyclr.installed[harbour.cyclr_id]]
    assert names.count("Salesforce") == names.count("Pipedrive") == 1
    assert Operation.objects.filter(account=harbour, is_superseded=True).count() == 1


def test_a_step_is_skipped_with_what_depends_on_it(
    cyclr: CyclrState, harbour: Account, template: Template, user: User, workers: Workers
) -> None:
    cyclr.faults.respond(
        "POST", "/templates/{id}/install", status=400, body={"Message": "No."}, times=1
    )
    run = begun(user, harbour, template=template)
    workers.work()
    turning.skip(run, Actor.staff(user))
    workers.work()

    assert state_of(run) == RunState.DONE, story(run)
    assert step_of(run, StepKind.ACTIVATE).state == StepState.SKIPPED
    assert not [one for one in cyclr.cycles.of(harbour.cyclr_id) if one.name == template.name]


def test_stopped_it_begins_nothing_more_and_can_go_on(
    cyclr: CyclrState, harbour: Account, user: User, workers: Workers
) -> None:
    run = begun(user, harbour, "Salesforce", "Pipedrive")
    workers.advance()
    turning.stop(run, Actor.staff(user))
    workers.work()

    assert state_of(run) == RunState.STOPPED
    assert Operation.objects.get(account=harbour).state == State.CANCELLED
    assert not run.steps.exclude(encrypted_input="").exists()
    with pytest.raises(turning.NotPossibleError, match="Enter them again"):
        turning.go_on(run, Actor.staff(user))


def test_it_waits_for_days_and_then_goes_on_by_itself(
    cyclr: CyclrState, harbour: Account, template: Template, user: User, workers: Workers
) -> None:
    run = begun(user, harbour, template=template, lifetime=30 * 24 * 3600)
    workers.work()
    assert state_of(run) == RunState.WAITING
    with time_machine.travel(timezone.now() + timedelta(days=6)):
        wipe_entries()
        workers.work()
        assert state_of(run) == RunState.WAITING
        consent(cyclr, harbour, "HubSpot", "Slack")
        workers.work()

    assert state_of(run) == RunState.DONE, story(run)


def test_a_link_that_expired_halts_it_and_sent_again_it_goes_on(
    cyclr: CyclrState, harbour: Account, template: Template, user: User, workers: Workers
) -> None:
    run = begun(user, harbour, template=template)
    workers.work()
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        workers.work()
        assert state_of(run) == RunState.HALTED
        assert "expired" in step_of(run, StepKind.CONSENT).message

        turning.send_link(run, Actor.staff(user), uuid.uuid4())
        workers.work()

        assert state_of(run) == RunState.WAITING
        assert Link.objects.get(account=harbour).is_usable
        consent(cyclr, harbour, "HubSpot", "Slack")
        workers.work()
    assert state_of(run) == RunState.DONE, story(run)


def test_who_connects_on_a_link_that_was_extended_elsewhere_wakes_a_halted_run(
    cyclr: CyclrState, harbour: Account, template: Template, user: User, workers: Workers
) -> None:
    run = begun(user, harbour, template=template)
    workers.work()
    with time_machine.travel(timezone.now() + timedelta(days=8)) as clock:
        workers.work()
        clock.shift(timedelta(minutes=1))
        services.extend(Link.objects.get(account=harbour), Actor.staff(user))
        workers.work()

        assert state_of(run) == RunState.WAITING


def test_a_revoked_link_is_made_anew(
    harbour: Account, template: Template, user: User, workers: Workers
) -> None:
    run = begun(user, harbour, template=template, mails=True)
    workers.work()
    services.revoke(Link.objects.get(account=harbour), Actor.staff(user))
    with time_machine.travel(timezone.now() + timedelta(minutes=15)):
        workers.work()
        assert state_of(run) == RunState.HALTED
        turning.send_link(run, Actor.staff(user), uuid.uuid4())
        workers.work()

    assert state_of(run) == RunState.WAITING
    assert Link.objects.filter(account=harbour).count() == 2
    assert step_of(run, StepKind.CONSENT).link == Link.objects.get(revoked_at=None)


def test_what_has_to_be_mapped_in_cyclr_is_named_and_waited_for(
    cyclr: CyclrState, harbour: Account, user: User, workers: Workers, template: Template
) -> None:
    mapped = Template.objects.get(name="Customers to HubSpot")
    run = begun(user, harbour, template=mapped)
    workers.work()
    consent(cyclr, harbour, "HubSpot", "Shopify")
    workers.work()

    assert state_of(run) == RunState.WAITING
    step = step_of(run, StepKind.ACTIVATE)
    assert step.message.startswith("Waits for what the cycle lacks:")
    assert not Operation.objects.filter(kind="cycles.activate").exists()


def test_somebody_without_a_role_any_more_halts_it(
    harbour: Account, user: User, workers: Workers
) -> None:
    run = begun(user, harbour, "Salesforce")
    user.memberships.all().delete()
    workers.work()

    assert state_of(run) == RunState.HALTED
    assert "no longer has permission" in step_of(run, StepKind.CONNECTOR).message
    assert not Operation.objects.filter(account=harbour).exists()


def test_an_operation_that_is_retried_from_its_own_page_takes_the_run_along(
    cyclr: CyclrState, harbour: Account, user: User, workers: Workers
) -> None:
    cyclr.faults.respond(
        "POST", "/connectors/{id}/install", status=400, body={"Message": "No."}, times=1
    )
    run = begun(user, harbour, "Salesforce")
    workers.work()
    operation = Operation.objects.get(account=harbour)
    step = step_of(run, StepKind.CONNECTOR)
    Operation.objects.filter(pk=operation.pk).update(encrypted_input="x")
    assert submitting.retry(Operation.objects.get(pk=operation.pk), Actor.staff(user))
    Operation.objects.filter(pk=operation.pk).update(
        state=State.DONE, finished_at=timezone.now(), encrypted_input="", outcome={}
    )
    workers.work()

    step.refresh_from_db()
    assert step.state == StepState.DONE


def test_secrets_are_wiped_after_a_day_and_asked_for_again(
    harbour: Account, user: User, workers: Workers
) -> None:
    run = draft(user, harbour, "Klaviyo", "Pipedrive")
    first, second = run.steps.filter(kind=StepKind.CONNECTOR)
    first.put(has_secrets=True)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        wipe_entries()
        first.refresh_from_db()
        second.refresh_from_db()
        assert first.encrypted_input == "" and second.encrypted_input
        turning.begin(run, Actor.staff(user))
        workers.work()

    assert state_of(run) == RunState.HALTED
    assert "Enter them again" in step_of(run, StepKind.CONNECTOR).message


def test_a_new_account_whose_id_is_in_use_halts_with_cyclr_s_words(
    cyclr: CyclrState, console: Console, harbour: Account, user: User, workers: Workers
) -> None:
    run = draft_of_new(user, console, id=harbour.cyclr_id)
    turning.begin(run, Actor.staff(user))
    workers.work()

    assert state_of(run) == RunState.HALTED
    assert "id already" in step_of(run, StepKind.ACCOUNT).message
    with pytest.raises(turning.NotPossibleError, match="without the account"):
        turning.skip(run, Actor.staff(user))


def test_default_connectors_are_in_the_plan_and_installed_once(
    cyclr: CyclrState, harbour: Account, console: Console, user: User, workers: Workers
) -> None:
    make_default(library("Pipedrive"), is_native=True, installs_by=By.NAME)
    make_default(library("Freshdesk"), values={"FreshdeskDomain": "acme"}, position=2)
    run = draft_of_new(user, console)
    there = draft(user, harbour, "Salesforce")
    assert [step.is_default for step in run.steps.filter(kind=StepKind.CONNECTOR)] == [True, True]
    assert [step.is_default for step in there.steps.all()] == [True, True, False]
    turning.begin(run, Actor.staff(user))
    workers.work()

    assert state_of(run) == RunState.WAITING, story(run)
    assert run.account is not None
    installed = cyclr.installed[run.account.cyclr_id]
    assert [one.name for one in installed] == ["Pipedrive", "Freshdesk"]
    assert [one.is_partner for one in installed] == [True, False]


# ---- what is kept for display decides nothing ----


def forget_what_is_shown(run: OnboardingRun) -> None:
    """As if the copies that people see were worded anew."""
    run.steps.update(display_input={"entries": [], "initial": {}, "name": "Of no account"})


def test_a_cycle_gets_the_name_that_was_planned(
    cyclr: CyclrState, harbour: Account, template: Template, user: User, workers: Workers
) -> None:
    run = draft(user, harbour, "Slack", template=template)
    step_of(run, StepKind.TEMPLATE).put(cycle_name="Leads to chat")
    forget_what_is_shown(run)
    assert plan.problems_of(run, list(run.steps.select_related("connector", "template"))) == []
    turning.begin(run, Actor.staff(user))
    workers.work()

    assert step_of(run, StepKind.ACTIVATE).title == "Activate Leads to chat"
    names = [one.name for one in cyclr.cycles.of(harbour.cyclr_id)]
    assert "Leads to chat" in names and "Of no account" not in names


def test_a_release_that_came_out_is_told_by_what_is_to_be_installed(
    harbour: Account, user: User
) -> None:
    run = draft(user, harbour, "Salesforce")
    forget_what_is_shown(run)
    connector = library("Salesforce")
    type(connector).objects.filter(pk=connector.pk).update(release_id=connector.release_id + 1000)
    steps = list(run.steps.select_related("connector", "template"))

    (problem,) = plan.problems_of(run, steps)
    assert "a new release came out" in problem


def test_steps_of_the_build_before_are_carried_out(
    cyclr: CyclrState, harbour: Account, template: Template, user: User, workers: Workers
) -> None:
    run = draft(user, harbour, "Slack", template=template)
    connector, named = step_of(run, StepKind.CONNECTOR), step_of(run, StepKind.TEMPLATE)
    shown = connector.display_input | {"has_secrets": True}
    entered = encryption.encrypt_json(
        entries_of(connector), associated_data=connector.associated_data
    )
    connector.put(display_input=shown, encrypted_input=entered, has_secrets=False)
    named.put(display_input={"name": "Leads to chat"}, cycle_name="")
    migration = import_module("dashboard.onboarding.migrations.0002_columns_of_steps")
    migration.take_out(apps, None)

    for step in (connector, named):
        step.refresh_from_db()
    assert connector.has_secrets and not named.has_secrets
    assert (connector.cycle_name, named.cycle_name) == ("", "Leads to chat")
    assert typed_of(connector)["initial"] == shown["initial"]
    turning.begin(run, Actor.staff(user))
    workers.work()
    assert "Leads to chat" in [one.name for one in cyclr.cycles.of(harbour.cyclr_id)]
    (installed,) = Operation.objects.filter(kind="installs.install", account=harbour)
    assert installed.state == State.DONE and "has_secrets" not in installed.display_input

    named.put(display_input={}, cycle_name="Back again")
    migration.put_back(apps, None)
    named.refresh_from_db()
    connector.refresh_from_db()
    assert named.display_input == {"name": "Back again"} and connector.display_input["has_secrets"]
