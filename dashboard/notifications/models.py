"""What colleagues want to know without looking for it, and the ways it reaches them.

Names in the database are data: app label, tables, columns and constraints keep their former ones.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Policy
from dashboard.mirror.models import Account, MirrorQuerySet
from dashboard.notifications import kinds
from dashboard.notifications.retries import LEASE, MOST_TRIES, PAUSES, TRIES_FOR
from dashboard.notifications.webhook_address import WebhookAddress
from dashboard.people.models import User


class Notification(models.Model):
    """Something that happened in a console, told once to all who may see that console."""

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="notifications")
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, blank=True, related_name="notifications"
    )
    kind = models.CharField(max_length=kinds.LONGEST, choices=kinds.choices)
    message = models.TextField(db_column="words")
    details = models.TextField(blank=True, default="")
    url = models.CharField(max_length=300, help_text="The staff page about it: a path of ours.")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    dedupe_key = models.CharField(
        db_column="once",
        max_length=120,
        unique=True,
        null=True,
        blank=True,
        help_text="What must not be told a second time, as a key.",
    )

    objects = MirrorQuerySet.as_manager()

    class Meta:
        db_table = "notices_notice"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["console", "kind", "-id"], name="notice_of_kind")]

    def __str__(self) -> str:
        return self.message

    @property
    def shape(self) -> str:
        """The state whose shape stands beside it."""
        kind = kinds.KINDS.get(self.kind)
        return kind.shape if kind else "quiet"


class NotificationsSeen(models.Model):
    """How far somebody has seen the notifications."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="notifications_seen")
    up_to = models.BigIntegerField(default=0, help_text="The newest notification that was seen.")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "notices_noticeseen"

    def __str__(self) -> str:
        return f"{self.user} up to {self.up_to}"


class NotificationPreference(models.Model):
    """Somebody wants notifications of a kind by e-mail, from one console or all they may see."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="notification_preferences"
    )
    console = models.ForeignKey(
        Console, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=kinds.LONGEST, choices=kinds.choices)

    class Meta:
        db_table = "notices_noticewish"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "console", "kind"], name="notice_wish_once_per_console"
            ),
            models.UniqueConstraint(
                fields=["user", "kind"],
                condition=Q(console=None),
                name="notice_wish_once_for_all_consoles",
            ),
        ]
        indexes = [models.Index(fields=["kind"], name="notice_wish_of_kind")]

    def __str__(self) -> str:
        return f"{self.kind} for {self.user}"


class NotificationRule(models.Model):
    """Colleagues, or the webhook, are told of some kinds, perhaps of important accounts alone."""

    console = models.ForeignKey(
        Console, on_delete=models.CASCADE, related_name="notification_rules"
    )
    kinds = models.JSONField(default=list, blank=True, help_text="Empty for every kind.")
    tag = models.CharField(max_length=60, blank=True, default="", help_text="Empty: any account.")
    people = models.ManyToManyField(User, blank=True, related_name="+")
    is_for_webhook = models.BooleanField(default=False)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_to = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=60, default="UTC")

    class Meta:
        ordering = ["console", "pk"]

    def __str__(self) -> str:
        return f"Rule {self.pk} of {self.console}"


class SendState(models.TextChoices):
    """Where something in an outbox is."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    DROPPED = "dropped", "Not needed any more"


IS_FINISHED = Q(state="waiting", finished_at=None) | (
    ~Q(state="waiting") & Q(finished_at__isnull=False)
)


class NotificationMail(Job):
    """One notification on its way to one colleague. Its text is written when it is sent."""

    policy = Policy(
        task="dashboard.notifications.tasks.send_mail",
        queue="bulk",
        lease=LEASE,
        retries=PAUSES,
        most_tries=MOST_TRIES,
        give_up_after=TRIES_FOR,
        key="user_id",
        most_at_once=50,
        related=("notification__console", "user"),
        order=("pk",),
        every=2,
    )

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="mails", db_column="notice_id"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notification_mails")
    rule = models.ForeignKey(
        NotificationRule, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=10, choices=SendState.choices, default=SendState.WAITING)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "notices_noticemail"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["notification", "user"], name="notice_mail_once"),
            models.CheckConstraint(
                name="notice_mail_finished_unless_waiting", condition=IS_FINISHED
            ),
        ]
        indexes = [*Job.Meta.indexes]

    def __str__(self) -> str:
        return f"{self.notification} to {self.user}"


