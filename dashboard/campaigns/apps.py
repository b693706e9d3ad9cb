"""The Django app of campaigns."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.campaigns"
    label = "campaigns"

    def ready(self) -> None:
        """What registers itself: the page of a campaign, labels."""
        from dashboard.campaigns import registration  # noqa: F401
