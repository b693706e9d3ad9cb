"""How people look at the fleet: views under a name, and the columns that each wants to see."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from dashboard.consoles.models import Console
from dashboard.people.models import User


class SavedViewQuerySet(models.QuerySet[Any]):
    """Saved views, found."""

    def visible_to(self, user: User) -> Self:
        """One's own, and those that were shared in consoles in which one has a role."""
        return self.seen_by(user.pk, [console.pk for console in user.consoles])

    def seen_by(self, user: int, consoles: list[int]) -> Self:
        """The same for somebody with roles in these consoles, by their keys."""
        is_there = Q(console=None) | Q(console__in=consoles)
        return self.filter(Q(user=user) | Q(is_shared=True) & is_there)


class SavedView(models.Model):
    """A search of the list under a name: the query string of its address."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    console = models.ForeignKey(
        Console,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="In which it is shared; empty for all of them.",
    )
    name = models.CharField(max_length=60)
    query = models.TextField(blank=True, default="")
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_view_once_by_name"),
        ]

    def __str__(self) -> str:
        return self.name


class ColumnChoice(models.Model):
    """The columns that somebody chose, by their keys with commas between."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="column_choice")
    columns = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.columns
