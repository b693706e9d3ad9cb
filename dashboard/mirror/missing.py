"""What a list leaves out, asked for by itself: only its own 404 proves that it is gone.

A list may lag behind, leave sub-accounts out, or hold what cannot be read. Whoever asks here leaves
the database alone, so it may be done in threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar

from cyclr_api import CyclrError, NotFoundError, RateLimitedError
from dashboard.consoles.pacing import PacedError

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

THREADS = 8
WITHIN = timedelta(seconds=20)
MOST = 50
"""So many are asked for at once; the others wait for the next time, unknown till then."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 5.0


@dataclass(slots=True)
class Answers(Generic[K, T]):
    """What was found out: what is there after all, and what is gone. Nothing of all others."""

    there: list[T] = field(default_factory=list)
    gone: set[K] = field(default_factory=set)


def ask_each(
    ids: Collection[K],
    ask: Callable[[K], T],
    *,
    most: int = MOST,
    within: timedelta = WITHIN,
) -> Answers[K, T]:
    """Ask Cyclr for each of these by itself, a few at a time."""
    answers = Answers[K, T]()
    if not ids:
        return answers
    until = time.monotonic() + within.total_seconds()
    pool = ThreadPoolExecutor(THREADS)
    asked = {pool.submit(_asked, ask, one, until): one for one in _first(ids, most)}
    try:
        for answer in as_completed(asked, within.total_seconds()):
            try:
                answers.there.append(answer.result())
            except NotFoundError:
                answers.gone.add(asked[answer])
            except (CyclrError, TimeoutError):
                continue  # it did not say
    except TimeoutError:
        pass  # those that are late stay unknown
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return answers


def _first(ids: Iterable[K], most: int) -> list[K]:
    return list(ids)[:most]


def _asked(ask: Callable[[K], T], one: K, until: float) -> T:
    """The answer, waited for while Cyclr or our own pacing says not yet."""
    while True:
        try:
            return ask(one)
        except (PacedError, RateLimitedError) as error:
            pause = min(max(error.retry_after or 1.0, SHORTEST_PAUSE), LONGEST_PAUSE)
            if time.monotonic() + pause > until:
                raise
        time.sleep(pause)
