"""Readings of releases of the library."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from dashboard.consoles.models import Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy
from dashboard.mirror.models import Account


class ReleaseReading(Job):
    """One reading of what a release asks and can do, of the live one or an older one.

    Cyclr tells of the library to an account only: `account` is whom it is asked for.
    """

    policy = Policy(
        task="dashboard.releases.tasks.read_release",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=8),
        most_tries=3,
        give_up_after=timedelta(minutes=2),
        related=("account__console",),
    )

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    release_id = models.BigIntegerField()
    said = models.TextField(blank=True, default="", help_text="Cyclr's own words.")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            *Job.Meta.indexes,
            models.Index(
                fields=["console", "release_id", "-created_at"], name="release_reading_of"
            ),
        ]

    def __str__(self) -> str:
        return f"release {self.release_id}"
