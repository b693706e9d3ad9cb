"""The client against a Cyclr that misbehaves, end to end: no wrong answer, no effect twice."""

from __future__ import annotations

import gzip
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api import (
    Client,
    CredentialsRefusedError,
    CyclrError,
    OutcomeUnknownError,
    PermanentError,
    Retries,
    TemporaryError,
    Timeouts,
    Token,
    UnreachableError,
)
from cyclr_api.simulator import CyclrState, application, empty_state, mount
from cyclr_api.simulator.server.sockets import Server
from tests.cyclr_api.certificates import make_certificate, server_context
from tests.cyclr_api.raw_server import (
    SECRET,
    answer_of,
    client_of,
    reply,
    serve,
    together,
    token,
)
from tests.support.waiting import CEILING

ACCOUNT = "acme/eu"
RELEASE = 17301
INSTALL = ("POST", "/connectors/{id}/install")

QUICK = Timeouts(connect=1, read=0.1, total=0.15)
PATIENT = Timeouts(connect=CEILING, read=CEILING, total=CEILING)
"""Where nothing is slow on purpose: a machine that is busy takes longer than any limit."""
LARGEST = 200_000


def make_state(seed: int) -> CyclrState:
    state = empty_state()
    state.faults = type(state.faults)(seed)
    state.add_account(Id=ACCOUNT, Name="Acme EU")
    state.add_connector(Id=RELEASE, Name="Parcel Desk", Version="2.0", Status="Approved")
    return state


def make_client(state: CyclrState, session: requests.Session, **settings: Any) -> Client:
    client_id, client_secret = state.credentials[0]
    values: dict[str, Any] = {
        "timeouts": QUICK,
        "retries": Retries(first=0),
        "max_bytes": LARGEST,
    } | settings
    return Client(
        state.api_url,
        client_id=client_id,
        client_secret=client_secret,
        session=session,
        **values,
    )


@contextmanager
def mounted(state: CyclrState, **settings: Any) -> Iterator[Client]:
    """A client whose calls end in the state without a socket."""
    state.api_url = "https://cyclr.test"
    session = requests.Session()
    mount(state, session)
    yield make_client(state, session, **settings)


@contextmanager
def served(state: CyclrState, **settings: Any) -> Iterator[Client]:
    """A client and the same state behind a real socket."""
    server = Server(application(state))
    port = server.listen("127.0.0.1", 0)
    state.api_url = state.service_url = f"http://127.0.0.1:{port}"
    server.start()
    try:
        with make_client(state, requests.Session(), **settings) as client:
            yield client
    finally:
        server.stop()


# ---- writes ----


def break_next_install(state: CyclrState, chance: random.Random) -> str:
    """Lets something happen to the next install, or nothing; answers what."""
    faults = state.faults
    act = chance.random() < 0.5
    kinds: dict[str, Callable[[], object]] = {
        "nothing": lambda: None,
        "dropped after it acted": lambda: faults.drop_after_effect(*INSTALL),
        "dropped before it acted": lambda: faults.drop_before_effect(*INSTALL),
        "commits late": lambda: faults.commit_late(*INSTALL, seconds=chance.choice([0.01, 30.0])),
        "truncated": lambda: faults.truncate(*INSTALL, keep=chance.random(), honest=act),
        "trouble": lambda: faults.respond(
            *INSTALL,
            chance.choice([500, 502, 503, 504, 408, 425, 599]),
            chance.choice([None, "", "<html>", {"Message": "Account connector name is in use."}]),
            after_effect=act,
            times=1,
        ),
        "redirect": lambda: faults.respond(
            *INSTALL, chance.choice([301, 302, 307]), "", {"Location": "/v1.0/x"}, times=1
        ),
        "refusal": lambda: faults.respond(*INSTALL, chance.choice([400, 403, 404, 409]), times=1),
        "a token refused": lambda: faults.respond(*INSTALL, 401, times=1),
        "rate limit": lambda: faults.rate_limit(
            *INSTALL, chance.choice([None, 0, 3, "soon"]), times=1
        ),
        "a page instead": lambda: faults.html(
            *INSTALL, chance.choice([200, 500, 502]), after_effect=act, times=1
        ),
        "another body": lambda: faults.respond(
            *INSTALL,
            200,
            chance.choice(["", "null", "[]", "{}", "[1", "\ufeff"]),
            after_effect=act,
            times=1,
        ),
        "rewritten": lambda: faults.rewrite(
            *INSTALL, chance.choice([lambda _: None, lambda value: {**value, "Id": "x"}]), times=1
        ),
        "a flood": lambda: faults.flood(*INSTALL, 3 * LARGEST, times=1),
        "a short delay": lambda: faults.delay(*INSTALL, 0.001, times=1),
        "a long delay": lambda: faults.delay(*INSTALL, 0.3, times=1),
        "drops": lambda: faults.drip(
            *INSTALL, seconds=0.02, size=chance.choice([50, 5000]), times=1
        ),
        "no connection": lambda: faults.unreachable(
            how=chance.choice(["refused", "timeout", "dns", "reset"]),
            method=INSTALL[0],
            path=INSTALL[1],
            times=1,
        ),
    }
    kind = chance.choice(list(kinds))
    kinds[kind]()
    return kind


