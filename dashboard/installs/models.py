"""What a person has typed into an install form and not sent yet, and what installs left behind."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Policy, Schedule
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector


class Draft(models.Model):
    """A person's entries for one install, less credentials and whatever looks secret."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    connector = models.ForeignKey(CatalogueConnector, on_delete=models.CASCADE, related_name="+")
    method = models.TextField(blank=True, default="")
    values = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "account", "connector"], name="draft_one_for_each_form"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connector} for {self.account}"


class MarkRemoval(Job):
    """Removes the mark that an install left in a description; gone once that is done.

    One that was given up stays, so that the mark is left for good.
    """

    policy = Policy(
        task="dashboard.installs.tasks.tidy_description",
        queue="sync",
        lease=timedelta(seconds=70),
        retries=Schedule(tuple(timedelta(minutes=2**n) for n in range(1, 9))),
        most_tries=8,
        give_up_after=timedelta(days=7),
        related=("account_connector__account__console",),
        order=("tries", "pk"),
        every=60,
    )

    account_connector = models.OneToOneField(
        AccountConnector, on_delete=models.CASCADE, related_name="+"
    )

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [*Job.Meta.indexes]

    def __str__(self) -> str:
        return f"mark of {self.account_connector}"

    @classmethod
    def ready(cls, moment: datetime) -> Q:
        """Where Cyclr still has it, in a console that is in use."""
        account = "account_connector__account__"
        is_there = {"account_connector__gone_at": None, f"{account}gone_at": None}
        return Q(**is_there, **{f"{account}console__retired_at": None})
