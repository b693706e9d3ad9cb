"""The engine: lost workers, frozen workers, doubled messages, taken-back rights."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor, AuditEntry
from dashboard.common import encryption
from dashboard.installs.handlers import InstallConnector, mark_of
from dashboard.jobs.leases import Lease, LeaseLostError
from dashboard.jobs.messages import Message
from dashboard.mirror.models import Account
from dashboard.operations import tasks
from dashboard.operations.engine import outcomes
from dashboard.operations.input import decrypted_input
from dashboard.operations.models import Operation, State
from dashboard.operations.submitting import (
    AlreadyActiveError,
    OperationRequest,
    cancel,
    retry,
    submit,
)
from dashboard.people.models import Membership, Role, User
from tests.factories import make_operation, make_user
from tests.simulated import Hands, dispatch_due, library
from tests.support.waiting import CEILING


@pytest.fixture
def user(db: None) -> User:
    """An agent of all consoles."""
    return make_user(Role.AGENT)


INSTALL = "/connectors/{id}/install"


def order_install(
    account: Account, user: User, name: str = "Slack", *, description: str = ""
) -> Operation:
    """An install of a connector without parameters, as the form would submit it."""
    import uuid

    connector = library(name)
    values = {
        "release_id": connector.release_id,
        "name": name,
        "description": description,
        "authentication_id": None,
        "auth_value": None,
        "properties": [],
        "is_native": False,
    }
    return submit(
        OperationRequest(
            kind="installs.install",
            title=f"Install {name}",
            actor=Actor.staff(user),
            console=account.console,
            submission=uuid.uuid4(),
            account=account,
            connector=connector,
            values=values,
            shown={"initial": {"name": name, "description": description}},
            exclusivity_key=f"install:{account.pk}:{name}:",
        )
    )


def there(cyclr: CyclrState, account: Account, name: str = "Slack") -> list[Any]:
    """What Cyclr has of it."""
    return [c for c in cyclr.installed[account.cyclr_id] if c.connector_name == name]


def lease_of(operation: Operation) -> Lease[Any]:
    """What a worker has who took it."""
    lease = Operation.objects.claim(operation.pk)
    assert lease is not None
    return lease


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours runs after it."""


KILL_POINTS = ["before-prepare", "before-send", "after-send", "after-answer", "before-finalize"]


@pytest.mark.parametrize("point", KILL_POINTS)
def test_a_worker_killed_anywhere_leaves_exactly_one_install(
    point: str,
    cyclr: CyclrState,
    harbour: Account,
    user: User,
    hands: Hands,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.LEASE_FOR, settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 30, 120, 30
    operation = order_install(harbour, user)

    def killed(*_: Any, **__: Any) -> Any:
        raise Killed

    act, finalize = InstallConnector.act, InstallConnector.finalize

    def act_then_die(*args: Any) -> Any:
        act(*args)
        raise Killed

    broken = {
        "before-prepare": ("prepare", killed),
        "before-send": ("act", killed),
        "after-send": ("act", act_then_die),
        "after-answer": ("finalize", killed),
        "before-finalize": ("finish", killed),
    }
    with monkeypatch.context() as patch:
        patch.setattr(InstallConnector, *broken[point])
        with pytest.raises(Killed):
            tasks.run_operation(operation.pk)
    for seconds in (31, 45, 160, 200, 240, 280, 320):
        hands.later(seconds)
        hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE, (operation.error, operation.state)
    assert len(there(cyclr, harbour)) == 1
    assert "[desk:" not in (there(cyclr, harbour)[0].description or "")
    assert finalize is InstallConnector.finalize


def test_a_frozen_workers_late_writes_are_fenced_off(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands, settings: Any
) -> None:
    settings.LEASE_FOR = 30
    operation = order_install(harbour, user)
    frozen = lease_of(operation)
    hands.later(31)
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE
    with pytest.raises(LeaseLostError):
        frozen.write(state=State.FAILED)
    assert not frozen.renew()
    operation.refresh_from_db()
    assert operation.state == State.DONE


def test_a_doubled_message_finds_nothing_to_do(
    cyclr: CyclrState, harbour: Account, user: User
) -> None:
    operation = order_install(harbour, user)
    tasks.run_operation(operation.pk)
    before = len(cyclr.requests)
    for _ in range(5):
        tasks.run_operation(operation.pk)
    tasks.run_operation(10**9)

    assert len(cyclr.requests) == before
    assert len(there(cyclr, harbour)) == 1


def test_an_operation_being_worked_on_is_nobody_elses(harbour: Account, user: User) -> None:
    operation = order_install(harbour, user)

    assert Operation.objects.claim(operation.pk) is not None
    assert Operation.objects.claim(operation.pk) is None


def test_who_lost_the_role_meanwhile_installs_nothing(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands
) -> None:
    operation = order_install(harbour, user)
    Membership.objects.filter(user=user).update(role=Role.VIEWER)
    hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "not-allowed")
    assert there(cyclr, harbour) == []
    assert operation.encrypted_input == ""


