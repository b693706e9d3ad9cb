"""The Django app of this package."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.notifications"
    label = "notices"

    def ready(self) -> None:
        """What registers itself: kinds of notification, labels."""
        from dashboard.notifications import mail_trouble, registration, webhook_trouble  # noqa: F401
