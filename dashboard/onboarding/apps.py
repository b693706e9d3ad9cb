"""The Django app of onboarding."""

from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.onboarding"
    label = "onboarding"

    def ready(self) -> None:
        """What registers itself: jobs, labels, kinds of notifications, answers about accounts."""
        from dashboard.onboarding import notification_kinds, registration, tasks  # noqa: F401
