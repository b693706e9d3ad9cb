"""The Django app of this room."""

from django.apps import AppConfig


class SettingsPagesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.settings_pages"
    label = "settings_pages"
