"""The client as a whole: trouble on the way, restricted tokens, several consoles at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from cyclr_api import (
    Client,
    CredentialsRefusedError,
    CyclrError,
    MemoryTokenStore,
    OutcomeUnknownError,
    RateLimitedError,
    UnexpectedAnswerError,
    UnreachableError,
    UnsendableError,
)
from cyclr_api.accounts import AccountApi
from cyclr_api.simulator import CyclrState, demo_state, empty_state
from tests.cyclr_api.mounted import ACCOUNT, API, KEY, Sent, client_of, sent_by, small_state
from tests.cyclr_api.raw_server import client_of as raw_client_of
from tests.cyclr_api.raw_server import reply, serve
from tests.support.waiting import CEILING

GUID = "5b6c9c1e-7d0a-4a41-9d53-2f8c0a7be610"


@pytest.fixture
def state() -> CyclrState:
    return small_state()


@pytest.fixture
def client(state: CyclrState) -> Client:
    return client_of(state)


def install(client: Client, **values: Any) -> Any:
    return client.account(ACCOUNT).connectors.install(17301, **{"name": "CRM"} | values)


# ---- what the network does ----


def test_a_write_without_an_answer_may_have_happened(state: CyclrState, client: Client) -> None:
    state.faults.drop_after_effect("POST", "/connectors/{id}/install")

    with pytest.raises(OutcomeUnknownError):
        install(client)
    assert len(state.installed[ACCOUNT]) == 1


@pytest.mark.parametrize("how", ["refused", "timeout", "dns"])
def test_a_write_without_a_connection_did_not_happen(
    state: CyclrState, client: Client, how: Any
) -> None:
    client.accounts.all()
    state.faults.unreachable(how=how)

    with pytest.raises(UnreachableError):
        install(client)
    assert state.installed[ACCOUNT] == []


FAULTS: dict[str, Callable[[CyclrState], object]] = {
    "reset": lambda state: state.faults.unreachable(how="reset", method="POST"),
    "drop": lambda state: state.faults.drop_before_effect("POST", "*"),
    "late": lambda state: state.faults.commit_late("POST", "*", 90),
    "truncated": lambda state: state.faults.truncate("POST", "*"),
    "cleanly truncated": lambda state: state.faults.truncate("POST", "*", honest=True),
    "html": lambda state: state.faults.html("POST", "*", after_effect=True),
    "502": lambda state: state.faults.respond("POST", "*", 502, after_effect=True),
    "slow": lambda state: state.faults.delay("POST", "*", 2 * CEILING),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_write_in_trouble_is_unknown_and_never_repeated(
    state: CyclrState, client: Client, fault: Callable[[CyclrState], object]
) -> None:
    client.accounts.all()  # fetches the token
    fault(state)

    with pytest.raises(OutcomeUnknownError):
        install(client)
    state.advance(120)
    assert len(state.installed[ACCOUNT]) <= 1


def test_a_flood_is_cut(state: CyclrState) -> None:
    state.faults.flood("GET", "/accounts/*", 200 * 1024 * 1024)

    with pytest.raises(UnexpectedAnswerError):
        client_of(state, max_bytes=1024 * 1024).account(ACCOUNT).get()


def test_a_rate_limit_is_honoured_without_effect(state: CyclrState, client: Client) -> None:
    client.accounts.all()
    state.faults.rate_limit("POST", "*", "7")

    with pytest.raises(RateLimitedError) as caught:
        install(client)
    assert caught.value.retry_after == 7
    assert state.installed[ACCOUNT] == []


def test_a_read_is_repeated(state: CyclrState, client: Client) -> None:
    state.faults.respond("GET", "/accounts", 502, times=2)

    assert len(client.accounts.all()) == 1


def test_revoked_tokens_are_renewed(state: CyclrState, client: Client) -> None:
    client.accounts.all()
    state.revoke_access_tokens()

    install(client)

    assert len(state.installed[ACCOUNT]) == 1


def test_wrong_credentials_are_refused(state: CyclrState) -> None:
    client = client_of(state)
    state.credentials.clear()

    with pytest.raises(CredentialsRefusedError):
        client.accounts.all()


# ---- one console ----


def test_the_default_world_is_read_whole() -> None:
    state = demo_state()
    state.api_url = API
    client = client_of(state)
    accounts = client.accounts.all()

    assert {account.id for account in accounts} == set(state.accounts)
    assert all(account.extra == {} for account in accounts)
    for account in accounts[:10]:
        try:
            found = client.account(account.id).connectors.all()
        except CyclrError as error:
            pytest.fail(f"{account.id}: {error}")
        assert len(found) == len(state.installed[account.id])
    assert len(client.account(accounts[0].id).library.all()) > 100


def test_a_client_closes_its_connections(state: CyclrState) -> None:
    with client_of(state) as client:
        assert client.account(ACCOUNT).id == ACCOUNT


def test_a_client_keeps_as_many_connections_as_it_is_told(state: CyclrState) -> None:
    client = Client(API, client_id="a", client_secret="b", connections=7)
    adapter: Any = client.session.get_adapter(API)

    assert adapter.poolmanager.connection_pool_kw["maxsize"] == 7


def test_a_check_asks_little_and_tells_when_it_does_not_work(
    state: CyclrState, client: Client
) -> None:
    sent = sent_by(client)
    client.check()
    client.restricted_to(ACCOUNT).check()
    state.credentials.clear()

    with pytest.raises(CredentialsRefusedError):
        client.restricted_to(ACCOUNT).check()
    assert [(one.path, one.query) for one in sent] == [
        ("/accounts", {"page": "1", "pageSize": "1"}),
        ("/account/connectors", {"page": "1", "pageSize": "1"}),
    ]


# ---- a token for one account ----

READS: dict[str, Callable[[AccountApi], object]] = {
    "account": lambda account: account.get(),
    "usage": lambda account: account.usage(),
    "users": lambda account: account.users.all(),
    "sub-accounts": lambda account: account.subaccounts.all(),
    "sign-in token": lambda account: account.sign_in_token("owner@shop.example"),
    "update": lambda account: account.update(description="new"),
    "connectors": lambda account: account.connectors.all(),
    "readable connectors": lambda account: account.connectors.readable(at_once=2),
    "install": lambda account: account.connectors.install(17301, name="A"),
    "install by name": lambda account: account.connectors.install_named("Till Cloud", name="B"),
    "library": lambda account: account.library.all(),
    "release": lambda account: account.library.get(17301),
    "releases by name": lambda account: account.library.named("Parcel Desk", "2.0"),
    "methods": lambda account: account.library.methods(17301),
    "methods by name": lambda account: account.library.methods_named("Parcel Desk"),
    "method": lambda account: account.library.method(1730101),
    "custom connectors": lambda account: account.custom_connectors.all(),
    "custom connector": lambda account: account.custom_connectors.create(
        {"Name": "Own App", "UniqueIdentifier": GUID}
    ),
}
OF_CONNECTOR: dict[str, Callable[[Any], object]] = {
    "connector": lambda one: one.get(),
    "change": lambda one: one.update(description="new"),
    "properties": lambda one: one.properties.all(),
    "property": lambda one: one.properties.add("Region", "eu"),
    "fields": lambda one: one.fields.all(),
    "trigger": lambda one: one.run_trigger(4410),
    "call": lambda one: one.call(1730101),
    "test": lambda one: one.test(1730101),
    "deauthenticate": lambda one: one.deauthenticate(),
    "delete": lambda one: one.delete(),
}


@pytest.mark.parametrize("call", READS.values(), ids=READS.keys())
def test_a_restricted_token_does_without_the_account_header(
    client: Client, call: Callable[[AccountApi], object]
) -> None:
    restricted = client.restricted_to(ACCOUNT)
    sent = sent_by(client)

    call(restricted.account(ACCOUNT))

    assert sent
    assert {one.account for one in sent} == {None}


@pytest.mark.parametrize("call", OF_CONNECTOR.values(), ids=OF_CONNECTOR.keys())
def test_so_it_does_for_one_connector(
    state: CyclrState, client: Client, call: Callable[[Any], object]
) -> None:
    one = state.install(ACCOUNT, 17301, name="CRM", auth_value=KEY, properties={"Region": "eu"})
    restricted = client.restricted_to(ACCOUNT)
    sent = sent_by(client)

    call(restricted.account(ACCOUNT).connector(one.id))

    assert {one.account for one in sent} == {None}


REFUSED: dict[str, Callable[[Client], object]] = {
    "accounts": lambda client: client.accounts.all(),
    "accounts, readable": lambda client: client.accounts.readable(),
    "create": lambda client: client.accounts.create(name="Shop"),
    "password": lambda client: client.users.set_password("a", "b"),
    "launch": lambda client: client.account(ACCOUNT).launch(),
    "orbit": lambda client: client.account(ACCOUNT).orbit(),
    "marketplace": lambda client: client.account(ACCOUNT).marketplace(marketplace_id=1),
    "user's launch": lambda client: client.users.launch(
        account_id=ACCOUNT, username="a", password="b"
    ),
    "another account": lambda client: client.account("other"),
    "another restriction": lambda client: client.restricted_to("other"),
    "no restriction": lambda client: client.restricted_to(""),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("is_made_so", [True, False])
def test_what_a_restricted_token_cannot_do_is_not_sent(
    state: CyclrState, client: Client, call: Callable[[Client], object], is_made_so: bool
) -> None:
    state.add_account(Id="other", Name="Other")
    if is_made_so:
        restricted = client_of(state, restricted_to=ACCOUNT)
    else:
        restricted = client.restricted_to(ACCOUNT)
    sent = sent_by(restricted)

    with pytest.raises(UnsendableError):
        call(restricted)
    assert sent == []


def test_the_words_say_what_is_wrong(client: Client) -> None:
    restricted = client.restricted_to(ACCOUNT)

    with pytest.raises(UnsendableError) as listing:
        restricted.accounts.all()
    with pytest.raises(UnsendableError) as other:
        restricted.account("other")

    assert str(listing.value) == "GET /accounts: this client is restricted to one account"
    assert str(other.value) == "account: this client is restricted to another account"


def test_the_two_tokens_are_kept_apart(client: Client) -> None:
    tokens = MemoryTokenStore()
    restricted = client.restricted_to(ACCOUNT, tokens=tokens)
    sent = sent_by(client)

    for one in (client, restricted, restricted.restricted_to(ACCOUNT, tokens=tokens), client):
        one.account(ACCOUNT).get()

    first, narrow, same, last = [one.token for one in sent]
    stored = tokens.get()
    assert stored is not None
    assert narrow == same == f"Bearer {stored.value}"
    assert first == last != narrow
    assert restricted.session is client.session


def test_the_two_tokens_do_not_fit_into_one_store(state: CyclrState) -> None:
    tokens = MemoryTokenStore()

    with pytest.raises(ValueError, match="store"):
        client_of(state, tokens=tokens).restricted_to(ACCOUNT, tokens=tokens)


# ---- several consoles in one process ----


class Counted:
    """A rate limit that counts, and says when everybody was told to hold."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.holds: list[float] = []

    def wait(self, call: str, *, through: int | None = None) -> None:
        self.calls[call] += 1

    def hold(self, seconds: float | None, *, through: int | None = None) -> float:
        self.holds.append(seconds or 0.0)
        return seconds or 0.0

    def passed(self, *, through: int | None = None) -> None:
        """Nothing was guessed."""


