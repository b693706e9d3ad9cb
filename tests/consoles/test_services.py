"""A console's token and health as all workers share them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from cyclr_api import (
    AccountRefusedError,
    CredentialsRefusedError,
    CyclrError,
    ForbiddenError,
    OutcomeUnknownError,
    RateLimitedError,
    Token,
    UnexpectedAnswerError,
    UnreachableError,
)
from dashboard.consoles import services
from dashboard.consoles.models import Console
from dashboard.consoles.services import SharedTokens, note
from tests.factories import make_console


@pytest.mark.redis
def test_the_token_is_shared_and_encrypted(redis_url: str, settings: Any, db: None) -> None:
    settings.REDIS_URL = redis_url
    console = make_console()
    now = datetime.now(UTC)
    token = Token(value="canary-token", issued_at=now, expires_at=now + timedelta(days=14))
    SharedTokens(console).put(token)

    found = SharedTokens(console).get()
    assert found is not None
    assert found.value == "canary-token"
    kept = str(redis.Redis.from_url(redis_url).get(f"token:{console.pk}"))
    assert "v1." in kept
    assert "canary" not in kept
    with SharedTokens(console).renewing():
        pass


@pytest.mark.redis
def test_a_token_is_looked_up_once_for_calls_in_a_row(
    redis_url: str, settings: Any, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = redis_url
    console, now = make_console(), datetime.now(UTC)
    first, second = (
        Token(value=value, issued_at=now, expires_at=now + timedelta(days=14))
        for value in ("first", "second")
    )
    mine, theirs = SharedTokens(console), SharedTokens(console)
    theirs.put(first)
    assert mine.get() == first

    theirs.put(second)

    assert mine.get() == first
    with mine.renewing():
        assert mine.get() == second
    monkeypatch.setattr(services, "LOOKED_UP_FOR", 0.0)
    mine.put(first)
    assert (mine.get(), theirs.get()) == (first, first)
    theirs.put(second)
    assert mine.get() == second


def test_a_failure_is_trouble_since_the_first_and_an_answer_ends_it(db: None) -> None:
    console = make_console()
    note(console, UnreachableError("GET /accounts"))
    since = Console.objects.get().trouble_since
    assert since is not None
    note(console, UnreachableError("GET /accounts", 503))
    troubled = Console.objects.get()
    assert troubled.trouble_since == since
    assert troubled.trouble == "Cyclr answers with an error (503)."
    note(console, None)

    assert Console.objects.get().trouble_since is None


def test_one_unknown_account_is_no_trouble_with_the_credentials(db: None) -> None:
    console = make_console()
    for _ in range(3):
        note(console, AccountRefusedError("GET /account/connectors", 401))
    assert Console.objects.get().trouble == ""
    for _ in range(2):
        note(console, CredentialsRefusedError("POST /oauth/token", 400))

    assert "client id and secret" in Console.objects.get().trouble


def test_who_asks_a_customer_has_a_name() -> None:
    named = Console(partner_name="Larkfield", service_url="https://acme-h.cyclr.com")
    derived = Console(service_url="https://acme-books-h.cyclr.com")
    neither = Console(service_url="http://127.0.0.1:9000")

    assert named.asks_as == "Larkfield"
    assert derived.asks_as == "Acme Books"
    assert neither.asks_as == "Your software provider"


METHOD = "POST /account/connectors/{id}/methods/{method}"


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError(METHOD, 500, through=7),
        OutcomeUnknownError(METHOD, 503, through=7),
        RateLimitedError(METHOD, 429, retry_after=60, through=7),
        UnexpectedAnswerError(METHOD, 200, through=7),
        AccountRefusedError(METHOD, 401, through=7),
        ForbiddenError(METHOD, 403, through=7),
    ],
)
def test_what_a_third_party_answers_is_an_answer_of_cyclr_s(error: CyclrError, db: None) -> None:
    console = make_console()
    note(console, UnreachableError("GET /accounts"))
    note(console, error)

    now = Console.objects.get()
    assert (now.trouble, now.failures) == ("", 0)
    assert now.answered_at is not None


def test_silence_behind_a_method_says_nothing_about_cyclr(db: None) -> None:
    console = make_console()
    note(console, UnreachableError(METHOD, through=7))
    assert Console.objects.get().trouble == ""
    note(console, UnreachableError("GET /accounts"))
    note(console, OutcomeUnknownError(METHOD, through=7))

    assert Console.objects.get().trouble == "Cyclr does not answer."
