"""The token: fetched once, shared, renewed ahead of its end and once after a 401."""

from __future__ import annotations

import json
import logging
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import parse_qs

import pytest

from cyclr_api import (
    AccountRefusedError,
    Client,
    CredentialsRefusedError,
    MemoryTokenStore,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    Secret,
    TemporaryError,
    Token,
    UndecodableError,
    UnreachableError,
)
from tests.cyclr_api.raw_server import (
    SECRET,
    TOKEN,
    after,
    client_of,
    hang,
    raw,
    reply,
    reset,
    serve,
    token,
)

ACCOUNT = {"Id": "a-1"}
LIFE = timedelta(seconds=1209599)


def read(client: Client) -> object:
    return client.account("a-1").get()


def write(client: Client) -> object:
    return client.account("a-1").connectors.install(7, name="CRM")


def stored(value: str = "b" * 64, *, age: timedelta) -> MemoryTokenStore:
    """A store whose token has lived for `age` of its life."""
    store = MemoryTokenStore()
    issued = datetime.now(UTC) - age
    store.put(Token(value, issued, issued + LIFE))
    return store


def test_the_token_is_asked_for_once_in_a_form_and_used_for_every_call() -> None:
    with serve(reply(200, ACCOUNT)) as server, client_of(server) as client:
        read(client)
        read(client)

    (asked,) = server.token_calls
    assert asked.headers["content-type"] == b"application/x-www-form-urlencoded"
    assert "authorization" not in asked.headers
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["desk"],
        "client_secret": [SECRET],
    }
    assert [call.headers["authorization"] for call in server.calls] == [
        f"Bearer {TOKEN}".encode()
    ] * 2


def test_twenty_threads_fetch_one_token() -> None:
    with serve(reply(200, ACCOUNT)) as server, client_of(server) as client:
        server.token_script = [after(0.2, reply(200, token()))]
        with ThreadPoolExecutor(20) as threads:
            list(threads.map(lambda _: read(client), range(20)))

        assert len(server.token_calls) == 1
        assert len(server.calls) == 20


@pytest.mark.parametrize("call", [read, write])
def test_a_revoked_token_is_renewed_and_the_call_replayed(call: object) -> None:
    with serve(reply(401), reply(200, {"Id": 1})) as server:
        client = client_of(server, tokens=stored(age=timedelta(0)))
        call(client)  # type: ignore[operator]

    assert [request.headers["authorization"] for request in server.calls] == [
        b"Bearer " + b"b" * 64,
        f"Bearer {TOKEN}".encode(),
    ]


def test_twenty_threads_renew_a_revoked_token_once() -> None:
    with serve(reply(200, ACCOUNT)) as server:
        server.token_script = [after(0.2, reply(200, token()))]
        plain = server.play

        def play(request):  # type: ignore[no-untyped-def]
            is_old = request.headers.get("authorization") == b"Bearer " + b"b" * 64
            return reply(401) if is_old else plain(request)

        server.play = play  # type: ignore[method-assign]
        store = stored(age=timedelta(0))
        clients = [client_of(server, tokens=store) for _ in range(20)]
        with ThreadPoolExecutor(20) as threads:
            list(threads.map(read, clients))

    assert len(server.token_calls) == 1


def test_a_401_with_a_new_token_is_final() -> None:
    with serve(reply(401, {"Message": "Authorization has been denied."})) as server:
        client = client_of(server)
        with pytest.raises(CredentialsRefusedError) as caught:
            read(client)

    assert type(caught.value) is CredentialsRefusedError
    assert (caught.value.status, caught.value.call) == (401, "GET /accounts/{id}")
    assert len(server.calls) == len(server.token_calls) == 2


def test_a_401_to_an_accounts_call_points_at_the_account() -> None:
    with serve(reply(401)) as server, pytest.raises(AccountRefusedError):
        client_of(server).account("gone").connector(5).get()


def test_a_401_with_a_new_token_is_told_in_cyclrs_words() -> None:
    denied = reply(401, {"Message": "Denied."})
    with serve(denied) as server, pytest.raises(CredentialsRefusedError) as caught:
        read(client_of(server))

    said = "GET /accounts/{id}: refused with a token just renewed (status 401): Denied."
    assert str(caught.value) == said


@pytest.mark.parametrize("path", [lambda a: a.get(), lambda a: a.connectors.all()])
def test_a_401_to_a_restricted_client_points_at_its_account(path: object) -> None:
    with serve(reply(401)) as server:
        client = client_of(server, restricted_to="acme/eu")
        with pytest.raises(AccountRefusedError):
            path(client.account("acme/eu"))  # type: ignore[operator]

    assert parse_qs(server.token_calls[0].body.decode())["scope"] == ["account:acme/eu"]


