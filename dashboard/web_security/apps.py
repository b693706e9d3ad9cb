"""The Django app of this package."""

from django.apps import AppConfig


class WebSecurityConfig(AppConfig):
    """See `docs/security.md` for what belongs here."""

    name = "dashboard.web_security"
    label = "web_security"
