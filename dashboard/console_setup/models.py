"""Trying a console's credentials before they are saved: a job of the workers."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models

from dashboard.consoles.models import RATE_PERIODS, SECOND, Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy


class CheckKind(models.TextChoices):
    """What is saved when the credentials work."""

    ADD = "add", "A new console"
    CREDENTIALS = "credentials", "Other credentials of a console"


class ConsoleCheck(Job):
    """One try of credentials that somebody typed. They become a console's if they work.

    The secret is wiped when it ends, one way or the other.
    """

    policy = Policy(
        task="dashboard.console_setup.tasks.check_console",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=8),
        most_tries=2,
        give_up_after=timedelta(minutes=3),
        related=("console", "requested_by"),
    )

    submission = models.UUIDField(unique=True, help_text="Of the form: sent twice it is one.")
    kind = models.CharField(max_length=12, choices=CheckKind.choices)
    console = models.ForeignKey(
        Console,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose credentials they become, or the one that was made of them.",
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=100)
    api_url = models.URLField(max_length=300)
    service_url = models.URLField(max_length=300)
    client_id = models.CharField(max_length=200)
    encrypted_client_secret = models.TextField(blank=True, default="")
    catalogue_account = models.TextField(blank=True, default="")
    rate_limit = models.FloatField(null=True, blank=True)
    rate_period = models.PositiveSmallIntegerField(default=SECOND, choices=RATE_PERIODS)
    said = models.TextField(blank=True, default="", help_text="Cyclr's own words.")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [*Job.Meta.indexes]

    def __str__(self) -> str:
        return f"Check of {self.name}"

    @property
    def associated_data(self) -> str:
        """What its encrypted secret is bound to."""
        return f"console_setup.console_check:{self.pk}:secret"

    @property
    def has_worked(self) -> bool:
        """Whether the credentials worked and were saved."""
        return self.is_finished and not self.last_error
