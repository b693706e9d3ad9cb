"""Launch links: durable addresses that lead a customer to Cyclr's own pages for their account.

LAUNCH, ORBIT and Marketplace are opened with a token that lives five minutes and works once. So
what is sent is ours: the token is made when somebody presses, and goes into one redirect.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_noop

from dashboard.audit.models import Acted, ActorKind
from dashboard.common import encryption
from dashboard.consoles.branding import Brand, brand_of
from dashboard.consoles.models import Console
from dashboard.jobs.models import Job
from dashboard.jobs.policy import Backoff, Policy
from dashboard.links.models import (
    FINISHED_UNLESS_WAITING,
    RETRIES,
    AttemptQuerySet,
    AttemptState,
    CustomerMail,
    new_attempt_id,
    new_public_id,
)
from dashboard.mirror.models import Account, MirrorQuerySet

PURPOSE = "launch"
"""What the code in an address is for: that of a connection link opens no launch link."""

LATE = gettext_noop("The sign-in could not be prepared in time.")


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


class LaunchLinkQuerySet(MirrorQuerySet):
    """Launch links, found."""

    def open(self) -> Self:
        """Those a customer can still use."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now(), console__retired_at=None)

    def with_public_ids(self, public_ids: Collection[str]) -> Self:
        """Those of these addresses, with what their pages need."""
        return self.filter(public_id__in=public_ids).select_related("console", "account__console")


class LaunchLink(Acted):
    """One link into one account. The address is derived from `public_id` and a key."""

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id)
    key_id = models.CharField(max_length=8, default=encryption.current_key_id)
    submission = models.UUIDField(unique=True)
    input_fingerprint = models.CharField(max_length=64, blank=True, default="")
    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    product = models.CharField(max_length=20, choices=Product.choices)
    options = models.JSONField(default=dict, blank=True, help_text="What the pages show and do.")
    creates_account = models.BooleanField(
        default=False, help_text="Whether Cyclr may make the account if it does not know it."
    )
    recipient_name = models.CharField(max_length=200, blank=True, default="", db_default="")
    recipient_email = models.EmailField(blank=True, default="", db_default="")
    message = models.TextField(blank=True, default="")
    language = models.CharField(max_length=5, blank=True, default="")
    ticket_url = models.URLField(max_length=500, blank=True, default="")
    state = models.CharField(
        max_length=20, choices=LaunchState.choices, default=LaunchState.CREATED
    )
    starts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(default=timezone.now, help_text="Its last event.")

    objects = LaunchLinkQuerySet.as_manager()

    class Meta(Acted.Meta):
        ordering = ["-created_at", "-pk"]
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
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at <= timezone.now()

    @property
    def is_retired(self) -> bool:
        """Whether its console is no longer in use."""
        return self.console.retired_at is not None

    @property
    def is_waiting(self) -> bool:
        """Whether it is not clear where its console is: the link works again when it is."""
        return self.console.undecided_since is not None

    @property
    def is_usable(self) -> bool:
        """Whether the customer can still start something with it."""
        return self.revoked_at is None and not (self.is_expired or self.is_retired)

    @cached_property
    def brand(self) -> Brand:
        """How its customer sees the partner; looked up once for each link that was read."""
        return brand_of(self.console)

    @property
    def asked_by(self) -> str:
        """The colleague's name, for the customer; empty when that is nobody's or an address."""
        name = self.actor_name.strip()
        return name if self.actor_kind == ActorKind.STAFF and "@" not in name else ""

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
        code = encryption.code_for(self.public_id, purpose=PURPOSE, key=self.key_id)
        return base64.b32encode(bytes.fromhex(self.public_id) + code).decode().lower()

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


class LaunchAttempt(Job):
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

    public_id = models.CharField(max_length=32, unique=True, default=new_attempt_id)
    link = models.ForeignKey(LaunchLink, on_delete=models.CASCADE, related_name="attempts")
    state = models.CharField(
        max_length=10, choices=AttemptState.choices, default=AttemptState.WAITING
    )
    encrypted_url = models.TextField(blank=True, default="")
    shown_at = models.DateTimeField(null=True, blank=True, help_text="Its wait page was drawn.")
    ready_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
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

    @property
    def is_over(self) -> bool:
        """Whether it can no longer lead anywhere."""
        if self.state in {AttemptState.USED, AttemptState.FAILED, AttemptState.OVER}:
            return True
        start = self.ready_at or self.created_at
        return (timezone.now() - start).total_seconds() > settings.ATTEMPT_LIVES_FOR

    @property
    def is_in_vain(self) -> bool:
        """Whether it ended without having led anywhere."""
        return self.used_at is None and self.is_over

    @property
    def why(self) -> str:
        """Why it led nowhere, for the customer and in their language."""
        return gettext(self.last_error or LATE)
