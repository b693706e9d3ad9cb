"""The client's operations, against the simulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from cyclr_api import (
    AccountRefusedError,
    Client,
    CredentialsRefusedError,
    CyclrError,
    NameInUseError,
    NotFoundError,
    OutcomeUnknownError,
    PagingError,
    PermanentError,
    Property,
    RateLimitedError,
    RefusedError,
    Retries,
    TemporaryError,
    Timeouts,
    UnexpectedAnswerError,
    UnreachableError,
    UnsendableError,
    connect_url,
)
from cyclr_api.simulator import World, mount

API = "https://api.cyclr.test"
ACCOUNT = "acme/eu"
KEY = "api-key-canary-5150"
PARAMETERS = [
    {
        "Id": 881,
        "Name": "Region",
        "TargetName": "Region",
        "IsAccountConnectorProperty": True,
        "DataType": "Text",
        "Values": ["eu", "us"],
    },
    {
        "Id": 882,
        "Name": "API Version",
        "TargetName": "apiVersion",
        "IsAccountConnectorProperty": False,
    },
]
METHOD = "1b9e7a44-2f35-4d0c-8a71-5c2de9a04f33"
PARCEL_DESK = {
    "Id": 17301,
    "Name": "Parcel Desk",
    "Version": "2.0",
    "Status": "Approved",
    "Parameters": PARAMETERS,
    "Authentication": [{"Id": METHOD, "AuthName": "API Key", "AuthType": "ApiKey"}],
}


@pytest.fixture
def world() -> World:
    """A Cyclr with one account and two connectors, reached by https."""
    world = World.empty()
    world.api_url = API
    world.add_account(Id=ACCOUNT, Name="Acme EU")
    world.add_connector(PARCEL_DESK)
    world.add_connector(Id=17120, Name="Till Cloud", Version=None, Status="Approved")
    return world


@pytest.fixture
def client(world: World) -> Client:
    return client_of(world)


def client_of(world: World, **settings: Any) -> Client:
    client_id, client_secret = world.credentials[0]
    session = requests.Session()
    mount(world, session)
    return Client(
        API,
        client_id=client_id,
        client_secret=client_secret,
        session=session,
        timeouts=Timeouts(connect=1, read=2, total=3),
        retries=Retries(first=0),
        **settings,
    )


def install(client: Client, **values: Any) -> Any:
    return client.account(ACCOUNT).connectors.install(17301, **{"name": "CRM"} | values)


def test_every_account_is_listed_over_all_pages(world: World, client: Client) -> None:
    for number in range(250):
        world.add_account(Id=f"shop {number}/ü", Name=f"Shop {number}")

    found = client.accounts.all()

    assert {account.id for account in found} == set(world.accounts)
    assert len(found) == 251


@pytest.mark.parametrize("cap", [1, 7, 50])
def test_a_cap_of_the_server_cuts_nothing(world: World, client: Client, cap: int) -> None:
    world.max_page_size = cap
    for number in range(20):
        world.add_account(Id=f"shop-{number}", Name="Shop")

    assert len(client.accounts.all()) == 21


def test_a_server_that_ignores_the_page_is_an_error(world: World, client: Client) -> None:
    world.faults.respond("GET", "/accounts", 200, [{"Id": "a-1"}, {"Id": "a-2"}])

    with pytest.raises(PagingError):
        client.accounts.all()


def test_a_listing_that_breaks_off_is_no_shorter_listing(world: World, client: Client) -> None:
    for number in range(150):
        world.add_account(Id=f"shop-{number}", Name="Shop")
    found = client.accounts.iterate()
    next(found)
    world.faults.respond("GET", "/accounts", 503)

    with pytest.raises(TemporaryError):
        list(found)


def test_an_element_that_cannot_be_read_spoils_the_listing(world: World, client: Client) -> None:
    world.faults.rewrite("GET", "/accounts", lambda found: [*found, {"Name": "no id"}])

    with pytest.raises(UnexpectedAnswerError):
        client.accounts.all()


def test_or_is_left_out_and_counted_where_the_caller_can_do_without(
    world: World, client: Client
) -> None:
    for number in range(450):
        world.add_account(Id=f"shop-{number}", Name="Shop")
    world.faults.rewrite("GET", "/accounts", lambda found: [*found[1:], {"Name": "?"}], times=2)
    found = client.accounts.readable(at_once=4)

    assert {account.id for account in found} < set(world.accounts)
    assert (len(found), found.skipped) == (449, 2)
    assert client.account(ACCOUNT).connectors.readable() == []
    assert len(client.account(ACCOUNT).library.readable(at_once=4)) == 2


def test_a_page_whose_turn_has_not_come_is_waited_for_within_patience(world: World) -> None:
    turns: list[str] = []

    class Busy:
        """Says "not yet" twice before each call."""

        def wait(self, call: str) -> None:
            turns.append(call)
            if len(turns) % 3:
                raise RateLimitedError(call, retry_after=0.01)

        def hold(self, seconds: float) -> None:
            """Nobody asks for it here."""

    client = client_of(world, pacing=Busy())

    assert len(client.accounts.readable(patience=5)) == 1
    with pytest.raises(RateLimitedError):
        client.accounts.readable(patience=0)


def test_one_account_is_read_by_its_id(client: Client) -> None:
    assert client.account(ACCOUNT).get().name == "Acme EU"


def test_an_unknown_account_is_not_found(client: Client) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.account("nobody").get()
    assert caught.value.status == 404


def test_the_connectors_of_an_unknown_account_are_refused(client: Client) -> None:
    with pytest.raises(PermanentError) as caught:
        client.account("nobody").connectors.all()
    assert isinstance(caught.value, AccountRefusedError | NotFoundError)


def test_an_install_sends_what_it_is_given_and_nothing_else(world: World, client: Client) -> None:
    installed = install(
        client,
        description="for Ann",
        authentication_id=METHOD,
        auth_value=KEY,
        properties=[Property("Region", "eu", 881)],
    )

    assert (installed.name, installed.description, installed.authenticated) == (
        "CRM",
        "for Ann",
        True,
    )
    assert installed.connector.name == "Parcel Desk"
    assert [(value.name, value.value) for value in installed.properties] == [("Region", "eu")]
    assert [one.id for one in world.installed[ACCOUNT]] == [installed.id]
    assert KEY not in repr(installed)


def test_an_install_without_values_is_an_object_still(world: World) -> None:
    sent: list[dict[str, Any]] = []
    client = client_of(world)
    spy(client, lambda request: sent.append(json.loads(request.body or b"null")))
    install(client)

    assert sent == [{"Name": "CRM"}]


def test_a_native_install_says_so(world: World) -> None:
    assert install(client_of(world), is_native=True).is_native is True


def spy(client: Client, look: Callable[[requests.PreparedRequest], object]) -> None:
    """Let `look` see every API request on its way into the simulator."""
    adapter = client.session.get_adapter(API + "/")
    send = adapter.send

    def looked_at(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if request.path_url != "/oauth/token":
            look(request)
        return send(request, **options)

    adapter.send = looked_at  # type: ignore[method-assign,assignment]


def test_a_name_in_use_is_refused(world: World, client: Client) -> None:
    install(client)

    with pytest.raises(NameInUseError):
        install(client)
    assert len(world.installed[ACCOUNT]) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Colour", "There is not a connector property that matches name 'Colour'."),
        (
            "apiVersion",
            "Connector property name 'apiVersion' is not an account connector property.",
        ),
    ],
)
def test_a_wrong_property_is_refused_in_cyclrs_words(
    client: Client, name: str, message: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        install(client, properties=[Property(name, "red")])
    assert caught.value.cyclr_message == message


@pytest.mark.parametrize("name", ["", "  "])
def test_an_install_needs_a_name(world: World, client: Client, name: str) -> None:
    with pytest.raises(UnsendableError):
        install(client, name=name)
    assert world.ledger == []


def test_an_unknown_release_is_not_found(client: Client) -> None:
    with pytest.raises(NotFoundError):
        client.account(ACCOUNT).connectors.install(99, name="CRM")


def test_a_write_without_an_answer_may_have_happened(world: World, client: Client) -> None:
    world.faults.drop_after_effect("POST", "/connectors/{id}/install")

    with pytest.raises(OutcomeUnknownError):
        install(client)
    assert len(world.installed[ACCOUNT]) == 1


@pytest.mark.parametrize("how", ["refused", "timeout", "dns"])
def test_a_write_without_a_connection_did_not_happen(
    world: World, client: Client, how: Any
) -> None:
    client.accounts.all()
    world.faults.unreachable(how=how)

    with pytest.raises(UnreachableError):
        install(client)
    assert world.installed[ACCOUNT] == []


FAULTS: dict[str, Callable[[World], object]] = {
    "reset": lambda world: world.faults.unreachable(how="reset", method="POST"),
    "drop": lambda world: world.faults.drop_before_effect("POST", "*"),
    "late": lambda world: world.faults.commit_late("POST", "*", 90),
    "truncated": lambda world: world.faults.truncate("POST", "*"),
    "cleanly truncated": lambda world: world.faults.truncate("POST", "*", honest=True),
    "html": lambda world: world.faults.html("POST", "*", after_effect=True),
    "502": lambda world: world.faults.respond("POST", "*", 502, after_effect=True),
    "slow": lambda world: world.faults.delay("POST", "*", 30),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_write_in_trouble_is_unknown_and_never_repeated(
    world: World, client: Client, fault: Callable[[World], object]
) -> None:
    client.accounts.all()  # fetches the token
    fault(world)

    with pytest.raises(OutcomeUnknownError):
        install(client)
    world.advance(120)
    assert len(world.installed[ACCOUNT]) <= 1


def test_a_flood_is_cut(world: World) -> None:
    world.faults.flood("GET", "/accounts/*", 200 * 1024 * 1024)

    with pytest.raises(UnexpectedAnswerError):
        client_of(world, max_bytes=1024 * 1024).account(ACCOUNT).get()


def test_a_rate_limit_is_honoured_without_effect(world: World, client: Client) -> None:
    client.accounts.all()
    world.faults.rate_limit("POST", "*", "7")

    with pytest.raises(RateLimitedError) as caught:
        install(client)
    assert caught.value.retry_after == 7
    assert world.installed[ACCOUNT] == []


def test_a_read_is_repeated(world: World, client: Client) -> None:
    world.faults.respond("GET", "/accounts", 502, times=2)

    assert len(client.accounts.all()) == 1


def test_revoked_tokens_are_renewed(world: World, client: Client) -> None:
    client.accounts.all()
    world.revoke_access_tokens()

    install(client)

    assert len(world.installed[ACCOUNT]) == 1


def test_wrong_credentials_are_refused(world: World) -> None:
    client = client_of(world)
    world.credentials.clear()

    with pytest.raises(CredentialsRefusedError):
        client.accounts.all()


def test_installed_connectors_are_listed_and_read(world: World, client: Client) -> None:
    ids = [world.install(ACCOUNT, 17301, name=f"CRM {n}").id for n in range(120)]
    account = client.account(ACCOUNT)

    listed = account.connectors.all()

    assert sorted(one.id for one in listed) == sorted(ids)
    assert account.connector(ids[0]).get().name == "CRM 0"
    with pytest.raises(NotFoundError):
        account.connector(1).get()


def test_a_description_is_changed_and_the_name_left(world: World, client: Client) -> None:
    one = world.install(ACCOUNT, 17301, name="CRM", description="old")

    changed = client.account(ACCOUNT).connector(one.id).update(description="")

    assert (changed.name, changed.description or "") == ("CRM", "")


def test_an_update_needs_a_change(client: Client) -> None:
    with pytest.raises(UnsendableError):
        client.account(ACCOUNT).connector(1).update()


def test_the_library_is_listed_searched_and_read(client: Client) -> None:
    library = client.account(ACCOUNT).library

    assert {found.name for found in library.all()} == {"Parcel Desk", "Till Cloud"}
    assert [found.id for found in library.iterate("till")] == [17120]
    assert library.get(17301).parameters[0].values == ("eu", "us")
    assert library.get(17301).authentication[0].id == METHOD
    with pytest.raises(NotFoundError):
        library.get(1)


def test_connectors_are_found_by_name_and_version(world: World, client: Client) -> None:
    library = client.account(ACCOUNT).library
    for number, name in enumerate(["Über/Büro 100%", "123", "1234", "a?b#c&d=e+f"], 1):
        world.add_connector(Id=number, Name=name, Version="v 1/2", Status="Approved")

    assert [found.version for found in library.named("Parcel Desk")] == ["2.0"]
    assert [found.id for found in library.named("Parcel Desk", "2.0")] == [17301]
    assert [found.id for found in library.named("Über/Büro 100%", "v 1/2")] == [1]
    assert [found.id for found in library.named("123")] == [2]
    assert [found.id for found in library.named("a?b#c&d=e+f")] == [4]
    assert library.named("Parcel Desk", "9") == library.named("Nothing") == []


def test_a_name_that_is_not_found_is_an_empty_list(world: World, client: Client) -> None:
    world.faults.respond("GET", "/connectors/{name}", 404)

    assert client.account(ACCOUNT).library.named("Nothing") == []


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_is_no_path_is_refused(client: Client, name: str) -> None:
    with pytest.raises(UnsendableError):
        client.account(ACCOUNT).library.named(name)


def test_a_sign_in_token_is_made_for_a_user(world: World, client: Client) -> None:
    token = client.account(ACCOUNT).sign_in_token("owner@shop.example")
    url = connect_url(
        "https://service.cyclr.test",
        account_connector_id=1,
        token=token,
        target_origin="https://desk.example/done",
    )

    assert token.token not in repr(token)
    assert [effect.kind for effect in world.ledger] == ["user", "sign_in_token"]
    assert url.startswith("https://service.cyclr.test/connectorauth/")


def test_a_sign_in_token_needs_somebody(client: Client) -> None:
    with pytest.raises(UnsendableError):
        client.account(ACCOUNT).sign_in_token(" ")


def test_the_default_world_is_read_whole() -> None:
    world = World.support()
    world.api_url = API
    client = client_of(world)
    accounts = client.accounts.all()

    assert {account.id for account in accounts} == set(world.accounts)
    assert all(account.extra == {} for account in accounts)
    for account in accounts[:10]:
        try:
            found = client.account(account.id).connectors.all()
        except CyclrError as error:
            pytest.fail(f"{account.id}: {error}")
        assert len(found) == len(world.installed[account.id])
    assert len(client.account(accounts[0].id).library.all()) > 100


def test_a_client_closes_its_connections(world: World) -> None:
    with client_of(world) as client:
        assert client.account(ACCOUNT).id == ACCOUNT
