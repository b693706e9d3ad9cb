"""The Django app of this package."""

from django.apps import AppConfig


class SettingsPagesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.settings_pages"
    label = "settings_pages"

    def ready(self) -> None:
        """What registers itself: labels of the audit trail."""
        from dashboard.settings_pages import registration  # noqa: F401
