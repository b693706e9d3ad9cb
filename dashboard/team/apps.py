"""The Django app of this package."""

from django.apps import AppConfig


class TeamConfig(AppConfig):
    """See `docs/sessions-and-people.md`."""

    name = "dashboard.team"
    label = "team"

    def ready(self) -> None:
        """What registers itself: labels of the audit trail."""
        from dashboard.team import registration  # noqa: F401
