"""What releases of connectors can do, and calls of it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q

from dashboard.audit.models import Acted
from dashboard.common.page_addresses import page_address
from dashboard.common.searching import SearchField, words_in
from dashboard.consoles.models import Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy
from dashboard.mirror.models import AccountConnector
from dashboard.people.access import consoles_for
from dashboard.people.models import User


class MethodReading(Job):
    """One reading of a release's methods. Any account that has the release can be asked."""

    policy = Policy(
        task="dashboard.methods.tasks.read_methods",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=8),
        most_tries=3,
        give_up_after=timedelta(minutes=2),
        related=("account_connector__account__console",),
    )

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="+")
    account_connector = models.ForeignKey(
        AccountConnector, on_delete=models.CASCADE, related_name="method_readings"
    )
    release_id = models.BigIntegerField()
    said = models.TextField(blank=True, default="", help_text="Cyclr's own words.")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["console", "release_id", "-created_at"], name="method_reading_of"),
        ]

    def __str__(self) -> str:
        return f"methods of release {self.release_id}"


class MethodQuerySet(models.QuerySet["Method"]):
    """Methods, found."""

    def of(self, connector: AccountConnector) -> Self:
        """Those of the release that is installed."""
        return self.filter(
            console=connector.account.console_id, release_id=connector.release_id or 0
        )

    def search(self, text: str) -> Self:
        """Those of which name, description, category and address have every word."""
        return self.filter(words_in(text, "search_text"))

    def categories(self) -> list[str]:
        """All categories that occur, in alphabetical order."""
        named = self.exclude(category="").order_by("category")
        return list(named.values_list("category", flat=True).distinct())


class Method(models.Model):
    """A method of one release, as Cyclr last listed it.

    `key` stands for it in addresses, also over releases where it has a unique id.
    """

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="+")
    release_id = models.BigIntegerField()
    key = models.CharField(max_length=32)
    place = models.PositiveIntegerField(default=0)
    method_id = models.BigIntegerField(null=True, blank=True)
    unique_id = models.TextField(blank=True, default="")
    name = models.TextField(blank=True, default="")
    description = models.TextField(blank=True, default="")
    category = models.TextField(blank=True, default="")
    kind = models.TextField(blank=True, default="", help_text="Cyclr's MethodType.")
    endpoint = models.TextField(blank=True, default="")
    inputs = models.JSONField(default=list, blank=True, help_text="Parameters and request fields.")
    search_text = SearchField(of=["name", "description", "category", "endpoint"])

    objects = MethodQuerySet.as_manager()

    class Meta:
        ordering = ["place", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["console", "release_id", "key"], name="method_once_a_release"
            )
        ]

    def __str__(self) -> str:
        return self.name.strip() or self.unique_id or str(self.method_id)

    @property
    def is_callable(self) -> bool:
        """Whether it can be called: webhooks and scripts cannot."""
        return self.kind.casefold() in {"action", "unknown", ""}


class MethodMark(models.Model):
    """What a Lead said of a method whose name does not tell whether it only reads."""

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=32)
    is_reading = models.BooleanField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["console", "key"], name="method_mark_a_method")
        ]

    def __str__(self) -> str:
        return f"{self.key} {'reads' if self.is_reading else 'writes'}"


class ChoiceLookUp(Job):
    """What a method's dynamic values can be, looked up at the third party and kept an hour."""

    policy = Policy(
        task="dashboard.methods.tasks.look_up_choices",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=8),
        most_tries=3,
        give_up_after=timedelta(minutes=2),
        related=("account_connector__account__console",),
    )

    account_connector = models.ForeignKey(
        AccountConnector, on_delete=models.CASCADE, related_name="+"
    )
    method_key = models.CharField(max_length=32)
    encrypted_answer = models.TextField(blank=True, default="")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            *Job.Meta.indexes,
            models.Index(
                fields=["account_connector", "method_key", "-created_at"], name="choice_lookup_of"
            ),
        ]

    def __str__(self) -> str:
        return f"choices for {self.account_connector}"

    @property
    def associated_data(self) -> str:
        """Where its answer is encrypted to."""
        return f"methods.choice_look_up:{self.pk}"


class Outcome(models.TextChoices):
    """What came of a call."""

    ANSWERED = "answered", "Answered"
    REFUSED = "refused", "Refused"
    NOT_SENT = "not-sent", "Not sent"
    UNKNOWN = "unknown", "Outcome unknown"


