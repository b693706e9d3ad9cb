"""The Django app of this package."""

from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.connectors"
    label = "connectors"

    def ready(self) -> None:
        """The engine learns the kinds of this package of operation."""
        from dashboard.connectors import handlers, registration  # noqa: F401
