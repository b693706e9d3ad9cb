"""The Django app of this package."""

from django.apps import AppConfig


class ForecastsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.forecasts"
    label = "forecasts"

    def ready(self) -> None:
        """What registers itself: a word of the search box, an answer."""
        from dashboard.forecasts import registration  # noqa: F401
