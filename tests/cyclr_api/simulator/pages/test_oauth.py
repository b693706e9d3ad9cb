"""The browser's way through Cyclr's pages and the third party's."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from cyclr_api.simulator import CyclrState
from tests.cyclr_api.simulator.conftest import SHOP, Caller

TARGET = "https://dashboard.example/c/r/7?x=1"

FORBIDDEN = "403 – Forbidden: Access is denied."


class Browser:
    """Follows links and sends forms, one step at a time."""

    def __init__(self, state: CyclrState, api: Caller) -> None:
        self.state, self.session = state, api.session

    def go(self, url: str, **query: Any) -> requests.Response:
        return self.session.get(url, params=query, allow_redirects=False, timeout=10)

    def authenticate(self, number: int, token: str, **query: Any) -> requests.Response:
        return self.go(
            f"{self.state.service_url}/connectorauth/updateaccountconnectoroauth",
            **{"id": number, "token": token, "targetOrigin": TARGET, **query},
        )

    def press(self, page: requests.Response, button: str) -> requests.Response:
        """Press a button of the consent page and follow to where Cyclr takes over."""
        for form in re.findall(r"<form.*?</form>", page.text):
            if f">{button}</button>" in form:
                values = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
                action = re.search(r'action="([^"]*)"', form)
                assert action
                answer = self.session.post(
                    self.state.provider_url + action[1],
                    data=values,
                    allow_redirects=False,
                    timeout=10,
                )
                return self.go(answer.headers["Location"])
        raise AssertionError(f"no button {button}")


@pytest.fixture
def browser(state: CyclrState, api: Caller) -> Browser:
    return Browser(state, api)


@pytest.fixture
def hubspot(state: CyclrState) -> int:
    return next(one.id for one in state.installed[SHOP] if one.name == "HubSpot")


def test_approval_authenticates_and_returns(
    state: CyclrState, api: Caller, browser: Browser, hubspot: int
) -> None:
    start = browser.authenticate(hubspot, api.sign_in_token())
    consent = browser.go(start.headers["Location"])
    back = browser.press(consent, "Approve")

    assert start.status_code == 302
    assert urlsplit(start.headers["Location"]).netloc == urlsplit(state.provider_url).netloc
    assert "<h1>HubSpot</h1>" in consent.text
    assert (back.status_code, back.headers["Location"]) == (302, TARGET)
    assert api.get(f"/account/connectors/{hubspot}").json()["Authenticated"] is True
    assert [e.kind for e in state.ledger if e.by == "browser"] == ["sign_in", "authenticate"]


def test_refusal_ends_on_cyclrs_own_page(api: Caller, browser: Browser, hubspot: int) -> None:
    start = browser.authenticate(hubspot, api.sign_in_token())

    page = browser.press(browser.go(start.headers["Location"]), "Deny")

    assert "access_denied" in page.text
    assert "Location" not in page.headers
    assert api.get(f"/account/connectors/{hubspot}").json()["Authenticated"] is False


def test_a_sign_in_token_is_good_once(api: Caller, browser: Browser, hubspot: int) -> None:
    token = api.sign_in_token()
    browser.authenticate(hubspot, token)

    again = browser.authenticate(hubspot, token)

    assert again.status_code == 403
    assert FORBIDDEN in again.text


def test_a_scanners_head_request_burns_the_token(
    state: CyclrState, api: Caller, browser: Browser, hubspot: int
) -> None:
    token = api.sign_in_token()
    url = f"{state.service_url}/connectorauth/updateaccountconnectoroauth"
    query = {"id": str(hubspot), "token": token, "targetOrigin": TARGET}
    api.session.head(url, params=query, timeout=1)

    assert browser.authenticate(hubspot, token).status_code == 403


@pytest.mark.parametrize(("seconds", "status"), [(299, 302), (300, 403)])
def test_a_sign_in_token_lives_five_minutes(
    state: CyclrState, api: Caller, browser: Browser, hubspot: int, seconds: int, status: int
) -> None:
    token = api.sign_in_token()

    state.advance(seconds)

    assert browser.authenticate(hubspot, token).status_code == status


@pytest.mark.parametrize("number", ["", "x", "1", "²"])
def test_an_unknown_connector_is_forbidden(api: Caller, browser: Browser, number: Any) -> None:
    assert browser.authenticate(number, api.sign_in_token()).status_code == 403


def test_a_token_opens_its_own_account_only(
    state: CyclrState, api: Caller, browser: Browser
) -> None:
    foreign = state.installed["shop-1043.example"][0]

    assert browser.authenticate(foreign.id, api.sign_in_token()).status_code == 403


@pytest.mark.parametrize("target", ["", "dashboard.example", "javascript:alert(1)", "//evil"])
def test_the_target_is_a_web_address(
    api: Caller, browser: Browser, hubspot: int, target: str
) -> None:
    page = browser.authenticate(hubspot, api.sign_in_token(), targetOrigin=target)

    assert page.status_code == 400


def test_the_state_is_good_for_one_return(
    state: CyclrState, api: Caller, browser: Browser, hubspot: int
) -> None:
    start = browser.authenticate(hubspot, api.sign_in_token())
    oauth_state = parse_qs(urlsplit(start.headers["Location"]).query)["state"][0]
    callback = f"{state.service_url}/connector/callback"

    guessed = browser.go(callback, state=oauth_state, code="guessed")
    again = browser.go(callback, state=oauth_state, code="guessed")

    assert "invalid_grant" in guessed.text
    assert "invalid_state" in again.text
    assert api.get(f"/account/connectors/{hubspot}").json()["Authenticated"] is False


def test_a_connector_removed_meanwhile_ends_on_an_error_page(
    state: CyclrState, api: Caller, browser: Browser, hubspot: int
) -> None:
    start = browser.authenticate(hubspot, api.sign_in_token())
    consent = browser.go(start.headers["Location"])
    state.delete(hubspot)

    gone = browser.go(start.headers["Location"])

    assert consent.status_code == 200
    assert gone.status_code == 400


def test_a_callback_message_is_posted_to_the_window(
    api: Caller, browser: Browser, hubspot: int
) -> None:
    message = 'done</script><script>alert("x")'
    start = browser.authenticate(hubspot, api.sign_in_token(), callbackMessage=message)

    page = browser.press(browser.go(start.headers["Location"]), "Approve")

    assert "postMessage(" in page.text
    assert "https:\\/\\/dashboard.example" in page.text
    assert page.text.count("<script>") == 1


@pytest.mark.parametrize(
    ("values", "authenticated"),
    [({"Domain": "d", "Username": "u", "Password": "p"}, True), ({"Domain": "d"}, False)],
)
def test_a_password_connector_comes_straight_back(
    state: CyclrState, api: Caller, browser: Browser, values: dict[str, str], authenticated: bool
) -> None:
    one = state.install(SHOP, 19031, properties=values)

    answer = browser.authenticate(one.id, api.sign_in_token())

    assert answer.headers["Location"] == TARGET
    assert one.authenticated is authenticated


def test_without_an_app_there_is_an_error_page(
    state: CyclrState, api: Caller, browser: Browser
) -> None:
    bare = state.install(SHOP, 19028)
    own = state.install(SHOP, 19028, properties={"ClientId": "i", "ClientSecret": "s"})

    assert "ClientId" in browser.authenticate(bare.id, api.sign_in_token()).text
    assert browser.authenticate(own.id, api.sign_in_token()).status_code == 302


def test_missing_settings_are_named(state: CyclrState, api: Caller, browser: Browser) -> None:
    one = state.install(SHOP, 19000, properties={"Region": "eu"})

    page = browser.authenticate(one.id, api.sign_in_token())

    assert page.status_code == 400
    assert "SigningKey" in page.text


def test_a_key_connector_is_not_authenticated_in_the_browser(
    state: CyclrState, api: Caller, browser: Browser
) -> None:
    one = state.install(SHOP, 19001)

    assert browser.authenticate(one.id, api.sign_in_token()).status_code == 400


def test_the_third_party_is_another_host(state: CyclrState, api: Caller, browser: Browser) -> None:
    assert browser.go(f"{state.provider_url}/v1.0/accounts").status_code == 404
    assert browser.go(f"{state.service_url}/authorize").status_code == 404
    assert browser.go(f"{state.api_url}/connector/callback").status_code == 404


def test_signing_in_spends_the_token(state: CyclrState, api: Caller, browser: Browser) -> None:
    url, token = f"{state.service_url}/account/signinwithtoken", api.sign_in_token()

    assert "Harbour Books" in browser.go(url, token=token).text
    assert browser.go(url, token=token).status_code == 403


def test_the_start_page_escapes_what_it_shows(state: CyclrState, browser: Browser) -> None:
    browser.go(f"{state.api_url}/%3Cb%3E?<i>")

    text = browser.go(f"{state.api_url}/").text

    assert "Harbour Books" in text
    assert "<img" not in text
    assert "<script" not in text
    assert "&lt;img src=x onerror=" in text