def install_under_faults(
    state: CyclrState, client: Client, chance: random.Random, names: list[str]
) -> dict[str, tuple[str, object]]:
    """By name: what happened to each install, and what the client made of it."""
    outcomes: dict[str, tuple[str, object]] = {}
    for name in names:
        kind = break_next_install(state, chance)
        try:
            made: object = client.account(ACCOUNT).connectors.install(
                RELEASE, name=name, auth_value="api-key"
            )
        except CyclrError as error:
            made = error
        outcomes[name] = (kind, made)
        state.faults.clear()
    return outcomes


def assert_told_the_truth(
    state: CyclrState, outcomes: dict[str, tuple[str, object]]
) -> Counter[str]:
    """Every call of the outcomes acted as often as it said; counts what was said."""
    state.advance(3600)
    state.settle()
    acted = Counter(one.name for one in state.installed[ACCOUNT])
    made = Counter(
        effect.ids["account_connector"] for effect in state.ledger if effect.kind == "install"
    )
    assert max(made.values()) == 1
    said: Counter[str] = Counter()
    for name, (kind, outcome) in outcomes.items():
        if isinstance(outcome, OutcomeUnknownError):
            assert acted[name] <= 1, (kind, outcome)
            said[f"unknown, {'acted' if acted[name] else 'did not act'}"] += 1
        elif isinstance(outcome, CyclrError):
            assert isinstance(outcome, TemporaryError | PermanentError)
            assert acted[name] == 0, (kind, outcome)
            said["did not act"] += 1
        else:
            assert acted[name] == 1, kind
            assert outcome.id in made and outcome.name == name  # type: ignore[attr-defined]
            said["acted"] += 1
    assert set(acted) <= set(outcomes)
    return said


@pytest.mark.parametrize("seed", range(2))
def test_three_hundred_installs_under_faults_tell_what_they_did(seed: int) -> None:
    state, chance = make_state(seed), random.Random(seed)
    names = [f"CRM {number}" for number in range(300)]
    with mounted(state) as client:
        outcomes = install_under_faults(state, client, chance, names)

    said = assert_told_the_truth(state, outcomes)
    replays = [kind for kind, _ in outcomes.values() if kind == "a token refused"]
    sent = [call for call in state.requests if call.method == "POST" and "install" in call.path]
    assert len(sent) == len(names) + len(replays)
    assert min(said.values()) >= 10 and len(said) == 4


def test_the_same_over_sockets() -> None:
    def work(seed: int) -> Counter[str]:
        state, chance = make_state(seed), random.Random(seed)
        names = [f"CRM {number}" for number in range(75)]
        with served(state) as client:
            outcomes = install_under_faults(state, client, chance, names)
            time.sleep(0.3)  # the longest delay: what nobody waits for any more acts still
        return assert_told_the_truth(state, outcomes)

    with ThreadPoolExecutor(4) as threads:
        said = sum(threads.map(work, range(4)), Counter[str]())

    assert min(said.values()) >= 10 and len(said) == 4


# ---- reads ----


def fill(state: CyclrState, accounts: int) -> set[str]:
    for number in range(accounts):
        state.add_account(Id=f"shop {number}/ü", Name=f"Shop {number}")
    return set(state.accounts)


