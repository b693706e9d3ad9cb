"""The messages that have operations carried out, by the name of their task."""

from __future__ import annotations

from dashboard.jobs.messages import Message
from dashboard.operations.models import Operation

INTERACTIVE, BULK = "interactive", "bulk"
MESSAGES = {
    queue: Message("dashboard.operations.tasks.run_operation", queue)
    for queue in (INTERACTIVE, BULK)
}


def queue_of(operation: Operation) -> str:
    """The queue of an operation's messages; bulk work has one of its own and delays nobody."""
    return BULK if operation.is_bulk else INTERACTIVE


def message_for(operation: Operation) -> Message:
    """The message that has an operation carried out."""
    return MESSAGES[queue_of(operation)]


def send(operation: Operation) -> None:
    """Send an operation's message once its row can be seen by a worker."""
    message_for(operation).send_on_commit(operation.pk)
