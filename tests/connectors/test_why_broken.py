"""Why a connector does not work, as a class: from status and words."""

from __future__ import annotations

import pytest

from cyclr_api import (
    AccountRefusedError,
    AddressRefusedError,
    CyclrError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
    UnreadableError,
)
from dashboard.connectors.why_broken import NEXT, why_broken
from dashboard.mirror.catalogue import AuthType
from dashboard.mirror.models import WhyBroken

CALL = "POST /account/connectors/{id}/methods/{method}"


def refused(kind: type[CyclrError], status: int, said: str = "") -> CyclrError:
    """An error as the client raises it."""
    return kind(CALL, status, said, through=1)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (refused(AccountRefusedError, 401, "invalid_grant: expired"), WhyBroken.CONSENT),
        (refused(RefusedError, 400, "The refresh token is invalid."), WhyBroken.CONSENT),
        (refused(AccountRefusedError, 401, "The access token was revoked"), WhyBroken.CONSENT),
        (refused(AccountRefusedError, 401, "Wrong password"), WhyBroken.CREDENTIALS),
        (refused(AccountRefusedError, 401, "Your API key is not known"), WhyBroken.CREDENTIALS),
        (refused(ForbiddenError, 403, "Insufficient scope"), WhyBroken.PERMISSION),
        (refused(RefusedError, 400, "You lack the permission"), WhyBroken.PERMISSION),
        (refused(ForbiddenError, 403), WhyBroken.PERMISSION),
        (refused(ForbiddenError, 403, "IP address 203.0.113.4 is blocked"), WhyBroken.ADDRESS),
        (refused(AddressRefusedError, 403), WhyBroken.ADDRESS),
        (refused(ForbiddenError, 403, "Your plan has no API"), WhyBroken.LIMIT),
        (refused(RefusedError, 402), WhyBroken.LIMIT),
        (refused(RateLimitedError, 429), WhyBroken.LIMIT),
        (refused(UnreachableError, 503), WhyBroken.OUTAGE),
        (UnreachableError(CALL), WhyBroken.OUTAGE),
        (refused(UnreadableError, 200), WhyBroken.OUTAGE),
        (refused(NotFoundError, 404, "No such password"), WhyBroken.UNKNOWN),
        (refused(RefusedError, 422, "Unprocessable"), WhyBroken.UNKNOWN),
        (refused(RefusedError, 400, "<b>airplane</b>"), WhyBroken.UNKNOWN),
    ],
)
def test_words_and_status_tell_the_class(error: CyclrError, why: WhyBroken) -> None:
    assert why_broken(error, {AuthType.API_KEY}) == why


@pytest.mark.parametrize(
    ("auth_types", "why"),
    [
        ({AuthType.SIGN_IN}, WhyBroken.CONSENT),
        ({AuthType.API_KEY}, WhyBroken.CREDENTIALS),
        ({AuthType.SIGN_IN, AuthType.API_KEY}, WhyBroken.CREDENTIALS),
        (set(), WhyBroken.CREDENTIALS),
    ],
)
def test_a_bare_401_means_what_was_given(auth_types: set[AuthType], why: WhyBroken) -> None:
    assert why_broken(refused(AccountRefusedError, 401), auth_types) == why


def test_each_class_says_what_to_do() -> None:
    assert set(NEXT) == set(WhyBroken)
