"""LAUNCH, ORBIT and Marketplace: a URL into Cyclr's own pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cyclr_api import (
    BrowserSession,
    Client,
    ConnectorAuthentication,
    OutcomeUnknownError,
    Property,
    RefusedError,
    TemporaryError,
    UndecodableError,
    UnsendableError,
)
from cyclr_api.simulator import CyclrState
from tests.cyclr_api.mounted import ACCOUNT, KEY, KEY_METHOD, client_of, sent_by, small_state
from tests.cyclr_api.raw_server import client_of as raw_client_of
from tests.cyclr_api.raw_server import reply, reset, serve

WHO: dict[str, Any] = {
    "account_id": ACCOUNT,
    "username": "owner@shop.example",
    "password": "a password",
}
OWN_PRODUCT = ConnectorAuthentication(
    "Parcel Desk",
    version="2.0",
    authentication_id=KEY_METHOD,
    auth_value=KEY,
    properties=(Property("Region", "region-canary"),),
)
PRODUCTS = ["launch", "orbit", "marketplace"]


@pytest.fixture
def state() -> CyclrState:
    return small_state()


@pytest.fixture
def client(state: CyclrState) -> Client:
    return client_of(state)


def opened(client: Client, product: str, **options: Any) -> BrowserSession:
    session: BrowserSession = getattr(client.account(ACCOUNT), product)(**options)
    return session


@pytest.mark.parametrize(
    ("product", "options", "page"),
    [
        ("launch", {}, "/launch"),
        ("orbit", {}, "/orbit"),
        ("marketplace", {"marketplace_id": 8}, "/launch/marketplace/8"),
    ],
)
def test_a_browser_is_sent_to_the_page_and_signed_in(
    client: Client, product: str, options: dict[str, Any], page: str
) -> None:
    session = opened(client, product, **options)

    query = parse_qs(urlsplit(session.url).query)
    assert (query["returnUrl"], query["token"]) == ([page], [session.token])
    assert session.account_id == ACCOUNT
    assert 280 < (session.expires_at - datetime.now(UTC)).total_seconds() <= 301


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_certain_user_is_signed_in(state: CyclrState, client: Client, product: str) -> None:
    options = {"marketplace_id": 8} if product == "marketplace" else {}
    sent = sent_by(client)

    session = getattr(client.users, product)(**WHO, **options, start=False)

    assert session.account_id == ACCOUNT
    assert state.users[ACCOUNT] == [WHO["username"]]
    assert (sent[0].path, sent[0].account) == (f"/users/{product}", None)
    assert (
        sent[0].body.items()
        >= {
            "AccountId": ACCOUNT,
            "Username": WHO["username"],
            "Password": WHO["password"],
            "Start": False,
        }.items()
    )


def test_an_unknown_account_is_made(state: CyclrState, client: Client) -> None:
    client.account("shop-7").launch(account_name="Shop 7", account_description="new")

    assert (state.accounts["shop-7"].name, client.account("shop-7").get().description) == (
        "Shop 7",
        "new",
    )


def test_what_is_not_told_is_not_sent(client: Client) -> None:
    sent = sent_by(client)
    opened(client, "launch", tags=None, start=None, account_name=None)
    opened(client, "launch", tags=[], connector_authentications=[])
    opened(
        client,
        "launch",
        account_name="Acme",
        account_description="",
        tags=("parcels", "New"),
        start=False,
        run_once=True,
        auto_install=False,
        single_install=True,
        wizard=True,
        display_descriptions=True,
        inline_oauth=False,
        complete_parameter="42",
        connector_authentications=[OWN_PRODUCT, ConnectorAuthentication("Till Cloud")],
    )

    assert [one.body for one in sent] == [
        {},
        {},
        {
            "AccountName": "Acme",
            "AccountDescription": "",
            "Tags": ["parcels", "New"],
            "Start": False,
            "RunOnce": True,
            "AutoInstall": False,
            "SingleInstall": True,
            "Wizard": True,
            "DisplayDescriptions": True,
            "InlineOAuth": False,
            "CompleteParameter": "42",
            "ConnectorAuthentications": [
                {
                    "Name": "Parcel Desk",
                    "Version": "2.0",
                    "AuthenticationId": KEY_METHOD,
                    "AuthValue": KEY,
                    "Properties": [{"Name": "Region", "Value": "region-canary"}],
                },
                {"Name": "Till Cloud"},
            ],
        },
    ]


def test_an_option_that_is_none_is_a_mistake(client: Client) -> None:
    with pytest.raises(TypeError, match="run_twice"):
        opened(client, "launch", run_twice=True)


@pytest.mark.parametrize("account_id", ["", "..", "a\nb"])
def test_an_account_that_no_request_can_name_is_not_made(client: Client, account_id: str) -> None:
    with pytest.raises(UnsendableError):
        client.users.launch(**{**WHO, "account_id": account_id})


def test_nothing_that_was_sent_shows(client: Client) -> None:
    session = opened(client, "launch", connector_authentications=[OWN_PRODUCT])
    said = {"Message": f"Bad key {KEY} for 'region-canary' and a password"}
    with serve(reply(400, said)) as server:
        with pytest.raises(RefusedError) as by_account:
            opened(raw_client_of(server), "launch", connector_authentications=[OWN_PRODUCT])
        with pytest.raises(RefusedError) as by_user:
            raw_client_of(server).users.orbit(**WHO)

    assert session.token not in repr(session)
    assert KEY not in repr(OWN_PRODUCT)
    assert "canary" not in str(by_account.value)
    assert "password" not in str(by_user.value)


@pytest.mark.parametrize(
    ("options", "kind"),
    [({}, TemporaryError), ({"connector_authentications": [OWN_PRODUCT]}, OutcomeUnknownError)],
)
@pytest.mark.parametrize("product", PRODUCTS)
def test_a_lost_url_may_be_asked_for_again_unless_something_is_set_up_with_it(
    product: str, options: dict[str, Any], kind: type[Exception]
) -> None:
    with serve(reset) as server, pytest.raises(kind):
        opened(raw_client_of(server), product, **options)

    assert len(server.calls) == 1


URL = "https://acme-h.cyclr.uk/account/signinwithtoken?token=a%2Bb"


def test_a_session_without_its_lesser_parts_is_one_still() -> None:
    session = BrowserSession.from_json({"orbiturl": URL, "New": 1, "Secret": "x"})

    assert (session.url, session.account_id, session.token) == (URL, "", "")
    assert dict(session.extra) == {"New": 1}
    assert 290 < (session.expires_at - datetime.now(UTC)).total_seconds() <= 300


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"Token": "t"},
        {"LaunchUrl": 5},
        {"LaunchUrl": ""},
        {"LaunchUrl": "javascript:"},
    ],
)
def test_a_session_without_a_web_address_is_none(value: object) -> None:
    with pytest.raises(UndecodableError):
        BrowserSession.from_json(value)
