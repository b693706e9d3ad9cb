"""The Django app of this package."""

from django.apps import AppConfig


class ErrorWebhookConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.error_webhook"
    label = "error_webhook"

    def ready(self) -> None:
        """What registers itself: labels of the audit trail."""
        from dashboard.error_webhook import registration  # noqa: F401
