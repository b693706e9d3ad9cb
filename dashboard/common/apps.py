"""The Django app of this package."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.common"
    label = "common"

    def ready(self) -> None:
        """What registers itself: a check."""
        from dashboard.common import checks  # noqa: F401
