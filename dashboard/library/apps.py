"""The Django app of this package."""

from django.apps import AppConfig


class LibraryConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.library"
    label = "library"
