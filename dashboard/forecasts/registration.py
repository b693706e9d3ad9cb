"""What forecasts register: a word of the search box, and an answer to the connector's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.accounts.search_terms import add_is
from dashboard.common.prepared import columns_of, instance_of, prepared
from dashboard.connectors.wear import WearLine, wear_of
from dashboard.forecasts.models import Forecast, WornKind
from dashboard.mirror.models import AccountConnector

WEARING = "wearing"

add_is(
    WEARING, lambda: Q(pk__in=Forecast.objects.standing().order_by().values("account_connector"))
)


@wear_of.answered_by
def wear_line(connector: AccountConnector) -> WearLine | None:
    """What is forecast of one; one query."""
    rows = _forecasts_of(connector.pk, timezone.now())
    if not rows:
        return None
    found = instance_of(Forecast, rows[0][: len(_OF_FORECAST)])
    kind = instance_of(WornKind, rows[0][len(_OF_FORECAST) :])
    return WearLine(
        due_from=found.due_from,
        due_until=found.due_until,
        chance=found.chance_label,
        age=kind.age_label,
        losses=kind.losses,
        reached=kind.reached,
    )


_OF_FORECAST = columns_of(Forecast)


@prepared
def _forecasts_of(connector: int, now: datetime) -> QuerySet[Any, Any]:
    found = Forecast.objects.standing(now).filter(account_connector=connector)
    return found.order_by("due_from", "pk").values_list(
        *_OF_FORECAST, *columns_of(WornKind, "kind__")
    )[:1]
