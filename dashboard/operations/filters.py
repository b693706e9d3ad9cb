"""Narrowing a list of operations."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from dashboard.common.searching import words_in
from dashboard.operations.models import SHOWN, Operation, State

STATES = {
    word.lower(): [state for state in State if SHOWN[state] == word] for word in SHOWN.values()
}
"""The stored states behind each word on screen: `running` is both running and sent."""


def searched(rows: QuerySet[Operation], search: str) -> QuerySet[Operation]:
    """Those whose title or account has every word, or whose reference begins so."""
    found = words_in(search, "search_text", "account__search_text")
    return rows.filter(found | Q(reference__istartswith=search))
