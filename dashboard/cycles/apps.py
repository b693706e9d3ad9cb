"""The Django app of this package."""

from django.apps import AppConfig


class CyclesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.cycles"
    label = "cycles"

    def ready(self) -> None:
        """The engine learns the kinds of this package of operation, the workers its jobs."""
        from dashboard.cycles import handlers, installing, registration, tasks  # noqa: F401
