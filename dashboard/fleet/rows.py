"""Installed connectors as lines of a list: few columns, no model instances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from dashboard.common.prepared import prepared
from dashboard.forecasts.models import Forecast
from dashboard.links.models import Link, LinkItem
from dashboard.mirror.catalogue import chosen_label
from dashboard.mirror.connector_state import ConnectorStateMixin, WhyBroken
from dashboard.mirror.icons import icons_of


@dataclass(frozen=True, slots=True)
class Row(ConnectorStateMixin):
    """One line; the fields are columns, in the order of `COLUMNS`."""

    pk: int
    name: str
    connector_name: str
    connector_version: str
    authentication: str
    """Its methods as the database has them, in JSON: read only where they are named."""
    authentication_id: str
    authenticated: bool | None
    authenticated_since: datetime | None
    proven_at: datetime | None
    test_failed_at: datetime | None
    test_failure: str
    why_broken: str
    gone_at: datetime | None
    identity: str
    cyclr_id: int
    account_id: int
    account_name: str
    account_cyclr_id: str
    console_id: int

    def __str__(self) -> str:
        return self.name or self.connector_name or str(self.cyclr_id)

    @property
    def account(self) -> str:
        """Its account's name or, without one, its id."""
        return self.account_name or self.account_cyclr_id

    @property
    def why_label(self) -> str:
        """The class of why it broke, in words."""
        return str(WhyBroken(self.why_broken).label) if self.why_broken else ""

    @property
    def method_label(self) -> str:
        """How it is authenticated, such as “OAuth 2”."""
        return chosen_label(self.authentication, self.authentication_id)


_READ_AS: dict[str, str | Cast] = {
    "authentication": Cast("authentication", TextField()),
    "account_name": "account__name",
    "account_cyclr_id": "account__cyclr_id",
    "console_id": "account__console_id",
}
COLUMNS = tuple(_READ_AS.get(one.name, one.name) for one in fields(Row))
"""For `values_list`: `Row(*values)` is the line."""


def icons(rows: Iterable[Row]) -> dict[int, str]:
    """The digest of each line's icon by its key; one query."""
    kinds = {
        row.pk: (row.console_id, row.connector_name, row.connector_version, row.account_id)
        for row in rows
    }
    found = icons_of(kinds.values())
    return {pk: digest for pk, kind in kinds.items() if (digest := found[kind])}


def open_links(rows: Iterable[Row]) -> dict[int, Link]:
    """By connector: the newest open link on which it is not done yet; one query, or two."""
    found = _links_not_done([row.pk for row in rows])
    links = Link.objects.open().in_bulk([link for _, link in found]) if found else {}
    return {connector: links[link] for connector, link in found if link in links}


@prepared
def _links_not_done(connectors: list[int]) -> QuerySet[Any, Any]:
    items = LinkItem.objects.filter(account_connector__in=connectors, connected_at=None)
    return items.order_by("link_id").values_list("account_connector_id", "link_id")


def forecasts(rows: Iterable[Row]) -> dict[int, Forecast]:
    """By connector: when it will probably lose authentication; one query."""
    standing = Forecast.objects.standing()
    found = standing.filter(account_connector__in=[row.pk for row in rows])
    return {one.account_connector_id: one for one in found}


def due_from() -> Subquery:
    """Of each connector: from when it will probably lose authentication; null if nothing is due."""
    of_one = Forecast.objects.standing().filter(account_connector=OuterRef("pk")).order_by()
    return Subquery(of_one.values("due_from")[:1])
