"""The Django app of this package."""

from django.apps import AppConfig


class ConnectorChangesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.connector_changes"
    label = "connector_changes"

    def ready(self) -> None:
        """The engine learns the kinds of this package of operation."""
        from dashboard.connector_changes import handlers  # noqa: F401
