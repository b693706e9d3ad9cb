"""What forecasts register: a word of the search box, and an answer to the connector's page."""

from __future__ import annotations

from django.db.models import Q

from dashboard.accounts.search_terms import add_is
from dashboard.connectors.wear import WearLine, wear_of
from dashboard.forecasts.models import Forecast
from dashboard.mirror.models import AccountConnector

WEARING = "wearing"

add_is(
    WEARING, lambda: Q(pk__in=Forecast.objects.standing().order_by().values("account_connector"))
)


@wear_of.answered_by
def wear_line(connector: AccountConnector) -> WearLine | None:
    """What is forecast of one; one query."""
    rows = Forecast.objects.standing().filter(account_connector=connector).select_related("kind")
    found = rows.first()
    if found is None:
        return None
    kind = found.kind
    return WearLine(
        due_from=found.due_from,
        due_until=found.due_until,
        chance=found.chance_label,
        age=kind.age_label,
        losses=kind.losses,
        reached=kind.reached,
    )
