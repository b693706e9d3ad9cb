"""What `manage.py check --deploy` says about mail to customers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from dashboard.common import mail


@register(deploy=True)
def check_mail(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Whether mail leaves this machine, and from the domain that its links lead to."""
    found: list[CheckMessage] = []
    if not settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend"):
        found.append(
            Warning(
                "Mail to customers is not sent: no mail server is set.",
                hint="Set EMAIL_URL, such as smtp+tls://user:password@mail.example.com:587.",
                id="links.W001",
            )
        )
    sender = mail.sender_address().rpartition("@")[2].lower()
    public = (urlsplit(settings.PUBLIC_URL).hostname or "").lower()
    if not (sender and public and _are_related(sender, public)):
        found.append(
            Warning(
                f"Mail comes from {sender or 'no domain'}, its links lead to {public}: mail "
                "filters and customers may take that for fraud.",
                hint="Give DEFAULT_FROM_EMAIL an address in the domain of PUBLIC_URL.",
                id="links.W002",
            )
        )
    return found


def _are_related(one: str, other: str) -> bool:
    """Whether one is the other or within it: `example.com` and `connect.example.com`."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
