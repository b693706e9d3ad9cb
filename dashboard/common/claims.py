"""Claims: a row says until when a worker holds it, so that a second one leaves it alone."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q


def unclaimed(moment: datetime, prefix: str = "") -> Q:
    """Rows whose `claimed_until` is empty or over; `prefix` leads to them, as `webhook__`."""
    column = f"{prefix}claimed_until"
    return Q(**{column: None}) | Q(**{f"{column}__lt": moment})
