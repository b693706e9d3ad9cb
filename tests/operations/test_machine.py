"""Installs under every order of accidents: Hypothesis looks for the one that doubles or loses.

What may happen: faults of Cyclr, workers killed or frozen at any step, strangers with the same
names, listings that lag, people who cancel and retry, time that passes. After each of them the
promises of `check` must hold, and in the end, with Cyclr well again, everything must end.

`TEST_EXAMPLES=3000 python -m pytest tests/operations/test_machine.py` looks for longer.
"""

from __future__ import annotations

import os
import re
import threading
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cyclr_api import Client
from cyclr_api.simulator import CyclrState, empty_state, mount
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.transport import Retries
from dashboard.audit.models import Actor
from dashboard.consoles import services as consoles
from dashboard.consoles.pacing import PacedError, SharedPacing
from dashboard.installs.handlers import InstallConnector
from dashboard.jobs.leases import Lease
from dashboard.operations import submitting, tasks
from dashboard.operations.models import ACTIVE, Operation, Reason, State
from dashboard.operations.submitting import AlreadyActiveError, OperationRequest, OtherInputError
from tests.factories import make_account, make_connector, make_console, make_user

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LEASE, FIRST_LOOK, GAP = 30, 120, 30
ACCOUNT = "shop-1"
CONNECTORS = {501: "Slack", 502: "Trello"}
NAMES = ("Slack", "CRM")
DESCRIPTIONS = ("", "Sales team")
EXAMPLES = int(os.environ.get("TEST_EXAMPLES", "0"))
MOST_STEPS = 150
"""Rounds in which everything must have ended once Cyclr is well."""

MARK = re.compile(r"\[desk:(op\w+)\]")
CALLS = {
    "install": ("POST", "/connectors/{id}/install"),
    "list": ("GET", "/account/connectors"),
    "change": ("PUT", "/account/connectors/{id}"),
}
ANSWERS: dict[str, Callable[[CyclrState, str, str, int | None], Any]] = {
    "lost": lambda w, m, p, n: w.faults.drop_after_effect(m, p, times=n),
    "never came": lambda w, m, p, n: w.faults.drop_before_effect(m, p, times=n),
    "500 after it": lambda w, m, p, n: w.faults.respond(m, p, 500, times=n, after_effect=True),
    "503": lambda w, m, p, n: w.faults.respond(m, p, 503, times=n),
    "sign-in page after it": lambda w, m, p, n: w.faults.html(m, p, times=n, after_effect=True),
    "cut off": lambda w, m, p, n: w.faults.truncate(m, p, times=n),
    "429": lambda w, m, p, n: w.faults.rate_limit(m, p, "20", times=n),
    "400": lambda w, m, p, n: w.faults.respond(m, p, 400, {"Message": "No."}, times=n),
    "401": lambda w, m, p, n: w.faults.respond(m, p, 401, times=2 if n else None),
    "in 90 s": lambda w, m, p, n: w.faults.commit_late(m, p, 90, times=n),
    "in 200 s": lambda w, m, p, n: w.faults.commit_late(m, p, 200, times=n),
    "no connection": lambda w, m, p, n: w.faults.unreachable(times=n, method=m, path=p),
}
STEPS = ("prepare", "act", "reconcile", "finalize", "finish")

