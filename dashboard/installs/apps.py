"""The Django app of this room."""

from django.apps import AppConfig


class InstallsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.installs"
    label = "installs"

    def ready(self) -> None:
        """The engine learns this room's kinds of operation."""
        from dashboard.installs import handlers  # noqa: F401
