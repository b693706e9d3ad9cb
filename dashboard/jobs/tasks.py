"""The queue's own tasks: each worker shows that it works by carrying one out."""

from __future__ import annotations

from celery import current_task, shared_task

from dashboard.jobs import clock, heartbeats  # noqa: F401 - the clock's periodic task
from dashboard.jobs.messages import DeskTask, Message
from dashboard.jobs.periodic import periodic

BEATS = {
    "interactive": Message("dashboard.jobs.tasks.beat", "interactive"),
    "background": Message("dashboard.jobs.tasks.beat", "sync"),
}
MOST_BEATS = 30


@shared_task(base=DeskTask)
def beat(name: str) -> None:
    """Prove that a worker works: pings are answered even by one that takes nothing any more."""
    request = current_task.request if current_task else None
    heartbeats.show(name, heartbeats.host_of(getattr(request, "hostname", None)))


@periodic(every=heartbeats.EVERY)
def show_life() -> None:
    """Show that the dispatcher lives, and have the workers show that they do.

    Any of them may take a message: one for each, every few seconds, reaches them all in time.
    """
    heartbeats.show("dispatcher", heartbeats.host_of())
    for state in heartbeats.process_states():
        if message := BEATS.get(state.name):
            for _ in range(min(max(state.count, 1), MOST_BEATS)):
                message.send(state.name)


@periodic(every=600)
def forget_missed() -> None:
    """A host that was shut down hard is not missed for ever."""
    heartbeats.forget_missed()
