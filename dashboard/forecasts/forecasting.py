"""Making the forecasts of a console anew."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from dashboard.common.chunks import IDS_AT_A_TIME
from dashboard.consoles.models import Console
from dashboard.forecasts.histories import DAY, Age, Kind, histories_of
from dashboard.forecasts.models import Forecast, ForecastRun, WornKind
from dashboard.forecasts.survival import Wear, wear_of

logger = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
AHEAD = timedelta(days=7)
"""A connector is named so long before its time begins."""


def ask_when_due(console: Console) -> bool:
    """Whether its forecasts are to be made now; of those who ask, one is told so."""
    moment = timezone.now()
    rows = ForecastRun.objects.filter(console=console)
    if rows.filter(asked_at__lte=moment - EVERY).update(asked_at=moment):
        return True
    _, is_new = ForecastRun.objects.get_or_create(console=console, defaults={"asked_at": moment})
    return is_new


def forecast(console: Console) -> None:
    """Put what is learned now in the place of what was; twice gives the same."""
    now = timezone.now()
    histories = histories_of(console)
    worn = {
        kind: wear
        for kind, lifetimes in histories.lifetimes.items()
        if kind[0] and (wear := wear_of(lifetimes)) is not None
    }
    with transaction.atomic():
        Console.objects.select_for_update(no_key=True).get(pk=console.pk)
        WornKind.objects.filter(console=console).delete()
        count = 0
        for kind, wear in worn.items():
            row = _worn_kind(console, kind, wear)
            due = list(_due(row, wear, histories.ages[kind], now))
            Forecast.objects.bulk_create(due, batch_size=IDS_AT_A_TIME)
            count += len(due)
    logger.info("forecasts made console=%d kinds=%d due=%d", console.pk, len(worn), count)


def _worn_kind(console: Console, kind: Kind, wear: Wear) -> WornKind:
    name, method_label = kind
    return WornKind.objects.create(
        console=console,
        connector_name=name,
        method_label=method_label,
        first_days=wear.first,
        likely_days=wear.likely,
        last_days=wear.last,
        losses=wear.losses,
        reached=wear.reached,
    )


def _due(kind: WornKind, wear: Wear, ages: Sequence[Age], now: datetime) -> Iterator[Forecast]:
    """Those of which the time begins within a week, or has begun."""
    for one in ages:
        due_from = one.since + wear.first * DAY
        due_until = one.since + wear.last * DAY
        if due_from <= now + AHEAD and now < due_until:
            yield Forecast(
                account_connector_id=one.connector,
                kind=kind,
                created_at=now,
                connected_since=one.since,
                due_from=due_from,
                likely_at=one.since + wear.likely * DAY,
                due_until=due_until,
                chance=wear.chance((now - one.since) / DAY),
            )