def break_reads(state: CyclrState, chance: random.Random) -> None:
    """Lets something happen to some of the reads."""
    faults, some = state.faults, chance.choice([0.02, 0.1, 0.3])
    path = ("GET", "/accounts")
    for kind in chance.sample(range(8), 2):
        match kind:
            case 0:
                faults.drop_before_effect(*path, probability=some, times=None)
            case 1:
                faults.respond(*path, chance.choice([500, 503, 429, 302, 404]), probability=some)
            case 2:
                faults.truncate(
                    *path, keep=chance.random(), honest=True, probability=some, times=None
                )
            case 3:
                faults.truncate(*path, keep=chance.random(), probability=some, times=None)
            case 4:
                faults.html(*path, probability=some)
            case 5:
                faults.rate_limit(*path, 0, probability=some)
            case 6:
                faults.respond(*path, 200, chance.choice(["null", "{}", "[{}]"]), probability=some)
            case 7:
                faults.unreachable(how="reset", method="GET", path="/accounts", probability=some)


@pytest.mark.parametrize("seed", range(3))
def test_a_listing_under_faults_is_whole_or_an_error(seed: int) -> None:
    state, chance = make_state(seed), random.Random(seed)
    everything = fill(state, 450)
    failed = 0
    with mounted(state, max_bytes=1_000_000) as client:
        for _ in range(30):
            state.max_page_size = chance.choice([30, 99, 150, 1000])
            break_reads(state, chance)
            try:
                if chance.random() < 0.5:
                    found = client.accounts.all()
                else:
                    found = client.accounts.readable(at_once=chance.randint(1, 5))
                    assert not getattr(found, "skipped", 0) or len(found) < 451
            except CyclrError as error:
                failed += 1
                assert not isinstance(error, OutcomeUnknownError)
            else:
                ids = [account.id for account in found]
                assert len(ids) == len(set(ids))
                if not getattr(found, "skipped", 0):
                    assert set(ids) == everything
            state.faults.clear()

    assert 0 < failed < 30


@pytest.mark.parametrize(("at_once", "revoked_at"), [(1, (2, 5, 8)), (5, (4,))])
def test_a_token_revoked_in_the_middle_of_a_listing_loses_no_page(
    at_once: int, revoked_at: tuple[int, ...]
) -> None:
    state = make_state(0)
    everything = fill(state, 900)
    pages_served = 0

    def revoke_now_and_then(page: Any) -> Any:
        nonlocal pages_served
        pages_served += 1
        if pages_served in revoked_at:
            state.revoke_access_tokens()
        return page

    state.faults.rewrite("GET", "/accounts", revoke_now_and_then)
    with mounted(state, timeouts=PATIENT, max_bytes=1_000_000) as client:
        found = client.accounts.readable(at_once=at_once)

    assert [account.id for account in found] == sorted(everything, key=list(state.accounts).index)
    asked = [call for call in state.requests if call.path == "/oauth/token"]
    assert len(asked) == 1 + len(revoked_at)


def test_twenty_threads_with_a_revoked_token_ask_for_one_new_one() -> None:
    state = make_state(0)
    with served(state, timeouts=PATIENT) as client:
        client.check()
        state.revoke_access_tokens()
        state.faults.delay("POST", "/oauth/token", 0.1)
        with ThreadPoolExecutor(20) as threads:
            found = list(threads.map(lambda _: client.account(ACCOUNT).get().id, range(20)))

    assert found == [ACCOUNT] * 20
    asked = [call for call in state.requests if call.path == "/oauth/token"]
    assert len(asked) == 2


def test_a_console_that_revokes_every_token_at_once_is_no_endless_loop() -> None:
    with serve(reply(401)) as server:
        server.token_script = [reply(200, token(f"{number:064}")) for number in range(50)]
        with pytest.raises(CredentialsRefusedError):
            client_of(server).accounts.all()

    assert len(server.calls) == len(server.token_calls) == 2


