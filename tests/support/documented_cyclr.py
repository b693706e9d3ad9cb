"""A second Cyclr, written from Cyclr's documentation alone: no line of the simulator is in it.

It answers what the documentation's story needs, with the bodies of its examples, and is strict
about everything that it is asked: paths, headers, the names in queries and bodies, the types of
values. What the documentation does not know is a complaint, and a test looks at those.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from requests.adapters import BaseAdapter

from tests.support.documented_examples import (
    METHODS,
    PARCEL_DESK,
    TEMPLATE,
    THIRD_PARTYS_ANSWER,
    TILL_CLOUD,
)

JSON = dict[str, Any]

API, SERVICE = "https://api.documented.test", "https://partner-h.documented.test"
CLIENT_ID, CLIENT_SECRET = "0a1b2c", "the-documented-secret"

PAGING = {"page", "pageSize", "orderBy", "sortOrderAsc"}
ACCOUNT_FIELDS = {
    *("Id", "Name", "Description", "AuditInfo", "TaskAuditInfo", "Timezone", "NextBillDateUtc"),
    *("StepDataSuccessRetentionHours", "StepDataErroredRetentionHours", "ParentAccountId"),
    *("TransactionErrorWebhookEnabled", "TransactionErrorWebhookUrl"),
    "TransactionErrorWebhookIncludeWarnings",
}
INSTALL_FIELDS = {
    *("Name", "Description", "AuthenticationId", "AuthValue", "Properties"),
    "IsPartnerIntegrationConnector",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any

    @property
    def account(self) -> str:
        """The account that it is about, at the account's level."""
        return self.headers.get("X-Cyclr-Account", "")


class RefusedError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str | None = None) -> None:
        super().__init__(status, message)
        self.status, self.message = status, message


