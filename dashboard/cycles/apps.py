"""The Django app of this room."""

from django.apps import AppConfig


class CyclesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.cycles"
    label = "cycles"
