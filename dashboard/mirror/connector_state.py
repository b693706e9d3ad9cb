"""The state of an installed connector, told from a few of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from datetime import datetime


class WhyBroken(models.TextChoices):
    """Why a connector does not work, as far as Cyclr or the third party told."""

    CONSENT = "consent", "Consent withdrawn or expired"
    CREDENTIALS = "credentials", "Password or key changed"
    PERMISSION = "permission", "Permission missing"
    ADDRESS = "address", "Address not allowed"
    LIMIT = "limit", "Plan or limit at the third party"
    OUTAGE = "outage", "Outage"
    UNKNOWN = "unknown", "Unknown"


class ConnectorStateMixin:
    """What the columns named below say together: of a whole row, or of a line of a list."""

    if TYPE_CHECKING:
        gone_at: datetime | None
        authenticated: bool | None
        test_failed_at: datetime | None
        why_broken: str

    @property
    def state(self) -> str:
        """The state's word on screen, wherever it is named."""
        return "Not working" if self.is_not_working else self.state_in_cyclr

    @property
    def state_in_cyclr(self) -> str:
        """What Cyclr says alone: a test that failed is another fact."""
        if self.gone_at:
            return "Gone"
        return "Authenticated" if self.authenticated else "Not authenticated"

    @property
    def is_not_working(self) -> bool:
        """Whether Cyclr calls it authenticated and its newest test failed."""
        is_held = bool(self.authenticated) and self.gone_at is None
        return is_held and self.test_failed_at is not None

    @property
    def is_why_known(self) -> bool:
        """Whether there is something to say of why it broke."""
        return self.why_broken not in {"", WhyBroken.UNKNOWN}

    @property
    def needs_somebody(self) -> bool:
        """Whether it has to be authenticated, for the first time or again."""
        return self.gone_at is None and (not self.authenticated or self.is_not_working)
