"""Consoles: the partner's Cyclr environments that this dashboard looks after."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q


class ConsoleQuerySet(models.QuerySet["Console"]):
    """Consoles, found."""

    def current(self) -> ConsoleQuerySet:
        """Those in use: one whose address left the settings keeps its rows but is not shown."""
        return self.filter(retired_at=None)


class Console(models.Model):
    """One Cyclr console: two addresses and one pair of API credentials.

    The console of the environment keeps no secret here: it is read from the settings each time.
    """

    name = models.CharField(max_length=100)
    api_url = models.URLField(max_length=300)
    service_url = models.URLField(max_length=300)
    client_id = models.CharField(max_length=200)
    sealed_client_secret = models.TextField(blank=True, default="")
    is_from_environment = models.BooleanField(default=False)
    catalogue_account = models.TextField(
        blank=True,
        default="",
        help_text="Cyclr's id of the account through which the catalogue is read; empty = any.",
    )
    partner_name = models.CharField(max_length=200, blank=True, default="")
    support_email = models.EmailField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    answered_at = models.DateTimeField(null=True, blank=True)
    probed_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    trouble_since = models.DateTimeField(null=True, blank=True)
    trouble = models.TextField(blank=True, default="")

    objects = ConsoleQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["api_url", "client_id"], name="console_unique"),
            models.CheckConstraint(
                name="console_environment_keeps_no_secret",
                condition=Q(is_from_environment=False) | Q(sealed_client_secret=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def seal_place(self) -> str:
        """Where this console's secret is sealed to."""
        return f"consoles.console:{self.api_url}:{self.client_id}:secret"

    @property
    def asks_as(self) -> str:
        """Who asks a customer, in the customer's words: the setting, else the service domain."""
        if self.partner_name:
            return self.partner_name
        host = urlsplit(self.service_url).hostname or ""
        label = host.split(".")[0]
        if label.endswith("-h") and len(label) > 2:
            return label.removesuffix("-h").replace("-", " ").title()
        return "Your software provider"


class Branding(models.Model):
    """How customers see the partner: name, logo, colour, whom to ask, legal pages.

    What is empty here falls back to the console's own columns, and those to the settings.
    """

    console = models.OneToOneField(Console, on_delete=models.CASCADE, related_name="branding")
    partner_name = models.CharField(max_length=200, blank=True, default="")
    support_email = models.EmailField(blank=True, default="")
    language = models.CharField(
        max_length=5, blank=True, default="", help_text="Where a link and the browser say nothing."
    )
    colour = models.CharField(max_length=7, blank=True, default="", help_text="Like #434ab8.")
    logo = models.BinaryField(null=True, blank=True, help_text="A PNG, JPEG or WebP picture.")
    logo_type = models.CharField(max_length=20, blank=True, default="")
    logo_digest = models.CharField(max_length=64, blank=True, default="")
    privacy_url = models.URLField(max_length=500, blank=True, default="")
    imprint_url = models.URLField(max_length=500, blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"Branding of {self.console}"
