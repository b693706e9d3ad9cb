"""The Django app of this package."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.accounts"
    label = "accounts"
