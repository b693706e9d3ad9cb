"""The Django app of this room."""

from django.apps import AppConfig


class MethodsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.methods"
    label = "methods"

    def ready(self) -> None:
        """What methods register."""
        from dashboard.methods import registration  # noqa: F401
