"""The Django app of this package."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """See `docs/api.md` for what belongs here."""

    name = "dashboard.api"
    label = "api"

    def ready(self) -> None:
        """What registers itself: labels of the audit trail."""
        from dashboard.api import registration  # noqa: F401
