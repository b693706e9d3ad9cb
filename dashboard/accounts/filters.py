"""Narrowing a list of installed connectors, by an address or by a form that carries the same."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import QueryDict

from dashboard.accounts.search_terms import IS, Parsed, parse
from dashboard.accounts.tags import having
from dashboard.mirror.models import AccountConnectorQuerySet, WhyBroken

STATES = {
    "not-authenticated": ("Not authenticated", IS["not-authenticated"]),
    "not-working": ("Not working", IS["not-working"]),
    "authenticated": ("Authenticated", IS["authenticated"]),
    "gone": ("Gone", IS["gone"]),
}


@dataclass(frozen=True, slots=True)
class ConnectorFilter:
    """What was asked for; empty means any. Rubbish is left out."""

    search: str = ""
    """The whole text of the search box, with its terms."""
    name: str = ""
    state: str = ""
    why: str = ""
    tag: str = ""
    parsed: Parsed = field(init=False, repr=False, compare=False)
    """The text of the search box, taken apart."""

    def __post_init__(self) -> None:
        """Take it apart once: some of its terms ask the database what they mean."""
        object.__setattr__(self, "parsed", parse(self.search))

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
        """Whether something besides free words does."""
        return bool(self.name or self.state or self.why or self.tag or self.parsed.terms)

    def among(self, rows: AccountConnectorQuerySet) -> AccountConnectorQuerySet:
        """Those of `rows` that match."""
        return self._without_search(rows).search(self.parsed.text)

    def each_among(self, rows: AccountConnectorQuerySet) -> list[AccountConnectorQuerySet]:
        """The same as disjoint queries: quick where few match."""
        return self._without_search(rows).searches(self.parsed.text)

    def _without_search(self, rows: AccountConnectorQuerySet) -> AccountConnectorQuerySet:
        found = rows.filter(self.parsed.condition())
        if self.name:
            found = found.filter(connector_name=self.name)
        if self.state:
            found = found.filter(STATES[self.state][1])
        if self.why:
            found = found.filter(why_broken=self.why, gone_at=None)
        if self.tag:
            found = found.filter(account__in=having(self.tag))
        return found
