"""Readings of a whole console, and a figure for each day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy

if TYPE_CHECKING:
    pass


class SyncRun(Job):
    """One complete reading of a console: accounts, library, then every account's connectors.

    It goes in steps, each a message of its own that carries the number in `attempt`. Claiming the
    step raises the number, so a message that comes twice or too late does nothing. It is given up
    when it has not got on for a while.
    """

    policy = Policy(
        task="dashboard.mirror.tasks.run_sync",
        queue="sync",
        lease=timedelta(seconds=175),
        retries=Backoff(first=5, most=60),
        most_tries=5,
        give_up_after=timedelta(minutes=10),
        age_from="touched_at",
        sends_attempt=True,
        related=("console",),
        every=5,
        republish_after=timedelta(seconds=90),
    )

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="sync_runs")
    touched_at = models.DateTimeField(default=timezone.now, help_text="It got on.")
    accounts_at = models.DateTimeField(null=True, blank=True, help_text="Accounts were listed.")
    is_asked = models.BooleanField(default=False, help_text="A person asked for it.")
    listed_at = models.DateTimeField(null=True, blank=True, help_text="So was the library.")
    accounts_found = models.PositiveIntegerField(
        default=0, help_text="Accounts of which the connectors are read."
    )
    accounts_read = models.PositiveIntegerField(default=0)
    accounts_failed = models.PositiveIntegerField(default=0)
    resumed_at = models.DateTimeField(
        null=True, blank=True, help_text="It went on then, after it had been stopped."
    )
    read_before = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Accounts that it had read, or failed to, until then."
    )
    connectors_found = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0, help_text="Elements that were unreadable.")
    library_error = models.TextField(
        blank=True, default="", help_text="Why the library was not read; the rest was."
    )

    templates_error = models.TextField(
        blank=True, default="", db_default="", help_text="Why the templates were not read."
    )
    cycles_error = models.TextField(
        blank=True, default="", db_default="", help_text="Why no more cycles were read."
    )
    cycles_read = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Accounts of which the cycles were read."
    )
    cycles_failed = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Accounts of which they could not be read."
    )

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [*Job.Meta.indexes]
        constraints = [
            models.UniqueConstraint(
                fields=["console"], name="sync_run_one_at_a_time", condition=Q(finished_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"sync of {self.console} at {self.created_at:%Y-%m-%d %H:%M}"


class SyncHelper(Job):
    """A second process beside a run: it reads the connectors of half of the accounts.

    The run never depends on it. What a helper does not read, the run does.
    """

    policy = Policy(
        task="dashboard.mirror.tasks.help_sync",
        queue="sync",
        lease=timedelta(seconds=20),
        is_renewed=True,
        retries=Backoff(first=5, most=60),
        most_tries=3,
        give_up_after=timedelta(minutes=30),
        related=("run__console",),
        every=5,
        republish_after=timedelta(seconds=15),
    )

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="helpers")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [*Job.Meta.indexes]

    def __str__(self) -> str:
        return f"helper of the {self.run}"


class DailyFigure(models.Model):
    """How many installed connectors were authenticated, once a day, for the trend."""

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    authenticated = models.PositiveIntegerField()
    unauthenticated = models.PositiveIntegerField()

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["console", "day"], name="figure_a_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.unauthenticated} not authenticated"
