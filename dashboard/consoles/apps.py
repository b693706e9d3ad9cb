"""The Django app of this package."""

from django.apps import AppConfig


class ConsolesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.consoles"
    label = "consoles"
