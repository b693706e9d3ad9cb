"""One installed connector on a link: how far it has come."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.common.searching import is_same, nfkc_casefold
from dashboard.connectors.models import ConnectionTest
from dashboard.links.models.link import SENT_TO_A_FILE, TEST_TAKES, Link, LinkState
from dashboard.mirror.models import AccountConnector
from dashboard.operations.models import Operation


def is_another(identity: str, before: str) -> bool:
    """Whether two identities are known and not the same as people write them.

    Of addresses every letter counts: jose@ and josé@ are two mailboxes.
    """
    if not identity or not before or nfkc_casefold(identity) == nfkc_casefold(before):
        return False
    return "@" in f"{identity}{before}" or not is_same(identity, before)


class LinkItemQuerySet(models.QuerySet[Any]):
    """Items of links, found."""

    def left(self) -> Self:
        """Those that are still to be connected: neither done nor deleted in Cyclr."""
        return self.filter(
            connected_at=None, account_connector__gone_at=None, link__account__gone_at=None
        )


class LinkItem(models.Model):
    """One installed connector on a link."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="items")
    account_connector = models.ForeignKey(
        AccountConnector, on_delete=models.PROTECT, related_name="link_items"
    )
    position = models.PositiveSmallIntegerField(default=0)
    was_authenticated = models.BooleanField(default=False, help_text="Before the last start.")
    state = models.CharField(max_length=20, choices=LinkState.choices, default=LinkState.CREATED)
    starts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(
        default=0, help_text="Starts and entries that came to nothing since the last success."
    )
    failure = models.TextField(blank=True, default="", help_text="Why the last one failed.")
    entry = models.ForeignKey(
        Operation,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="What the customer typed last, on its way to Cyclr.",
    )
    identity = models.TextField(blank=True, default="", help_text="Connected as whom.")
    identity_before = models.TextField(
        blank=True, default="", help_text="As whom it was connected when the link was made."
    )
    connection_test = models.ForeignKey(
        ConnectionTest,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_column="proof_id",
        help_text="The test that was asked for last: does it work, and as whom.",
    )
    started_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(
        null=True, blank=True, help_text="Its connector was deleted in Cyclr; nobody is asked."
    )
    check_until = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    checks = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="Cyclr last said.")

    objects = LinkItemQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["link", "account_connector"], name="link_item_once"),
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"],
                name="link_item_to_check",
                condition=Q(next_check_at__isnull=False),
            ),
            models.Index(
                fields=["account_connector"],
                name="link_item_unfinished",
                condition=Q(connected_at__isnull=True, started_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_connector} on {self.link}"

    @property
    def state_label(self) -> str:
        """The state's word on screen."""
        if self.is_gone:
            return "Gone"
        if self.state == LinkState.SENT and self.link.is_only_file:
            return SENT_TO_A_FILE
        return LinkState(self.state).label

    @property
    def is_deleted(self) -> bool:
        """Whether Cyclr has its connector no longer, or not even the account."""
        account_gone_at = self.link.account.gone_at
        return self.account_connector.gone_at is not None or account_gone_at is not None

    @property
    def is_gone(self) -> bool:
        """Whether nobody is asked for it any more: it was deleted before it was connected."""
        return self.connected_at is None and self.is_deleted

    @property
    def is_other_account(self) -> bool:
        """Whether it was connected as somebody else than before."""
        return is_another(self.identity, self.identity_before)

    @property
    def may_start_again(self) -> bool:
        """Whether it is connected as another account than before, and there is time to mend it.

        Also when everything else on the link is done: what was connected last counts. Only where
        the customer signs in by browser: a key that was typed is not mended by a visit.
        """
        if not self.account_connector.is_connected_by_visit or self.is_deleted:
            return False
        link = self.link
        is_over = link.revoked_at is not None or link.is_expired or link.is_retired
        return self.connected_at is not None and self.is_other_account and not is_over

    @property
    def is_being_tested(self) -> bool:
        """Whether a test is under way; one that is put off, or lost, is none."""
        run = self.connection_test
        if run is None or run.is_finished or run.not_before > timezone.now():
            return False
        return timezone.now() - run.not_before < TEST_TAKES

    @property
    def is_refused(self) -> bool:
        """Whether a test since the customer came back says that it does not work."""
        run = self.connection_test
        if run is None or self.returned_at is None or run.began_at is None:
            return False
        return run.worked is False and run.began_at >= self.returned_at

    @property
    def why_failed(self) -> str:
        """Why it is not connected yet, and how often; empty if nothing failed or it is by now."""
        if self.connected_at is not None or not self.failures:
            return ""
        why = self.failure.rstrip(".") or "Not finished"
        return f"{why}, {self.failures} times" if self.failures > 1 else why

    @property
    def is_checking(self) -> bool:
        """Whether a worker still asks Cyclr for it; not without end, should no worker work."""
        if self.next_check_at is None or self.connected_at is not None:
            return False
        return self.check_until is None or timezone.now() < self.check_until

    @property
    def is_returned(self) -> bool:
        """Whether the customer came back from the last start."""
        if self.returned_at is None:
            return False
        return self.started_at is None or self.returned_at >= self.started_at

    @property
    def is_read_since_return(self) -> bool:
        """Whether Cyclr has said anything about it after the customer came back."""
        if self.checked_at is None or self.returned_at is None:
            return False
        return self.checked_at >= self.returned_at

    @property
    def seconds_since_return(self) -> float:
        """How long ago the customer came back; a day if never."""
        if self.returned_at is None:
            return 86400.0
        return (timezone.now() - self.returned_at).total_seconds()