class MailTrouble(models.Model):
    """The mail server refuses what we send, for a reason that somebody here can mend."""

    message = models.TextField(db_column="words", help_text="What it said last.")
    began_at = models.DateTimeField(default=timezone.now)
    cool_down_until = models.DateTimeField(
        default=timezone.now,
        db_column="rests_until",
        help_text="Nothing is tried by itself before.",
    )
    is_over = models.BooleanField(default=False, help_text="It took a message again.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_over"], condition=Q(is_over=False), name="mail_trouble_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.message


class Shape(models.TextChoices):
    """What a webhook's receiver can read."""

    FULL = "full", "Everything, as JSON"
    TEXT = "text", "One sentence, for a chat"


class Webhook(WebhookAddress):
    """Another system that is told of a console's notifications as they happen."""

    console = models.OneToOneField(Console, on_delete=models.CASCADE, related_name="webhook")
    shape = models.CharField(max_length=10, choices=Shape.choices, default=Shape.FULL)
    encrypted_secret = models.TextField(db_column="sealed_secret")
    encrypted_previous_secret = models.TextField(
        blank=True, default="", db_default="", help_text="Signs too, until it ends."
    )
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    is_on = models.BooleanField(default=True)
    off_because = models.TextField(
        blank=True, default="", db_default="", help_text="Why it was switched off by itself."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    cool_down_until = models.DateTimeField(
        null=True,
        blank=True,
        db_column="rests_until",
        help_text="It failed; nothing is sent before.",
    )

    def __str__(self) -> str:
        return f"Webhook of {self.console}"

    @property
    def associated_data(self) -> str:
        """What its encrypted secret is bound to."""
        return f"notices.webhook:{self.console_id}:secret"

    @property
    def has_former_secret(self) -> bool:
        """Whether requests are signed with the secret before as well."""
        until = self.previous_secret_until
        return bool(self.encrypted_previous_secret) and until is not None and until > timezone.now()


class WebhookDelivery(Job):
    """One notification on its way to a webhook, or a test. The outbox, and its record.

    One worker at a time has a webhook's: neither two send the same, nor does one receiver hold
    many workers.
    """

    policy = Policy(
        task="dashboard.notifications.tasks.deliver",
        queue="bulk",
        lease=LEASE,
        retries=PAUSES,
        most_tries=MOST_TRIES,
        give_up_after=TRIES_FOR,
        age_from="queued_at",
        key="webhook_id",
        most_at_once=100,
        related=("webhook__console", "notification__account", "notification__console"),
        every=2,
    )

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    notification = models.ForeignKey(
        Notification,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="deliveries",
        db_column="notice_id",
    )
    heads = models.JSONField(
        null=True, blank=True, help_text="Of the audit trail's chains, where it is about them."
    )
    reference = models.UUIDField(unique=True, default=uuid.uuid4)
    state = models.CharField(max_length=10, choices=SendState.choices, default=SendState.WAITING)
    status = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The HTTP status of the last answer."
    )
    said = models.TextField(
        blank=True, default="", help_text="The first part of the last answer, without secrets."
    )
    queued_at = models.DateTimeField(
        default=timezone.now, help_text="Since when it is tried: again from here."
    )
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "notification"], name="webhook_delivery_once"
            ),
            models.CheckConstraint(
                name="webhook_delivery_finished_unless_waiting", condition=IS_FINISHED
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(
                fields=["webhook", "not_before"],
                name="webhook_delivery_waiting",
                condition=Q(state="waiting"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} to {self.webhook}"

    @classmethod
    def ready(cls, moment: datetime) -> Q:
        """A webhook that is on, and does not cool down after a failure."""
        is_cool = Q(webhook__cool_down_until=None) | Q(webhook__cool_down_until__lte=moment)
        return is_cool & Q(webhook__is_on=True, webhook__console__retired_at=None)

    @property
    def is_test(self) -> bool:
        """Whether somebody only tried the address."""
        return self.notification_id is None and self.heads is None

    @property
    def title(self) -> str:
        """What it is about."""
        if self.heads is not None:
            return "Heads of the audit trail"
        return "Test" if self.notification is None else self.notification.message

    @property
    def shape(self) -> str:
        """The state whose shape stands beside it."""
        shapes = {SendState.WAITING: "queued", SendState.SENT: "done", SendState.FAILED: "failed"}
        return shapes.get(SendState(self.state), "quiet")
