"""Paths, base addresses and the browser's connect URL."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api import Client, SignInToken, connect_url, sign_in_url
from cyclr_api.addresses import path

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text not in (".", "..")
)


@given(st.lists(texts, min_size=1, max_size=4))
def test_a_path_names_its_parts_whatever_they_hold(parts: list[str]) -> None:
    url = "https://api.cyclr.test/v1.0" + path(*parts)
    sent = requests.Request("GET", url).prepare().path_url

    assert [unquote(part) for part in sent.split("/")[2:]] == parts


@pytest.mark.parametrize("part", ["", ".", "..", "\ud800"])
def test_a_part_that_would_change_the_path_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="part of a path"):
        path("accounts", part)


@given(token=texts, origin=texts, message=st.none() | texts, number=st.integers(1, 2**31))
def test_a_connect_url_carries_its_values_whatever_they_hold(
    token: str, origin: str, message: str | None, number: int
) -> None:
    url = connect_url(
        "https://acme-h.cyclr.uk/",
        account_connector_id=number,
        token=token,
        target_origin=origin,
        callback_message=message,
    )
    parts = urlsplit(url)

    assert (parts.scheme, parts.netloc) == ("https", "acme-h.cyclr.uk")
    assert parts.path == "/connectorauth/updateaccountconnectoroauth"
    assert parse_qs(parts.query, keep_blank_values=True) == {
        "id": [str(number)],
        "token": [token],
        "targetOrigin": [origin],
        **({} if message is None else {"callbackMessage": [message]}),
    }


@given(token=texts, page=st.none() | texts)
def test_a_sign_in_url_carries_its_values_whatever_they_hold(token: str, page: str | None) -> None:
    parts = urlsplit(sign_in_url("https://acme-h.cyclr.uk/", token, page))

    assert (parts.scheme, parts.netloc) == ("https", "acme-h.cyclr.uk")
    assert parts.path == "/account/signinwithtoken"
    assert parse_qs(parts.query, keep_blank_values=True) == {
        "token": [token],
        **({} if page is None else {"returnUrl": [page]}),
    }


def test_a_sign_in_url_as_documented() -> None:
    token = SignInToken("Zk3+Q/9uL1c=", datetime.now(UTC))

    assert sign_in_url("https://service.example", token, "/launch") == (
        "https://service.example/account/signinwithtoken"
        "?token=Zk3%2BQ%2F9uL1c%3D&returnUrl=%2Flaunch"
    )


def test_a_connect_url_as_documented() -> None:
    token = SignInToken("Zk3+Q/9uL1c=", datetime.now(UTC))
    url = connect_url(
        "https://service.example",
        account_connector_id=90412,
        token=token,
        target_origin="https://dashboard.example/done",
    )

    assert url == (
        "https://service.example/connectorauth/updateaccountconnectoroauth?id=90412"
        "&token=Zk3%2BQ%2F9uL1c%3D&targetOrigin=https%3A%2F%2Fdashboard.example%2Fdone"
    )


@pytest.mark.parametrize(
    "values",
    [
        {"token": ""},
        {"target_origin": ""},
        {"callback_message": ""},
        {"account_connector_id": "x"},
        {"target_origin": "\ud800"},
    ],
)
def test_a_connect_url_needs_all_its_values(values: dict[str, str]) -> None:
    good = {"account_connector_id": 1, "token": "t", "target_origin": "https://d.example"}
    with pytest.raises(ValueError):  # noqa: PT011
        connect_url("https://service.example", **good | values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("service_url", "token", "page"),
    [
        ("https://service.example", "", None),
        ("https://service.example", "token-canary", ""),
        ("https://service.example", "token-canary\ud800", None),
        ("http://service.example", "token-canary", None),
        ("https://service.example?x=1", "token-canary", None),
    ],
)
def test_a_sign_in_url_that_cannot_be_shows_no_token(
    service_url: str, token: str, page: str | None
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        sign_in_url(service_url, token, page)
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


GOOD = [
    "https://api.cyclr.com",
    "https://api.cyclr.com/",
    "https://api.cyclr.com:8443",
    "https://gateway.example/cyclr",
    "http://localhost:8000",
    "http://cyclr.localhost",
    "http://127.0.0.1:8000",
    "http://127.8.8.8",
    "http://[::1]:8000",
]
BAD = [
    "",
    "api.cyclr.com",
    "//api.cyclr.com",
    "http://api.cyclr.com",
    "http://localhost.evil.example",
    "http://evil-localhost",
    "http://169.254.169.254",
    "http://0.0.0.0",
    "http://2130706433",
    "ftp://api.cyclr.com",
    "javascript:alert(1)",
    "https://",
    "https://user@api.cyclr.com",
    "https://user:pw@api.cyclr.com",
    "https://api.cyclr.com?x=1",
    "https://api.cyclr.com#x",
    "https://api.cyclr.com\\@evil.example",
    "https://api.cyclr.com\r\nX: 1",
    " https://api.cyclr.com",
    "https://api.cyclr.com:port",
    "https://api.cyclr.com:99999",
    "https://[::1",
    "https://*.cyclr.com",
    "https://api.cyclr.com/v1.0",
    "https://api.cyclr.com/v1.0/",
]


@pytest.mark.parametrize("url", GOOD)
def test_a_good_address_makes_a_client(url: str) -> None:
    client = Client(url, client_id="desk", client_secret="s")

    assert client.api_url == url.rstrip("/")
    assert repr(client) == f"<Client of {url.rstrip('/')}>"


@pytest.mark.parametrize("url", BAD)
def test_a_bad_address_makes_none(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Client(url, client_id="desk", client_secret="s")


@pytest.mark.parametrize(
    "values", [{"client_id": ""}, {"client_secret": ""}, {"max_bytes": 0}, {"connections": 0}]
)
def test_a_client_needs_its_settings(values: dict[str, str]) -> None:
    good = {"client_id": "desk", "client_secret": "s"}
    with pytest.raises(ValueError):  # noqa: PT011
        Client("https://api.cyclr.com", **good | values)  # type: ignore[arg-type]