def test_cancel_is_possible_until_somebody_works_on_it(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands
) -> None:
    operation = order_install(harbour, user)
    assert cancel(operation, Actor.staff(user))
    hands.work()
    assert there(cyclr, harbour) == []

    other = order_install(harbour, user)
    lease_of(other)
    assert not cancel(other, Actor.staff(user))


def test_the_limit_of_age_ends_in_words_and_retry_uses_the_same_input(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands
) -> None:
    operation = order_install(harbour, user)
    cyclr.faults.unreachable()
    hands.later(6 * 3600 + 60)
    hands.work()
    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "gave-up")
    assert operation.encrypted_input
    cyclr.faults.clear()
    assert retry(operation, Actor.staff(user))
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert len(there(cyclr, harbour)) == 1


def test_encrypted_input_of_a_failure_is_wiped_after_a_day(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands
) -> None:
    operation = order_install(harbour, user)
    cyclr.faults.unreachable()
    hands.later(6 * 3600 + 60)
    hands.work()
    hands.later(31 * 3600)
    tasks.wipe_input()

    operation.refresh_from_db()
    assert operation.encrypted_input == ""
    assert not operation.is_retryable


def test_two_installs_of_the_same_connector_at_once_are_refused(
    harbour: Account, user: User
) -> None:
    order_install(harbour, user)
    with pytest.raises(AlreadyActiveError):
        order_install(harbour, user)


def test_encrypted_input_cannot_be_moved_to_another_row(harbour: Account, user: User) -> None:
    one = order_install(harbour, user)
    other = order_install(harbour, user, name="Salesforce")
    other.encrypted_input = one.encrypted_input

    with pytest.raises(encryption.DecryptionError):
        decrypted_input(other)


