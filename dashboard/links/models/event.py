"""The lines of a link's timeline."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from dashboard.links.models.item import LinkItem
from dashboard.links.models.link import Link

MARKS = {
    "refused": "failed",
    "entry-refused": "failed",
    "unchecked": "failed",
    "bounced": "failed",
    "unmailed": "failed",
    "gone": "gone",
    "other-account": "not-authenticated",
    "not-working": "failed",
    "identity": "done",
}
"""The shapes of events that are no states; a point for those that are not listed."""


class LinkEvent(models.Model):
    """One line of a link's timeline."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="events")
    item = models.ForeignKey(LinkItem, on_delete=models.CASCADE, null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)
    event = models.CharField(max_length=20)
    message = models.TextField(db_column="words")
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.message

    @property
    def mark(self) -> str:
        """The shape beside it: a state's, or a point for what is none."""
        known = {"created", "opened", "started", "returned", "connected", "revoked", "expired"}
        if self.event in {"sent", "mailed"}:
            return "sent"
        if self.event == "entered":
            return "started"
        if self.is_robot or self.is_staff or self.event not in known:
            return MARKS.get(self.event, "quiet")
        return self.event

    @property
    def is_staff(self) -> bool:
        """Whether a colleague did it, signed in here."""
        return bool(self.details.get("staff"))

    @property
    def is_robot(self) -> bool:
        """Whether it was likely a mail scanner."""
        return bool(self.details.get("robot"))