def test_a_token_for_all_accounts_is_asked_for_without_a_scope() -> None:
    with serve(reply(200, ACCOUNT)) as server:
        read(client_of(server))

    assert "scope" not in parse_qs(server.token_calls[0].body.decode())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302])
def test_refused_credentials_are_no_missing_account(status: int) -> None:
    with serve(reply(200, ACCOUNT)) as server:
        server.token_script = [reply(status, {"error": "invalid_client"})]
        with pytest.raises(CredentialsRefusedError) as caught:
            write(client_of(server))

    assert not isinstance(caught.value, NotFoundError)
    assert caught.value.call == "POST /oauth/token"
    words = "POST /oauth/token: the token endpoint refused: are address and credentials right?"
    said = "" if status == 302 else ": invalid_client"
    assert str(caught.value) == f"{words} (status {status}){said}"
    assert (len(server.token_calls), len(server.calls)) == (1, 0)


def test_a_token_endpoint_in_trouble_is_asked_again() -> None:
    with serve(reply(200, ACCOUNT)) as server:
        server.token_script = [reply(503), reset]
        read(client_of(server))

    assert len(server.token_calls) == 3


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (reply(500), UnreachableError),
        (hang, UnreachableError),
        (reply(429), RateLimitedError),
        (reply(200, b"<html>"), TemporaryError),
        (reply(200, {"token_type": "bearer"}), TemporaryError),
        (reply(200, token("two words")), TemporaryError),
        (reply(200, token("a\r\nX-Evil: 1")), TemporaryError),
        (reply(200, token(token_type="mac")), TemporaryError),
    ],
)
def test_without_a_token_nothing_is_sent_not_even_a_write(play: object, kind: type) -> None:
    with serve(reply(200, ACCOUNT)) as server:
        server.token_script = [play] * 3  # type: ignore[list-item]
        with pytest.raises(kind) as caught:
            write(client_of(server, read=0.2, total=0.5))

    assert not isinstance(caught.value, OutcomeUnknownError)
    assert server.calls == []


