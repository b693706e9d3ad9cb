"""What staff say of accounts here, and Cyclr never hears."""

from __future__ import annotations

from django.db import models

from dashboard.common.searching import SearchField, normalize_for_search
from dashboard.consoles.models import Console
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account

LONGEST_TAG = 40


def tag_key(name: str) -> str:
    """The same for names that differ in case and accents alone."""
    return key_of(normalize_for_search(name))


class Tag(models.Model):
    """A word that staff put on accounts of a console; it is there as long as an account has it."""

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=LONGEST_TAG)
    key = models.CharField(max_length=32, db_index=True)
    search_text = SearchField(of=["name"])

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["console", "key"], name="tag_once_in_a_console"),
        ]

    def __str__(self) -> str:
        return self.name


class AccountTag(models.Model):
    """A tag on an account."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="on_accounts")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "tag"], name="account_tag_once"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} on {self.account}"
