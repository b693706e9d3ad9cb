"""The Django app of this room."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.notices"
    label = "notices"
