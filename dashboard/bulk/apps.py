"""The Django app of this package."""

from django.apps import AppConfig


class BulkConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.bulk"
    label = "bulk"

    def ready(self) -> None:
        """What registers itself: labels of the audit trail."""
        from dashboard.bulk import registration  # noqa: F401
