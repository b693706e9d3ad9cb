"""Narrowing a list of installed connectors, by an address or by a form that carries the same."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.http import QueryDict

from dashboard.accounts.tags import having
from dashboard.mirror.models import NOT_WORKING, AccountConnectorQuerySet, WhyBroken

STATES = {
    "not-authenticated": ("Not authenticated", Q(gone_at=None) & ~Q(authenticated=True)),
    "not-working": ("Not working", NOT_WORKING & Q(gone_at=None)),
    "authenticated": ("Authenticated", Q(gone_at=None, authenticated=True, test_failed_at=None)),
    "gone": ("Gone", Q(gone_at__isnull=False)),
}


@dataclass(frozen=True, slots=True)
class ConnectorFilter:
    """What was asked for; empty means any. Rubbish is left out."""

    search: str = ""
    name: str = ""
    state: str = ""
    why: str = ""
    tag: str = ""

    @classmethod
    def of(cls, asked: QueryDict) -> ConnectorFilter:
        """Read `q`, `connector`, `state`, `why` and `tag`."""
        state, why = asked.get("state", ""), asked.get("why", "")
        return cls(
            search=asked.get("q", "").strip(),
            name=asked.get("connector", "").replace("\x00", ""),
            state=state if state in STATES else "",
            why=why if why in WhyBroken.values else "",
            tag=asked.get("tag", "").strip(),
        )

    @property
    def is_set(self) -> bool:
        """Whether it narrows anything."""
        return bool(self.search or self.narrows)

    @property
    def narrows(self) -> bool:
        """Whether something besides the search does."""
        return bool(self.name or self.state or self.why or self.tag)

    def among(self, rows: AccountConnectorQuerySet) -> AccountConnectorQuerySet:
        """Those of `rows` that match."""
        return self._without_search(rows).search(self.search)

    def each_among(self, rows: AccountConnectorQuerySet) -> list[AccountConnectorQuerySet]:
        """The same as disjoint queries: quick where few match."""
        return self._without_search(rows).searches(self.search)

    def _without_search(self, rows: AccountConnectorQuerySet) -> AccountConnectorQuerySet:
        found = rows
        if self.name:
            found = found.filter(connector_name=self.name)
        if self.state:
            found = found.filter(STATES[self.state][1])
        if self.why:
            found = found.filter(why_broken=self.why, gone_at=None)
        if self.tag:
            found = found.filter(account__in=having(self.tag))
        return found
