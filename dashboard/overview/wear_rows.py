"""Kinds of connectors that wear out, among what needs attention: one line for each kind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Avg, Count, Max, Min
from django.urls import reverse

from dashboard.common.timing import format_day
from dashboard.consoles.models import Console
from dashboard.forecasts.models import Forecast, WornKind
from dashboard.overview.attention_row import Row


@dataclass(frozen=True, slots=True)
class Worn:
    """A kind of which some are due within a week: how many, when, how likely on the average."""

    kind: WornKind
    count: int
    due_from: datetime
    due_until: datetime
    chance: float


def worn_kinds(consoles: Sequence[Console]) -> list[Worn]:
    """Those of these consoles, the first to be due first; two queries, or one."""
    standing = Forecast.objects.standing().filter(kind__console__in=consoles).order_by()
    found = list(
        standing.values_list("kind").annotate(
            Count("pk"), Min("due_from"), Max("due_until"), Avg("chance")
        )
    )
    kinds = WornKind.objects.in_bulk([values[0] for values in found]) if found else {}
    worn = [Worn(kinds[pk], *values) for pk, *values in found if pk in kinds]
    return sorted(worn, key=lambda one: (one.due_from, one.kind.pk))


def wear_row(worn: Worn, may_campaign: Collection[int]) -> Row:
    """How many, when, why one thinks so; and the campaign, or the list."""
    kind = worn.kind
    asked = {"q": "is:wearing", "connector": kind.connector_name, "console": kind.console_id}
    url = f"{reverse('connector_list')}?{urlencode(asked)}"
    is_lead = kind.console_id in may_campaign
    campaign = f"{reverse('campaign_new')}?{urlencode(asked | {'scope': 'filter'})}"
    connections = "connection" if worn.count == 1 else "connections"
    share = min(99, round(worn.chance * 100))
    return Row(
        state="expired",
        word="Wears out",
        name=kind.connector_name,
        url=url,
        account="",
        why=f"{worn.count:,} {connections} will probably lose authentication by "
        f"{format_day(worn.due_until)} ({share} % likely): {kind.losses:,} of {kind.reached:,} of "
        f"this kind did after {kind.age_label}.",
        at=None,
        action="Reconnect…" if is_lead else "Open",
        action_url=campaign if is_lead else url,
    )
