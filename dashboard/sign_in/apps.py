"""The Django app of this package."""

from django.apps import AppConfig


class SignInConfig(AppConfig):
    """See `docs/sign-in.md` for how signing in works."""

    name = "dashboard.sign_in"
    label = "sign_in"

    def ready(self) -> None:
        """Addresses are kept in step, and what people do is recorded, by signals."""
        from dashboard.sign_in import email_addresses, factors, notices  # noqa: F401
