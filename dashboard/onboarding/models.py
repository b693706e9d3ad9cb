"""Onboarding runs: from an account to running cycles, step by step."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import Acted
from dashboard.common.searching import SearchField
from dashboard.consoles.models import Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy
from dashboard.links.models import Link
from dashboard.mirror.models import Account, CatalogueConnector, Cycle, MirrorQuerySet, Template
from dashboard.operations.models import Operation

LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"


def new_reference() -> str:
    """A public name such as "on7k2m9xq4hd2"."""
    return "on" + "".join(secrets.choice(LETTERS) for _ in range(11))


def new_table_reference() -> str:
    """A public name such as "many7k2m9xq4h"."""
    return "many" + "".join(secrets.choice(LETTERS) for _ in range(9))


class RunState(models.TextChoices):
    """Where a run is. A draft is a plan: nothing of it is carried out before it is started."""

    DRAFT = "draft", "Draft"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    WAITING = "waiting", "Waiting"
    HALTED = "halted", "Needs you"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Given up"


MOVING = (RunState.RUNNING, RunState.WAITING)
"""States in which a run goes on by itself."""
OPEN = (RunState.QUEUED, *MOVING, RunState.HALTED)
"""States of runs that were started and have not ended."""
ENDED = (RunState.DONE, RunState.STOPPED, RunState.FAILED)


class StepKind(models.TextChoices):
    """What a step does, in the order in which steps are taken."""

    ACCOUNT = "account", "Create account"
    CONNECTOR = "connector", "Install connector"
    TEMPLATE = "template", "Install template"
    LINK = "link", "Create connection link"
    CONSENT = "consent", "Customer connects"
    ACTIVATE = "activate", "Activate cycle"


PLACE = {kind: 1000 * place for place, kind in enumerate(StepKind)}
"""The position of the first step of each kind: a step keeps its own, whatever is added before."""


class StepState(models.TextChoices):
    """How far a step is."""

    PLANNED = "planned", "Planned"
    RUNNING = "running", "Running"
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"


OVER = (StepState.DONE, StepState.SKIPPED)


class OnboardingTable(Acted):
    """Many accounts to be onboarded alike: a run for each line of a table.

    `left_out`: number, what was written and why, of each line of which nothing is done.
    """

    reference = models.CharField(max_length=20, unique=True, default=new_table_reference)
    submission = models.UUIDField(unique=True, default=uuid.uuid4)
    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Its last run ended.")
    left_out = models.JSONField(default=list, blank=True)
    notes = models.JSONField(default=list, blank=True, help_text="How the table was read.")

    objects = MirrorQuerySet.as_manager()

    class Meta(Acted.Meta):
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"Onboard many accounts ({self.reference})"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("onboarding_table_detail", args=[self.reference])


class OnboardingRunQuerySet(JobQuerySet, MirrorQuerySet):  # type: ignore[override]  # as_manager's
    """Runs, found and taken."""


class OnboardingRun(Acted, Job):
    """One customer's way to running cycles. It only advances: operations and links do the work.

    `wishes`: the plan of its link and of activation, as `plan.Wishes` has it. `for_many`: a plan
    for the lines of a table; it is never carried out itself.
    """

    policy = Policy(
        task="dashboard.onboarding.tasks.advance_run",
        queue="checks",
        lease=timedelta(seconds=70),
        retries=Backoff(first=5, most=300),
        most_tries=8,
        give_up_after=timedelta(days=90),
        age_from="started_at",
        related=("console", "account__console", "actor_user", "table"),
    )

    reference = models.CharField(max_length=20, unique=True, default=new_reference)
    submission = models.UUIDField(unique=True, default=uuid.uuid4)
    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    name = models.TextField(blank=True, default="", help_text="The account's, before it is there.")
    recipient_email = models.EmailField(blank=True, default="")
    recipient_name = models.CharField(max_length=200, blank=True, default="")
    search_text = SearchField(of=["name", "recipient_email", "recipient_name"])
    wishes = models.JSONField(default=dict, blank=True)
    for_many = models.BooleanField(default=False)
    table = models.ForeignKey(
        OnboardingTable, on_delete=models.CASCADE, null=True, blank=True, related_name="runs"
    )
    line = models.PositiveIntegerField(default=0, help_text="The line of the table.")
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.DRAFT)
    started_at = models.DateTimeField(
        null=True, blank=True, help_text="Anew when somebody goes on with it: its age counts."
    )
    looked_at = models.DateTimeField(
        null=True, blank=True, help_text="It was last seen whether it can go on."
    )
    check_asked = models.BooleanField(default=False, help_text="Somebody wants it asked anew.")

    objects = OnboardingRunQuerySet.as_manager()

    class Meta(Acted.Meta):
        ordering = ["-created_at", "-pk"]
        constraints = [
            *Acted.Meta.constraints,
            models.CheckConstraint(
                name="onboarding_run_ended_says_when",
                condition=Q(state__in=ENDED, finished_at__isnull=False)
                | (~Q(state__in=ENDED) & Q(finished_at=None)),
            ),
            models.CheckConstraint(
                name="onboarding_run_draft_never_started",
                condition=~Q(state="draft") | Q(started_at=None),
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["console", "-created_at"], name="onboarding_newest"),
            models.Index(fields=["account", "-created_at"], name="onboarding_of_account"),
            models.Index(fields=["table", "line"], name="onboarding_of_table"),
        ]

    def __str__(self) -> str:
        return f"Onboard {self.name} ({self.reference})"

    def get_absolute_url(self) -> str:
        """The run's page: its plan as long as it is a draft."""
        return reverse("onboarding_run_detail", args=[self.reference])

    @classmethod
    def ready(cls, moment: datetime) -> Q:
        """What waits for a person is not looked at."""
        return Q(state__in=MOVING)

    @property
    def is_open(self) -> bool:
        """Whether it was started and has not ended."""
        return self.state in OPEN

    @property
    def is_draft(self) -> bool:
        """Whether it is still planned."""
        return self.state == RunState.DRAFT

    def submission_for(self, step: OnboardingStep, what: str = "") -> uuid.UUID:
        """Of what a step asks for: the same again for the same try."""
        return uuid.uuid5(self.submission, f"{step.position}:{step.tries}:{what}")


