"""The Django app of this package."""

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.releases"
    label = "releases"
