"""Templates, the cycles that accounts have, and which connectors either of them needs."""

from __future__ import annotations

from typing import Self

from django.db import models

from dashboard.common.page_addresses import page_address
from dashboard.common.searching import words_in
from dashboard.consoles.models import Console
from dashboard.mirror.keys import KeyField, key_of
from dashboard.mirror.models.accounts import Account
from dashboard.mirror.models.base import Mirrored, MirrorQuerySet
from dashboard.mirror.models.connectors import AccountConnector


class TemplateQuerySet(MirrorQuerySet):
    """Templates, found."""

    def search(self, text: str) -> Self:
        """Templates whose name or tags have every word of the text."""
        return self.filter(words_in(text, "search_text"))

    def needing(self, connector: AccountConnector) -> Self:
        """Those of the connector's console that need one of its kind."""
        kind = key_of(connector.connector_name, connector.connector_version)
        needing = TemplateConnector.objects.filter(kind_key=kind).values("template")
        return self.filter(console=connector.account.console_id, pk__in=needing)


class Template(Mirrored):
    """An integration that the partner published. Installed in an account it is a cycle."""

    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="templates")
    cyclr_id = models.TextField()
    cyclr_id_key = KeyField(of=["cyclr_id"])
    name = models.TextField(blank=True, default="")
    description = models.TextField(blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    search_text = models.TextField(blank=True, default="")
    sort_name = models.CharField(max_length=100, blank=True, default="")

    objects = TemplateQuerySet.as_manager()

    class Meta:
        ordering = ["sort_name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["console", "cyclr_id_key"], name="template_unique"),
        ]

    def __str__(self) -> str:
        return self.name or self.cyclr_id

    def get_absolute_url(self) -> str:
        """The template's page."""
        return page_address("template_detail", self.pk)


class TemplateConnector(models.Model):
    """A connector that a template needs: its kind, and Cyclr's id of the release."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="connectors")
    connector_name = models.TextField(blank=True, default="")
    connector_version = models.TextField(blank=True, default="")
    kind_key = KeyField(of=["connector_name", "connector_version"])
    release_id = models.BigIntegerField(null=True, blank=True)
    step_count = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["kind_key"], name="template_connector_of_kind")]

    def __str__(self) -> str:
        return self.connector_name


class CycleQuerySet(MirrorQuerySet):
    """Cycles, found."""

    console_path = "account__console"

    def search(self, text: str) -> Self:
        """Those of which name and account together have every word of the text."""
        return self.filter(words_in(text, "search_text", "account__search_text"))

    def needing(self, connector: AccountConnector) -> Self:
        """Those that need the installed connector, the running ones first."""
        uses = CycleConnector.objects.filter(account_connector_cyclr_id=connector.cyclr_id)
        needing = self.filter(account=connector.account_id, pk__in=uses.values("cycle"))
        return needing.order_by("-is_active", "sort_name", "pk")


class Cycle(Mirrored):
    """An integration in an account: a template's instance, or made by hand.

    `status` is Cyclr's own word; `is_active` says whether it is the one for "runs". Counts are
    None where Cyclr did not say.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="cycles")
    cyclr_id = models.TextField()
    cyclr_id_key = KeyField(of=["cyclr_id"])
    name = models.TextField(blank=True, default="")
    description = models.TextField(blank=True, default="")
    status = models.TextField(blank=True, default="")
    is_active = models.BooleanField(default=False)
    template_cyclr_id = models.TextField(
        blank=True, default="", help_text="Empty if it was made by hand."
    )
    tags = models.JSONField(default=list, blank=True)
    error_count = models.BigIntegerField(null=True, blank=True)
    warning_count = models.BigIntegerField(null=True, blank=True)
    in_progress_count = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(null=True, blank=True)
    last_successful_run_at = models.DateTimeField(null=True, blank=True)
    search_text = models.TextField(blank=True, default="")
    sort_name = models.CharField(max_length=100, blank=True, default="")

    objects = CycleQuerySet.as_manager()

    class Meta:
        ordering = ["sort_name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["account", "cyclr_id_key"], name="cycle_unique"),
        ]

    def __str__(self) -> str:
        return self.name or self.cyclr_id

    def get_absolute_url(self) -> str:
        """The cycle's page."""
        return page_address("cycle_detail", self.pk)

    @property
    def console(self) -> Console:
        """The console of its account."""
        return self.account.console

    @property
    def shape(self) -> str:
        """How its state is drawn: why it stopped is not known, so stopped is neutral."""
        if self.gone_at:
            return "gone"
        return "done" if self.is_active else "created"

    @property
    def state(self) -> str:
        """The state's word on screen: Cyclr's own, wherever it said one."""
        return "Gone" if self.gone_at else self.status.strip() or "Unknown"


class CycleConnector(models.Model):
    """A connector that a cycle needs: the installed one by Cyclr's id, and its kind.

    By id, since a listing of cycles may tell of a connector before one of connectors does.
    """

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE, related_name="connectors")
    account_connector_cyclr_id = models.BigIntegerField(null=True, blank=True)
    connector_name = models.TextField(blank=True, default="")
    connector_version = models.TextField(blank=True, default="")
    kind_key = KeyField(of=["connector_name", "connector_version"])
    release_id = models.BigIntegerField(null=True, blank=True)
    step_count = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["account_connector_cyclr_id"], name="cycle_connector_of"),
            models.Index(fields=["kind_key"], name="cycle_connector_of_kind"),
        ]

    def __str__(self) -> str:
        return self.connector_name