@given(
    skew=st.integers(-(10**9), 10**9),
    issued=st.booleans(),
    life=st.integers(60, 10**6),
)
def test_a_cyclr_whose_clock_is_wrong_gives_tokens_that_live_as_long_as_it_says(
    skew: int, issued: bool, life: int
) -> None:
    start = datetime.now(UTC) + timedelta(seconds=skew)
    dates: dict[str, Any] = {".expires": format_datetime(start + timedelta(seconds=life))}
    if issued:
        dates[".issued"] = format_datetime(start)
    made = Token.from_answer(token(**dates, expires_in=life))

    lives = (made.expires_at - made.issued_at).total_seconds()
    assert 0 < lives <= life + 1
    if issued and skew >= 0:
        assert lives >= life - 2


# ---- connections ----


def test_an_answer_that_nobody_asked_for_is_never_taken_for_the_next_one() -> None:
    def answer(connection: socket.socket) -> None:
        stray = {"Id": "stray", "Name": "x" * 100_000}
        right = {"Id": "right"}
        together(answer_of(200, right, keep=True), answer_of(200, stray, keep=True))(connection)
        if connection.recv(65536):
            reply(200, {"Id": "right"}, keep=True)(connection)

    with serve(answer) as server, client_of(server) as client:
        found = []
        for _ in range(10):
            found.append(client.account("a-1").get().id)

    assert found == ["right"] * 10


def test_a_connection_that_cyclr_closed_while_it_was_idle_costs_no_write() -> None:
    with serve(reply(200, {"Id": 5}, keep=True)) as server, client_of(server) as client:
        for number in range(5):
            client.account("a-1").connectors.install(7, name=f"CRM {number}")
            server.wait_until_closed()

    assert len(server.calls) == 5


@pytest.mark.parametrize(
    ("host", "days"),
    [("elsewhere.test", (-1, 1)), ("localhost", (-9, -1)), ("localhost", (1, 9))],
    ids=["another name", "expired", "not yet valid"],
)
@pytest.mark.parametrize("write", [False, True])
def test_a_wrong_certificate_gets_neither_token_nor_secret(
    tmp_path: Path, host: str, days: tuple[float, float], write: bool
) -> None:
    certificate = make_certificate(tmp_path / "both.pem", host=host, days=days)
    session = requests.Session()
    session.verify = str(certificate)
    with serve(reply(200, {"Id": 5}), context=server_context(certificate)) as server:
        client = Client(
            f"https://localhost:{server.port}",
            client_id="desk",
            client_secret=SECRET,
            retries=Retries(attempts=1),
            session=session,
        )
        with pytest.raises(UnreachableError, match="TLS certificate is not trusted"):
            if write:
                client.account("a-1").connectors.install(7, name="CRM")
            else:
                client.check()

    assert server.requests == []


@pytest.mark.parametrize("url", ["http://api.cyclr.uk", "http://10.0.0.1", "HTTP://api.cyclr.uk"])
def test_a_secret_is_never_sent_in_clear_through_a_network(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Client(url, client_id="desk", client_secret=SECRET)


# ---- memory ----

MEASURE = """
import resource, sys
from cyclr_api import Client, CyclrError, Retries

client = Client(sys.argv[1], client_id="desk", client_secret="s", retries=Retries(attempts=1))
client.account("small").get()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(2):
    for read in (client.account("large").get, client.accounts.all):
        try:
            read()
        except CyclrError as error:
            assert "larger than" in str(error), error
        else:
            raise SystemExit("it was read")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def pour(connection: socket.socket) -> None:
    """200 MB of JSON."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n[{"Id": "')
    for _ in range(200):
        connection.sendall(b"x" * 1_000_000)


BOMB = gzip.compress(b'[{"Id": "' + b"x" * 300_000_000, 1)


@pytest.mark.parametrize(
    "play",
    [
        pour,
        reply(200, BOMB, headers="Content-Encoding: gzip\r\n"),
        reply(200, gzip.compress(BOMB, 1), headers="Content-Encoding: gzip, gzip\r\n"),
    ],
    ids=["200 MB", "a bomb", "a bomb in a bomb"],
)
def test_a_body_without_measure_costs_less_than_60_megabytes(play: Any) -> None:
    with serve(reply(200, {"Id": "small"}), play) as server:
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, f"http://127.0.0.1:{server.port}"],
            capture_output=True,
            text=True,
            timeout=CEILING,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 60