class MethodCallQuerySet(JobQuerySet):
    """Calls, found."""

    def visible_to(self, user: User) -> Self:
        """Those in current consoles in which the person has a role."""
        return self.filter(account_connector__account__console__in=consoles_for(user))


class MethodCall(Acted, Job):
    """One call of a method. What it was called with and what was answered are kept for a day.

    A writing one is sent once: `sent_at` is stored before, and one that has it is never sent again.
    """

    policy = Policy(
        task="dashboard.methods.tasks.call_method",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=8),
        most_tries=3,
        give_up_after=timedelta(minutes=2),
        related=("account_connector__account__console", "actor_user"),
    )

    account_connector = models.ForeignKey(
        AccountConnector, on_delete=models.CASCADE, related_name="method_calls"
    )
    submission = models.UUIDField(unique=True, editable=False)
    input_fingerprint = models.CharField(max_length=64)
    release_id = models.BigIntegerField()
    method_key = models.CharField(max_length=32)
    method_id = models.BigIntegerField(null=True, blank=True)
    unique_id = models.TextField(blank=True, default="")
    method_name = models.TextField(blank=True, default="")
    is_writing = models.BooleanField()
    encrypted_input = models.TextField(blank=True, default="")
    encrypted_answer = models.TextField(blank=True, default="")
    sent_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True, default="")
    status = models.PositiveIntegerField(null=True, blank=True)
    milliseconds = models.PositiveIntegerField(null=True, blank=True)
    size = models.PositiveIntegerField(null=True, blank=True)
    content_type = models.TextField(blank=True, default="")
    is_whole = models.BooleanField(default=True)
    is_json = models.BooleanField(default=False, db_default=False)
    said = models.TextField(blank=True, default="", help_text="Cyclr's own words.")

    objects = MethodCallQuerySet.as_manager()

    class Meta(Acted.Meta):
        ordering = ["-created_at", "-pk"]
        constraints = [
            *Acted.Meta.constraints,
            models.CheckConstraint(
                name="method_call_ends_with_an_outcome",
                condition=Q(finished_at__isnull=True, outcome="")
                | Q(finished_at__isnull=False) & ~Q(outcome=""),
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["account_connector", "-created_at"], name="method_call_newest"),
        ]

    def __str__(self) -> str:
        return self.method_name.strip() or self.unique_id or str(self.method_id)

    def get_absolute_url(self) -> str:
        """The page of its answer."""
        return page_address("method_call", self.account_connector_id, self.pk)

    @property
    def associated_data(self) -> str:
        """Where its input and its answer are encrypted to."""
        return f"methods.method_call:{self.submission}"

    @property
    def callable_id(self) -> int | str:
        """What Cyclr is asked for: the unique id outlives releases."""
        return self.unique_id or self.method_id or 0

    @property
    def display_state(self) -> str:
        """The state on screen."""
        if not self.is_finished:
            return "running" if self.sent_at else "queued"
        return {"answered": "done", "unknown": "checking"}.get(self.outcome, "failed")

    @property
    def console(self) -> Any:
        """The console of its account."""
        return self.account_connector.account.console


class SavedCallQuerySet(models.QuerySet["SavedCall"]):
    """Saved calls, found."""

    def visible_to(self, user: User, console: Console) -> Self:
        """A person's own, and those that colleagues share."""
        return self.filter(Q(owner=user) | Q(is_shared=True), console=console)

    def of(self, connector: AccountConnector) -> Self:
        """Those of methods that the installed release has."""
        has = Method.objects.of(connector).values("key")
        return self.filter(console=connector.account.console_id, method_key__in=has)


class SavedCall(models.Model):
    """Values by name of a call, kept under a name to be used again. Secrets are never kept.

    It belongs to the method, so that it serves every connector that has the method.
    """

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="+")
    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    method_key = models.CharField(max_length=32)
    method_name = models.TextField(blank=True, default="")
    name = models.CharField(max_length=80)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    is_shared = models.BooleanField(default=False)
    encrypted_input = models.TextField()
    changed_at = models.DateTimeField(auto_now=True)

    objects = SavedCallQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["console", "method_key", "owner", "name"], name="saved_call_once_a_person"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def associated_data(self) -> str:
        """Where its values are encrypted to."""
        return f"methods.saved_call:{self.reference}"

    @property
    def button(self) -> str:
        """The id of the button that deletes it."""
        return f"saved-{self.pk}"
