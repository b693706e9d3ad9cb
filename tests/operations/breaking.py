"""What breaks while an operation is carried out: answers that tell nothing, workers that die."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cyclr_api.simulator import CyclrState
from dashboard.operations import handlers
from tests.simulated import Hands

Call = tuple[str, str]

FAULTS: dict[str, Callable[[CyclrState, Call], object]] = {
    "500": lambda cyclr, call: cyclr.faults.respond(*call, 500, times=1),
    "500 after it": lambda cyclr, call: cyclr.faults.respond(
        *call, 500, times=1, after_effect=True
    ),
    "sign-in page": lambda cyclr, call: cyclr.faults.html(*call, times=1),
    "sign-in page after it": lambda cyclr, call: cyclr.faults.html(
        *call, times=1, after_effect=True
    ),
    "silence": lambda cyclr, call: cyclr.faults.drop_before_effect(*call),
    "lost": lambda cyclr, call: cyclr.faults.drop_after_effect(*call),
}
"""After which nobody knows whether the call had its effect."""

STEPS = ("prepare", "act", "finalize", "finish")


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours runs after it."""


def dying(owner: Any, name: str, when: str) -> Callable[..., Any]:
    """What stands there instead of a function, and dies right before or after it, once."""
    real, is_dead = getattr(owner, name), [False]

    def die(*args: Any, **options: Any) -> Any:
        if is_dead[0]:
            return real(*args, **options)
        is_dead[0] = True
        if when == "after":
            real(*args, **options)
        raise Killed

    return die


@contextmanager
def killed(kind: str, step: str, when: str) -> Iterator[None]:
    """The worker dies right before or right after a step of this kind's handler, once."""
    handler: Any = handlers.handler_for(kind)
    setattr(handler, step, dying(handler, step, when))
    try:
        yield
    finally:
        delattr(handler, step)


def pass_time(hands: Hands, *seconds: float) -> None:
    """Work now and so many seconds after now."""
    hands.work()
    for one in seconds:
        hands.later(one)
        hands.work()
