"""End customers' accounts."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone

from dashboard.common.page_addresses import page_address
from dashboard.common.searching import words_in
from dashboard.consoles.models import Console
from dashboard.mirror.keys import KeyField
from dashboard.mirror.models.base import Mirrored, MirrorQuerySet


class AccountQuerySet(MirrorQuerySet):
    """Accounts, found."""

    def search(self, text: str) -> Self:
        """Accounts whose name or id has every word of the text, as people type them."""
        return self.filter(words_in(text, "search_text"))

    def below(self, account: Account) -> Self:
        """The sub-accounts of an account."""
        return self.filter(console=account.console_id, parent_id=account.cyclr_id)


class Account(Mirrored):
    """One end customer's Cyclr account."""

    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="accounts")
    cyclr_id = models.TextField()
    cyclr_id_key = KeyField(of=["cyclr_id"])
    name = models.TextField(blank=True, default="")
    description = models.TextField(blank=True, default="")
    timezone = models.TextField(blank=True, default="")
    parent_id = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(null=True, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    search_text = models.TextField(blank=True, default="")
    sort_name = models.CharField(max_length=100, blank=True, default="")

    connector_count = models.PositiveIntegerField(default=0)
    unauthenticated_count = models.PositiveIntegerField(default=0)
    not_working_count = models.PositiveIntegerField(
        default=0, help_text="Authenticated, says Cyclr, and their newest test failed."
    )
    read_at = models.DateTimeField(
        null=True, blank=True, help_text="When the newest reading of its connectors began."
    )
    viewed_at = models.DateTimeField(null=True, blank=True)
    refresh_asked_at = models.DateTimeField(null=True, blank=True)
    refresh_error = models.TextField(blank=True, default="")
    refresh_failed_run = models.BigIntegerField(default=0, help_text="The run it failed in.")
    active_at = models.DateTimeField(null=True, blank=True, help_text="Something last changed.")
    own_library_read_at = models.DateTimeField(
        null=True, blank=True, help_text="When its own custom connectors were listed last."
    )
    sub_accounts_read_at = models.DateTimeField(
        null=True, blank=True, help_text="When its sub-accounts were listed last."
    )

    cycles_asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When its cycles were asked for last, whatever came of it."
    )
    cycles_read_at = models.DateTimeField(
        null=True, blank=True, help_text="When the newest reading of its cycles began."
    )
    cycles_error = models.TextField(
        blank=True, default="", db_default="", help_text="Why the newest one failed; or nothing."
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["sort_name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["console", "cyclr_id_key"], name="account_unique"),
        ]
        indexes = [
            # In the whole order of the list; on PostgreSQL activity has NULLS LAST (0026).
            models.Index(fields=["console", "sort_name", "id"], name="account_by_name"),
            models.Index(
                fields=["console", "-active_at", "sort_name", "id"], name="account_by_activity"
            ),
            models.Index(
                fields=[
                    "console",
                    "-unauthenticated_count",
                    "-not_working_count",
                    "sort_name",
                    "id",
                ],
                name="account_by_attention",
            ),
            models.Index(
                fields=["console", "-connector_count", "sort_name", "id"],
                name="account_by_connectors",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.cyclr_id

    def get_absolute_url(self) -> str:
        """The account's page."""
        return page_address("account_detail", self.pk)

    @property
    def is_refreshing(self) -> bool:
        """Whether a refresh was asked for that has not ended; one begun earlier does not count."""
        asked = self.refresh_asked_at
        if asked is None or (timezone.now() - asked).total_seconds() > 120:
            return False
        return self.read_at is None or self.read_at < asked
