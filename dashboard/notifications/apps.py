"""The Django app of this package."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.notifications"
    label = "notices"

    def ready(self) -> None:
        """What registers itself: kinds of notification, labels, what goes by webhook besides."""
        from dashboard.notifications import (  # noqa: F401
            audit_heads,
            mail_trouble,
            registration,
            webhook_trouble,
        )
