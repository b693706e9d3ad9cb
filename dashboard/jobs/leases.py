"""A worker's hold on a job. Every write goes through it, and fails once somebody else has the job.

Nothing is done twice by two workers at a time, whatever died, hung or came back late: claiming
raises `attempt`, and a write is an update of the row with that very attempt.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from dashboard.jobs.policy import Policy
from dashboard.jobs.registry import worker_of

J = TypeVar("J", bound=models.Model)

logger = logging.getLogger(__name__)


class LeaseLostError(Exception):
    """This hold is over: somebody else has the job now, or it has ended."""


class Lease(Generic[J]):
    """One worker's hold on one job."""

    def __init__(self, job: J) -> None:
        self.job = job
        self._row: Any = job

    @property
    def _policy(self) -> Policy:
        policy: Policy = self._row.policy
        return policy

    def write(self, **columns: Any) -> None:
        """Update the row if it is still ours; raises `LeaseLostError` otherwise."""
        if not self._rows().update(**columns):
            raise LeaseLostError
        for column, value in columns.items():
            if not hasattr(value, "resolve_expression"):  # what the database counts stays there
                setattr(self.job, column, value)

    def finish(self, **columns: Any) -> None:
        """End the job, and write what came of it."""
        self.write(finished_at=timezone.now(), leased_until=None, **columns)

    def release(self) -> None:
        """Let go of it as it was: another worker may take it now."""
        self.write(leased_until=None)

    def postpone(self, until: datetime, **columns: Any) -> None:
        """Let go of it until then; that is no failure, and counts as none."""
        self.write(not_before=until, leased_until=None, **columns)

    def retry(
        self, error: BaseException, *, pause: timedelta | None = None, **columns: Any
    ) -> bool:
        """The same again later and later; says whether, or whether it was given up in words.

        What was only paced (`counts_as_try`) is no try. `pause`: if this error has one of its own.
        """
        policy = self._policy
        tries = self._row.tries + int(getattr(error, "counts_as_try", True))
        again = timezone.now() + (pause or policy.pause_after(error, tries))
        if tries >= policy.most_tries or again > self._row.ends_at:
            self._row.tries = tries
            self.give_up(error, **columns)
            return False
        self.write(tries=tries, not_before=again, leased_until=None, **columns)
        return True

    def give_up(self, error: BaseException | None = None, **columns: Any) -> None:
        """End it in words: it is too old, or was tried too often; `error` is what came last."""
        for column, value in columns.items():
            setattr(self.job, column, value)
        worker_of(type(self.job)).gives_up(self, error)

    @property
    def is_hopeless(self) -> bool:
        """Whether it is not even to be tried: too old, or too many workers were lost over it."""
        is_too_old: bool = timezone.now() > self._row.ends_at
        return is_too_old or self._row.tries >= self._policy.most_tries

    def renew(self) -> bool:
        """Hold it for another length; says whether it is still ours."""
        until = timezone.now() + self._policy.lease_length
        return bool(self._rows().filter(leased_until__isnull=False).update(leased_until=until))

    def hold(self) -> None:
        """Renew it before something that must not be done by two; raises `LeaseLostError`."""
        if not self.renew():
            raise LeaseLostError

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Renew it from a thread as long as the work goes on."""
        if settings.PROCESS != "worker":
            yield
            return
        stopped = threading.Event()
        pause = self._policy.lease_length.total_seconds() / 3

        def renew() -> None:
            try:
                while not stopped.wait(pause):
                    try:
                        if not self.renew():
                            return
                    except DatabaseError as error:
                        # Locked or restarting: the next one may be in time.
                        logger.warning("lease not renewed error=%s", type(error).__name__)
                        connection.close()
            finally:
                connection.close()

        thread = threading.Thread(target=renew, name=f"lease-{self.job.pk}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join(timeout=5)

    def _rows(self) -> Any:
        model = type(self.job)
        return model._base_manager.filter(
            pk=self.job.pk, attempt=self._row.attempt, finished_at=None
        )


def finish_all(leases: Sequence[Lease[Any]], **columns: Any) -> None:
    """End all of a group; one that was lost meanwhile is somebody else's to end."""
    with transaction.atomic():
        for lease in leases:
            with contextlib.suppress(LeaseLostError):
                lease.finish(**columns)


def release_all(leases: Sequence[Lease[Any]]) -> None:
    """Let go of what is left of a group."""
    with transaction.atomic():
        for lease in leases:
            with contextlib.suppress(LeaseLostError):
                lease.release()
