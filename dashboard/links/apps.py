"""The Django app of this room."""

from django.apps import AppConfig


class LinksConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.links"
    label = "links"

    def ready(self) -> None:
        """What registers itself: kinds of operation and notices, checks, ends of proofs, labels."""
        from dashboard.links import (  # noqa: F401
            checks,
            handlers,
            notice_kinds,
            proving,
            registration,
        )
