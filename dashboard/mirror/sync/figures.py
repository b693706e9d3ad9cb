"""What of the mirror is kept for each day."""

from __future__ import annotations

from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.mirror.models import AccountConnector, DailyFigure


def write_daily_figure(console: Console) -> None:
    """How many installed connectors are authenticated today, as the mirror has it now."""
    installed = AccountConnector.objects.there().filter(account__console=console)
    installed = installed.filter(account__gone_at=None)
    good = installed.filter(authenticated=True).count()
    DailyFigure.objects.update_or_create(
        console=console,
        day=timezone.now().date(),
        defaults={"authenticated": good, "unauthenticated": installed.count() - good},
    )
