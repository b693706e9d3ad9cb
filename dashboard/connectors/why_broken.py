"""In which class it belongs that a connector does not work, and what to do about it.

Cyclr hands on a third party's refusal as status and words. Words that name their reason go before
the status, and before both goes what Cyclr says of our own address. What is not clear is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from cyclr_api import (
    AccountRefusedError,
    AddressRefusedError,
    CyclrError,
    ForbiddenError,
    RateLimitedError,
    RefusedError,
    UnreadableError,
)
from dashboard.mirror.catalogue import SIGNED_IN, AuthType
from dashboard.mirror.models import WhyBroken

PAYMENT_REQUIRED, SERVER_ERROR = 402, 500

ABOUT_ADDRESS = re.compile(
    r"\bips?\b|\bip[ -]?(v[46]|address|range|rule)|(allow|white|deny|block)[ -]?list|"
    r"\b(client|source|remote|your|this) (address|network|host)\b",
    re.IGNORECASE,
)
"""Words of a 403 that are about where a call came from, not about its credentials."""

_WORDS = {
    WhyBroken.LIMIT: re.compile(
        r"\bquota|rate.?limit|too many requests|limit (is |was |has been )?(reached|exceeded)|"
        r"exceeds? (the|your) limit|\bplan\b|subscription|\bbilling\b|payment|\btrial\b|upgrade",
        re.IGNORECASE,
    ),
    WhyBroken.CONSENT: re.compile(
        r"invalid_grant|invalid_token|consent|refresh.?token|re-?authori[sz]|"
        r"(token|grant|authori[sz]ation|session)\W+(is |was |has |have |been )*"
        r"(expired|revoked|withdrawn|invalid|no longer)",
        re.IGNORECASE,
    ),
    WhyBroken.PERMISSION: re.compile(
        r"permission|insufficient|\bscopes?\b|\bprivilege|not (allowed|authori[sz]ed|permitted)|"
        r"access (is )?denied",
        re.IGNORECASE,
    ),
    WhyBroken.CREDENTIALS: re.compile(
        r"password|pass.?phrase|api.?key|\bthe key\b|credentials|invalid (user|login|key)|log ?in",
        re.IGNORECASE,
    ),
}
"""What third parties write, the class that is surest first."""

NEXT = {
    WhyBroken.CONSENT: "Send the customer a connection link, so that they sign in again.",
    WhyBroken.CREDENTIALS: "Ask the customer for the new ones, best by a connection link.",
    WhyBroken.PERMISSION: (
        "Ask the customer to give the user whom it is connected as the permission, or choose a "
        "test method that needs none, then test again. Other methods may work as before."
    ),
    WhyBroken.ADDRESS: (
        "The customer need not do anything. Ask Cyclr’s support, or the third party, to allow the "
        "address, then test again."
    ),
    WhyBroken.LIMIT: "The customer has to look at their plan there, or it works again later.",
    WhyBroken.OUTAGE: "Probably nothing is wrong with the connection. Test again later.",
    WhyBroken.UNKNOWN: "Read the answer below. If it tells nothing, connect again and test.",
}
"""What to do, as a sentence for staff."""


def why_broken(error: CyclrError, auth_types: Collection[AuthType]) -> WhyBroken:
    """The class of a call's failure, for a connector that is authenticated in one of these ways."""
    said, status = error.cyclr_message or "", error.status or 0
    is_about_address = isinstance(error, ForbiddenError) and ABOUT_ADDRESS.search(said)
    if isinstance(error, AddressRefusedError) or is_about_address:
        return WhyBroken.ADDRESS
    if isinstance(error, RateLimitedError) or status == PAYMENT_REQUIRED:
        return WhyBroken.LIMIT
    if isinstance(error, UnreadableError) or status >= SERVER_ERROR or not status:
        return WhyBroken.OUTAGE
    if isinstance(error, AccountRefusedError | ForbiddenError | RefusedError):
        told = next((why for why, message in _WORDS.items() if message.search(said)), None)
        return told or _by_status(error, auth_types)
    return WhyBroken.UNKNOWN


def _by_status(error: CyclrError, auth_types: Collection[AuthType]) -> WhyBroken:
    """What a refusal means that gives no reason."""
    if isinstance(error, ForbiddenError):
        return WhyBroken.PERMISSION
    if not isinstance(error, AccountRefusedError):
        return WhyBroken.UNKNOWN
    is_signed_in = bool(auth_types) and SIGNED_IN.issuperset(auth_types)
    return WhyBroken.CONSENT if is_signed_in else WhyBroken.CREDENTIALS
