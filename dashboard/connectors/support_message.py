"""What to write to Cyclr's support when it does not accept calls from this server's address."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from dashboard.common.untrusted_text import display_line
from dashboard.mirror.models import AccountConnector

NOT_TOLD = "[the public IP address of our server]"
"""What stands there while DESK_EGRESS_ADDRESSES is empty."""


def addresses() -> str:
    """Where calls come from, as others see it; empty while nobody has said."""
    return ", ".join(settings.EGRESS_ADDRESSES)


def support_message(connector: AccountConnector, said: str = "") -> str:
    """A message that can be sent as it is. `said`: what Cyclr answered."""
    console = connector.account.console
    answer = f" The answer was: “{display_line(said)[:300]}”." if said else ""
    return (
        "Hello,\n\n"
        "please allow calls of connector methods through your API from this address:\n\n"
        f"    {addresses() or NOT_TOLD}\n\n"
        f"It is about the console at {console.api_url}, client id {console.client_id}. "
        f"An example: account connector {connector.cyclr_id} in the account "
        f"{display_line(connector.account.cyclr_id)}, refused with 403 before "
        f"{timezone.now():%Y-%m-%d %H:%M} UTC.{answer}\n\n"
        "Thank you."
    )
