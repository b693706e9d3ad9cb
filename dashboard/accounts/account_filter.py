"""Narrowing the list of accounts by its address."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from dashboard.accounts import tags
from dashboard.common.searching import plain_words
from dashboard.mirror.models import Account, AccountQuerySet
from dashboard.people.models import User


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """What was asked for; empty means any. Rubbish is left out."""

    search: str = ""
    is_broken_only: bool = False
    """Those with a connector that is not authenticated."""
    is_failing_only: bool = False
    """Those with a connector whose newest test failed."""
    parent: Account | None = None
    """Of whose sub-accounts the list is."""
    tag: str = ""

    @classmethod
    def of(cls, user: User, asked: QueryDict) -> AccountFilter:
        """Read `q`, `unauthenticated`, `not_working`, `parent` and `tag`."""
        return cls(
            search=asked.get("q", "").strip(),
            is_broken_only=asked.get("unauthenticated", "") not in {"", "0"},
            is_failing_only=asked.get("not_working", "") not in {"", "0"},
            parent=_parent(user, asked.get("parent", "")),
            tag=asked.get("tag", "").strip(),
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for a state or a tag."""
        return self.is_broken_only or self.is_failing_only or bool(self.tag)

    def plain_words(self) -> list[str] | None:
        """What a prepared query looks for, if it can: a word or two alone, which are in no tag.

        None where anything else is asked for; empty where nothing is.
        """
        if self != AccountFilter(search=self.search):
            return None
        words = plain_words(self.search)
        return words if not self.search or (words and tags.are_in_none(words)) else None

    def among(self, rows: AccountQuerySet) -> AccountQuerySet:
        """Those of `rows` that match."""
        found = tags.matching(rows, self.search)
        if self.parent is not None:
            found = found.below(self.parent)
        if self.is_broken_only:
            found = found.filter(unauthenticated_count__gt=0)
        if self.is_failing_only:
            found = found.filter(not_working_count__gt=0)
        if self.tag:
            found = found.filter(pk__in=tags.having(self.tag))
        return found


def _parent(user: User, asked: str) -> Account | None:
    if not asked.isdecimal():
        return None
    return Account.objects.visible_to(user).filter(pk=int(asked[:18])).first()
