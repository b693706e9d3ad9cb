"""What must hold of every class of jobs before anything starts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from dashboard.celery import app
from dashboard.jobs.models import Job
from dashboard.jobs.policy import Policy
from dashboard.jobs.working import job_classes


def hard_limit(task: Any) -> timedelta:
    """When a task's process is killed."""
    return timedelta(seconds=task.time_limit or app.conf.task_time_limit)


def faults_of(model: type[Job], policy: Policy) -> list[str]:
    """What cannot hold of a policy, in words."""
    task = app.tasks.get(policy.task)
    if task is None:
        return [f"{model.__name__}: no task is called {policy.task}."]
    faults = []
    if policy.queue not in app.amqp.queues:
        faults.append(f"{model.__name__}: no worker reads a queue {policy.queue}.")
    limit = hard_limit(task)
    if not policy.is_renewed and policy.lease_length <= limit:
        faults.append(
            f"{model.__name__}: a lease of {policy.lease_length.total_seconds():.0f} s is not "
            f"longer than its task may last ({limit.total_seconds():.0f} s): two workers would "
            "have the same job."
        )
    if policy.most_tries < 1 or policy.longest_age <= timedelta():
        faults.append(f"{model.__name__}: it would be given up before it is tried.")
    return faults


@register
def check_policies(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Every class of jobs has a policy that can hold."""
    app.autodiscover_tasks(force=True)
    faults = [fault for model in job_classes() for fault in faults_of(model, model.policy)]
    return [Error(fault, id="jobs.E001") for fault in faults]


def refuse_faults() -> None:
    """For processes that run no checks of Django's: they do not start with such a policy."""
    if faults := check_policies(None):
        raise ImproperlyConfigured(" ".join(str(fault.msg) for fault in faults))
