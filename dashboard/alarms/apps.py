"""The Django app of this package."""

from django.apps import AppConfig


class AlarmsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.alarms"
    label = "alarms"

    def ready(self) -> None:
        """What registers itself: kinds of notification, labels, answers."""
        from dashboard.alarms import notification_kinds, registration  # noqa: F401
