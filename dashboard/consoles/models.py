"""Consoles: the partner's Cyclr environments that this dashboard looks after."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

SECOND, MINUTE = 1, 60
RATE_PERIODS = [(SECOND, "a second"), (MINUTE, "a minute")]
"""Seconds that a rate limit may be counted by."""

CREDENTIALS_REFUSED = "Cyclr refuses this console’s client id and secret."


class ConsoleQuerySet(models.QuerySet["Console"]):
    """Consoles, found."""

    def current(self) -> ConsoleQuerySet:
        """Those in use: one that an administrator replaced keeps its rows but is not shown."""
        return self.filter(retired_at=None)

    def reachable(self) -> ConsoleQuerySet:
        """Those in use of which it is known where they are."""
        return self.current().filter(undecided_since=None)


class Console(models.Model):
    """One Cyclr console: two addresses and one pair of API credentials.

    It is what its administrator says it is: the pair of API address and client id may change.
    The console of the environment keeps no secret here: it is read from the settings each time.
    """

    name = models.CharField(max_length=100)
    api_url = models.URLField(max_length=300)
    service_url = models.URLField(max_length=300)
    client_id = models.CharField(max_length=200)
    encrypted_client_secret = models.TextField(
        db_column="sealed_client_secret", blank=True, default=""
    )
    is_from_environment = models.BooleanField(default=False)
    catalogue_account = models.TextField(
        blank=True,
        default="",
        help_text="Cyclr's id of the account through which the catalogue is read; empty = any.",
    )
    rate_limit = models.FloatField(
        null=True, blank=True, help_text="Calls to Cyclr in a rate period; empty = the setting."
    )
    rate_period = models.PositiveSmallIntegerField(
        default=SECOND,
        db_default=SECOND,
        choices=RATE_PERIODS,
        help_text="Seconds that the rate limit counts by.",
    )
    partner_name = models.CharField(max_length=200, blank=True, default="")
    support_email = models.EmailField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    undecided_since = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Since then the settings name another pair; nothing is asked meanwhile.",
    )

    sync_stopped_at = models.DateTimeField(
        null=True, blank=True, help_text="Since then nothing is read by schedule."
    )
    sync_stopped_by = models.TextField(
        blank=True, default="", db_default="", help_text="Who stopped it."
    )

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
                condition=Q(is_from_environment=False) | Q(encrypted_client_secret=""),
            ),
            models.CheckConstraint(
                name="console_rate_limit_positive",
                condition=Q(rate_limit=None) | Q(rate_limit__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def calls_per_second(self) -> float:
        """How many calls a second all workers together may make."""
        if self.rate_limit is None:
            return float(settings.CYCLR_CALLS_PER_SECOND)
        return self.rate_limit / self.rate_period

    @property
    def refuses_credentials(self) -> bool:
        """Whether the trouble is one that only an administrator can end."""
        return self.trouble == CREDENTIALS_REFUSED

    @property
    def associated_data(self) -> str:
        """What this console's encrypted secret is bound to: the row, wherever its console is."""
        return f"consoles.console:{self.pk}:secret"

    @property
    def former_associated_data(self) -> str:
        """What releases before 2026-12 bound it to."""
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


class ConsoleChange(models.Model):
    """Another pair of API address and client id in the settings: is it the same console?

    It is if the accounts listed there contain most of those known here; else an administrator
    decides. Until then nothing is asked, nothing is gone, and customers' links wait.
    """

    console = models.OneToOneField(Console, on_delete=models.CASCADE, related_name="change")
    api_url = models.URLField(max_length=300)
    service_url = models.URLField(max_length=300)
    client_id = models.CharField(max_length=200)
    noticed_at = models.DateTimeField(auto_now_add=True)
    compare_at = models.DateTimeField(default=timezone.now, help_text="When to ask next.")
    compared_at = models.DateTimeField(null=True, blank=True)
    known = models.PositiveIntegerField(default=0, help_text="Accounts known here.")
    listed = models.PositiveIntegerField(default=0, help_text="Accounts listed there.")
    shared = models.PositiveIntegerField(default=0, help_text="Known ones among those listed.")
    trouble = models.TextField(blank=True, default="", help_text="Why it could not be compared.")

    def __str__(self) -> str:
        return f"{self.console} at {self.api_url}?"

    @property
    def signature(self) -> str:
        """What a decision is about: it does not count for another pair that came meanwhile."""
        return f"{self.pk}:{self.api_url}:{self.client_id}"

    @property
    def is_the_same(self) -> bool:
        """Whether most of the known accounts are there."""
        return self.compared_at is not None and self.shared * 2 > self.known


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


def name_of(console: Console | int) -> str:
    """The name of a console, which may be known by its key alone."""
    known = console if isinstance(console, Console) else Console.objects.get(pk=console)
    return known.name
