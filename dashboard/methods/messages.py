"""What is said of calls that did not go well, for staff."""

from __future__ import annotations

from cyclr_api import (
    AccountRefusedError,
    AddressRefusedError,
    CredentialsRefusedError,
    CyclrError,
    ForbiddenError,
    NotFoundError,
    OutcomeUnknownError,
    UnexpectedAnswerError,
    UnsendableError,
)
from dashboard.connectors import evidence
from dashboard.connectors.evidence import Evidence
from dashboard.consoles.services import RetiredConsoleError

NOT_ALLOWED = "Your role no longer allows this call, so it was not sent."
GONE = "The connector is gone from Cyclr, so nothing was sent."
LOST = "It was sent, and the answer was lost. Look at the third party before you call it again."
REFUSED_CREDENTIALS = (
    "It was refused (401): the connector’s credentials do not work, or the account is gone."
)
PAGE = (
    "This is a web page where Cyclr answers with JSON: perhaps a proxy’s or a sign-in page. So it "
    "does not prove that the connector works."
)
PAGE_OF_WRITING = (
    "It was sent, and a web page came back where Cyclr answers with JSON: perhaps a proxy’s or a "
    "sign-in page. Whether it was done is not known. Look at the third party before you call it "
    "again."
)
FORBIDDEN = (
    "It was refused (403). Whoever the connector is connected as may lack the permission for this "
    "one method. That says nothing of the others, so what is known of the connector stays."
)
FORBIDDEN_TEST = (
    "It was refused (403), and this connector is tested by it, so it counts as not working now."
)
FORBIDDEN_CREDENTIALS = (
    "It was refused (403) for the connector’s credentials, so it counts as not working now."
)
FORBIDDEN_ADDRESS = (
    "It was refused (403). It seems to be about this server’s address, which Cyclr’s support, or "
    "the third party, has to allow."
)
NO_ANSWER = "It could not be sent in time. Nothing happened at the third party."


def message_for(error: CyclrError, told: Evidence | None = None) -> str:
    """What kept a call from being answered well, for staff; `told`: what it says of all calls."""
    match error:
        case OutcomeUnknownError():
            return LOST
        case AddressRefusedError():
            return evidence.ADDRESS.replace("could be tested", "was called")
        case ForbiddenError():
            return _message_for_forbidden(told)
        case RetiredConsoleError():
            return "This console is no longer in use, so nothing was sent."
        case UnsendableError():
            return f"It was not sent: {error.reason}."
        case AccountRefusedError():
            return REFUSED_CREDENTIALS
        case CredentialsRefusedError():
            return "Cyclr refuses this console’s client id and secret, so nothing was sent."
        case NotFoundError():
            return "It was not found (404). The method, or what it asks for, does not exist."
        case UnexpectedAnswerError():
            return "The answer is too large to be kept."
        case _ if error.status:
            return f"It was refused ({error.status})."
        case _:
            return "It was refused."


def _message_for_forbidden(told: Evidence | None) -> str:
    if told is None:
        return FORBIDDEN
    if told.worked is None:
        return FORBIDDEN_ADDRESS
    is_about_credentials = told.why in evidence.ABOUT_CREDENTIALS
    return FORBIDDEN_CREDENTIALS if is_about_credentials else FORBIDDEN_TEST
