"""The Django app of this package."""

from django.apps import AppConfig


class MirrorConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.mirror"
    label = "mirror"

    def ready(self) -> None:
        """What registers itself: labels of the audit trail."""
        from dashboard.mirror import registration  # noqa: F401
