"""Who did what: actors, and the trail of their acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.common.searching import SearchField
from dashboard.consoles.models import Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy
from dashboard.people.models import User

NOTHING_BEFORE = "0" * 64
"""The digest before the first entry of a chain."""


class ActorKind(models.TextChoices):
    """Who can act here."""

    STAFF = "staff", "Staff"
    LINK = "link", "Customer"
    SYSTEM = "system", "Cyclr Desk"


@dataclass(frozen=True)
class Actor:
    """Somebody who acts: a colleague, a customer on a link, or the dashboard itself."""

    kind: ActorKind
    name: str
    user: User | None = None
    link_id: int | None = None

    @classmethod
    def staff(cls, user: User) -> Actor:
        """A signed-in colleague."""
        return cls(ActorKind.STAFF, user.name or user.email, user=user)

    @classmethod
    def link(cls, link_id: int) -> Actor:
        """A customer who holds a connection link."""
        return cls(ActorKind.LINK, "Customer", link_id=link_id)

    @classmethod
    def system(cls) -> Actor:
        """The dashboard by itself."""
        return cls(ActorKind.SYSTEM, "Cyclr Desk")


def actor_columns(actor: Actor) -> dict[str, object]:
    """The columns of `Acted`, for an update."""
    return {
        "actor_kind": actor.kind,
        "actor_name": actor.name[:300],
        "actor_user": actor.user,
        "actor_link": actor.link_id,
    }


ACTOR_IS_SOMEBODY = (
    Q(actor_kind="staff", actor_user__isnull=False, actor_link__isnull=True)
    | Q(actor_kind="link", actor_user__isnull=True, actor_link__isnull=False)
    | Q(actor_kind="system", actor_user__isnull=True, actor_link__isnull=True)
)
"""The condition of a constraint of every table with an actor."""


class Acted(models.Model):
    """The columns that say who acted. The name is kept as it was then."""

    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor_link = models.BigIntegerField(null=True, blank=True)
    actor_name = models.CharField(max_length=300)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_actor_is_somebody",
                condition=ACTOR_IS_SOMEBODY,
            )
        ]

    @property
    def actor(self) -> Actor:
        """Who acted."""
        return Actor(ActorKind(self.actor_kind), self.actor_name, self.actor_user, self.actor_link)

    @actor.setter
    def actor(self, actor: Actor) -> None:
        for column, value in actor_columns(actor).items():
            setattr(self, column, value)


class AuditEntry(Acted):
    """One act, written in the same transaction as what it tells of. Never changed."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    console = models.ForeignKey(
        Console, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    action = models.CharField(max_length=60)
    target = models.TextField(blank=True, default="", help_text="What it was done to, in words.")
    target_url = models.CharField(max_length=300, blank=True, default="")
    account_name = models.TextField(blank=True, default="")
    result = models.CharField(max_length=40, blank=True, default="")
    details = models.JSONField(default=dict, blank=True)
    search_text = SearchField(of=["action", "target"])
    actor_search = SearchField(of=["actor_name"])
    account_search = SearchField(of=["account_name"])

    class Meta(Acted.Meta):
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["console", "target_url"], name="audit_of_target"),
        ]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target}"


class AuditChain(models.Model):
    """The chain of a console's entries: where it ends, where it begins, and what a check found.

    Its number is the console's key, or 0 for what belongs to no console. The entries up to
    `pruned_sequence` were taken out by the retention; the chain goes on from `pruned_digest`.
    """

    number = models.BigIntegerField(primary_key=True)
    sequence = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, default=NOTHING_BEFORE)
    pruned_sequence = models.PositiveBigIntegerField(default=0)
    pruned_digest = models.CharField(max_length=64, default=NOTHING_BEFORE)
    began_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When a check was asked for.")
    check_sequence = models.PositiveBigIntegerField(
        default=0, help_text="How far the check under way is; 0 if there is none."
    )
    check_digest = models.CharField(max_length=64, blank=True, default="")
    checked_at = models.DateTimeField(null=True, blank=True, help_text="When a check ended.")
    checked_sequence = models.PositiveBigIntegerField(default=0)
    fault = models.TextField(blank=True, default="", help_text="The first bad entry, and why.")

    def __str__(self) -> str:
        return f"Audit chain {self.number}"


class ChainedEntry(models.Model):
    """An entry's place in its chain.

    `digest` is the SHA-256 of what the entry says, its place, and the digest before: whoever
    changes one must change all that follow, and the heads that were kept elsewhere.
    """

    entry = models.OneToOneField(
        AuditEntry,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        related_name="place",
        db_constraint=False,  # each is checked to be there, and an act waits for no more locks
    )
    chain = models.BigIntegerField()
    sequence = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["chain", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="audit_place_once")
        ]
        verbose_name_plural = "chained entries"

    def __str__(self) -> str:
        return f"{self.chain}/{self.sequence}"


class AuditPruning(models.Model):
    """Lets the database's triggers pass deletions of a chain up to a place.

    A row is written and deleted within the transaction of the deletions: nobody else sees it.
    """

    chain = models.BigIntegerField(primary_key=True)
    up_to = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.chain} up to {self.up_to}"


class AuditRetention(models.Model):
    """How long the trail is kept: one row at most. Without it, and without days, for ever."""

    days = models.PositiveIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.days} days" if self.days else "for ever"


class HeadSending(models.Model):
    """Where the heads of all chains are sent each day: one row at most. Without it, nowhere."""

    email = models.EmailField(max_length=254, blank=True, default="")
    webhook_of = models.ForeignKey(
        Console,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The console whose webhook they go to.",
    )
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When they were last sent.")

    def __str__(self) -> str:
        return self.email or f"Webhook of {self.webhook_of}"


class HeadMail(Job):
    """The heads on their way to an address. They are those of the moment it is handed over."""

    policy = Policy(
        task="dashboard.audit.tasks.mail_heads",
        queue="bulk",
        lease=timedelta(seconds=70),
        retries=Backoff(first=5, most=1800),
        most_tries=60,
        give_up_after=timedelta(days=1),
    )

    to = models.EmailField(max_length=254)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [*Job.Meta.indexes]

    def __str__(self) -> str:
        return f"Heads to {self.to}"
