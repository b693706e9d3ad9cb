"""The Django app of this package."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.search"
    label = "search"