@dataclass
class DocumentedCyclr(BaseAdapter):
    """The state, and the way in for a `requests` session."""

    accounts: dict[str, JSON] = field(default_factory=dict)
    connectors: dict[str, list[JSON]] = field(default_factory=dict)
    """By account."""
    cycles: dict[str, list[JSON]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What was asked in a way that the documentation does not know."""
    service: str = SERVICE
    """Where customers' browsers are sent to."""

    def __post_init__(self) -> None:
        super().__init__()
        self._numbers = count(90412)
        self._token = ""
        self._sign_in: dict[str, str] = {}
        """Token to the account that it signs in to; used once."""

    def close(self) -> None:
        """Nothing is open."""

    def mount(self, session: requests.Session) -> None:
        """Let a session's calls to the API and to the service domain end here."""
        for address in (API, SERVICE):
            session.mount(f"{address}/", self)

    def of(self, method: str, path: str) -> list[Asked]:
        """What was asked so."""
        return [one for one in self.asked if (one.method, one.path) == (method, path)]

    # ---- the wire ----

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer one request."""
        parts = urlsplit(request.url or "")
        raw = request.body or b""
        raw = raw.encode() if isinstance(raw, str) else raw
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        headers = requests.structures.CaseInsensitiveDict(
            {name: _text(value) for name, value in request.headers.items()}
        )
        asked = Asked(str(request.method), parts.path, query, headers, self._body(headers, raw))
        self.asked.append(asked)
        status, body = 200, b""
        try:
            found = self._answer(asked)
            if isinstance(found, tuple):
                status, found = found
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
        except RefusedError as error:
            status = error.status
            body = json.dumps({"Message": error.message}).encode() if error.message else b""
        return _response(request, status, body)

    def _body(self, headers: Mapping[str, str], raw: bytes) -> Any:
        if not raw:
            return None
        kind = headers.get("Content-Type", "").partition(";")[0]
        if kind == "application/x-www-form-urlencoded":
            return {name: values[-1] for name, values in parse_qs(raw.decode()).items()}
        if kind != "application/json":
            self._complain(f"a body of type {kind!r}")
        return json.loads(raw)

    def _complain(self, what: str) -> None:
        self.complaints.append(what)

    def _answer(self, asked: Asked) -> Any:
        if asked.path == "/oauth/token":
            return self._token_for(asked)
        if asked.headers.get("Authorization") != f"Bearer {self._token}":
            raise RefusedError(401, "Authorization has been denied for this request.")
        if not asked.path.startswith("/v1.0/"):
            self._complain(f"{asked.method} {asked.path}")
            raise RefusedError(404)
        parts = [unquote(part) for part in asked.path.split("/")[2:]]
        return self._routed(asked, parts)

    def _routed(self, asked: Asked, parts: list[str]) -> Any:
        match [asked.method, *parts]:
            case ["GET", "accounts"]:
                return self._paged(asked, list(self.accounts.values()))
            case ["POST", "accounts"]:
                return self._create_account(asked)
            case ["GET", "accounts", key]:
                return self._account(key)
            case ["POST", "accounts", key, "signintoken"]:
                return self._sign_in_token(asked, key)
            case ["GET", "templates"]:
                return self._paged(asked, [self._template()], "includeIcons")
            case ["GET", "templates", _]:
                return self._template()
            case ["POST", "templates", key, "install"]:
                return self._install_template(asked, key)
        return self._routed_in_account(asked, parts)

    def _routed_in_account(self, asked: Asked, parts: list[str]) -> Any:
        self._account_of(asked)
        match [asked.method, *parts]:
            case ["GET", "connectors"]:
                extra = ("query", "category", "includeCustomConnectors")
                return self._paged(asked, [PARCEL_DESK, TILL_CLOUD], *extra)
            case ["GET", "connectors", named]:
                found = self._named(named)
                return found if named.isdigit() else [found]
            case ["GET", "connectors", named, "methods"]:
                self._named(named)
                return self._paged(asked, METHODS, "query", "category")
            case ["GET", "connectors", named, version, "methods"]:
                self._named(named, version)
                return self._paged(asked, METHODS, "query", "category")
            case ["GET", "connectors", named, version]:
                return [self._named(named, version)]
            case ["POST", "connectors", named, "install"]:
                return self._install(asked, self._named(named))
            case ["POST", "connectors", named, version, "install"]:
                return self._install(asked, self._named(named, version))
            case ["GET", "account", "connectors"]:
                return self._paged(asked, self.connectors[asked.account])
            case ["GET", "account", "connectors", key]:
                return self._connector(asked, key)
            case ["PUT", "account", "connectors", key]:
                return self._change(asked, self._connector(asked, key))
            case ["POST", "account", "connectors", key, "methods", method]:
                return self._call(asked, self._connector(asked, key), method)
            case ["GET", "cycles"]:
                filters = ("tag", "connectorName", "connectorVersion", "includeIcons")
                return self._paged(asked, self.cycles[asked.account], *filters)
            case ["GET", "cycles", key]:
                return self._cycle(asked, key)
            case ["GET", "cycles", key, "prerequisites"]:
                return self._prerequisites(asked, self._cycle(asked, key))
            case ["PUT", "cycles", key, "activate"]:
                return self._activate(asked, self._cycle(asked, key))
        self._complain(f"{asked.method} {asked.path}")
        raise RefusedError(404)

    # ---- what is checked ----

    def _paged(self, asked: Asked, rows: list[JSON], *extra: str) -> list[JSON]:
        if unknown := set(asked.query) - PAGING - set(extra):
            self._complain(f"{asked.path}?{sorted(unknown)}")
        size, page = int(asked.query.get("pageSize", 100)), int(asked.query.get("page", 1))
        return rows[(page - 1) * size : page * size]

    def _known(self, asked: Asked, *names: str) -> JSON:
        """The body: an object with no other keys than these."""
        body = asked.body
        if not isinstance(body, dict):
            self._complain(f"{asked.method} {asked.path}: no object")
            return {}
        if unknown := set(body) - set(names):
            self._complain(f"{asked.method} {asked.path}: {sorted(unknown)}")
        return body

    def _account_of(self, asked: Asked) -> str:
        if asked.account not in self.accounts:
            raise RefusedError(401)
        return asked.account

    def _account(self, key: str) -> JSON:
        if key not in self.accounts:
            raise RefusedError(404)
        return self.accounts[key]

    # ---- what is done ----

    def _token_for(self, asked: Asked) -> JSON:
        form = self._known(asked, "grant_type", "client_id", "client_secret", "scope")
        pair = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        if not form.items() >= {"grant_type": "client_credentials", **pair}.items():
            raise RefusedError(400)
        self._token = uuid.uuid4().hex * 2
        return {
            **{"access_token": self._token, "token_type": "bearer", "expires_in": 1209599},
            **{"clientId": CLIENT_ID, ".refresh": "False"},
            ".issued": "Mon, 04 Mar 2024 09:00:00 GMT",
            ".expires": "Thu, 18 Mar 2060 09:00:00 GMT",
        }

    def _create_account(self, asked: Asked) -> JSON:
        body = self._known(asked, *ACCOUNT_FIELDS)
        key = body.get("Id") or str(uuid.uuid4())
        if key in self.accounts:
            raise RefusedError(400, "ID already in use")
        if not body.get("Name"):
            raise RefusedError(400, "Name is required")
        return self.add_account(key, body)

    def add_account(self, key: str, body: JSON) -> JSON:
        """An account as it is shown from now on."""
        made: JSON = dict.fromkeys(ACCOUNT_FIELDS - {"ParentAccountId"})
        made |= {"CreatedDate": "2024-03-04T09:12:55.1274183Z"}
        made |= {"NextBillDateUtc": "2024-04-04T00:00:00Z", "TransactionErrorWebhookEnabled": False}
        made |= {name: value for name, value in body.items() if name != "ParentAccountId"}
        made["Id"] = key
        self.accounts[key], self.connectors[key], self.cycles[key] = made, [], []
        return made

    def _named(self, named: str, version: str | None = None) -> JSON:
        for one in (PARCEL_DESK, TILL_CLOUD):
            is_it = named in {str(one["Id"]), one["Name"]}
            if is_it and version in {None, one["Version"]}:
                return one
        raise RefusedError(404)

    def _install(self, asked: Asked, connector: JSON) -> JSON:
        body = self._known(asked, *INSTALL_FIELDS)
        asks = {one["TargetName"] for one in connector["Parameters"]}
        properties = body.get("Properties") or []
        for one in properties:
            if set(one) - {"Name", "Value", "Id"} or not isinstance(one["Value"], str):
                self._complain(f"a property {one}")
            if one["Name"] not in asks | {"ClientId", "ClientSecret"}:
                raise RefusedError(
                    400, f"There is not a connector property that matches name '{one['Name']}'."
                )
        number = next(self._numbers)
        return self._add(asked.account, number, connector, body, properties)

    def _add(
        self, account: str, number: int, connector: JSON, body: JSON, properties: list[JSON]
    ) -> JSON:
        made = {
            "Id": number,
            "Name": body.get("Name") or connector["Name"],
            "Description": body.get("Description"),
            "AuthValue": body.get("AuthValue"),
            "Authenticated": bool(body.get("AuthValue")),
            "Connector": connector,
            "IsPartnerIntegrationConnector": bool(body.get("IsPartnerIntegrationConnector")),
            "Properties": [
                {**one, "Id": next(self._numbers), "AccountConnectorId": number}
                for one in properties
            ],
            "CustomFields": [],
        }
        self.connectors[account].append(made)
        return made

    def _connector(self, asked: Asked, key: str) -> JSON:
        for one in self.connectors[asked.account]:
            if str(one["Id"]) == key:
                return one
        raise RefusedError(404)

    def _change(self, asked: Asked, one: JSON) -> JSON:
        body = self._known(asked, "Name", "Description", "AuthValue", "Properties")
        one.update({name: body[name] for name in ("Name", "Description") if name in body})
        return one

    def _call(self, asked: Asked, one: JSON, method: str) -> bytes:
        body = self._known(asked, "Parameters", "Fields", "Mergefields")
        known = [(m["MethodUniqueIdentifier"], str(m["Id"])) for m in METHODS]
        if not one["Authenticated"] or not any(method in names for names in known):
            raise RefusedError(404)
        ids = {"Parameters": {"881500"}, "Fields": {"7120044"}}
        for group, allowed in ids.items():
            if set(body.get(group) or {}) - allowed:
                raise RefusedError(400, "unknown parameter")
        return THIRD_PARTYS_ANSWER

    # ---- templates and cycles ----

    def _template(self) -> JSON:
        needs = {name: PARCEL_DESK[name] for name in ("Id", "Name", "Version")}
        return {
            "Id": TEMPLATE,
            "Name": "Orders to parcels",
            "Description": "",
            "Tags": [],
            "Connectors": [{**needs, "StepCount": 2, "Icon": None}],
        }

    def _install_template(self, asked: Asked, key: str) -> JSON:
        body, account = self._known(asked, "Name"), self._account_of(asked)
        if key != TEMPLATE:
            raise RefusedError(404)
        mine = [one for one in self.connectors[account] if one["Connector"] == PARCEL_DESK]
        used = mine[0] if mine else self._add(account, next(self._numbers), PARCEL_DESK, {}, [])
        cycle = {
            "Id": str(uuid.uuid4()),
            "Name": body.get("Name") or "Orders to parcels",
            "Description": "",
            "Status": "Paused",
            "CreatedOnUtc": "2024-03-05T10:00:01.5521034Z",
            "LastSuccessfulRunDate": "0001-01-01T00:00:00",
            **{"TasksUsed": 0, "ErrorCount": 0, "WarningCount": 0},
            "InProgressTransactionCount": 0,
            "Connectors": [
                {
                    **{name: PARCEL_DESK[name] for name in ("Id", "Name", "Version")},
                    "AccountConnectorId": used["Id"],
                    "Authenticated": used["Authenticated"],
                    "StepCount": 2,
                    "Icon": None,
                }
            ],
            "TemplateId": TEMPLATE,
            "Tags": [],
        }
        self.cycles[account].append(cycle)
        return cycle

    def _cycle(self, asked: Asked, key: str) -> JSON:
        for one in self.cycles[asked.account]:
            if one["Id"] == key:
                return one
        raise RefusedError(404)

    def _prerequisites(self, asked: Asked, cycle: JSON) -> list[JSON]:
        lacking = []
        for one in cycle["Connectors"]:
            installed = self._connector(asked, str(one["AccountConnectorId"]))
            one["Authenticated"] = installed["Authenticated"]
            if not installed["Authenticated"]:
                words = {"ReasonCode": 20, "Reason": "Unauthenticated connector"}
                lacking.append(
                    {**words, "ObjectType": "AccountConnector", "ObjectId": installed["Id"]}
                )
        return lacking

    def _activate(self, asked: Asked, cycle: JSON) -> JSON:
        body = self._known(asked, "StartTime", "Interval", "RunOnce")
        if "Interval" in body and not isinstance(body["Interval"], int):
            self._complain(f"an interval {body['Interval']!r}")
        if self._prerequisites(asked, cycle):
            raise RefusedError(400, "not ready")
        cycle["Status"] = "Active"
        return cycle

    # ---- a customer's browser ----

    def _sign_in_token(self, asked: Asked, key: str) -> JSON:
        self._account(key)
        if not self._known(asked, "Username").get("Username"):
            self._complain("a sign-in token for nobody")
        token = f"Zk3+Q/{uuid.uuid4().hex}="
        self._sign_in[token] = key
        return {"Token": token, "ExpiresAtUtc": "2060-03-04T09:17:55.1274183Z"}

    def consent(self, address: str) -> str:
        """A customer who comes to this address and consents; where the browser ends."""
        parts = urlsplit(address)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        page = f"{parts.scheme}://{parts.netloc}{parts.path}"
        if page != f"{self.service}/connectorauth/updateaccountconnectoroauth":
            self._complain(f"the browser at {page}")
        if set(query) != {"id", "token", "targetOrigin"}:
            self._complain(f"the browser with {sorted(query)}")
        account = self._sign_in.pop(query["token"])
        for one in self.connectors[account]:
            if str(one["Id"]) == query["id"]:
                one["Authenticated"] = True
                return query["targetOrigin"]
        raise AssertionError(f"no connector {query['id']}")


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _response(request: requests.PreparedRequest, status: int, body: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code, response.reason = status, HTTPStatus(status).phrase
    response.url, response.request = str(request.url), request
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.raw = io.BytesIO(body)
    return response


Mount = Callable[[Any], None]
