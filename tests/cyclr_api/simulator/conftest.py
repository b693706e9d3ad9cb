"""A state, and a caller that speaks to it as a plain HTTP client would."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from cyclr_api.simulator import CyclrState, demo_state, mount

SHOP = "shop-1042.example"


class Caller:
    """Calls the API of a state with a valid token, for one account."""

    def __init__(self, base: str, session: requests.Session, account: str | None = SHOP) -> None:
        self.base, self.session, self.account = base, session, account
        self.token = self.ask_token().json()["access_token"]

    def ask_token(self, **form: str) -> requests.Response:
        values = {
            "grant_type": "client_credentials",
            "client_id": "desk-demo",
            "client_secret": "demo-secret-not-for-production",
            **form,
        }
        return self.session.post(f"{self.base}/oauth/token", data=values, timeout=10)

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        headers: dict[str, Any] = {"Authorization": f"Bearer {self.token}"}
        if self.account is not None:
            headers["X-Cyclr-Account"] = self.account.encode()
        headers |= options.pop("headers", {})
        options = {"timeout": 10, "allow_redirects": False, **options}
        return self.session.request(method, f"{self.base}/v1.0{path}", headers=headers, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self("GET", path, **options)

    def install(self, connector: int | str, /, **body: Any) -> requests.Response:
        return self("POST", f"/connectors/{connector}/install", json=body)

    def put(self, path: str, **body: Any) -> requests.Response:
        return self("PUT", path, json=body)

    def sign_in_token(self, username: str = "owner@shop.example") -> str:
        answer = self("POST", f"/accounts/{self.account}/signintoken", json={"Username": username})
        return str(answer.json()["Token"])


@pytest.fixture
def state() -> CyclrState:
    return demo_state()


@pytest.fixture
def api(state: CyclrState) -> Caller:
    session = requests.Session()
    mount(state, session)
    return Caller(state.api_url, session)
