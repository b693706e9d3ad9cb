"""Starting, stopping and deleting cycles: what arrives at Cyclr, and in which words it ends."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import AuditEntry
from dashboard.cycles import prerequisites, tasks
from dashboard.cycles.forms import ActivateForm, words_of
from dashboard.cycles.models import PrerequisiteReading
from dashboard.mirror.models import Account, AccountConnector, Cycle
from dashboard.operations.models import Operation, State
from dashboard.people.models import Role
from tests.factories import make_account, make_cycle, make_user
from tests.pages import signed_in, text_of
from tests.simulated import Hands

ACTIVATE_CALL = ("PUT", "/cycles/{id}/activate")
DEACTIVATE_CALL = ("PUT", "/cycles/{id}/deactivate")
DELETE_CALL = ("DELETE", "/cycles/{id}")


@pytest.fixture
def stopped(harbour: Account, cyclr: CyclrState) -> Cycle:
    """A cycle of Harbour Books that lacks nothing and does not run."""
    for cycle in Cycle.objects.filter(account=harbour, is_active=False, gone_at=None):
        there = cyclr.cycles.one(harbour.cyclr_id, cycle.cyclr_id)
        if not cyclr.cycles.prerequisites(there):
            paused: Cycle = cycle
            return paused
    running: Cycle = Cycle.objects.filter(account=harbour, is_active=True)[0]
    there = cyclr.cycles.one(harbour.cyclr_id, running.cyclr_id)
    there.document["Status"] = "Paused"
    Cycle.objects.filter(pk=running.pk).update(status="Paused", is_active=False)
    running.refresh_from_db()
    return running


@pytest.fixture
def running(harbour: Account) -> Cycle:
    """One that runs."""
    found: Cycle = Cycle.objects.filter(account=harbour, is_active=True)[0]
    return found


@pytest.fixture
def lead(client: Client, db: None) -> Client:
    """A browser in which a Lead is signed in."""
    return signed_in(make_user(Role.LEAD))


def send(browser: Client, name: str, cycle: Cycle, **values: str) -> Any:
    """Open the form, fill it in, send it."""
    url = reverse(name, args=[cycle.pk])
    page = text_of(browser.get(url))
    found = re.search(r'name="submission" value="([^"]+)"', page)
    assert found is not None, page
    return browser.post(url, {"submission": found[1], **values})


def only() -> Operation:
    """The one operation that there is."""
    found: Operation = Operation.objects.get()
    return found


def effects(cyclr: CyclrState, word: str) -> int:
    """How often Cyclr did something of this kind."""
    return len([one for one in cyclr.ledger if word in one.kind])


def test_an_agent_activates_a_cycle(
    cyclr: CyclrState, stopped: Cycle, agent: Client, hands: Hands
) -> None:
    assert send(agent, "cycle_activate", stopped, interval="60").status_code == 302
    page = text_of(agent.get(stopped.get_absolute_url()))
    assert "poll-1s from:body" in page and "Activate" in page
    hands.work()

    stopped.refresh_from_db()
    there = cyclr.cycles.one(stopped.account.cyclr_id, stopped.cyclr_id)
    assert there.is_running and stopped.is_active
    assert only().state == State.DONE, only().error
    assert AuditEntry.objects.filter(action="cycles.activate").exists()
    assert "Deactivate…" in text_of(agent.get(stopped.get_absolute_url()))


def test_a_cycle_that_lacks_something_is_not_started(
    cyclr: CyclrState, stopped: Cycle, harbour: Account, agent: Client, hands: Hands
) -> None:
    needed = stopped.connectors.exclude(account_connector_cyclr_id=None)[0]
    cyclr.deauthenticate(needed.account_connector_cyclr_id or 0)

    send(agent, "cycle_activate", stopped)
    hands.work()

    operation = only()
    assert operation.state == State.FAILED and "lacking" in operation.error
    assert not cyclr.cycles.one(harbour.cyclr_id, stopped.cyclr_id).is_running
    page = text_of(agent.get(stopped.get_absolute_url()))
    assert "not done" in page and operation.get_absolute_url() in page


def test_what_is_lacking_is_a_checklist_with_its_fixes(
    cyclr: CyclrState, stopped: Cycle, harbour: Account, agent: Client
) -> None:
    needed = stopped.connectors.exclude(account_connector_cyclr_id=None)[0]
    cyclr.deauthenticate(needed.account_connector_cyclr_id or 0)
    AccountConnector.objects.filter(cyclr_id=needed.account_connector_cyclr_id or 0).update(
        authenticated=False
    )
    url = stopped.get_absolute_url()
    assert "has not been read lately" in text_of(agent.get(url))

    agent.post(reverse("cycle_check", args=[stopped.pk]))
    agent.post(reverse("cycle_check", args=[stopped.pk]))
    assert PrerequisiteReading.objects.count() == 1
    assert "Asking Cyclr" in text_of(agent.get(url))
    for pk in PrerequisiteReading.objects.values_list("pk", flat=True):
        tasks.read_prerequisites(pk)
    page = text_of(agent.get(url))

    connector = AccountConnector.objects.get(cyclr_id=needed.account_connector_cyclr_id or 0)
    assert "is not authenticated." in page and connector.get_absolute_url() in page
    assert "Check again" in page
    cyclr.authenticate(connector.cyclr_id)
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        agent.post(reverse("cycle_check", args=[stopped.pk]))
        tasks.read_prerequisites(PrerequisiteReading.objects.latest("pk").pk)
        assert "Nothing is lacking" in text_of(agent.get(url))


@pytest.mark.django_db
def test_every_code_has_a_sentence_and_unknown_ones_are_told_kindly() -> None:
    cycle = make_cycle()
    found = [
        {"code": code, "reason": f"<i>Cyclr {code}", "object_type": "Action", "object_id": "guid"}
        for code in (0, 10, 11, 20, 30, 31, 32, 33, 40, 41, 42, 43, 50, 51, 60, 61, 70, 999, None)
    ]

    told = prerequisites.lacking(cycle, found)

    assert len({one.message for one in told}) == 17
    assert all(one.message.endswith(".") for one in told)
    assert told[0].message == told[-1].message and told[-1].said.startswith("<i>Cyclr")
    PrerequisiteReading.objects.create(cycle=cycle, found=found, finished_at=timezone.now())
    Cycle.objects.filter(pk=cycle.pk).update(is_active=False)
    page = text_of(signed_in(make_user(Role.VIEWER)).get(cycle.get_absolute_url()))
    assert "&lt;i&gt;Cyclr 999" in page and "<i>Cyclr" not in page


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500])
def test_each_refusal_ends_in_words(
    cyclr: CyclrState, stopped: Cycle, agent: Client, hands: Hands, status: int
) -> None:
    cyclr.faults.respond(*ACTIVATE_CALL, status=status, body={"Message": "No."}, times=50)

    send(agent, "cycle_activate", stopped)
    with time_machine.travel(timezone.now() + timedelta(seconds=1)) as clock:
        for _ in range(60):
            hands.work()
            if only().finished_at:
                break
            clock.shift(timedelta(minutes=10))

    operation = only()
    assert operation.state == State.FAILED and operation.error.endswith(".")
    if status == 409:
        assert "Deactivate it first" in operation.error
    assert not cyclr.cycles.one(stopped.account.cyclr_id, stopped.cyclr_id).is_running


def test_a_lost_answer_starts_it_once(
    cyclr: CyclrState, stopped: Cycle, agent: Client, hands: Hands
) -> None:
    cyclr.faults.drop_after_effect(*ACTIVATE_CALL)

    send(agent, "cycle_activate", stopped, interval="10080")
    with time_machine.travel(timezone.now() + timedelta(seconds=1)) as clock:
        for _ in range(20):
            hands.work()
            clock.shift(timedelta(minutes=3))

    assert only().state == State.DONE, only().error
    calls = [one for one in cyclr.requests if one.path.endswith("/activate")]
    assert len(calls) == 1


def test_a_lost_answer_to_run_once_asks_a_person(
    cyclr: CyclrState, stopped: Cycle, agent: Client, hands: Hands
) -> None:
    cyclr.faults.drop_before_effect(*ACTIVATE_CALL)

    send(agent, "cycle_activate", stopped, run_once="on")
    with time_machine.travel(timezone.now() + timedelta(seconds=1)) as clock:
        for _ in range(20):
            hands.work()
            clock.shift(timedelta(minutes=3))

    assert only().state == State.FAILED and "Look at its transactions" in only().error


@pytest.mark.parametrize("queued", ["finish", "drop"])
def test_it_is_stopped(
    cyclr: CyclrState, running: Cycle, agent: Client, hands: Hands, queued: str
) -> None:
    send(agent, "cycle_deactivate", running, queued=queued)
    hands.work()

    running.refresh_from_db()
    assert only().state == State.DONE, only().error
    wanted = f"finishQueuedTransactions={'true' if queued == 'finish' else 'false'}"
    assert any(wanted in str(one) for one in cyclr.requests)
    assert not cyclr.cycles.one(running.account.cyclr_id, running.cyclr_id).is_running


def test_it_is_deleted_by_a_lead_who_types_its_name(
    cyclr: CyclrState, stopped: Cycle, agent: Client, lead: Client, hands: Hands
) -> None:
    assert agent.get(reverse("cycle_delete", args=[stopped.pk])).status_code == 403
    assert send(lead, "cycle_delete", stopped, confirm="no").status_code == 422
    send(lead, "cycle_delete", stopped, confirm=stopped.name)
    cyclr.faults.drop_after_effect(*DELETE_CALL)
    with time_machine.travel(timezone.now() + timedelta(seconds=1)) as clock:
        for _ in range(20):
            hands.work()
            clock.shift(timedelta(minutes=3))

    stopped.refresh_from_db()
    assert only().state == State.DONE and stopped.gone_at is not None
    assert "gone from Cyclr" in text_of(lead.get(reverse("cycle_delete", args=[stopped.pk])))
    assert lead.post(reverse("cycle_delete", args=[stopped.pk]), {}).status_code == 409


def test_one_change_at_a_time(
    cyclr: CyclrState, running: Cycle, agent: Client, lead: Client
) -> None:
    send(agent, "cycle_deactivate", running, queued="finish")

    answer = send(lead, "cycle_deactivate", running, queued="drop")

    assert answer.status_code == 409 and only().get_absolute_url() in text_of(answer)


# ---- the form ----


def activation(cycle: Cycle, **values: str) -> ActivateForm:
    """The form as it was sent."""
    return ActivateForm(cycle, {"submission": "8f8df8ef-0000-4000-8000-000000000000", **values})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "typed", "expected"),
    [
        ("Europe/Berlin", "2027-01-10T09:30", "2027-01-10T08:30:00+00:00"),
        ("Europe/Berlin", "2027-07-10T09:30", "2027-07-10T07:30:00+00:00"),
        ("Asia/Kathmandu", "2027-01-10T09:30", "2027-01-10T03:45:00+00:00"),
        ("America/Vancouver", "2027-01-10T09:30", "2027-01-10T16:30:00+00:00"),
        ("Mars/Olympus", "2027-01-10T09:30", "2027-01-10T09:30:00+00:00"),
        ("Europe/Berlin", "2027-10-31T02:30", "2027-10-31T00:30:00+00:00"),
    ],
)
def test_the_first_run_is_meant_in_the_accounts_zone(zone: str, typed: str, expected: str) -> None:
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        form = activation(make_cycle(account=make_account(timezone=zone)), start_at=typed)

        assert form.is_valid(), form.errors
        assert form.values()["start_at"] == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"start_at": "2027-03-28T02:30"}, "does not exist"),
        ({"start_at": "2026-11-30T02:30"}, "is over"),
        ({"start_at": "2029-01-01T02:30"}, "more than a year"),
        ({"start_at": "tomorrow"}, "valid date"),
        ({"start_at": "9" * 5000}, "valid date"),
        ({"interval": "7"}, "valid choice"),
        ({"interval": "-1"}, "valid choice"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(values: dict[str, str], words: str) -> None:
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        form = activation(make_cycle(account=make_account(timezone="Europe/Berlin")), **values)

        assert not form.is_valid() and words in str(form.errors)


@pytest.mark.django_db
def test_what_runs_once_has_no_interval() -> None:
    form = activation(make_cycle(account=make_account()), interval="60", run_once="on")

    assert form.is_valid() and form.values()["interval"] is None


@pytest.mark.django_db
def test_an_interval_is_proposed_for_a_cycle_that_has_not_run() -> None:
    new, ran = make_cycle(account=make_account()), make_cycle(account=make_account())
    ran.last_successful_run_at = timezone.now()

    assert "interval" not in ActivateForm(ran).initial
    assert ActivateForm(new).initial["interval"] == 60


def test_an_agent_activates_a_new_cycle_as_it_was_set_in_cyclr(
    cyclr: CyclrState, stopped: Cycle, agent: Client, hands: Hands
) -> None:
    assert send(agent, "cycle_activate", stopped, interval="").status_code == 302
    hands.work()

    assert cyclr.cycles.one(stopped.account.cyclr_id, stopped.cyclr_id).is_running
    assert only().state == State.DONE, only().error


def test_intervals_are_told_in_words() -> None:
    told = [words_of(minutes) for minutes in (1, 15, 60, 120, 1440, 10080)]

    assert told == ["1 minute", "15 minutes", "1 hour", "2 hours", "1 day", "1 week"]
