"""What a cycle lacks before it can be activated, as it was read last."""

from __future__ import annotations

from datetime import timedelta

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


class IncidentReading(Job):
    """One reading of a cycle's newest errors and warnings.

    They hold the third party's answers, and may hold secrets: encrypted, and kept for an hour.
    """

    policy = Policy(
        task="dashboard.cycles.tasks.read_incidents",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=8),
        most_tries=3,
        give_up_after=timedelta(minutes=2),
        related=("cycle__account__console",),
    )

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE, related_name="+")
    encrypted_answer = models.TextField(blank=True, default="")
    said = models.TextField(blank=True, default="", help_text="Cyclr's own words.")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["cycle", "-created_at"], name="incidents_of"),
        ]

    def __str__(self) -> str:
        return f"incidents of {self.cycle}"

    @property
    def associated_data(self) -> str:
        """What its encrypted answer is bound to."""
        return f"cycles.incident_reading:{self.pk}"
