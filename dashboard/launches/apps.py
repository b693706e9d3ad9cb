"""The Django app of this package."""

from django.apps import AppConfig


class LaunchesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.launches"
    label = "launches"

    def ready(self) -> None:
        """The workers learn the jobs of this package, the audit trail its words."""
        from dashboard.launches import registration, tasks  # noqa: F401
