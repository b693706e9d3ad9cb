"""Releases of connectors as they were told, also those that a newer one has replaced."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.mirror.keys import KeyField
from dashboard.mirror.models.library import CatalogueConnector


class Release(models.Model):
    """What one release asks. The live ones stand in `CatalogueConnector`.

    One is kept when a newer one takes its place in the library, or when somebody had it read.
    """

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="+")
    release_id = models.BigIntegerField()
    name = models.TextField()
    version = models.TextField(blank=True, default="")
    kind_key = KeyField(of=["name", "version"])
    authentication = models.JSONField(default=list, blank=True)
    parameters = models.JSONField(default=list, blank=True)
    told_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-release_id"]
        constraints = [
            models.UniqueConstraint(fields=["console", "release_id"], name="release_unique")
        ]
        indexes = [models.Index(fields=["console", "kind_key"], name="release_of_kind")]

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.release_id})"

    @classmethod
    def of(cls, connector: CatalogueConnector) -> Self:
        """The release that is live now, to be kept."""
        return cls(
            console_id=connector.console_id,
            release_id=connector.release_id,
            name=connector.name,
            version=connector.version,
            authentication=connector.authentication,
            parameters=connector.parameters,
        )
