"""The Django app of this package."""

from django.apps import AppConfig


class InstallsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.installs"
    label = "installs"

    def ready(self) -> None:
        """The engine learns the kinds of this package of operation."""
        from dashboard.installs import handlers  # noqa: F401
