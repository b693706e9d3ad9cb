"""Worlds as files, and what the default one promises."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclr_api.simulator import World, application, mount
from cyclr_api.simulator.customers import CUSTOMERS
from tests.cyclr_api.simulator.conftest import SHOP, Caller

TEXT = st.text(max_size=20)
PLAIN = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT


def names_of(world: World, account: str) -> set[str]:
    return {one.name for one in world.installed[account]}


# -- files ---------------------------------------------------------------------------------------


def test_a_world_survives_its_file(world: World, tmp_path: Path) -> None:
    world.install(SHOP, 19001, name="from a stranger")
    world.dump(tmp_path / "world.json")

    again = World.load(tmp_path / "world.json")

    assert again.document() == world.document()
    assert again.installed[SHOP][-1].name == "from a stranger"
    assert again.install(SHOP, 19001).id == world.install(SHOP, 19001).id
    assert list(tmp_path.iterdir()) == [tmp_path / "world.json"]


@settings(max_examples=30, deadline=None)
@given(
    accounts=st.dictionaries(TEXT, st.dictionaries(TEXT, PLAIN, max_size=3), max_size=4),
    extra=st.dictionaries(TEXT, PLAIN, max_size=3),
)
def test_whatever_a_file_says_is_kept_and_returned(
    tmp_path_factory: pytest.TempPathFactory,
    accounts: dict[str, dict[str, Any]],
    extra: dict[str, Any],
) -> None:
    document = {
        "Format": 1,
        "Credentials": [{"ClientId": "desk-demo", "ClientSecret": "s"}],
        "Connectors": [{**extra, "Id": 7, "Name": "Seven"}],
        "Accounts": [{"Simulator": {}, **values, "Id": key} for key, values in accounts.items()],
    }
    path = tmp_path_factory.mktemp("world") / "world.json"
    path.write_text(json.dumps(document))
    world = World.load(path)
    world.dump(path)

    session = requests.Session()
    mount(world, session)
    again = World.load(path)

    assert again.document() == world.document()
    for key, values in accounts.items():
        shown = json.loads(again.accounts[key].encoded())
        assert shown == {k: v for k, v in {**values, "Id": key}.items() if k != "Simulator"}


def test_a_lone_surrogate_reaches_the_caller(world: World, api: Caller) -> None:
    world.add_account(Id="half", Name="\ud800")

    body = api.get("/accounts/half").content

    assert body == b'{"Id":"half","Name":"\\ud800"}'


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")

    with pytest.raises(ValueError, match="format 1"):
        World.load(tmp_path / "x.json")


def test_worlds_do_not_share_what_changes() -> None:
    one, other = World.support(), World.support()
    one.install(SHOP, 19001)
    one.find_installed(90102).properties[0]["Value"] = "changed"
    one.accounts[SHOP].document["Name"] = "changed"

    assert len(other.installed[SHOP]) == len(one.installed[SHOP]) - 1
    assert other.find_installed(90102).properties[0]["Value"] != "changed"
    assert other.accounts[SHOP].name == "Harbour Books"


def test_an_empty_world_has_credentials_and_nothing_else() -> None:
    world = World.empty()

    assert world.credentials[0] == ("desk-demo", "demo-secret-not-for-production")
    assert (len(world.accounts), len(world.connectors), len(world.installed)) == (0, 0, 0)


def test_doubled_ids_are_refused(world: World) -> None:
    with pytest.raises(ValueError, match=SHOP):
        world.add_account(Id=SHOP)
    with pytest.raises(ValueError, match="19001"):
        world.add_connector(Id=19001, Name="x")


def test_one_name_is_installed_once_however_many_try(world: World) -> None:
    def attempt(_: int) -> int:
        with requests.Session() as session:
            mount(world, session)
            return Caller(world.api_url, session).install(19001, Name="wanted").status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(attempt, range(32)))

    assert answers == [200] + [400] * 31
    assert len(world.ledger) == 1


@pytest.mark.parametrize("raw", ["RAW_URI", "REQUEST_URI", None])
def test_the_application_runs_under_other_servers(world: World, raw: str | None) -> None:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/connectorauth/updateaccountconnectoroauth",
        "QUERY_STRING": "token=x",
        "HTTP_HOST": "service.cyclr.test",
        "wsgi.input": io.BytesIO(),
    }
    if raw:
        address = "http://service.cyclr.test/connectorauth/updateaccountconnectoroauth?token=x"
        environ |= {raw: address, "PATH_INFO": "/wrong"}
    started: list[Any] = []

    body = application(world)(environ, lambda *answer: started.append(answer))  # type: ignore[arg-type]

    assert started[0][0] == "403 Forbidden"
    assert "Access is denied." in b"".join(body).decode()


# -- the default world ---------------------------------------------------------------------------


def test_the_default_world_is_the_same_for_the_same_seed() -> None:
    assert World.support(5).document() == World.support(5).document()
    assert World.support(5).document() != World.support(6).document()


def test_the_default_world_is_large_and_varied(world: World) -> None:
    installed = [one for account in world.installed.values() for one in account]
    kinds = {
        (method.get("AuthType"), method.get("OAuth2Type"))
        for one in world.connectors.values()
        for method in one.methods()
    }
    parameters = [p for one in world.connectors.values() for p in one.parameters]

    assert len(world.accounts) >= 40
    assert len(world.connectors) >= 120
    assert len(installed) == 150
    assert 15 <= sum(not one.authenticated for one in installed) <= 21
    assert {grant for auth, grant in kinds if auth == "OAuth2"} >= {
        "AuthorisationCode",
        "ClientCredentials",
        "PasswordCredentials",
    }
    assert {auth for auth, _ in kinds} >= {
        "ApiKey",
        "Basic",
        "OAuth1",
        "AuthFields",
        "None",
        "Kerberos",
    }
    assert len({p["DataType"] for p in parameters}) == 8
    assert max(len(name) for _, name, _ in CUSTOMERS) == 255


def test_harbour_books_is_as_the_demo_expects(world: World) -> None:
    shop = world.accounts[SHOP]
    states = {one.name: one.authenticated for one in world.installed[SHOP]}

    assert (shop.name, shop.document["Timezone"]) == ("Harbour Books", "Europe/London")
    assert (states["HubSpot"], states["Shopify"]) == (False, True)
    assert not names_of(world, SHOP) & {"Slack", "Salesforce"}


def test_names_in_an_account_are_unique(world: World) -> None:
    for account in world.installed.values():
        folded = [one.name.casefold() for one in account]
        assert len(folded) == len(set(folded))


@pytest.mark.parametrize("account", [account for account, _, _ in CUSTOMERS if account])
def test_every_account_can_be_reached(world: World, api: Caller, account: str) -> None:
    quoted = quote(account, safe="")
    api.account = account

    assert api.get(f"/accounts/{quoted}").json()["Id"] == account
    assert api.get("/account/connectors").status_code == 200
