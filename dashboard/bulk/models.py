"""Bulk runs: the same operation for many accounts, one row for each."""

from __future__ import annotations

import secrets
import uuid
from typing import Self

from django.db import models
from django.db.models import Q

from dashboard.audit.models import Acted
from dashboard.bulk.pages import PAGES
from dashboard.common.page_addresses import page_address
from dashboard.consoles.models import Console
from dashboard.mirror.models import (
    Account,
    AccountConnector,
    CatalogueConnector,
    MirrorQuerySet,
)
from dashboard.operations.models import ACTIVE, Operation, State


def new_reference() -> str:
    """A public name such as "run7k2m9xq4hd"."""
    letters = "23456789abcdefghjkmnpqrstuvwxyz"
    return "run" + "".join(secrets.choice(letters) for _ in range(11))


class RunState(models.TextChoices):
    """Where a run is. A draft is a preview: nothing of it is carried out before it is started."""

    DRAFT = "draft", "Preview"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    ENDED = "ended", "Ended"


class BulkRunQuerySet(MirrorQuerySet):
    """Runs, found."""


class BulkRun(Acted):
    """One operation for many accounts. `submission` makes the same form sent twice one run."""

    reference = models.CharField(max_length=20, unique=True, default=new_reference)
    submission = models.UUIDField(unique=True, default=uuid.uuid4)
    input_fingerprint = models.CharField(max_length=64, blank=True, default="")
    kind = models.CharField(max_length=40, help_text="The kind of operation of each row.")
    title = models.TextField()
    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="bulk_runs")
    connector = models.ForeignKey(
        CatalogueConnector, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    display_input = models.JSONField(
        default=dict, blank=True, db_column="shown_input", help_text="What all share, masked."
    )
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.DRAFT)
    halted = models.TextField(blank=True, default="", help_text="Why it paused by itself.")
    created_at = models.DateTimeField(auto_now_add=True)
    # Anew when it is resumed or retried: failures in a row are counted from here.
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = BulkRunQuerySet.as_manager()

    class Meta(Acted.Meta):
        ordering = ["-created_at", "-pk"]
        constraints = [
            *Acted.Meta.constraints,
            models.CheckConstraint(
                name="bulk_run_ended_says_when",
                condition=Q(state="ended", ended_at__isnull=False)
                | (~Q(state="ended") & Q(ended_at=None)),
            ),
            models.CheckConstraint(
                name="bulk_run_draft_never_started",
                condition=~Q(state="draft") | Q(started_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.reference})"

    def get_absolute_url(self) -> str:
        """The run's page."""
        return page_address(PAGES.get(self.kind, "bulk_run_detail"), self.reference)


class BulkRowQuerySet(models.QuerySet["BulkRow"]):
    """Rows, found."""

    def waiting(self) -> Self:
        """Those that are still to be handed to the engine."""
        return self.filter(operation=None, problem="", is_taken_back=False)

    def asked_about(self) -> Self:
        """Those of a preview that are left out until somebody confirms them."""
        return self.filter(operation=None, problem__gt="").exclude(encrypted_input="")

    def under_way(self) -> Self:
        """Those that the engine has and has not ended."""
        return self.filter(operation__state__in=ACTIVE)

    def failed(self) -> Self:
        """Those whose operation failed."""
        return self.filter(operation__state=State.FAILED)


class BulkRow(models.Model):
    """One target of a run. `problem` says why it is left out; else it becomes an operation.

    In a preview it may be a question: then the input is kept, and who confirms it takes it in.
    """

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(help_text="The line of the table it came from.")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    connector = models.ForeignKey(
        CatalogueConnector,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Its own, in a run over several connectors.",
    )
    account_connector = models.ForeignKey(
        AccountConnector,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="In a run over installed connectors.",
    )
    label = models.TextField(help_text="The account as it was written in the table.")
    display_input = models.JSONField(
        default=dict, blank=True, db_column="shown_input", help_text="Its own values, masked."
    )
    encrypted_input = models.TextField(blank=True, default="", db_column="sealed_input")
    problem = models.TextField(blank=True, default="")
    is_taken_back = models.BooleanField(default=False, help_text="The run was ended before it.")
    operation = models.OneToOneField(
        Operation, on_delete=models.PROTECT, null=True, blank=True, related_name="bulk_row"
    )
    tries = models.PositiveIntegerField(default=0, help_text="Operations made of it so far.")
    not_before = models.DateTimeField(null=True, blank=True)

    objects = BulkRowQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="bulk_row_one_per_line"),
            models.UniqueConstraint(
                fields=["run", "account"],
                condition=Q(problem="", connector=None, account_connector=None),
                name="bulk_row_one_per_account",
            ),
            models.UniqueConstraint(
                fields=["run", "account_connector"],
                condition=Q(problem="", account_connector__isnull=False),
                name="bulk_row_one_per_installed",
            ),
            models.UniqueConstraint(
                fields=["run", "account", "connector"],
                condition=Q(problem="", connector__isnull=False),
                name="bulk_row_one_per_connector",
            ),
            models.CheckConstraint(
                name="bulk_row_has_account_or_problem",
                condition=Q(account__isnull=False) | Q(problem__gt=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.run.reference}, line {self.number})"

    @property
    def is_asked(self) -> bool:
        """Whether it is left out only until somebody confirms it."""
        has_input: bool = getattr(self, "has_input", None) or False
        return bool(self.problem) and has_input

    @property
    def associated_data(self) -> str:
        """What its encrypted input is bound to: no other row can open it."""
        return place_of(self.run, self.number)


def place_of(run: BulkRun, number: int) -> str:
    """What the encrypted input of a run's row is bound to."""
    return f"bulk.row:{run.reference}:{number}"
