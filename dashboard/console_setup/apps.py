"""The Django app of this package."""

from django.apps import AppConfig


class ConsoleSetupConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.console_setup"
    label = "console_setup"

    def ready(self) -> None:
        """What registers itself: labels of the audit trail."""
        from dashboard.console_setup import registration  # noqa: F401
