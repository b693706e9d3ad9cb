"""What a campaign knows of a chosen connector and its account: columns, no model instances."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from dashboard.common.page_addresses import page_address
from dashboard.common.prepared import prepared
from dashboard.consoles.models import Console
from dashboard.mirror.catalogue import is_connected_by_link
from dashboard.mirror.connector_state import ConnectorStateMixin
from dashboard.mirror.models import AccountConnector


@dataclass(slots=True)
class ChosenAccount:
    """The account of chosen connectors; they share one object of it."""

    pk: int
    console: Console
    name: str
    cyclr_id: str
    sort_name: str
    gone_at: datetime | None

    def __str__(self) -> str:
        return self.name or self.cyclr_id

    def get_absolute_url(self) -> str:
        """The account's page."""
        return page_address("account_detail", self.pk)


@dataclass(slots=True, eq=False)
class Chosen(ConnectorStateMixin):
    """A chosen connector; but for the last, the fields are columns in the order of `COLUMNS`."""

    pk: int
    account_id: int
    name: str
    connector_name: str
    cyclr_id: int
    sort_name: str
    authentication: str
    """Its methods, as JSON: of thousands a few differ."""
    authentication_id: str
    authenticated: bool | None
    test_failed_at: datetime | None
    why_broken: str
    gone_at: datetime | None
    account: ChosenAccount

    def __str__(self) -> str:
        return self.name or self.connector_name or str(self.cyclr_id)

    @property
    def is_connected_by_link(self) -> bool:
        """Whether a customer can authenticate it on a connection link."""
        return is_connected_by_link(self.authentication, self.authentication_id)

    @property
    def place(self) -> tuple[str, int, str, int]:
        """Where it stands in a list by account."""
        return self.account.sort_name, self.account_id, self.sort_name, self.pk


COLUMNS = (
    "pk",
    "account_id",
    "name",
    "connector_name",
    "cyclr_id",
    "sort_name",
    "methods_as_text",
    "authentication_id",
    "authenticated",
    "test_failed_at",
    "why_broken",
    "gone_at",
)
_OF_ACCOUNT = ("console_id", "name", "cyclr_id", "sort_name", "gone_at")


_ALL = (*COLUMNS, *(f"account__{name}" for name in _OF_ACCOUNT))


def rows_of(rows: QuerySet[AccountConnector], may: Mapping[int, Console]) -> Iterator[Chosen]:
    """Those of the rows that are of one of these consoles, by key."""
    return _made(_columns(rows), may)


def rows_by_key(keys: Sequence[int], may: Mapping[int, Console]) -> Iterator[Chosen]:
    """The same of connectors with these keys, some hundred at most."""
    return _made(_by_key(keys), may)


def _columns(rows: QuerySet[AccountConnector]) -> QuerySet[Any, Any]:
    texts = rows.order_by().annotate(methods_as_text=Cast("authentication", TextField()))
    found: QuerySet[Any, Any] = texts.values_list(*_ALL)
    return found


@prepared
def _by_key(keys: Sequence[int]) -> QuerySet[Any, Any]:
    return _columns(AccountConnector.objects.filter(pk__in=keys))


def _made(rows: Iterable[tuple[Any, ...]], may: Mapping[int, Console]) -> Iterator[Chosen]:
    accounts: dict[int, ChosenAccount] = {}
    for values in rows:
        console, *of_account = values[len(COLUMNS) :]
        if console not in may:
            continue
        account = accounts.get(values[1])
        if account is None:
            account = ChosenAccount(values[1], may[console], *of_account)
            accounts[values[1]] = account
        of_connector: list[Any] = [*values[: len(COLUMNS)], account]
        yield Chosen(*of_connector)
