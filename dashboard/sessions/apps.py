"""The Django app of this package."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    """See `docs/sessions-and-people.md`. Django's own app has the label `sessions`."""

    name = "dashboard.sessions"
    label = "desk_sessions"

    def ready(self) -> None:
        """Signing in begins a session anew, by signal."""
        from dashboard.sessions import signals  # noqa: F401
