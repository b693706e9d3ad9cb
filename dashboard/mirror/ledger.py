"""The writer of the ledger of what installed connectors were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import wraps
from operator import attrgetter
from typing import Concatenate, ParamSpec, TypeVar

from django.db import transaction
from django.db.models import (
    BooleanField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.utils import timezone

from dashboard.common.chunks import chunks
from dashboard.common.inserting import insert_rows, insert_selected
from dashboard.mirror.models import AccountConnector, ConnectorState

P = ParamSpec("P")
R = TypeVar("R")
NOTED = ("authenticated", "identity", "release_id", "connector_version", "filled")
"""The columns that the ledger follows, besides whether it is gone."""
READ = (*NOTED, "seen_at", "gone_at", "authenticated_since")
"""What the ledger looks at of a connector."""
COLUMNS = (*NOTED, "account_connector_id", "after", "until", "authenticated_since", "is_gone")
"""The columns of the ledger itself."""
STATES = ConnectorState.objects.filter(account_connector=OuterRef("pk")).order_by()
values_of = attrgetter(*COLUMNS)


def note_states(rows: Iterable[AccountConnector], before: Mapping[int, AccountConnector]) -> None:
    """Add what became otherwise; `rows` as they are now, `before` as they were, by key.

    One that was there before the ledger, or that a process of the release before changed, is first
    written down as it was when it was last read.
    """
    moved = [row for row in rows if row.pk not in before or _facts(before[row.pk]) != _facts(row)]
    for some in chunks(moved):
        last = _last_states([row.pk for row in some])
        made: list[ConnectorState] = []
        for row in some:
            old, known = before.get(row.pk), last.get(row.pk)
            now = state_of(row, timezone.now())
            if known is not None and old is not None and _is_noted(known, now, old):
                continue
            if old is not None and (known is None or facts_of(known) != _facts(old)):
                made.append(known := _as_it_was(old, known))
            if known is None or facts_of(known) != facts_of(now):
                now.after = old.seen_at if old is not None else None
                made.append(now)
        insert_rows(ConnectorState, COLUMNS, map(values_of, made))


def note_first_states(rows: QuerySet[AccountConnector]) -> None:
    """Add what those of `rows` are that the ledger does not know yet."""
    unknown = rows.filter(~Exists(STATES)).order_by()
    never, now = Value(None, DateTimeField()), Value(timezone.now(), DateTimeField())
    is_gone = ExpressionWrapper(Q(gone_at__isnull=False), BooleanField())
    states = unknown.values_list(*NOTED, "pk", never, now, "authenticated_since", is_gone)
    insert_selected(ConnectorState, COLUMNS, states)


def _is_noted(known: ConnectorState, now: ConnectorState, old: AccountConnector) -> bool:
    """Whether another writer, which was quicker, noted the same after `old` was looked at."""
    return facts_of(known) == facts_of(now) and known.until > old.seen_at


def _last_states(pks: list[int]) -> dict[int, ConnectorState]:
    rows = ConnectorState.objects.filter(account_connector__in=pks).order_by()
    newest = rows.values("account_connector").annotate(last=Max("pk"))
    found = ConnectorState.objects.in_bulk(list(newest.values_list("last", flat=True)))
    return {state.account_connector_id: state for state in found.values()}


def _as_it_was(old: AccountConnector, known: ConnectorState | None) -> ConnectorState:
    was = state_of(old, max(old.seen_at, known.until) if known else old.seen_at)
    was.after = known.until if known else None
    return was


def state_of(row: AccountConnector, until: datetime) -> ConnectorState:
    """What the row says, as it is known to have been at `until`; it is not saved."""
    columns = {name: getattr(row, name) for name in NOTED}
    return ConnectorState(
        account_connector_id=row.pk,
        until=until,
        is_gone=row.gone_at is not None,
        authenticated_since=row.authenticated_since,
        **columns,
    )


def _facts(row: AccountConnector) -> tuple[object, ...]:
    return facts_of(state_of(row, row.seen_at))


def facts_of(state: ConnectorState) -> tuple[object, ...]:
    """What tells two states of a connector apart."""
    return (state.is_gone, *(getattr(state, name) for name in NOTED))


def noted(
    write: Callable[Concatenate[AccountConnector, P], R],
) -> Callable[Concatenate[AccountConnector, P], R]:
    """A writer of one installed connector: what it changes is added to the ledger as well."""

    @wraps(write)
    def written(connector: AccountConnector, /, *args: P.args, **kwargs: P.kwargs) -> R:
        rows = AccountConnector.objects.filter(pk=connector.pk)
        with transaction.atomic():
            before = rows.in_bulk()
            answer = write(connector, *args, **kwargs)
            note_states(rows, before)
        return answer

    return written