answers = st.sampled_from(sorted(ANSWERS))
lost = st.sampled_from(["lost", "never came", "500 after it", "cut off", "in 90 s", "in 200 s"])
lost_installs = st.tuples(lost, st.just("install"), st.just(1))
faults = st.one_of(
    lost_installs,
    st.tuples(answers, st.sampled_from(sorted(CALLS)), st.sampled_from([1, None])),
)
happenings = st.one_of(
    st.sampled_from(
        ["all is well", "name taken", "ours deleted", "credentials refused", "listing lags"]
    ),
    faults,
)
points = st.one_of(
    st.sampled_from(["before act", "after act", "after prepare", "before reconcile"]),
    st.sampled_from(
        [f"{when} {step}" for step in (*STEPS, "write") for when in ("before", "after")]
    ),
)
which = st.integers(0, 3)
skips = st.sampled_from([0, 0, 0, 1, 2])


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours runs after it."""


class Work(threading.Thread):
    """A worker with one operation. It and the test take turns: one of them runs, the other waits.

    Both use the test's connection, so that everything can be rolled back after the example.
    """

    def __init__(self, pk: int, point: str, skips: int) -> None:
        super().__init__(daemon=True)
        self.pk, self.point, self.skips = pk, point, skips
        self.happens: Callable[[], None] = kill
        self.attempt = 0
        self.is_frozen = self.is_killed = False
        self.error: BaseException | None = None
        self._connection = connections["default"]
        self._depth = len(connection.savepoint_ids)
        self._turn, self._back = threading.Semaphore(0), threading.Semaphore(0)

    def go_on(self) -> None:
        """Let it work until it ends or freezes."""
        if not self.is_alive():
            self.start()
        self.is_frozen = False
        self._turn.release()
        self._back.acquire()
        if self.error is not None:
            raise self.error

    def freeze(self) -> None:
        """In its own thread: stand still until the test lets it go on."""
        self.is_frozen = True
        self._back.release()
        self._turn.acquire()
        if self.is_killed:
            raise Killed

    def reach(self, point: str) -> None:
        """In its own thread: it is here now; what was planned for here happens."""
        is_in_transaction = len(connection.savepoint_ids) > self._depth
        if point != self.point or (is_in_transaction and self.happens != kill):
            return
        if self.skips:
            self.skips -= 1
            return
        self.point = ""
        self.happens()

    def run(self) -> None:
        """The thread."""
        connections["default"] = self._connection
        self._turn.acquire()
        _now.work = self
        try:
            tasks.run_operation(self.pk)
        except Killed:
            self.is_killed = True
        except BaseException as error:  # noqa: BLE001 - it is raised again in the test
            self.error = error
        finally:
            self._back.release()


_now = threading.local()


def kill() -> None:
    """What happens to a worker that is killed."""
    raise Killed


def reach(point: str) -> None:
    """A worker is at this point of its way."""
    work: Work | None = getattr(_now, "work", None)
    if work is not None:
        work.reach(point)


def told(real: Callable[..., Any], step: str) -> Callable[..., Any]:
    """A step that tells when it begins and when it has ended."""

    def act(*args: Any, **values: Any) -> Any:
        reach(f"before {step}")
        result = real(*args, **values)
        reach(f"after {step}")
        return result

    return act


class Installs(RuleBasedStateMachine):
    """One account, two connectors, whatever happens to their installs."""

    def __init__(self) -> None:
        super().__init__()
        self.effects: dict[int, str] = {}
        """Which operation installed which account connector, by the mark that it sent."""
        self.attempts: dict[int, int] = {}
        self.frozen: list[Work] = []
        self.orders: list[OperationRequest] = []
        self.held_until = START
        self.undo = ExitStack()
        self.clock = self.undo.enter_context(time_machine.travel(START, tick=False))
        self.undo.enter_context(transaction.atomic())
        self.undo.callback(transaction.set_rollback, True)
        connection.inc_thread_sharing()
        self.undo.callback(connection.dec_thread_sharing)
        self.world = self._world()
        self._join()
        console = make_console(api_url=self.world.api_url, client_id=self.world.credentials[0][0])
        self.account = make_account(console=console, cyclr_id=ACCOUNT)
        self.connectors = [
            make_connector(console=console, name=name, release_id=release)
            for release, name in CONNECTORS.items()
        ]
        self.user = make_user()

    def _world(self) -> CyclrState:
        world = empty_state()
        world.api_url = "https://cyclr.test"
        world.add_account(Id=ACCOUNT, Name="Shop")
        method = {"Id": "m", "AuthName": "None", "AuthType": "None"}
        for release, name in CONNECTORS.items():
            world.add_connector(Id=release, Name=name, Authentication=[method], Parameters=[])
        return world

    def _join(self) -> None:
        """The dashboard's clients talk to this world, and nobody really waits."""
        patch = self.undo.enter_context(pytest.MonkeyPatch.context())
        client_id, secret = self.world.credentials[0]
        self.undo.enter_context(
            override_settings(
                LEASE_FOR=LEASE,
                FIRST_LOOK_AFTER=FIRST_LOOK,
                LOOK_GAP=GAP,
                CYCLR_API_URL=self.world.api_url,
                CYCLR_CLIENT_ID=client_id,
                CYCLR_CLIENT_SECRET=secret,
            )
        )

        def prepare(client: Client) -> None:
            mount(self.world, client.session)
            client._transport.retries = Retries(attempts=1)

        patch.setattr(consoles, "on_new_client", [prepare])
        consoles.forget_clients()
        patch.setattr(SharedPacing, "wait", lambda _, call: self._wait(call))
        patch.setattr(SharedPacing, "hold", lambda _, seconds: self._hold(seconds))
        for step in STEPS:
            patch.setattr(InstallConnector, step, told(getattr(InstallConnector, step), step))
        patch.setattr(Lease, "write", told(Lease.write, "write"))
        install = self.world.account_connectors.install

        def noted(account: str, connector: Any, asked: Any, *, by: str) -> Any:
            installed = install(account, connector, asked, by=by)
            if by == "api":
                self.effects[installed.id] = MARK.findall(asked.description)[-1]
            return installed

        patch.setattr(self.world.account_connectors, "install", noted)

    def _wait(self, call: str) -> None:
        left = (self.held_until - timezone.now()).total_seconds()
        if left > 0:
            raise PacedError(call, retry_after=left)

    def _hold(self, seconds: float) -> None:
        self.held_until = max(self.held_until, timezone.now() + timedelta(seconds=seconds))

    def due(self) -> list[int]:
        """The operations that a worker may take now."""
        rows = Operation.objects.due(timezone.now())
        return list(rows.order_by("pk").values_list("pk", flat=True))

    # ---- what people do ----

    @initialize(
        limit=st.sampled_from([None, None, 0, 5, 9, 14, 20]),
        name=st.sampled_from(NAMES),
        description=st.sampled_from(DESCRIPTIONS),
        what=st.one_of(lost_installs, happenings),
    )
    def it_begins(self, limit: int | None, name: str, description: str, what: Any) -> None:
        """With a Cyclr that may cut descriptions, and a first install that meets something."""
        self.world.description_limit = limit
        self.someone_asks_for_an_install(0, name, description)
        self.happens(what)

    @rule(
        connector=st.sampled_from([0, 0, 0, 1]),
        name=st.sampled_from(NAMES),
        description=st.sampled_from(DESCRIPTIONS),
    )
    def someone_asks_for_an_install(self, connector: int, name: str, description: str) -> None:
        """A new form; refused while another one for the same connector is under way."""
        wanted = self.connectors[connector]
        values = {
            "release_id": wanted.release_id,
            "name": name,
            "description": description,
            "authentication_id": None,
            "auth_value": None,
            "properties": [],
            "is_native": False,
        }
        order = OperationRequest(
            kind="installs.install",
            title=f"Install {wanted.name}",
            actor=Actor.staff(self.user),
            console=self.account.console,
            submission=uuid.uuid4(),
            account=self.account,
            connector=wanted,
            values=values,
            shown={"initial": {"name": name, "description": description}},
            exclusivity_key=f"install:{wanted.name}",
        )
        active = Operation.objects.active().filter(exclusivity_key=order.exclusivity_key)
        if active.exists():
            with pytest.raises(AlreadyActiveError):
                submitting.submit(order)
        else:
            submitting.submit(order)
            self.orders.append(order)

    @precondition(lambda self: self.orders)
    @rule(
        which=which,
        deed=st.sampled_from(
            ["send again", "send changed", "cancel", "retry", "retry", "wipe", "message"]
        ),
    )
    def somebody_interferes(self, which: int, deed: str) -> None:
        """Double clicks, the back button, people in a hurry, doubled messages, the wiping chore."""
        order = self.orders[which % len(self.orders)]
        operation = Operation.objects.get(submission=order.own_submission)
        match deed:
            case "send again":
                assert submitting.submit(order) == operation
            case "send changed":
                other = replace(order, values={**order.values, "name": "another"})
                with pytest.raises(OtherInputError):
                    submitting.submit(other)
            case "cancel":
                submitting.cancel(operation, Actor.staff(self.user))
            case "retry":
                self.retry(operation)
            case "wipe":
                tasks.wipe_input()
            case "message" if operation.pk not in self.due():
                before = self.row(operation.pk)
                tasks.run_operation(operation.pk)
                assert self.row(operation.pk) == before, "what is not due was touched"

    def retry(self, operation: Operation) -> None:
        """With the entries that are still encrypted, if they are."""
        was_retryable, actor = operation.is_retryable, Actor.staff(self.user)
        active = Operation.objects.active().filter(exclusivity_key=operation.exclusivity_key)
        if was_retryable and active.exists():
            with pytest.raises(AlreadyActiveError):
                submitting.retry(operation, actor)
        else:
            assert submitting.retry(operation, actor) == was_retryable

    # ---- what workers do ----

    @precondition(lambda self: self.due())
    @rule(which=which, point=points, skips=skips, is_frozen=st.booleans())
    def a_worker_is_stopped(self, which: int, point: str, skips: int, is_frozen: bool) -> None:
        """Killed at one point of its way, or frozen there for a while."""
        due = self.due()
        work = Work(due[which % len(due)], point, skips)
        work.happens = work.freeze if is_frozen else kill
        self.let(work)

    @precondition(lambda self: self.due())
    @rule(which=which, point=points, skips=skips, what=st.one_of(st.none(), happenings))
    def a_worker_works(self, which: int, point: str, skips: int, what: Any) -> None:
        """At one point of its way the world changes, perhaps."""
        due = self.due()
        work = Work(due[which % len(due)], point, skips)
        work.happens = lambda: self.happens(what)
        self.let(work)

    def let(self, work: Work) -> None:
        """Let a worker work until it ends or freezes."""
        work.go_on()
        if work.is_frozen:
            work.attempt = Operation.objects.get(pk=work.pk).attempt
            self.frozen.append(work)
        else:
            work.join(10)

    @precondition(lambda self: self.frozen)
    @rule(which=which)
    def a_frozen_worker_goes_on(self, which: int) -> None:
        """If somebody else has had its operation since, it changes nothing any more."""
        work = self.frozen.pop(which % len(self.frozen))
        before = self.row(work.pk)
        work.go_on()
        work.join(10)
        if before["attempt"] != work.attempt:
            assert self.row(work.pk) == before, "a late write was not fenced off"

    @precondition(lambda self: self.due())
    @rule(which=which, point=points, skips=skips, rounds=st.sampled_from([0, 1, 2, 9]))
    def a_worker_sleeps_past_its_lease(
        self, which: int, point: str, skips: int, rounds: int
    ) -> None:
        """Others work meanwhile; then it goes on where it was."""
        before = len(self.frozen)
        self.a_worker_is_stopped(which, point, skips, is_frozen=True)
        self.clock.shift(LEASE + 1)
        self.workers_work_as_ever(rounds)
        if len(self.frozen) > before:
            self.a_frozen_worker_goes_on(before)

    def row(self, pk: int) -> dict[str, Any]:
        """All that is stored of an operation."""
        return dict(Operation.objects.values().get(pk=pk))

    # ---- what the world does ----

    def happens(self, what: Any) -> None:
        """A fault of Cyclr, or what a stranger does."""
        match what:
            case None:
                pass
            case "name taken":
                self.a_stranger_installs("Slack", "")
            case "ours deleted":
                ours = [one.id for one in self.world.installed[ACCOUNT] if one.id in self.effects]
                for number in ours[-1:]:
                    self.world.delete(number)
            case "credentials refused":
                self.world.revoke_access_tokens()
                self.world.faults.respond("POST", "/oauth/token", 400, times=1)
            case "all is well":
                self.world.faults.clear()
            case "listing lags":
                self.world.faults.lag_listing(170)
            case answer, call, times:
                ANSWERS[answer](self.world, *CALLS[call], times)

    @rule(what=happenings)
    def the_world_changes(self, what: Any) -> None:
        """A fault begins, or a stranger does something."""
        self.happens(what)

    @rule(name=st.sampled_from(NAMES), description=st.sampled_from([None, *DESCRIPTIONS]))
    def a_stranger_installs(self, name: str, description: str | None) -> None:
        """From Cyclr's own console, perhaps with the very name that one of ours wants."""
        with suppress(ApiError):
            self.world.install(ACCOUNT, 501, name=name, description=description)

    @rule(seconds=st.sampled_from([6, 31, 31, 125, 125, 3600, 7 * 3600, 25 * 3600]))
    def time_passes(self, seconds: int) -> None:
        """Leases end, late commits come, what is too old is given up."""
        self.clock.shift(seconds)

    @precondition(lambda self: self.orders)
    @rule(rounds=st.sampled_from([1, 2, 7, 8, 9, 12]))
    def workers_work_as_ever(self, rounds: int) -> None:
        """Each time that something is due they take it, so many times."""
        for _ in range(rounds):
            self.skip_to_the_next()
            for pk in self.due():
                tasks.run_operation(pk)
                self.check()
        self.skip_to_the_next()

    # ---- what must be so ----

    @invariant()
    def check(self) -> None:
        """The promises, after every single thing that happened."""
        operations = list(Operation.objects.all())
        installed = self.check_that_nothing_is_doubled()
        active: list[str] = []
        for operation in operations:
            assert operation.attempt >= self.attempts.get(operation.pk, 0)
            self.attempts[operation.pk] = operation.attempt
            is_failed = operation.state == State.FAILED
            assert operation.is_finished == (operation.finished_at is not None)
            assert is_failed == bool(operation.error) == bool(operation.reason)
            if operation.state in {State.DONE, State.CANCELLED}:
                assert operation.encrypted_input == ""
            if operation.state in ACTIVE:
                active.append(operation.exclusivity_key)
            ours = installed.get(operation.reference, [])
            if operation.state == State.DONE:
                assert (operation.outcome or {})["id"] in ours, "a stranger's was adopted"
            if operation.state == State.CANCELLED:
                assert not ours, "cancelled, and done"
            if is_failed and operation.reason != Reason.NEEDS_PERSON:
                assert not ours, f"it says that nothing was changed: {operation.error}"
        assert len(active) == len(set(active)), "two at once for the same thing"

    def check_that_nothing_is_doubled(self) -> dict[str, list[int]]:
        """What each operation installed; never a second one while the first is there."""
        installed: dict[str, list[int]] = {}
        living: dict[int, str] = {}
        for effect in self.world.ledger:
            number = effect.ids.get("account_connector", 0)
            if effect.kind == "install" and effect.by == "api":
                reference = self.effects[number]
                assert reference not in living.values(), "installed twice"
                living[number] = reference
                installed.setdefault(reference, []).append(number)
            elif effect.kind == "delete":
                living.pop(number, None)
        return installed

    # ---- the end ----

    def skip_to_the_next(self) -> None:
        """Let time pass until a worker may take something; a second at least."""
        moments = [
            moment
            for row in Operation.objects.active()
            for moment in (row.not_before, row.leased_until)
            if moment is not None and moment >= timezone.now()
        ]
        self.clock.shift(1)
        if moments and not self.due():
            self.clock.move_to(max(min(moments), timezone.now()) + timedelta(seconds=1))

    def teardown(self) -> None:
        """Cyclr is well again, the frozen go on: everything ends, and what is promised holds."""
        try:
            self.everything_ends()
        finally:
            for work in self.frozen:
                work.is_killed = True
                work.go_on()
                work.join(10)
            consoles.forget_clients()
            self.undo.close()

    def everything_ends(self) -> None:
        """In a finite number of steps."""
        self.world.faults.clear()
        while self.frozen:
            self.a_frozen_worker_goes_on(0)
            self.check()
        for _ in range(MOST_STEPS):
            if not Operation.objects.active().exists():
                break
            for pk in self.due():
                tasks.run_operation(pk)
            self.skip_to_the_next()
        assert not Operation.objects.active().exists(), "something goes on for ever"
        self.clock.shift(600)
        self.world.settle()
        self.check()
        for operation in Operation.objects.filter(state=State.DONE):
            number = (operation.outcome or {})["id"]
            there = [one for one in self.world.installed[ACCOUNT] if one.id == number]
            if there and not operation.events.filter(event="untidy").exists():
                assert "[desk:" not in (there[0].description or "")


def test_no_order_of_accidents_doubles_or_loses_an_install(db: None) -> None:
    run_state_machine_as_test(
        Installs,
        settings=settings(
            max_examples=EXAMPLES or 120,
            stateful_step_count=20,
            deadline=None,
            derandomize=not EXAMPLES,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )
