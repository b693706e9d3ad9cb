"""What is switched off."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from dashboard.common.prepared import prepared
from dashboard.consoles.models import Console


class SwitchedOff(models.Model):
    """A feature that is off in one console, or, without one, in all."""

    feature = models.CharField(max_length=60)
    console = models.ForeignKey(Console, on_delete=models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["feature", "console"], name="switched_off_once_per_console"
            ),
            models.UniqueConstraint(
                fields=["feature"], condition=Q(console=None), name="switched_off_once_for_all"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature} is off in {self.console or 'all consoles'}"


@prepared
def everything_off() -> models.QuerySet[Any, Any]:
    """Key and console of all that is off; few rows, mostly none."""
    return SwitchedOff.objects.order_by("pk").values_list("feature", "console_id")
