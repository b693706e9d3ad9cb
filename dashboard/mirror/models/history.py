"""What installed connectors were, at which moments: a ledger that is only ever added to."""

from __future__ import annotations

from django.db import models

from dashboard.mirror.models.connectors import AccountConnector


class ConnectorState(models.Model):
    """An installed connector was found to be otherwise than before.

    It became so between `after`, when it was last seen as before, and `until`, when this was known.
    `after` is None where nothing is known of before. Whoever reads it goes by `mirror.history`.
    """

    account_connector = models.ForeignKey(
        AccountConnector, on_delete=models.CASCADE, related_name="states"
    )
    after = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField()
    authenticated = models.BooleanField(null=True, blank=True)
    authenticated_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when it is, or is not; None if nobody saw it begin."
    )
    is_gone = models.BooleanField(default=False)
    identity = models.TextField(blank=True, default="", help_text="As whom, when told.")
    release_id = models.BigIntegerField(null=True, blank=True)
    connector_version = models.TextField(blank=True, default="")
    filled = models.JSONField(default=list, blank=True, help_text="Settings that had a value.")

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["account_connector", "id"], name="connector_state_of")]

    def __str__(self) -> str:
        return f"{self.account_connector_id} by {self.until:%Y-%m-%d %H:%M}: {self.word}"

    @property
    def word(self) -> str:
        """The state's word, as lists have it."""
        if self.is_gone:
            return "Gone"
        return "Authenticated" if self.authenticated else "Not authenticated"
