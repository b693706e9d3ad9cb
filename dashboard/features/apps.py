"""The Django app of this package."""

from django.apps import AppConfig


class FeaturesConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.features"
    label = "features"