def console(number: int) -> CyclrState:
    """A console of its own: host, credentials, and accounts that the others have as well."""
    state = empty_state()
    state.api_url = f"https://api{number}.cyclr.test"
    state.credentials = [(f"desk-{number}", f"secret-{number}")]
    for account in ("a", "b"):
        state.add_account(Id=account, Name=f"{account} of {number}")
    state.add_connector(Id=7, Name="Till Cloud", Status="Approved")
    return state


@pytest.mark.parametrize("session", [None, requests.Session()], ids=["own", "shared"])
def test_two_consoles_never_mix_even_in_threads(session: requests.Session | None) -> None:
    states = [console(1), console(2)]
    limits = [Counted(), Counted()]
    clients = [
        client_of(state, pacing=limit, session=session)
        for state, limit in zip(states, limits, strict=True)
    ]
    sent = [sent_by(client) for client in clients]

    def work(number: int) -> None:
        which, account = number % 2, "ab"[number // 2 % 2]
        there = clients[which].account(account)
        assert there.get().name == f"{account} of {which + 1}"
        there.connectors.install(7, name=f"{account}-{number}")
        assert all(one.name.startswith(account) for one in there.connectors.all())

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(40)))
        states[0].revoke_access_tokens()
        list(threads.map(work, range(40, 80)))

    for state, limit, seen in zip(states, limits, sent, strict=True):
        assert {account: len(there) for account, there in state.installed.items()} == {
            "a": 20,
            "b": 20,
        }
        assert sum(limit.calls.values()) >= len(seen) >= 160
        assert len(state.requests) == sum(limit.calls.values())
    assert not tokens_of(sent[0]) & tokens_of(sent[1])


def tokens_of(sent: list[Sent]) -> set[str]:
    return {one.token for one in sent}


def test_one_consoles_pause_is_not_the_others() -> None:
    states, limits = [console(1), console(2)], [Counted(), Counted()]
    clients = [client_of(state, pacing=limit) for state, limit in zip(states, limits, strict=True)]
    states[0].faults.rate_limit("GET", "/accounts", "900")

    with pytest.raises(RateLimitedError):
        clients[0].accounts.all()
    assert len(clients[1].accounts.all()) == 2
    assert (limits[0].holds, limits[1].holds) == ([900.0], [])


def test_no_cookie_is_kept_for_the_next_call_or_the_next_client() -> None:
    session = requests.Session()
    with serve(reply(200, {"Id": "a"}, headers="Set-Cookie: sid=canary; Path=/\r\n")) as server:
        for _ in range(2):
            client = raw_client_of(server, session=session)
            client.account("a").get()
            client.account("a").get()

    assert len(server.calls) == 4
    assert not any("cookie" in call.headers for call in server.requests)
