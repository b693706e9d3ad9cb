"""Connectors' icons, as they were sent and as they are shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy


class IconManager(models.Manager["Icon"]):
    """Icons without their pictures, which are read one by one."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """What finds them has no use for the pictures themselves."""
        return super().get_queryset().defer("source", "content")


class Icon(Job):
    """One row for each different icon that Cyclr sent, an odd one too: it is looked at once.

    The job is to draw it anew: `source`, the picture as it came, becomes `content`, or `refusal`
    says why not. One worker at a time draws a few (`batch` is the same for all): it takes time of
    a processor and nobody waits for it.
    """

    policy = Policy(
        task="dashboard.mirror.tasks.draw_icons",
        queue="sync",
        lease=timedelta(seconds=150),
        retries=Backoff(first=60, most=600),
        most_tries=3,
        give_up_after=timedelta(days=60),  # nobody waits for it
        key="batch",
        most_at_once=25,
        every=5,
    )

    batch = models.PositiveSmallIntegerField(default=0)
    source_digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the text that Cyclr sent."
    )
    source = models.BinaryField(null=True, blank=True, help_text="Empty once it was drawn.")
    digest = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_index=True,
        help_text="Of the SHA-256 of `content`: its address.",
    )
    content = models.BinaryField(null=True, blank=True, help_text="A small PNG, drawn by us.")
    refusal = models.TextField(blank=True, default="", help_text="Why it is not shown.")
    used_at = models.DateTimeField(default=timezone.now, help_text="Cyclr sent it, to the day.")

    objects = IconManager.from_queryset(JobQuerySet)()

    class Meta:
        ordering = ["pk"]
        indexes = [*Job.Meta.indexes]
        constraints = [
            models.CheckConstraint(
                name="icon_shown_when_drawn",
                condition=(Q(digest="") & Q(content=None)) | (~Q(digest="") & Q(refusal="")),
            ),
        ]

    def __str__(self) -> str:
        return f"icon {self.source_digest[:8]}"
