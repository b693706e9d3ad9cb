"""The Django app of this room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here."""

    name = "dashboard.accounts"
    label = "accounts"
