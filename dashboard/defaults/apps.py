"""The Django app of this package."""

from django.apps import AppConfig


class DefaultsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.defaults"
    label = "defaults"

    def ready(self) -> None:
        """The engine learns the kinds of operation of this package, accounts what they ask it."""
        from dashboard.defaults import handlers, registration  # noqa: F401
