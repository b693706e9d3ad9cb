"""What every mirrored thing has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.utils import timezone

from dashboard.people.access import consoles_for

if TYPE_CHECKING:
    from dashboard.people.models import Role, User


class MirrorQuerySet(models.QuerySet[Any]):
    """What every mirrored thing can be asked."""

    console_path = "console"

    def visible_to(self, user: User, at_least: Role | None = None) -> Self:
        """Those in current consoles in which the person has a role (at least this one)."""
        consoles = consoles_for(user) if at_least is None else consoles_for(user, at_least)
        return self.filter(**{f"{self.console_path}__in": consoles})

    def there(self) -> Self:
        """Those that Cyclr still has."""
        return self.filter(gone_at=None)


class Mirrored(models.Model):
    """Columns of every row that a sync fills.

    `seen_at`: when the newest listing that was merged into it began; an older one keeps off.
    `changed_at`: when something here changed it last; a sync that began before keeps off.
    `missed`: complete listings in a row without it; two of them, or a 404, mean gone.
    `missed_at`: when the last of them was merged; one that overlaps it does not count again.
    """

    seen_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    missed = models.PositiveSmallIntegerField(default=0)
    missed_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
