"""What staff say of accounts here, and what of an account is read when somebody looks."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from dashboard.common.searching import SearchField, normalize_for_search
from dashboard.consoles.models import Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account

LONGEST_TAG = 40


def tag_key(name: str) -> str:
    """The same for names that differ in case and accents alone."""
    return key_of(normalize_for_search(name))


class Tag(models.Model):
    """A word that staff put on accounts of a console; it is there as long as an account has it."""

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=LONGEST_TAG)
    key = models.CharField(max_length=32, db_index=True)
    search_text = SearchField(of=["name"])

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["console", "key"], name="tag_once_in_a_console"),
        ]

    def __str__(self) -> str:
        return self.name


class AccountTag(models.Model):
    """A tag on an account."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="on_accounts")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "tag"], name="account_tag_once"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} on {self.account}"


class ReadingKind(models.TextChoices):
    """What a page of an account has a worker read."""

    USERS = "users", "Users"
    USAGE = "usage", "Usage"


class AccountReading(Job):
    """One reading of what Cyclr says of an account and the mirror does not have.

    It names people, so it is encrypted and kept for an hour.
    """

    policy = Policy(
        task="dashboard.accounts.tasks.read_account",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=8),
        most_tries=3,
        give_up_after=timedelta(minutes=2),
        related=("account__console",),
    )

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=ReadingKind.choices)
    encrypted_answer = models.TextField(blank=True, default="")
    said = models.TextField(blank=True, default="", help_text="Cyclr's own words.")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["account", "kind", "-created_at"], name="account_reading_of"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.account}"

    @property
    def associated_data(self) -> str:
        """What its encrypted answer is bound to."""
        return f"accounts.account_reading:{self.pk}"


class UsagePeriod(models.Model):
    """How many tasks an account had used in one period of Cyclr's when it was read last.

    Cyclr tells of the current period alone, so earlier ones are what was read while they lasted.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    tasks_used = models.BigIntegerField()
    told_at = models.DateTimeField(help_text="When Cyclr told it last.")

    class Meta:
        ordering = ["begins_at"]
        constraints = [
            models.UniqueConstraint(fields=["account", "begins_at"], name="usage_once_a_period"),
        ]

    def __str__(self) -> str:
        return f"{self.tasks_used} tasks of {self.account}"
