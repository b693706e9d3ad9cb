"""When forecasts are made: about every hour, by a worker."""

from __future__ import annotations

from celery import shared_task

from dashboard.consoles.models import Console
from dashboard.forecasts import forecasting
from dashboard.jobs.messages import DeskTask, Message
from dashboard.jobs.periodic import periodic

FORECAST = Message("dashboard.forecasts.tasks.make_forecasts", "sync")


@shared_task(base=DeskTask, soft_time_limit=150, time_limit=165)
def make_forecasts(console_id: int) -> None:
    """Learn from a console's history what is due; a second run learns the same."""
    console = Console.objects.filter(pk=console_id).first()
    if console is not None:
        forecasting.forecast(console)


@periodic(every=60)
def keep_forecasting() -> None:
    """Ask for the forecasts that are an hour old. A message that is lost is made up for then."""
    for console in Console.objects.current():
        if forecasting.ask_when_due(console):
            FORECAST.send(console.pk)
