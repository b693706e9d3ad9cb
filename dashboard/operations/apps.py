"""The Django app of this package."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.operations"
    label = "operations"

    def ready(self) -> None:
        """What registers itself: labels of the audit trail."""
        from dashboard.operations import registration  # noqa: F401
