"""A worker of `./run` has as many processes as were needed at once, and one when idle."""

from __future__ import annotations

from typing import Any

import pytest
from billiard import pool as billiard

from dashboard.common.autoscaler import Autoscaler


class Process:
    """One that was asked to end ends only when it gets to it."""

    def __init__(self) -> None:
        self._controlled_termination = False
        self.asked = 0

    def terminate_controlled(self) -> None:
        self._controlled_termination = True
        self.asked += 1


class Processes(billiard.Pool):  # type: ignore[misc]  # billiard has no types
    """Billiard's pool with its own choice of who must end; no process is started."""

    def __init__(self) -> None:
        self._processes, self._pool = 1, [Process()]
        self._cache: dict[str, Any] = {}
        self._putlock = None
        self.slow = False

    def on_grow(self, count: int) -> None:
        self._pool += [Process() for _ in range(self._processes - len(self._pool))]

    def _maintain_pool(self) -> None:
        if not self.slow:
            self._pool = [each for each in self._pool if not each._controlled_termination]


class Pool:
    """What the autoscaler asks of Celery's pool."""

    def __init__(self) -> None:
        self._pool = Processes()
        self.grow, self.shrink = self._pool.grow, self._pool.shrink
        self.maintain_pool = self._pool._maintain_pool

    @property
    def num_processes(self) -> int:
        return self._pool._processes


class Scaled(Autoscaler):
    """With a number of tasks in hand that the test says."""

    qty = 0


@pytest.fixture
def scaler() -> Scaled:
    return Scaled(Pool(), 4, 1, mutex=object())


def message(scaler: Scaled, in_hand: int) -> int:
    """A message comes; how many processes there are then."""
    scaler.qty = in_hand
    scaler.maybe_scale(object())
    return int(scaler.pool.num_processes)


def half_a_minute(scaler: Scaled, in_hand: int = 0) -> int:
    """The timer comes by; how many processes there are then."""
    scaler.qty = in_hand
    scaler.maybe_scale()
    return int(scaler.pool.num_processes)


def test_a_process_comes_with_the_message_that_needs_it(scaler: Scaled) -> None:
    assert [message(scaler, in_hand) for in_hand in (1, 2, 3, 4, 5)] == [1, 2, 3, 4, 4]


def test_what_was_not_needed_for_half_a_minute_ends_though_messages_come(scaler: Scaled) -> None:
    message(scaler, 4)

    assert half_a_minute(scaler) == 4
    assert [message(scaler, in_hand) for in_hand in (1, 2, 1)] == [4, 4, 4]
    assert half_a_minute(scaler) == 2
    assert half_a_minute(scaler) == 1


def test_what_is_in_hand_keeps_its_processes(scaler: Scaled) -> None:
    message(scaler, 3)

    assert [half_a_minute(scaler, in_hand=3) for _ in range(3)] == [3, 3, 3]


def test_one_process_always_stays(scaler: Scaled) -> None:
    assert [half_a_minute(scaler) for _ in range(2)] == [1, 1]


def test_who_is_slow_to_end_is_not_taken_for_two(scaler: Scaled) -> None:
    processes = scaler.pool._pool
    message(scaler, 3)
    half_a_minute(scaler, in_hand=2)
    processes.slow = True

    assert half_a_minute(scaler) == 2
    assert half_a_minute(scaler) == 2
    assert [each.asked for each in processes._pool if each.asked] == [2]

    processes.slow = False
    assert [half_a_minute(scaler) for _ in range(2)] == [2, 1]
    assert [each.asked for each in processes._pool] == [0]


def test_workers_use_it(settings: Any) -> None:
    from dashboard.celery import app

    assert app.conf.worker_autoscaler == f"{Autoscaler.__module__}:{Autoscaler.__name__}"
