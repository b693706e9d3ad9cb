"""The Django app of this room."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.audit"
    label = "audit"

    def ready(self) -> None:
        """Sign-ins are recorded by signal, since people must not know this room."""
        from dashboard.audit import services  # noqa: F401
