"""The Django app of this room."""

from django.apps import AppConfig


class LibraryConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.library"
    label = "library"
