"""The Django app of this room."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.notices"
    label = "notices"

    def ready(self) -> None:
        """What registers itself: a kind of notice."""
        from dashboard.notices import mail_trouble  # noqa: F401
