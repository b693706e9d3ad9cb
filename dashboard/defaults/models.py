"""The connectors that every new account of a console gets."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.urls import reverse

from dashboard.consoles.models import Console
from dashboard.installs.naming import By
from dashboard.mirror.keys import KeyField
from dashboard.people.access import consoles_for
from dashboard.people.models import User


class DefaultConnectorQuerySet(models.QuerySet["DefaultConnector"]):
    """Default connectors, found."""

    def visible_to(self, user: User, /) -> Self:
        """Those of current consoles in which the person has a role."""
        return self.filter(console__in=consoles_for(user))

    def of(self, console: Console) -> Self:
        """Those of a console, as they are installed: the partner's own product first."""
        return self.filter(console=console).order_by("-is_native", "position", "pk")


class DefaultConnector(models.Model):
    """One connector of the set, as an administrator chose it.

    Which release that is, is looked up each time: by `release_id` only where `installs_by` says
    so. `values`: fixed values of settings, by Cyclr's names; never a secret.
    """

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    installs_by = models.CharField(max_length=10, choices=[(str(way), str(way)) for way in By])
    release_id = models.BigIntegerField(help_text="The release that it was chosen from.")
    connector_name = models.TextField()
    connector_version = models.TextField(blank=True, default="")
    kind_key = KeyField(of=["connector_name", "connector_version"])
    name = models.TextField(help_text="What it is called in the account.")
    description = models.TextField(blank=True, default="")
    method = models.TextField(
        blank=True, default="", help_text="The authentication method, if there is a choice."
    )
    is_native = models.BooleanField(default=False)
    values = models.JSONField(default=dict, blank=True)

    objects = DefaultConnectorQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["console", "kind_key"], name="default_once_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.connector_name} {self.connector_version}".strip()

    def get_absolute_url(self) -> str:
        """The page on which it is changed."""
        return reverse("default_edit", args=[self.pk])
