"""The Django app of this package."""

from django.apps import AppConfig


class FleetConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.fleet"
    label = "fleet"

    def ready(self) -> None:
        """What registers itself: labels."""
        from dashboard.fleet import registration  # noqa: F401
