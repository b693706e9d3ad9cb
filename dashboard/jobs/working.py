"""Who carries out which class of jobs: the task that is made of a function, and how it ends."""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from functools import cache, partial
from typing import Any

from celery import shared_task
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.models import QuerySet
from django.utils import timezone

from cyclr_api import OutcomeUnknownError, TemporaryError
from dashboard.common.prepared import Rows, prepared
from dashboard.jobs.compiled import AnyRow
from dashboard.jobs.leases import Lease, LeaseLostError
from dashboard.jobs.messages import DeskTask
from dashboard.jobs.models import Job
from dashboard.jobs.periodic import PERIODIC, PeriodicTask
from dashboard.jobs.registry import WORKERS, Worker

logger = logging.getLogger(__name__)

AT_ONCE = 100
"""Messages of one class that the dispatcher sends at a time."""


def job_classes() -> list[type[Job]]:
    """Every class of jobs there is."""
    return [model for model in apps.get_models() if issubclass(model, Job)]


def works_on(
    model: type[Job],
    *,
    gives_up: Callable[[Any, BaseException | None], None],
    room: Callable[[], int] = lambda: AT_ONCE,
    plans: Callable[[int | None], None] = lambda key: None,
    **options: Any,
) -> Callable[[Callable[[Any], None]], Any]:
    """Make a function the task that carries out a class of jobs.

    It is called with a `Lease`, and does nothing more for a job that is done, not due, or somebody
    else's: messages that come twice, late or not at all do no harm. What it raises is tried again,
    as the class's policy says. `options` are Celery's.
    """

    def register(work: Callable[[Any], None]) -> Any:
        name = f"{work.__module__}.{work.__qualname__}"
        if name != model.policy.task:
            raise ImproperlyConfigured(f"{name} is to carry out what names {model.policy.task}")
        worker = WORKERS[model] = Worker(model, work, gives_up, room, plans)

        def run(key: int) -> None:
            carry_out(worker, key)

        def run_attempt(key: int, attempt: int) -> None:
            carry_out(worker, key, attempt)

        task = run_attempt if model.policy.sends_attempt else run
        task.__doc__ = work.__doc__
        PERIODIC.append(
            PeriodicTask(
                f"dispatch {model.__name__}", model.policy.every, partial(dispatch, worker)
            )
        )
        return shared_task(base=DeskTask, name=name, **options)(task)

    return register


def carry_out(worker: Worker, key: int, attempt: int | None = None) -> None:
    """Take what the message names and do the work; nothing if it is not ours to take."""
    policy = worker.model.policy
    worker.plans(key)
    rows = worker.model.objects.select_related(*policy.related)
    if policy.key != "pk":
        leases = rows.claim_group(key)
    else:
        lease = rows.claim(key, attempt=attempt)
        leases = [lease] if lease else []
    hopeless = [lease for lease in leases if lease.is_hopeless]
    for lease in hopeless:
        _guarded(worker, [lease], lease.give_up)
    if left := [lease for lease in leases if lease not in hopeless]:
        _guarded(worker, left, partial(worker.work, left if policy.key != "pk" else left[0]))


def _guarded(worker: Worker, leases: Sequence[Lease[Any]], work: Callable[[], None]) -> None:
    """Whatever it raises, no job is stuck for it and none lives for ever."""
    try:
        with _renewed(worker, leases):
            work()
    except LeaseLostError:
        logger.warning("lease lost job=%s ids=%s", worker.model.__name__, _ids(leases))
    except (TemporaryError, OutcomeUnknownError) as error:
        logger.info(
            "job waits job=%s ids=%s call=%s status=%s",
            *(worker.model.__name__, _ids(leases), error.call, error.status),
        )
        _retry(leases, error)
    except Exception as error:  # noqa: BLE001 - a fault of ours must not make the row immortal
        # Its message may hold what was typed: only its kind is logged.
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "?"
        logger.error(
            "job crashed job=%s ids=%s error=%s at=%s",
            *(worker.model.__name__, _ids(leases), type(error).__name__, where),
        )
        _retry(leases, error)


def _retry(leases: Sequence[Lease[Any]], error: Exception) -> None:
    for lease in leases:
        # One that has ended, or that the database cannot note now, comes back by its lease.
        with contextlib.suppress(LeaseLostError, DatabaseError):
            lease.retry(error)


def _renewed(worker: Worker, leases: Sequence[Lease[Any]]) -> AbstractContextManager[Any]:
    stack = ExitStack()
    if worker.model.policy.is_renewed:
        for lease in leases:
            stack.enter_context(lease.renewed())
    return stack


def _ids(leases: Sequence[Lease[Any]]) -> str:
    return ",".join(str(lease.job.pk) for lease in leases)


@cache
def _any_open(model: Any) -> AnyRow:
    """Whether there is any job that has not ended: most of the time there is none."""
    jobs: Any = model._default_manager
    return AnyRow(jobs.open)


@cache
def _to_send(model: Any) -> Callable[[datetime, datetime, datetime], Rows]:
    """One job that needs a message, if there is any: most that are open wait for their time."""

    def ask(moment: datetime, born_before: datetime, sent_before: datetime) -> QuerySet[Any, Any]:
        jobs = model._default_manager.to_send(moment, born_before, sent_before)
        found: QuerySet[Any, Any] = jobs.order_by().values_list("pk")[:1]
        return found

    return prepared(ask)


def _is_any_to_send(model: type[Job], moment: datetime) -> bool:
    if not _any_open(model)():
        return False
    policy = model.policy
    moments = moment, moment - policy.longest_age, moment - policy.republish_after
    return bool(_to_send(model)(*moments))


def dispatch(worker: Worker) -> None:
    """Send the messages of jobs that are due: those not sent yet, and those that were lost."""
    worker.plans(None)
    model: Any = worker.model
    moment = timezone.now()
    if not _is_any_to_send(model, moment):
        return
    policy = model.policy
    due = model.objects.ready(moment).unsent(moment)
    jobs = list(due.order_by(*policy.order)[:AT_ONCE])
    room = worker.room() if jobs else 0
    sent: set[tuple[int, ...]] = set()
    for job in jobs:
        if job.message_arguments in sent:
            continue
        if len(sent) >= room or not job.send():
            return
        sent.add(job.message_arguments)
        key = {policy.key: getattr(job, policy.key)}
        model.objects.ready(moment).filter(**key).update(published_at=moment)
