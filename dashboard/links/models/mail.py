"""The outbox of messages to customers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from dashboard.audit.models import Acted
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Policy, Schedule
from dashboard.links.models.link import Link


class MailKind(models.TextChoices):
    """What a message is for."""

    INVITATION = "invitation", "Invitation"
    REMINDER = "reminder", "Reminder"


class MailState(models.TextChoices):
    """Where a message is."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    BOUNCED = "bounced", "Bounced"
    DROPPED = "dropped", "Not needed any more"


class CustomerMail(Acted, Job):
    """A message to a customer, in an outbox: written when it is sent.

    Its text is never stored, since it holds an address that is as good as a key.
    """

    submission = models.UUIDField(unique=True, null=True, blank=True)
    recipient = models.EmailField()
    state = models.CharField(max_length=10, choices=MailState.choices, default=MailState.WAITING)
    sent_at = models.DateTimeField(null=True, blank=True)
    is_file = models.BooleanField(
        default=False, help_text="It became a file: no mail server was set."
    )
    message_id = models.CharField(max_length=200, blank=True, default="")

    objects = JobQuerySet.as_manager()

    class Meta(Acted.Meta):
        abstract = True
        ordering = ["-created_at", "-pk"]


RETRIES = Schedule(tuple(timedelta(minutes=n) for n in (1, 2, 4, 8, 16, 32, 60)))
"""As mail servers do."""
FINISHED_UNLESS_WAITING = Q(state="waiting", finished_at=None) | (
    ~Q(state="waiting") & Q(finished_at__isnull=False)
)


class LinkMail(CustomerMail):
    """A message about a link: an invitation, or a reminder."""

    policy = Policy(
        task="dashboard.links.tasks.send_mail",
        queue="bulk",  # nobody waits for it: a mail server that is away must hold up no work
        lease=timedelta(seconds=90),
        retries=RETRIES,
        most_tries=200,
        give_up_after=timedelta(days=1),
        related=("link__console", "link__account"),
        order=(F("link__run").asc(nulls_first=True), "not_before", "pk"),
        every=2,
        republish_after=timedelta(seconds=30),
    )

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=12, choices=MailKind.choices)
    number = models.PositiveSmallIntegerField(default=0, help_text="Which reminder it is.")

    class Meta(CustomerMail.Meta):
        constraints = [
            *Acted.Meta.constraints,
            models.UniqueConstraint(
                fields=["link", "number"],
                condition=Q(kind="reminder"),
                name="link_mail_reminder_once",
            ),
            models.CheckConstraint(
                name="link_mail_finished_unless_waiting",
                condition=FINISHED_UNLESS_WAITING,
            ),
        ]
        indexes = [*Job.Meta.indexes]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.link}"

    @classmethod
    def ready(cls, moment: datetime) -> Q:
        """While it is not decided which Cyclr is asked, no link may be handed out."""
        return Q(link__console__undecided_since=None)
