"""Why Cyclr told nothing when it was asked, in words for staff."""

from __future__ import annotations

from typing import Any

from cyclr_api import (
    AccountRefusedError,
    CredentialsRefusedError,
    CyclrError,
    NotFoundError,
    PermanentError,
)
from dashboard.common.untrusted_text import storable
from dashboard.consoles.services import RetiredConsoleError
from dashboard.jobs.leases import Lease


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


def end_unanswered(lease: Lease[Any], error: BaseException | None) -> None:
    """End a reading that was given up with what kept it from being answered."""
    said = (error.cyclr_message or "") if isinstance(error, CyclrError) else ""
    lease.finish(last_error="Cyclr did not answer in time.", said=storable(said))