def test_those_who_waited_share_the_failure() -> None:
    with serve(reply(200, ACCOUNT)) as server:
        slow = threading.Event()

        def refuse(connection):  # type: ignore[no-untyped-def]
            slow.wait(0.3)
            reply(400, {"error": "invalid_client"})(connection)

        server.token_script = [refuse] * 10
        client = client_of(server)
        failures = []

        def ask() -> None:
            try:
                read(client)
            except CredentialsRefusedError as error:
                failures.append(error)

        threads = [threading.Thread(target=ask) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(failures) == 10
    assert len(server.token_calls) == 1
    assert len({id(failure) for failure in failures}) == 10
    assert {str(failure) for failure in failures} == {
        "POST /oauth/token: the token endpoint refused: are address and credentials right?"
        " (status 400): invalid_client"
    }


def test_those_who_waited_are_told_how_long_to_stay_away() -> None:
    with serve(reply(200, ACCOUNT)) as server:
        slow_down = reply(429, {"Message": "slow"}, headers="Retry-After: 900\r\n")
        server.token_script = [after(0.2, slow_down)] * 10
        client = client_of(server)

        def ask(_: int) -> RateLimitedError:
            with pytest.raises(RateLimitedError) as caught:
                read(client)
            return caught.value

        with ThreadPoolExecutor(5) as threads:
            failures = list(threads.map(ask, range(5)))

    assert len(server.token_calls) == 1
    assert {(each.status, each.retry_after, str(each)) for each in failures} == {
        (429, 900, "POST /oauth/token: Cyclr asks for a pause (status 429): slow")
    }


def test_who_comes_after_a_failure_asks_again() -> None:
    with serve(reply(200, ACCOUNT)) as server:
        server.token_script = [reply(400, {"error": "invalid_client"})] * 2
        client = client_of(server)
        for _ in range(2):
            with pytest.raises(CredentialsRefusedError):
                read(client)
        read(client)

    assert len(server.token_calls) == 3


def test_a_token_is_old_exactly_when_its_life_is_over_and_ageing_after_four_fifths() -> None:
    start = datetime(2024, 3, 4, tzinfo=UTC)
    made = Token(TOKEN, start, start + timedelta(seconds=100))
    moments = [start + timedelta(seconds=seconds) for seconds in (79.999, 80, 99.999, 100)]

    assert [made.is_ageing(moment) for moment in moments] == [False, True, True, True]
    assert [made.is_expired(moment) for moment in moments] == [False, False, False, True]


def test_an_ageing_token_is_renewed_ahead() -> None:
    store = stored(age=LIFE * 0.81)
    with serve(reply(200, ACCOUNT)) as server:
        read(client_of(server, tokens=store))

    assert (store.get() or pytest.fail()).value == TOKEN
    assert server.calls[0].headers["authorization"] == f"Bearer {TOKEN}".encode()


def test_a_young_token_is_not_renewed() -> None:
    with serve(reply(200, ACCOUNT)) as server:
        read(client_of(server, tokens=stored(age=LIFE * 0.79)))

    assert server.token_calls == []


def test_an_ageing_token_serves_on_while_it_cannot_be_renewed() -> None:
    with serve(reply(200, ACCOUNT)) as server:
        server.token_script = [reply(503)] * 9
        client = client_of(server, tokens=stored(age=LIFE * 0.9))
        read(client)
        read(client)

    assert len(server.calls) == 2
    assert len(server.token_calls) == 3  # the first call's attempts; then it rests


def test_a_renewal_that_failed_is_tried_again_after_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, ahead = time.monotonic, [0.0]
    monkeypatch.setattr("cyclr_api.auth.time.monotonic", lambda: real() + ahead[0])
    with serve(reply(200, ACCOUNT)) as server:
        server.token_script = [reply(503)] * 3
        client = client_of(server, tokens=stored(age=LIFE * 0.9))
        for seconds, asked in ((0.0, 3), (55.0, 3), (65.0, 4)):
            ahead[0] = seconds
            read(client)
            assert len(server.token_calls) == asked

    assert "cyclr token not renewed status=503" in caplog.messages


def test_the_log_tells_what_becomes_of_tokens(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="cyclr_api.auth")
    with serve(reply(401), reply(200, ACCOUNT)) as server:
        read(client_of(server, tokens=stored(age=timedelta(0))))

    assert caplog.messages == [
        "cyclr token refused call='GET /accounts/{id}'",
        "cyclr token fetched life=1209599",
    ]


def test_an_expired_token_is_not_used() -> None:
    with serve(reply(200, ACCOUNT)) as server:
        server.token_script = [raw(b"")] * 3
        with pytest.raises(TemporaryError):
            read(client_of(server, tokens=stored(age=LIFE * 1.01)))

    assert server.calls == []


def test_a_token_with_all_its_dates_lives_as_long_as_the_shortest_of_them() -> None:
    issued = datetime.now(UTC).replace(microsecond=0)
    shape = "%a, %d %b %Y %H:%M:%S GMT"
    made = Token.from_answer(
        token(**{".issued": issued.strftime(shape), ".expires": (issued + LIFE).strftime(shape)})
    )

    assert abs((made.expires_at - made.issued_at) - LIFE) < timedelta(seconds=2)


@pytest.mark.parametrize("skew", [timedelta(days=-30), timedelta(days=30)])
def test_a_wrong_clock_does_not_shorten_or_lengthen_a_tokens_life(skew: timedelta) -> None:
    issued = datetime.now(UTC) + skew
    shape = "%a, %d %b %Y %H:%M:%S GMT"
    made = Token.from_answer(
        token(**{".issued": issued.strftime(shape), ".expires": (issued + LIFE).strftime(shape)})
    )

    assert abs((made.expires_at - made.issued_at) - LIFE) < timedelta(seconds=2)


SHAPE = "%a, %d %b %Y %H:%M:%S GMT"


def life_of(**dates: object) -> float:
    """Seconds that a token with these lives."""
    made = Token.from_answer({"access_token": TOKEN, **dates})
    return (made.expires_at - made.issued_at).total_seconds()


def from_now(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime(SHAPE)


@pytest.mark.parametrize(
    ("expires_in", "issued", "expires", "life"),
    [
        (3600, None, None, 3600),
        ("3600", None, None, 3600),
        (1, None, None, 1),
        (10**9, None, None, 30 * 24 * 3600),
        (-(10**18), None, None, 600),
        (-(10**18), None, 7200, 7200),
        (None, None, 7200, 7200),
        (None, -9000, -1800, 7200),
        (None, 3600, 7200, 3600),
        (None, 3600, None, 600),
        (3600, None, 7200, 3600),
        (7200, None, 3600, 3600),
    ],
)
@pytest.mark.parametrize("zone", ["GMT", "-0000"])
def test_a_tokens_life_is_the_shortest_that_the_answer_implies(
    expires_in: object, issued: float | None, expires: float | None, life: float, zone: str
) -> None:
    dates = {
        name: from_now(seconds).replace("GMT", zone)
        for name, seconds in ((".issued", issued), (".expires", expires))
        if seconds is not None
    }

    assert abs(life_of(expires_in=expires_in, **dates) - life) < 5


def test_the_dates_of_a_token_may_be_in_any_zone() -> None:
    zone = timezone(timedelta(hours=5))
    expires = datetime.now(zone) + timedelta(hours=2)

    assert abs(life_of(**{".expires": format_datetime(expires)}) - 7200) < 5


def test_the_keys_of_a_token_may_be_spelt_otherwise() -> None:
    assert life_of(EXPIRES_IN=3600) == 3600


@pytest.mark.parametrize("rubbish", [None, 0, -5, "soon", [], 10**30])
def test_a_token_without_a_sensible_life_lives_shortly(rubbish: object) -> None:
    made = Token.from_answer(token(expires_in=rubbish, **{".expires": "never"}))

    assert made.expires_at - made.issued_at == timedelta(minutes=10)


@pytest.mark.parametrize("value", [None, [], {}, {"access_token": ""}, {"access_token": "ä"}])
def test_an_answer_without_a_token_is_unusable(value: object) -> None:
    with pytest.raises(UndecodableError):
        Token.from_answer(value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([], "token: not an object"),
        ({}, "token: no usable token"),
        ({"access_token": "a", "token_type": "mac"}, "token: not a bearer token"),
    ],
)
def test_an_answer_without_a_token_is_told_by_its_kind(answer: object, words: str) -> None:
    with pytest.raises(UndecodableError) as caught:
        Token.from_answer(answer)

    assert str(caught.value) == words


@pytest.mark.parametrize("name", ["bearer", "Bearer", "BEARER", "", None])
def test_a_token_type_may_be_spelt_otherwise_or_missing(name: str | None) -> None:
    assert Token.from_answer({"access_token": TOKEN, "token_type": name}).value == TOKEN


@pytest.mark.parametrize("value", ["", "a b", "a\n", "ä", "a" * 8193])
def test_a_token_that_no_header_can_carry_is_none(value: str) -> None:
    now = datetime.now(UTC)
    with pytest.raises(ValueError, match="^A bearer token is printable ASCII without spaces$"):
        Token(value, now, now)


def test_secrets_do_not_show() -> None:
    now = datetime.now(UTC)
    shown = [repr(Token(TOKEN, now, now)), repr(Secret(SECRET)), f"{Secret(SECRET)}"]

    assert all(TOKEN not in text and SECRET not in text for text in shown)
    with pytest.raises(TypeError):
        pickle.dumps(Secret(SECRET))
    assert Secret(Secret(SECRET)).reveal() == SECRET


def test_errors_survive_a_copy() -> None:
    error = RateLimitedError("GET /accounts", 429, "slow", 7, reason="pause")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert (str(copy), copy.retry_after) == (str(error), 7)
    assert str(copy) == "GET /accounts: pause (status 429): slow"


def test_a_stored_token_is_written_in_a_form_that_lasts() -> None:
    issued = datetime(2024, 3, 4, 9, 12, 55, tzinfo=UTC)
    written = {
        "value": TOKEN,
        "issued_at": "2024-03-04T09:12:55+00:00",
        "expires_at": "2024-03-18T09:12:54+00:00",
    }

    assert Token(TOKEN, issued, issued + LIFE).to_json() == written
    assert Token.from_json(written) == Token(TOKEN, issued, issued + LIFE)
    with pytest.raises(UndecodableError, match="^stored token: not an object$"):
        Token.from_json([written])
    with pytest.raises(UndecodableError, match="^stored token: not whole$"):
        Token.from_json({**written, "value": None})


def test_a_token_survives_its_store() -> None:
    now = datetime.now(UTC)
    kept = Token(TOKEN, now, now + LIFE)

    assert Token.from_json(json.loads(json.dumps(kept.to_json()))) == kept


@pytest.mark.parametrize("change", [{"value": "a b"}, {"value": None}, {"expires_at": "?"}])
def test_a_damaged_stored_token_is_unusable(change: dict[str, object]) -> None:
    now = datetime.now(UTC)
    with pytest.raises(UndecodableError):
        Token.from_json(Token(TOKEN, now, now).to_json() | change)
