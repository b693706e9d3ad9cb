"""What a call through an installed connector says of it: does it work, and if not, why.

Tests and method calls are evidence alike. Only what came through the connector counts, and an
older call never overwrites what a newer one told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from cyclr_api import (
    AccountRefusedError,
    AddressRefusedError,
    CredentialsRefusedError,
    CyclrError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
)
from dashboard.common.untrusted_text import display_text
from dashboard.connectors.why_broken import ABOUT_ADDRESS, why_broken
from dashboard.mirror import writing_evidence
from dashboard.mirror.catalogue import auth_types_of
from dashboard.mirror.models import AccountConnector, WhyBroken

ADDRESS = (
    "Cyclr does not accept method calls from this server’s address, so nothing could be "
    "tested. Ask Cyclr’s support to allow it."
)
OTHER_ADDRESS = (
    "It seems to be about this server’s address, so nothing could be proven. Cyclr’s support, or "
    "the third party, has to allow it."
)
FORBIDDEN = (
    "The connection may lack a permission for it, or this server’s address is not allowed there: "
    "the answer does not tell which."
)

ABOUT_CREDENTIALS = frozenset({WhyBroken.CONSENT, WhyBroken.CREDENTIALS})
"""What stops every method, whichever was called."""

NO_GOOD = re.compile(
    r"invalid|expired|revoked|withdrawn|incorrect|wrong|no longer|\bbad\b|"
    r"not (valid|recogni[sz]ed|accepted|active)|re-?authori[sz]|(log|sign) ?in again",
    re.IGNORECASE,
)
"""Words of a 403 that say what became of credentials; others only name what a method is about."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a call told. `worked` is None when it says nothing about the connection."""

    worked: bool | None
    identity: str = ""
    """Whose account it is at the third party; empty when that is not told."""
    summary: str = ""
    said: str = ""
    """Cyclr's own summary: text from outside."""
    why: str = ""
    """The class of why it does not work, or could not be tested; of `WhyBroken`."""
    method: str = ""
    """What was called and answered."""


def quoted(method: object) -> str:
    """A method's name in a sentence."""
    return f"“{display_text(method)}”"


def of_refusal(connector: AccountConnector, method: object, error: CyclrError) -> Evidence:
    """What the refusal of a test means; raises it if it is about the console's credentials."""
    found = _of_refusal(connector, method, error)
    return replace(found, why=why_broken(error, auth_types_of(connector.methods)))


def _of_refusal(connector: AccountConnector, method: object, error: CyclrError) -> Evidence:
    said, called = error.cyclr_message or "", quoted(method)
    match error:
        case AddressRefusedError():
            # Our address is not allowed there; the connection may be as good as ever.
            return Evidence(None, summary=ADDRESS, said=said)
        case ForbiddenError() if ABOUT_ADDRESS.search(said):
            summary = f"{called} was forbidden (403). {OTHER_ADDRESS}"
            return Evidence(None, summary=summary, said=said)
        case ForbiddenError():
            return Evidence(False, summary=f"{called} was forbidden (403). {FORBIDDEN}", said=said)
        case AccountRefusedError():
            summary = f"{called} was refused ({error.status}): the credentials do not work."
            return Evidence(False, summary=summary, said=said)
        case CredentialsRefusedError():
            raise error
        case NotFoundError():
            summary = f"{called} was not found (404). Choose the test method again in Settings."
            return Evidence(None, summary=summary, said=said)
        case RefusedError() if connector.authenticated is False:
            return Evidence(False, summary="It is not authenticated.", said=said)
        case _:
            status = f" ({error.status})" if error.status else ""
            summary = f"{called} was refused{status}: the test was inconclusive."
            return Evidence(None, summary=summary, said=said)


def of_call(
    connector: AccountConnector,
    method: object,
    error: CyclrError | None,
    *,
    is_test_method: bool = False,
) -> Evidence | None:
    """What a call that somebody made of any method tells, None where that is nothing.

    A 401 is about the credentials, so it speaks against the connection. A 403 may be a permission
    that this one method needs: it does so only for the kind's test method, or where its words
    say that the credentials are no good: “password” alone may be what the method is about.
    Whatever else is refused may be about the values of the call.
    """
    if error is None:
        return Evidence(True, method=str(method))
    if isinstance(error, AccountRefusedError):
        return of_refusal(connector, method, error)
    if not isinstance(error, ForbiddenError):
        return None
    found = of_refusal(connector, method, error)
    if is_test_method or found.worked is None:
        return found
    is_about_all = found.why in ABOUT_CREDENTIALS and NO_GOOD.search(found.said)
    return found if is_about_all else None


def write(connector: AccountConnector, found: Evidence, began: datetime) -> None:
    """Write to the mirror what a call told that began then."""
    if found.worked:
        writing_evidence.write_test_passed(connector, began, found.identity, found.method)
    elif found.worked is False:
        why = WhyBroken(found.why or WhyBroken.UNKNOWN)
        writing_evidence.write_test_failed(connector, began, found.summary, why)
    elif found.why:
        writing_evidence.write_test_unclear(connector, began, WhyBroken(found.why))
