"""Launch links: durable addresses that lead a customer to Cyclr's own pages for their account.

LAUNCH, ORBIT and Marketplace are opened with a token that lives five minutes and works once. So
what is sent is ours: the token is made when somebody presses, and goes into one redirect.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import Acted
from dashboard.common import encryption
from dashboard.consoles.models import Console
from dashboard.jobs.models import Job
from dashboard.jobs.policy import Backoff, Policy
from dashboard.links.models import (
    FINISHED_UNLESS_WAITING,
    RETRIES,
    Attempt,
    CustomerLink,
    CustomerLinkQuerySet,
    CustomerMail,
)
from dashboard.mirror.models import Account

PURPOSE = "launch"
"""What the code in an address is for: that of a connection link opens no launch link."""


class Product(models.TextChoices):
    """Which of Cyclr's pages it leads to."""

    LAUNCH = "launch", "LAUNCH"
    ORBIT = "orbit", "ORBIT"
    MARKETPLACE = "marketplace", "Marketplace"


class LaunchState(models.TextChoices):
    """How far a link has come; expired and revoked are told by their times.

    What a customer does on Cyclr's pages is not told back, so a link that was started may be
    started again until it ends.
    """

    CREATED = "created", "Created"
    SENT = "sent", "Sent"
    OPENED = "opened", "Opened"
    STARTED = "started", "Started"


class LaunchLinkQuerySet(CustomerLinkQuerySet):
    """Launch links, found."""

    def open(self) -> Self:
        """Those a customer can still use."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now(), console__retired_at=None)


class LaunchLink(CustomerLink):
    """One link into one account."""

    submission = models.UUIDField(unique=True)
    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    product = models.CharField(max_length=20, choices=Product.choices)
    options = models.JSONField(default=dict, blank=True, help_text="What the pages show and do.")
    creates_account = models.BooleanField(
        default=False, help_text="Whether Cyclr may make the account if it does not know it."
    )
    recipient_name = models.CharField(max_length=200, blank=True, default="", db_default="")
    recipient_email = models.EmailField(blank=True, default="", db_default="")
    language = models.CharField(max_length=5, blank=True, default="")
    state = models.CharField(
        max_length=20, choices=LaunchState.choices, default=LaunchState.CREATED
    )
    starts = models.PositiveIntegerField(default=0)

    objects = LaunchLinkQuerySet.as_manager()

    class Meta(CustomerLink.Meta):
        indexes = [
            models.Index(fields=["account", "-created_at"], name="launch_link_of_account"),
            models.Index(fields=["console", "-created_at"], name="launch_link_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_product_display()} link for {self.account}"

    def get_absolute_url(self) -> str:
        """The staff page about the link."""
        return reverse("launch_link_detail", args=[self.pk])

    @property
    def is_usable(self) -> bool:
        """Whether the customer can still start something with it."""
        return self.revoked_at is None and not (self.is_expired or self.is_retired)

    @property
    def state_label(self) -> str:
        """The state's word on screen."""
        if self.revoked_at is not None:
            return "Revoked"
        return "Expired" if self.is_expired else str(LaunchState(self.state).label)

    @property
    def shape(self) -> str:
        """The state by which its shape and colour go."""
        return self.state_label.lower()

    def token(self) -> str:
        """The secret part of the address. DecryptionError when its key was dropped."""
        return encryption.token_for(self.public_id, purpose=PURPOSE, key=self.key_id)

    def url(self) -> str:
        """The whole address that is sent to the customer."""
        return settings.PUBLIC_URL + reverse("launch_page", args=[self.token()])


class LaunchEvent(models.Model):
    """One line of a launch link's timeline."""

    link = models.ForeignKey(LaunchLink, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    event = models.CharField(max_length=20)
    message = models.TextField()
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.message

    @property
    def mark(self) -> str:
        """The shape beside it: a state's, or a point for what is none."""
        if self.event == "refused":
            return "failed"
        if self.event in {"bounced", "unmailed"}:
            return "failed"
        if self.event == "mailed":
            return "sent"
        known = {"created", "opened", "started", "revoked"}
        is_other = self.is_robot or self.is_staff or self.event not in known
        return "quiet" if is_other else self.event

    @property
    def is_staff(self) -> bool:
        """Whether a colleague did it, signed in here."""
        return bool(self.details.get("staff"))

    @property
    def is_robot(self) -> bool:
        """Whether it was likely a mail scanner."""
        return bool(self.details.get("robot"))


class LaunchMail(CustomerMail):
    """The message that brings a launch link to its recipient."""

    policy = Policy(
        task="dashboard.launches.tasks.send_launch_mail",
        queue="bulk",  # nobody waits for it: a mail server that is away must hold up no work
        lease=timedelta(seconds=90),
        retries=RETRIES,
        most_tries=200,
        give_up_after=timedelta(days=1),
        related=("link__console", "link__account"),
        every=2,
        republish_after=timedelta(seconds=30),
    )

    link = models.ForeignKey(LaunchLink, on_delete=models.CASCADE, related_name="mails")

    class Meta(CustomerMail.Meta):
        constraints = [
            *Acted.Meta.constraints,
            models.CheckConstraint(
                name="launch_mail_finished_unless_waiting", condition=FINISHED_UNLESS_WAITING
            ),
        ]
        indexes = [*Job.Meta.indexes]

    def __str__(self) -> str:
        return f"message about {self.link}"

    @classmethod
    def ready(cls, moment: datetime) -> Q:
        """While it is not decided which Cyclr is asked, no link may be handed out."""
        return Q(link__console__undecided_since=None)


class LaunchAttempt(Attempt):
    """One press of Continue: a token of Cyclr's on its way into one redirect.

    The address is encrypted, bound to this row, decrypted once by the redirect, and wiped.
    """

    policy = Policy(
        task="dashboard.launches.tasks.request_launch",
        queue="interactive",
        lease=timedelta(seconds=15),
        is_renewed=True,
        retries=Backoff(first=3, most=6),
        most_tries=30,
        give_up_after="ATTEMPT_LIVES_FOR",
        related=("link__account__console", "link__console"),
    )

    link = models.ForeignKey(LaunchLink, on_delete=models.CASCADE, related_name="attempts")

    class Meta(Attempt.Meta):
        constraints = [
            models.CheckConstraint(
                name="launch_attempt_finished",
                condition=Q(state="waiting", finished_at=None)
                | (~Q(state="waiting") & Q(finished_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="launch_attempt_encrypted", condition=Q(state="ready") | Q(encrypted_url="")
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["link", "-created_at"], name="launch_attempt_of_link"),
            models.Index(fields=["state", "created_at"], name="launch_attempt_by_state"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk} of {self.link_id}"

    @classmethod
    def ready(cls, moment: Any) -> Q:
        """A console that is out of use is asked nothing."""
        return Q(link__console__retired_at=None)

    @property
    def associated_data(self) -> str:
        """What its encrypted address is bound to."""
        return f"launches.attempt:{self.public_id}:url"
