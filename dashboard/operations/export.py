"""Operations as a table; what was sent with them stays here."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from dashboard.audit.list_export import moment
from dashboard.common.chunks import rows_in_chunks
from dashboard.operations.models import SHOWN, Operation, State

COLUMNS = (
    "pk",
    "reference",
    "title",
    "kind",
    "state",
    "account__cyclr_id",
    "account__name",
    "actor_name",
    "created_at",
    "finished_at",
    "tries",
    "last_error",
    "console__name",
)
HEADINGS = (
    "Reference",
    "What",
    "Kind",
    "State",
    "Account id",
    "Account",
    "By",
    "Asked for (UTC)",
    "Ended (UTC)",
    "Tries",
    "Error",
    "Console",
)


def table(rows: QuerySet[Operation]) -> Iterator[tuple[object, ...]]:
    """One row for each, newest first, as the chunks of them come."""
    for some in rows_in_chunks(rows.values_list(*COLUMNS), newest_first=True):
        for (
            _,
            reference,
            title,
            kind,
            state,
            *who,
            created_at,
            finished_at,
            tries,
            error,
            at,
        ) in some:
            state = SHOWN[State(state)]
            moments = moment(created_at), moment(finished_at)
            yield (reference, title, kind, state, *who, *moments, tries, error, at)