class OnboardingStep(models.Model):
    """One step of a run.

    `encrypted_input`: what its operation works from (`Entries`), `display_input`: the same, masked,
    for people alone. `message`: what it waits for, what came of it, or why not.
    """

    run = models.ForeignKey(OnboardingRun, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=StepKind.choices)
    title = models.TextField()
    state = models.CharField(max_length=10, choices=StepState.choices, default=StepState.PLANNED)
    connector = models.ForeignKey(
        CatalogueConnector, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    template = models.ForeignKey(
        Template, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    of = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="then",
        help_text="The template's step whose cycle is activated.",
    )
    is_default = models.BooleanField(default=False, help_text="One of the default connectors.")
    cycle_name = models.TextField(
        blank=True, default="", db_default="", help_text="What the cycle of a template is called."
    )
    has_secrets = models.BooleanField(
        default=False, db_default=False, help_text="Its entries are kept for a day only."
    )
    display_input = models.JSONField(default=dict, blank=True, db_column="shown_input")
    encrypted_input = models.TextField(blank=True, default="", db_column="sealed_input")
    operation = models.ForeignKey(
        Operation, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    link = models.ForeignKey(
        Link, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    cycle = models.ForeignKey(
        Cycle, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    message = models.TextField(blank=True, default="")
    tries = models.PositiveIntegerField(default=0, help_text="Times that it was begun anew.")
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="onboarding_step_place"),
            models.CheckConstraint(
                name="onboarding_step_over_says_when",
                condition=Q(state__in=OVER, ended_at__isnull=False)
                | (~Q(state__in=OVER) & Q(ended_at=None)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["operation"],
                name="onboarding_step_under_way",
                condition=Q(state__in=["running", "failed"]),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def associated_data(self) -> str:
        """What its encrypted input is bound to: no other row can open it."""
        return f"onboarding.step:{self.run.reference}:{self.position}"

    @property
    def is_over(self) -> bool:
        """Whether the run goes past it."""
        return self.state in OVER

    def put(self, **columns: Any) -> None:
        """Write some columns."""
        for column, value in columns.items():
            setattr(self, column, value)
        self.save(update_fields=list(columns))
