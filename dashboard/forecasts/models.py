"""Which installed connectors will soon lose authentication, as their kind regularly does.

Nothing here is written by hand: `forecasting` makes it anew about every hour.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from dashboard.common.timing import format_day
from dashboard.consoles.models import Console
from dashboard.links.models import LinkItem
from dashboard.mirror.models import AccountConnector


class ForecastRun(models.Model):
    """When a console's forecasts were asked for last."""

    console = models.OneToOneField(
        Console, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    asked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.console_id} at {self.asked_at:%Y-%m-%d %H:%M}"


class WornKind(models.Model):
    """Connectors of a name and a way of authentication, which are regularly lost at an age."""

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="worn_kinds")
    connector_name = models.TextField()
    method_label = models.TextField()
    first_days = models.FloatField()
    likely_days = models.FloatField()
    last_days = models.FloatField()
    losses = models.PositiveIntegerField(help_text="Of those that reached this age, so many.")
    reached = models.PositiveIntegerField()

    class Meta:
        ordering = ["connector_name", "method_label", "pk"]

    def __str__(self) -> str:
        return f"{self.connector_name} ({self.method_label})"

    @property
    def age_label(self) -> str:
        """At which age they are lost: `85 to 96 days`."""
        first, last = round(self.first_days), round(self.last_days)
        return f"{first} to {last} days"


class ForecastQuerySet(models.QuerySet[Any]):
    """Forecasts, found."""

    def standing(self, now: datetime | None = None) -> Self:
        """Those that still hold: it is authenticated, and nobody connected it again since.

        `now` is asked for unless it is given, as for prepared queries.
        """
        again = LinkItem.objects.filter(
            account_connector=OuterRef("account_connector"),
            connected_at__gte=OuterRef("created_at"),
        )
        return self.filter(
            ~Exists(again.order_by()),
            due_until__gt=now or timezone.now(),
            account_connector__authenticated=True,
            account_connector__gone_at=None,
            account_connector__account__gone_at=None,
        )


class Forecast(models.Model):
    """An installed connector whose time to lose authentication begins within a week."""

    account_connector = models.OneToOneField(
        AccountConnector, on_delete=models.CASCADE, related_name="+"
    )
    kind = models.ForeignKey(WornKind, on_delete=models.CASCADE, related_name="forecasts")
    created_at = models.DateTimeField()
    connected_since = models.DateTimeField(help_text="From when its age is counted.")
    due_from = models.DateTimeField()
    likely_at = models.DateTimeField()
    due_until = models.DateTimeField()
    chance = models.FloatField(help_text="That it is lost by `due_until`.")

    objects = ForecastQuerySet.as_manager()

    class Meta:
        ordering = ["due_from", "pk"]

    def __str__(self) -> str:
        return f"{self.account_connector_id}: {self.due_label}"

    @property
    def due_label(self) -> str:
        """Between which days, in UTC: `2 Dec to 9 Dec`; of one that is overdue, until when."""
        until = format_day(self.due_until)
        if self.due_from <= timezone.now():
            return f"by {until}"
        return f"{format_day(self.due_from)} to {until}"

    @property
    def chance_label(self) -> str:
        """How sure that is: `92 %`; never all, since it is a forecast."""
        return f"{min(99, round(self.chance * 100))} %"