def test_a_failure_says_why_and_an_end_says_when(db: None) -> None:
    operation = make_operation()
    for wrong in (
        {"state": State.FAILED, "finished_at": timezone.now()},
        {"error": "words without a failure"},
        {"state": State.DONE},
        {"state": State.DONE, "finished_at": timezone.now(), "encrypted_input": "x"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Operation.objects.filter(pk=operation.pk).update(**wrong)


def test_the_end_and_its_audit_entry_are_one(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands
) -> None:
    operation = order_install(harbour, user)
    hands.work()

    entry = AuditEntry.objects.get(action="installs.install")
    assert (entry.result, entry.actor_user) == ("done", user)
    assert entry.details["operation"] == operation.reference


def test_the_dispatcher_sends_again_what_waits_too_long(
    harbour: Account, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = order_install(harbour, user)
    sent: list[int] = []

    def send(_message: Message, pk: int) -> bool:
        sent.append(pk)
        return True

    monkeypatch.setattr(Message, "send", send)
    dispatch_due(Operation)
    assert sent == []
    Operation.objects.update(published_at=timezone.now() - timedelta(seconds=10))
    dispatch_due(Operation)

    assert sent == [operation.pk]


def test_a_broker_that_is_away_is_found_out_within_a_second(
    harbour: Account, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is stored whatever the broker does; the message is only a hint."""
    from dashboard.celery import app

    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")

    assert Message(tasks.run_operation.name, "interactive").send(1) is False


def test_the_heartbeat_keeps_the_lease_of_a_slow_call(
    cyclr: CyclrState, harbour: Account, user: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = order_install(harbour, user)
    extended = threading.Event()
    settings.LEASE_FOR, settings.PROCESS = 0.3, "worker"

    def renew(_lease: Lease[Operation]) -> bool:
        extended.set()
        return True

    monkeypatch.setattr(Lease, "renew", renew)
    with lease_of(operation).renewed():
        assert extended.wait(CEILING)


def test_a_description_that_cyclr_cuts_needs_a_person_and_doubles_nothing(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands, settings: Any
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30
    cyclr.description_limit = 5
    cyclr.faults.drop_after_effect("POST", "/connectors/{id}/install", times=1)
    operation = order_install(harbour, user)
    for seconds in (0, 3, 130, 170, 400):
        hands.later(seconds)
        hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "needs-a-person")
    assert len(there(cyclr, harbour)) == 1


def test_the_mark_that_cannot_be_removed_is_no_failure(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands
) -> None:
    cyclr.faults.respond("PUT", "/account/connectors/{id}", status=404, times=1)
    operation = order_install(harbour, user)
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert mark_of(operation) in str(there(cyclr, harbour)[0].description)
    assert operation.events.filter(event="untidy").exists()


def test_a_tidying_step_that_always_fails_is_left_and_the_install_ends(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands
) -> None:
    cyclr.faults.respond("PUT", "/account/connectors/{id}", status=501)
    operation = order_install(harbour, user)
    for seconds in (0, 2, 6, 13, 20):
        hands.later(seconds)
        hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert operation.encrypted_input == ""
    assert len(there(cyclr, harbour)) == 1


@pytest.mark.parametrize(
    ("step", "reason"),
    [("prepare", "broken"), ("act", "needs-a-person"), ("finish", "needs-a-person")],
)
def test_a_fault_of_ours_ends_in_words_and_keeps_no_secret(
    step: str,
    reason: str,
    cyclr: CyclrState,
    harbour: Account,
    user: User,
    hands: Hands,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30

    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("canary-in-the-message")

    monkeypatch.setattr(InstallConnector, step, broken)
    if step == "act":
        monkeypatch.setattr(InstallConnector, "reconcile", broken)
    operation = order_install(harbour, user)
    for minutes in range(0, 12):
        hands.later(minutes * 60)
        hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, reason)
    assert operation.encrypted_input == ""
    assert "canary" not in caplog.text
    assert not Operation.objects.active().exists()


def test_what_nobody_worked_on_for_hours_ends(harbour: Account, user: User, hands: Hands) -> None:
    operation = order_install(harbour, user)
    hands.later(8 * 3600)
    hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "gave-up")
    assert operation.is_retryable


def test_nothing_is_done_in_a_console_that_left_the_settings(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands, settings: Any
) -> None:
    from dashboard.consoles.services import UndecidedConsoleError, client

    operation = order_install(harbour, user)
    before = len(cyclr.requests)
    settings.CYCLR_API_URL, settings.CYCLR_CLIENT_SECRET = "https://other.test", "new secret"
    with pytest.raises(UndecidedConsoleError):
        client(harbour.console)
    hands.work()
    operation.refresh_from_db()
    assert operation.state == State.QUEUED
    Operation.objects.update(not_before=timezone.now())
    harbour.console.retired_at = timezone.now()
    harbour.console.save()
    hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "not-allowed")
    assert len(cyclr.requests) == before


def test_one_locked_moment_does_not_end_the_heartbeat(
    harbour: Account, user: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = order_install(harbour, user)
    lease = lease_of(operation)
    settings.LEASE_FOR, settings.PROCESS = 0.15, "worker"
    tries = [0]
    enough = threading.Event()

    def renew(_lease: Lease[Operation]) -> bool:
        tries[0] += 1
        if tries[0] == 1:
            raise OperationalError("database is locked")
        enough.set()
        return True

    monkeypatch.setattr(Lease, "renew", renew)
    with lease.renewed():
        assert enough.wait(CEILING)


def test_a_lease_is_really_renewed_and_an_idle_row_is_not(harbour: Account, user: User) -> None:
    operation = order_install(harbour, user)
    lease = lease_of(operation)
    Operation.objects.update(leased_until=timezone.now() - timedelta(seconds=5))
    assert lease.renew()
    operation.refresh_from_db()
    assert operation.leased_until is not None
    assert operation.leased_until > timezone.now()
    lease.write(state=State.UNSURE, leased_until=None)

    assert not lease.renew()


def test_a_description_cut_after_the_mark_began_is_recognised(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands
) -> None:
    cyclr.description_limit = 12
    cyclr.faults.drop_after_effect("POST", "/connectors/{id}/install", times=1)
    operation = order_install(harbour, user)
    hands.work()
    hands.later(3)
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE, operation.error
    assert len(there(cyclr, harbour)) == 1


def test_the_same_submission_for_another_account_is_not_taken_for_done(
    harbour: Account, user: User
) -> None:
    one = order_install(harbour, user)
    other = Account.objects.exclude(pk=harbour.pk)[0]
    order = OperationRequest(
        kind=one.kind,
        title=one.title,
        actor=Actor.staff(user),
        console=one.console,
        submission=one.submission,
        account=other,
        connector=one.connector,
        values=decrypted_input(one),
        shown=one.display_input,
    )
    made = submit(order)

    assert (made.account, made.state) == (other, State.QUEUED)
    assert made.pk != one.pk


def test_a_colleagues_install_with_the_same_words_is_not_adopted(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands, settings: Any
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30
    cyclr.faults.drop_before_effect("POST", INSTALL)
    operation = order_install(harbour, user, description="Sales team")
    hands.work()
    slack = library("Slack").release_id
    cyclr.install(harbour.cyclr_id, slack, name="Slack", description="Sales team")
    hands.later(3)
    hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "needs-a-person")
    assert operation.outcome is None


@pytest.mark.parametrize(
    ("known", "limit", "looked_after", "state"),
    [
        ("Sales team", None, 3, State.DONE),
        ("", None, 3, State.FAILED),  # one shorter than ours was kept: ours may be cut
        ("Sales team", None, 70, State.FAILED),  # somebody may have edited it meanwhile
        (None, None, 3, State.FAILED),  # nothing is known of this Cyclr
        ("Sales team", 12, 3, State.FAILED),  # it cuts descriptions
    ],
)
def test_a_stranger_s_install_of_our_name_is_told_apart_only_by_what_is_known(
    known: str | None,
    limit: int | None,
    looked_after: float,
    state: State,
    cyclr: CyclrState,
    harbour: Account,
    user: User,
    hands: Hands,
    settings: Any,
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30
    cyclr.description_limit = limit
    if known is not None:  # an install that was found in a listing says how it looks there
        cyclr.faults.drop_after_effect("POST", INSTALL, times=1)
        order_install(harbour, user, "Salesforce", description=known)
        hands.work()
        hands.later(3)
        hands.work()
        hands.stop()
        Operation.objects.update(finished_at=timezone.now() - timedelta(days=2))
    cyclr.faults.drop_before_effect("POST", INSTALL, times=1)
    operation = order_install(harbour, user, description="Sales team")
    hands.work()
    cyclr.install(harbour.cyclr_id, library("Slack").release_id, name="Slack")
    for seconds in (looked_after, 125, 160):
        hands.later(seconds)
        hands.work()

    operation.refresh_from_db()
    assert operation.state == state, operation.error
    installed = [one.name for one in there(cyclr, harbour)]
    assert installed == (["Slack", "Slack 2"] if state == State.DONE else ["Slack"])
    if state == State.FAILED:
        assert operation.reason == "needs-a-person"


def test_a_connector_of_our_name_that_is_deleted_while_we_look_is_not_there(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands, settings: Any
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30
    cyclr.faults.drop_before_effect("POST", INSTALL, times=1)
    operation = order_install(harbour, user)
    hands.work()
    slack = cyclr.install(harbour.cyclr_id, library("Slack").release_id, name="Slack")
    cyclr.faults.respond("GET", "/account/connectors/{id}", status=404, times=1)
    hands.later(3)
    hands.work()
    cyclr.delete(slack.id)
    for seconds in (125, 160):
        hands.later(seconds)
        hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE, operation.error
    assert [one.name for one in there(cyclr, harbour)] == ["Slack"]


@pytest.mark.parametrize("trouble", ["credentials", "draft", "away"])
def test_what_was_sent_before_is_never_said_to_have_changed_nothing(
    trouble: str, cyclr: CyclrState, harbour: Account, user: User, hands: Hands, settings: Any
) -> None:
    """The first call worked; the listing lags so far behind that it is sent again."""
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30
    cyclr.faults.drop_after_effect("POST", INSTALL)
    cyclr.faults.lag_listing(10**6)
    operation = order_install(harbour, user)
    for seconds in (0, 125, 160):
        hands.later(seconds)
        tasks.run_operation(operation.pk)
    operation.refresh_from_db()
    assert operation.is_resent and operation.state == State.QUEUED
    match trouble:
        case "credentials":
            cyclr.revoke_access_tokens()
            cyclr.faults.respond("POST", "/oauth/token", status=400)
            hands.later(6 * 3600 + 60)
        case "draft":
            cyclr.faults.respond("POST", INSTALL, status=400, body={"Message": "is a draft"})
        case "away":
            cyclr.faults.unreachable()
            hands.later(6 * 3600 + 60)
    hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "needs-a-person")
    assert not operation.is_retryable
    assert "Nothing was" not in operation.error
    assert len(there(cyclr, harbour)) == 1


def test_a_name_that_no_listing_shows_yet_is_not_tried_twice(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands
) -> None:
    cyclr.faults.lag_listing(60)
    cyclr.install(harbour.cyclr_id, library("Slack").release_id, name="Slack")
    operation = order_install(harbour, user)
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE, operation.error
    assert sorted(one.name for one in there(cyclr, harbour)) == ["Slack", "Slack 2"]
    calls = [call.status for call in cyclr.requests if call.path.endswith("/install")]
    assert calls == [400, 200]


def test_workers_lost_while_they_look_are_counted(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    cyclr.faults.drop_after_effect("POST", INSTALL)
    operation = order_install(harbour, user)
    tasks.run_operation(operation.pk)

    def killed(*_: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(InstallConnector, "reconcile", killed)
        for minutes in range(1, 6):
            hands.later(60 * minutes)
            with pytest.raises(Killed):
                tasks.run_operation(operation.pk)
    hands.later(600)
    hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "needs-a-person")


def test_refused_client_credentials_keep_the_work_until_they_are_renewed(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands
) -> None:
    operation = order_install(harbour, user)
    cyclr.revoke_access_tokens()
    cyclr.faults.respond("POST", "/oauth/token", 400, times=3)

    hands.work()
    operation.refresh_from_db()
    assert operation.state == State.QUEUED and operation.encrypted_input
    assert "refuses this console’s client id and secret" in operation.events.latest("pk").message
    cyclr.faults.clear()
    Operation.objects.update(not_before=timezone.now())
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert [one.name for one in cyclr.installed[harbour.cyclr_id]].count("Slack") == 1


def test_credentials_that_are_never_renewed_end_the_work_in_words(
    cyclr: CyclrState, harbour: Account, user: User, hands: Hands
) -> None:
    operation = order_install(harbour, user)
    Operation.objects.update(waits=outcomes.MOST_WAITS - 1)
    cyclr.revoke_access_tokens()
    cyclr.faults.respond("POST", "/oauth/token", 400, times=3)

    hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.error) == (State.FAILED, outcomes.REFUSED_TOO_LONG)
    assert operation.is_retryable
