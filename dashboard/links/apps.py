"""The Django app of this room."""

from django.apps import AppConfig


class LinksConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.links"
    label = "links"

    def ready(self) -> None:
        """The engine learns this room's kinds of operation; ends of proofs are listened for."""
        from dashboard.links import handlers, proving  # noqa: F401
