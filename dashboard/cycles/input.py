"""What changes of a cycle work from."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.operations.input import Input


@dataclass(frozen=True, slots=True)
class CycleInput(Input):
    """Which cycle: our row's number."""

    cycle: int = 0


@dataclass(frozen=True, slots=True)
class ActivationInput(CycleInput):
    """When it is to run. `start_at`: ISO 8601 in UTC, empty for now; `interval`: minutes."""

    start_at: str = ""
    interval: int | None = None
    run_once: bool = False


@dataclass(frozen=True, slots=True)
class StopInput(CycleInput):
    """How it is to stop: whether what waits is carried out first."""

    finish_queued: bool = True


@dataclass(frozen=True, slots=True)
class TemplateInput(Input):
    """Which template: our row's number. `name`: what the cycle is called.

    `leaves_out_done`: an account that has a cycle of the template needs no other one.
    """

    template: int = 0
    name: str = ""
    leaves_out_done: bool = False
