"""What a person has typed into an install form and not sent yet."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from dashboard.mirror.models import Account, CatalogueConnector


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
