"""The Django app of this room."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.common"
    label = "common"
