"""The Django app of this package."""

from django.apps import AppConfig


class CyclesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.cycles"
    label = "cycles"
