"""Operations: every change to Cyclr, as a row that survives whatever dies."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models, transaction
from django.db.models import Case, Q, Value, When
from django.utils import timezone

from dashboard.audit.models import Acted
from dashboard.common.page_addresses import page_address
from dashboard.common.searching import SearchField
from dashboard.consoles.models import Console
from dashboard.jobs.leases import Lease
from dashboard.jobs.messages import Message
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector, MirrorQuerySet


def new_reference() -> str:
    """A public name such as "op7k2m9xq4hd": 60 random bits in letters that cannot be mistaken."""
    letters = "23456789abcdefghjkmnpqrstuvwxyz"
    return "op" + "".join(secrets.choice(letters) for _ in range(12))


class State(models.TextChoices):
    """Where an operation is; the words shown are in `SHOWN`."""

    QUEUED = "queued"
    RUNNING = "running"
    SENT = "sent"
    UNSURE = "unsure"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


SHOWN = {
    State.QUEUED: "Queued",
    State.RUNNING: "Running",
    State.SENT: "Running",
    State.UNSURE: "Checking",
    State.DONE: "Done",
    State.FAILED: "Failed",
    State.CANCELLED: "Cancelled",
}
ACTIVE = (State.QUEUED, State.RUNNING, State.SENT, State.UNSURE)


class Reason(models.TextChoices):
    """Why an operation failed."""

    REFUSED = "refused", "Cyclr refused it"
    GAVE_UP = "gave-up", "Cyclr could not be reached for too long"
    NEEDS_PERSON = "needs-a-person", "It needs a person to look"
    NOT_ALLOWED = "not-allowed", "No longer allowed"
    BROKEN = "broken", "A fault of Cyclr Desk"


class OperationQuerySet(JobQuerySet, MirrorQuerySet):  # type: ignore[override]  # as_manager's
    """Operations, found and taken."""

    def active(self) -> Self:
        """Those that have not ended."""
        return self.filter(state__in=ACTIVE)

    def claim(self, pk: int, *, attempt: int | None = None) -> Lease[Any] | None:
        """Take one for this worker; its timeline tells if the worker before was lost."""
        with transaction.atomic():
            rows = self.model.objects.filter(pk=pk).select_for_update()
            leased_until = rows.values_list("leased_until", flat=True).first()
            lease = super().claim(pk, attempt=attempt)
            if lease is not None and leased_until is not None:  # nobody gave it back
                lease.job.record("lost", "The worker handling it was lost")
        return lease

    def _taking(self, moment: datetime) -> dict[str, Any]:
        """What was sent is unsure from now on: reconcile attempts find out what became of it."""
        is_unsent = When(state__in=[State.QUEUED, State.RUNNING], then=Value(State.RUNNING))
        state = Case(is_unsent, default=Value(State.UNSURE))
        return {**super()._taking(moment), "state": state}


class Operation(Acted, Job):
    """One change to Cyclr: who asked, what for, how far it is, how it ended.

    `prepared` holds what recognises the effect; `outcome` is set once the effect is known.
    """

    policy = Policy(
        task="dashboard.operations.tasks.run_operation",
        queue="interactive",
        lease="LEASE_FOR",
        is_renewed=True,
        retries=Backoff(first=2, most=60),
        most_tries=5,
        give_up_after=timedelta(hours=7),
        related=("console", "account__console", "connector", "account_connector", "actor_user"),
        order=("is_bulk", "not_before", "pk"),
        every=2,
    )
    bulk_message = Message(policy.task, "bulk")

    reference = models.CharField(max_length=20, unique=True, default=new_reference)
    submission = models.UUIDField(unique=True, default=uuid.uuid4)
    input_fingerprint = models.CharField(max_length=64, blank=True, default="")
    kind = models.CharField(max_length=40)
    title = models.TextField()
    search_text = SearchField(of=["title"])
    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="operations")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="operations"
    )
    connector = models.ForeignKey(
        CatalogueConnector, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    account_connector = models.ForeignKey(
        AccountConnector,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="operations",
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="follow_ups"
    )
    follow_up = models.JSONField(null=True, blank=True, help_text="Kind and input of the next.")
    exclusivity_key = models.TextField(blank=True, default="", db_column="exclusive_key")
    is_bulk = models.BooleanField(default=False, help_text="One of many: others go first.")
    is_superseded = models.BooleanField(default=False, help_text="Tried anew by a later one.")
    dismissed_at = models.DateTimeField(
        null=True, blank=True, help_text="Somebody has seen that it failed: it asks for nothing."
    )

    display_input = models.JSONField(
        default=dict, blank=True, db_column="shown_input", help_text="What was sent, masked."
    )
    encrypted_input = models.TextField(blank=True, default="", db_column="sealed_input")

    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    waits = models.PositiveIntegerField(
        default=0, help_text="Times that Cyclr had it wait; `tries` counts lost workers and faults."
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    empty_looks = models.PositiveSmallIntegerField(default=0)
    looked_at = models.DateTimeField(null=True, blank=True)
    resends = models.PositiveSmallIntegerField(
        default=0, help_text="Sent again, or to be, although the end of the send before is unknown."
    )
    finalize_tries = models.PositiveSmallIntegerField(
        default=0, help_text="Failures of the step after the effect."
    )
    prepared = models.JSONField(null=True, blank=True)
    outcome = models.JSONField(null=True, blank=True)

    reason = models.CharField(max_length=20, choices=Reason.choices, blank=True, default="")
    error = models.TextField(blank=True, default="", help_text="What happened and what to do.")
    error_field = models.TextField(blank=True, default="", help_text="The field it is about.")
    cyclr_message = models.TextField(blank=True, default="")

    objects = OperationQuerySet.as_manager()

    class Meta(Acted.Meta):
        ordering = ["-created_at", "-pk"]
        constraints = [
            *Acted.Meta.constraints,
            models.UniqueConstraint(
                fields=["exclusivity_key"],
                name="operation_one_active_per_key",
                condition=Q(state__in=ACTIVE) & ~Q(exclusivity_key=""),
            ),
            models.CheckConstraint(
                name="operation_error_only_when_failed",
                condition=Q(state="failed", reason__gt="")
                | (~Q(state="failed") & Q(error="", reason="")),
            ),
            models.CheckConstraint(
                name="operation_finished_says_when",
                condition=Q(state__in=ACTIVE, finished_at=None)
                | (~Q(state__in=ACTIVE) & Q(finished_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="operation_sealed_input_wiped",
                condition=~Q(state__in=["done", "cancelled"]) | Q(encrypted_input=""),
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["console", "-created_at"], name="operation_newest"),
            models.Index(fields=["account", "-created_at"], name="operation_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.reference})"

    def get_absolute_url(self) -> str:
        """The operation's page."""
        return page_address("operation_detail", self.reference)

    @property
    def associated_data(self) -> str:
        """What its encrypted input is bound to: no other row can open it."""
        return f"operations.operation:{self.reference}:input"

    @property
    def state_label(self) -> str:
        """The state's word on screen."""
        return SHOWN[State(self.state)]

    @property
    def message(self) -> Message:
        """Bulk work has a queue of its own and delays nobody."""
        return self.bulk_message if self.is_bulk else super().message

    @property
    def was_sent(self) -> bool:
        """Whether Cyclr may have done it."""
        return self.sent_at is not None or self.is_resent

    @property
    def is_cancellable(self) -> bool:
        """Only what nobody works on and what was never sent can be taken back."""
        return self.state == State.QUEUED and not self.was_sent

    @property
    def is_resent(self) -> bool:
        """Whether it was sent before and looked for in vain: it may still turn up."""
        return self.resends > 0

    @property
    def is_put_aside(self) -> bool:
        """Whether its failure asks nobody for anything: tried anew, or dismissed."""
        return self.is_superseded or self.dismissed_at is not None

    @property
    def is_retryable(self) -> bool:
        """Whether the same input can be tried again as it is."""
        return self.state == State.FAILED and bool(self.encrypted_input) and not self.is_superseded

    def record(self, event: str, message: str, **details: Any) -> OperationEvent:
        """Add an event to its timeline. `details` hold no secrets."""
        return self.events.create(
            event=event, message=message, attempt=self.attempt, details=details
        )


class OperationEvent(models.Model):
    """One event of an operation's timeline, as a colleague reads it."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    event = models.CharField(max_length=20)
    message = models.TextField(db_column="words")
    attempt = models.PositiveIntegerField(default=0)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.message
