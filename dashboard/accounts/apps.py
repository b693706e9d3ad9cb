"""The Django app of this package."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.accounts"
    label = "accounts"

    def ready(self) -> None:
        """The engine learns the kinds of this package of operation, the workers its jobs."""
        from dashboard.accounts import handlers, registration, tasks  # noqa: F401
