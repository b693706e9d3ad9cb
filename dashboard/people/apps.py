"""The Django app of this package."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.people"
    label = "people"

    def ready(self) -> None:
        """Signing in is a proof of who somebody is."""
        from dashboard.people import proof  # noqa: F401
