"""How connectors are proven to work, what came of it, and look-ups that a page waits for."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.audit.models import ACTOR_IS_SOMEBODY, Acted, ActorKind
from dashboard.consoles.models import Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy
from dashboard.mirror.keys import KeyField
from dashboard.mirror.models import AccountConnector, WhyBroken


class TestEvery(models.IntegerChoices):
    """How often connectors are tested without being asked, in hours."""

    __test__ = False  # pytest takes it for a test

    NEVER = 0, "Never"
    SIX_HOURS = 6, "Every 6 hours"
    DAILY = 24, "Daily"
    WEEKLY = 168, "Weekly"


class ConnectionTestMethod(models.Model):
    """The safe method that proves a kind of connector to work: chosen in Settings, one a kind.

    `unique_id` names the method of the connector's latest release; `method_id` one release's.
    """

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="test_methods")
    connector_name = models.TextField()
    connector_version = models.TextField(blank=True, default="")
    kind_key = KeyField(of=["connector_name", "connector_version"])
    method_id = models.BigIntegerField(null=True, blank=True)
    unique_id = models.TextField(blank=True, default="")
    method_name = models.TextField(blank=True, default="")
    identity_path = models.TextField(
        blank=True, default="", help_text="Where its answer says whose account it is."
    )
    changed_at = models.DateTimeField(auto_now=True)
    every_hours = models.PositiveSmallIntegerField(
        choices=TestEvery.choices,
        default=TestEvery.NEVER,
        db_default=TestEvery.NEVER,
        help_text="How often connectors of the kind are tested by themselves.",
    )

    class Meta:
        db_table = "connectors_proofmethod"  # its name in the database, and those below, are data
        constraints = [
            models.UniqueConstraint(fields=["console", "kind_key"], name="proof_method_a_kind"),
            models.CheckConstraint(
                name="proof_method_can_be_called",
                condition=Q(method_id__isnull=False) | ~Q(unique_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.method_name or self.unique_id or str(self.method_id)

    @property
    def callable_id(self) -> int | str:
        """What a call names it by: the unique id outlives releases."""
        return self.unique_id or self.method_id or 0

    def is_called_by(self, callable_id: int | str) -> bool:
        """Whether a call that names its method so is one of this method."""
        return str(self.callable_id).casefold() == str(callable_id).casefold()

    @classmethod
    def of(cls, connector: AccountConnector) -> ConnectionTestMethod | None:
        """The method chosen for an installed connector's kind, if any."""
        return cls.objects.filter(
            console=connector.account.console_id,
            connector_name=connector.connector_name,
            connector_version=connector.connector_version,
        ).first()


class ConnectionTest(Acted, Job):
    """One test of one installed connector: who asked for it, and what came of it.

    `worked` is None as long as nothing is known, also when the run ended without knowing.
    """

    policy = Policy(
        task="dashboard.connectors.tasks.run_connection_test",
        queue="checks",
        lease=timedelta(seconds=70),
        retries=Backoff(first=6, most=60),
        most_tries=5,
        give_up_after=timedelta(minutes=10),
        age_from="due_at",
        related=("account_connector__account__console",),
    )

    account_connector = models.ForeignKey(
        AccountConnector, on_delete=models.CASCADE, related_name="connection_tests"
    )
    due_at = models.DateTimeField(default=timezone.now, help_text="When it was to begin.")
    began_at = models.DateTimeField(null=True, blank=True, help_text="When its call was sent.")
    worked = models.BooleanField(null=True, blank=True)
    identity = models.TextField(blank=True, default="")
    summary = models.TextField(
        blank=True, default="", db_column="words", help_text="What came of it, for staff."
    )
    said = models.TextField(blank=True, default="", help_text="Cyclr's own words.")
    why = models.CharField(
        max_length=20,
        choices=WhyBroken.choices,
        blank=True,
        default="",
        db_default="",
        help_text="Why it does not work, or could not be tested, as a class.",
    )

    objects = JobQuerySet.as_manager()

    class Meta(Acted.Meta):
        db_table = "connectors_proofrun"  # its name in the database, and those below, are data
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="proofrun_actor_is_somebody", condition=ACTOR_IS_SOMEBODY),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["account_connector", "-created_at"], name="proof_run_newest"),
        ]

    def __str__(self) -> str:
        return f"test of {self.account_connector}"

    @property
    def is_for_link(self) -> bool:
        """Whether a customer's link asked for it: nobody of the staff waits at the page."""
        return self.actor_link is not None

    @property
    def is_scheduled(self) -> bool:
        """Whether nobody asked for it."""
        return self.actor_kind == ActorKind.SYSTEM

    def is_begun(self, moment: datetime) -> bool:
        """Whether it is not only planned for later: its time has come, or trouble put it off."""
        return self.not_before <= moment or self.tries > 0 or bool(self.summary)

    @property
    def result(self) -> str:
        """What came of it, as a word: the state on screen."""
        if not self.is_finished:
            return "checking"
        return {True: "done", False: "not-working", None: "expired"}[self.worked]


class ConnectionTestPlan(models.Model):
    """When an installed connector is next tested by itself.

    Without `every_hours` its kind says how often. There is a row only where a schedule is.
    """

    account_connector = models.OneToOneField(
        AccountConnector, on_delete=models.CASCADE, related_name="test_plan"
    )
    every_hours = models.PositiveSmallIntegerField(
        choices=TestEvery.choices,
        null=True,
        blank=True,
        help_text="Its own, instead of its kind's.",
    )
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)

    def __str__(self) -> str:
        return f"test plan of {self.account_connector}"


class LookUpKind(models.TextChoices):
    """What is looked up."""

    METHODS = "methods", "The methods of a connector"
    ANSWER = "answer", "What a test method answers"
    CHOICES = "choices", "What dynamic settings can be"


class LookUp(Job):
    """Something a page waits for: a worker asks Cyclr, and its answer is kept an hour at most.

    The answer is the customer's data, so it is encrypted, bound to this row.
    """

    policy = Policy(
        task="dashboard.connectors.tasks.look_up",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=8),
        most_tries=3,
        give_up_after=timedelta(minutes=2),
        related=("account_connector__account__console",),
    )

    kind = models.CharField(max_length=10, choices=LookUpKind.choices)
    account_connector = models.ForeignKey(
        AccountConnector, on_delete=models.CASCADE, related_name="look_ups"
    )
    encrypted_answer = models.TextField(db_column="sealed_answer", blank=True, default="")
    said = models.TextField(blank=True, default="", help_text="Cyclr's own words.")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="look_up_answered_when_finished",
                condition=Q(finished_at__isnull=False) | Q(encrypted_answer=""),
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["account_connector", "kind", "-created_at"], name="look_up_of"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.account_connector}"

    @property
    def associated_data(self) -> str:
        """What its encrypted answer is bound to."""
        return f"connectors.look_up:{self.pk}:answer"
