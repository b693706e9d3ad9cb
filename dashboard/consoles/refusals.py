"""Why Cyclr told nothing when it was asked, in words for staff."""

from __future__ import annotations

from cyclr_api import (
    AccountRefusedError,
    CredentialsRefusedError,
    NotFoundError,
    PermanentError,
)
from dashboard.consoles.services import RetiredConsoleError


def refusal(error: PermanentError, gone: str) -> str:
    """What a page shows in place of the answer; `gone`: that Cyclr does not have it any more."""
    match error:
        case AccountRefusedError():
            return "Cyclr refuses access to this account. Refresh it: it may be gone."
        case RetiredConsoleError():
            return "This console is no longer in use."
        case CredentialsRefusedError():
            return "Cyclr refuses this console’s client id and secret."
        case NotFoundError():
            return gone
        case _:
            return f"Cyclr refused ({error.status})." if error.status else "Cyclr refused."
