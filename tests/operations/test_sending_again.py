"""Kinds of operation that may be done twice: sent again soon, never looked for."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from cyclr_api import Client
from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations import handlers
from dashboard.operations.handlers import JSON, Handler, Look
from dashboard.operations.models import Operation, State
from dashboard.operations.submitting import OperationRequest, submit
from dashboard.operations.tasks import run_operation
from tests.simulated import Hands

PUT = ("PUT", "/account/connectors/{id}")


class Describe(Handler):
    """Describe an installed connector: a second time does what the first did."""

    kind = "tests.describe"
    is_idempotent = True
    forbidden = "It was withdrawn."
    is_withdrawn = False
    failures: list[str]

    def is_allowed(self, operation: Operation) -> bool:
        return not self.is_withdrawn

    def prepare(self, operation: Operation, client: Client) -> JSON:
        return {}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        assert operation.account and operation.account_connector
        there = client.account(operation.account.cyclr_id)
        one = there.connector(operation.account_connector.cyclr_id)
        return {"description": one.update(description=values["description"]).description}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        raise AssertionError("what may be done twice is not looked for")

    def finish(self, operation: Operation, outcome: JSON) -> str:
        return "Described"

    def failed(self, operation: Operation) -> None:
        self.failures.append(operation.error)


@pytest.fixture
def kind() -> Iterator[Describe]:
    """The engine knows this kind for one test."""
    made = Describe()
    made.failures = []
    handlers._handlers[made.kind] = made
    yield made
    del handlers._handlers[made.kind]


@pytest.fixture
def operation(kind: Describe, harbour: Account) -> Operation:
    """One of that kind, which nobody has taken."""
    installed = AccountConnector.objects.filter(account=harbour)[0]
    return submit(
        OperationRequest(
            kind=kind.kind,
            title="Describe",
            actor=Actor.system(),
            console=harbour.console,
            submission=uuid.uuid4(),
            account=harbour,
            account_connector=installed,
            values={"description": "for sales"},
        )
    )


def description(cyclr: CyclrState, operation: Operation) -> str | None:
    """What Cyclr has."""
    assert operation.account_connector
    number = operation.account_connector.cyclr_id
    every = cyclr.installed[operation.account.cyclr_id]  # type: ignore[union-attr]
    return next(one.description for one in every if one.id == number)


@pytest.mark.parametrize("fault", ["drop_after_effect", "drop_before_effect", "truncate", "html"])
def test_a_lost_answer_means_the_same_call_again_soon(
    fault: str, cyclr: CyclrState, operation: Operation, hands: Hands
) -> None:
    getattr(cyclr.faults, fault)(*PUT, times=2)
    for seconds in (0, 5, 10):
        hands.later(seconds)
        hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert description(cyclr, operation) == "for sales"
    words = [event.message for event in operation.events.filter(event="waiting")]
    assert len(words) == 2
    assert all("a second time does no harm" in one for one in words)


def test_a_worker_that_died_after_the_send_means_the_same_call_again(
    cyclr: CyclrState,
    kind: Describe,
    operation: Operation,
    hands: Hands,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.LEASE_FOR = 30

    class Killed(BaseException):
        """Stands for SIGKILL."""

    def killed(*_: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Describe, "act", killed)
        with pytest.raises(Killed):
            run_operation(operation.pk)
    hands.later(31)
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert operation.is_resent


def test_what_was_withdrawn_after_a_lost_answer_is_not_sent_again(
    cyclr: CyclrState, kind: Describe, operation: Operation, hands: Hands
) -> None:
    cyclr.faults.drop_before_effect(*PUT, times=1)
    hands.work()
    kind.is_withdrawn = True
    hands.later(5)
    hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "not-allowed")
    assert operation.error == "It was withdrawn. It had already been sent: check in Cyclr."
    assert description(cyclr, operation) != "for sales"


def test_what_was_withdrawn_while_its_worker_was_lost_is_not_sent_again(
    cyclr: CyclrState, kind: Describe, operation: Operation, hands: Hands
) -> None:
    moment = timezone.now()
    Operation.objects.filter(pk=operation.pk).update(
        state=State.SENT, sent_at=moment, leased_until=moment, prepared={}
    )
    kind.is_withdrawn = True
    hands.later(5)
    hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "not-allowed")
    assert description(cyclr, operation) != "for sales"


def test_a_refusal_after_a_lost_answer_counts(
    cyclr: CyclrState, kind: Describe, operation: Operation, hands: Hands
) -> None:
    cyclr.faults.drop_before_effect(*PUT, times=1)
    hands.work()
    cyclr.faults.respond(*PUT, 400, {"Message": "Too long."}, times=1)
    hands.later(5)
    hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "refused")
    assert "Too long." in operation.error
    assert kind.failures == [operation.error]


def test_a_cyclr_that_never_answers_ends_with_what_was_typed_kept(
    cyclr: CyclrState, operation: Operation, hands: Hands
) -> None:
    cyclr.faults.drop_before_effect(*PUT, times=None)
    hands.work()
    hands.later(6 * 3600 + 60)
    hands.work()

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (State.FAILED, "gave-up")
    assert operation.is_retryable
    assert "a second time does no harm" in operation.error


def test_a_fault_in_passing_a_failure_on_does_not_undo_the_end(
    cyclr: CyclrState, kind: Describe, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(Describe, "failed", broken)
    kind.is_withdrawn = True
    run_operation(operation.pk)

    operation.refresh_from_db()
    assert operation.state == State.FAILED
