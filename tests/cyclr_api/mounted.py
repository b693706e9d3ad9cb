"""A small Cyclr, and a client whose calls end in it without a socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests

from cyclr_api import Client, Retries, Timeouts
from cyclr_api.simulator import CyclrState, empty_state, mount
from tests.support.waiting import CEILING

API = "https://api.cyclr.test"
ACCOUNT = "acme/eu"
KEY = "api-key-canary-5150"
KEY_METHOD = "1b9e7a44-2f35-4d0c-8a71-5c2de9a04f33"

PARCEL_DESK = {
    "Id": 17301,
    "Name": "Parcel Desk",
    "Version": "2.0",
    "Status": "Approved",
    "Categories": ["Ecommerce"],
    "Parameters": [
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
    ],
    "Authentication": [{"Id": KEY_METHOD, "AuthName": "API Key", "AuthType": "ApiKey"}],
    "Triggers": [{"TriggerId": 4410, "Name": "List warehouses"}],
}


def small_state() -> CyclrState:
    """A Cyclr with one account and two connectors, reached by https."""
    state = empty_state()
    state.api_url = API
    state.add_account(Id=ACCOUNT, Name="Acme EU")
    state.add_connector(PARCEL_DESK)
    state.add_connector(
        Id=17120, Name="Till Cloud", Version=None, Status="Approved", Categories=["POS"]
    )
    return state


def client_of(state: CyclrState, **settings: Any) -> Client:
    """A client of this state, whose repeats follow at once."""
    client_id, client_secret = state.credentials[0]
    session = settings.pop("session", None) or requests.Session()
    mount(state, session)
    return Client(
        state.api_url,
        client_id=client_id,
        client_secret=client_secret,
        session=session,
        timeouts=Timeouts(connect=CEILING, read=CEILING, total=CEILING),
        retries=Retries(first=0),
        **settings,
    )


@dataclass(frozen=True)
class Sent:
    """One request on its way into the simulator."""

    method: str
    path: str
    query: dict[str, str]
    account: str | None
    token: str
    body: Any


def sent_by(client: Client) -> list[Sent]:
    """The API requests of this client from now on, without those for tokens."""
    sent: list[Sent] = []
    adapter = client.session.get_adapter(client.api_url + "/")
    send = adapter.send

    def noted(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if request.path_url != "/oauth/token":
            sent.append(_read(request))
        return send(request, **options)

    adapter.send = noted  # type: ignore[method-assign,assignment]
    return sent


def _read(request: requests.PreparedRequest) -> Sent:
    parts = urlsplit(request.path_url)
    account: Any = request.headers.get("X-Cyclr-Account")
    return Sent(
        method=request.method or "",
        path=unquote(parts.path.removeprefix("/v1.0")),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        account=account.decode() if isinstance(account, bytes) else account,
        token=str(request.headers.get("Authorization", "")),
        body=json.loads(request.body) if request.body else None,
    )
