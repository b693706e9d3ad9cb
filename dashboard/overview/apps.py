"""The Django app of this package."""

from django.apps import AppConfig


class OverviewConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.overview"
    label = "overview"
