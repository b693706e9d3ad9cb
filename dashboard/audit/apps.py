"""The Django app of this package."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.audit"
    label = "audit"

    def ready(self) -> None:
        """Sign-ins are recorded by signal, since people must not know this package."""
        from dashboard.audit import registration, services  # noqa: F401
