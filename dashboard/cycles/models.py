"""What is read of a cycle beside the mirror: what it lacks, what went wrong, what it did."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models

from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy
from dashboard.mirror.models import Cycle


class PrerequisiteReading(Job):
    """One reading of a cycle's prerequisites. `found`: code, reason and object of each."""

    policy = Policy(
        task="dashboard.cycles.tasks.read_prerequisites",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=8),
        most_tries=3,
        give_up_after=timedelta(minutes=2),
        related=("cycle__account__console",),
    )

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE, related_name="+")
    found = models.JSONField(default=list, blank=True)
    said = models.TextField(blank=True, default="", help_text="Cyclr's own words.")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["cycle", "-created_at"], name="prerequisites_of"),
        ]

    def __str__(self) -> str:
        return f"prerequisites of {self.cycle}"


class CycleReading(Job):
    """Something of a cycle that is read when somebody looks.

    It holds third parties' answers, and may hold secrets: encrypted, and kept for an hour.
    """

    kind: ClassVar[str]
    """What is read, for the logs."""

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE, related_name="+")
    encrypted_answer = models.TextField(blank=True, default="")
    said = models.TextField(blank=True, default="", help_text="Cyclr's own words.")

    objects = JobQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} of {self.cycle}"

    @property
    def associated_data(self) -> str:
        """What its encrypted answer is bound to; each class has its own, which never changes."""
        raise NotImplementedError


class IncidentReading(CycleReading):
    """One reading of a cycle's newest errors and warnings."""

    kind = "incidents"
    policy = Policy(
        task="dashboard.cycles.tasks.read_incidents",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=8),
        most_tries=3,
        give_up_after=timedelta(minutes=2),
        related=("cycle__account__console",),
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["cycle", "-created_at"], name="incidents_of"),
        ]

    @property
    def associated_data(self) -> str:
        """What its encrypted answer is bound to."""
        return f"cycles.incident_reading:{self.pk}"


class TransactionReading(CycleReading):
    """One reading of a cycle's newest transactions, or of what the steps of one sent and got."""

    kind = "transactions"
    policy = Policy(
        task="dashboard.cycles.tasks.read_transactions",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=8),
        most_tries=3,
        give_up_after=timedelta(minutes=2),
        related=("cycle__account__console",),
    )

    transaction_id = models.CharField(
        max_length=64, blank=True, default="", help_text="Empty: the list of them."
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["cycle", "transaction_id", "-created_at"], name="transactions_of"),
        ]

    @property
    def associated_data(self) -> str:
        """What its encrypted answer is bound to."""
        return f"cycles.transaction_reading:{self.pk}"
