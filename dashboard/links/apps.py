"""The Django app of this package."""

from django.apps import AppConfig


class LinksConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.links"
    label = "links"

    def ready(self) -> None:
        """What registers itself: kinds, checks, what hears of tests, labels."""
        from dashboard.links import (  # noqa: F401
            checks,
            handlers,
            notification_kinds,
            registration,
            search_term,
        )
        from dashboard.links.attempts import connection_test_results  # noqa: F401
