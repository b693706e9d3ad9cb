"""What a world is made of: accounts, connectors, installed connectors, effects, calls.

Every value keeps the attributes that it does not know, so that a world file may say more than the
simulator understands, and the API returns what the file says.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import orjson

JSON = dict[str, Any]

OWN = "Simulator"
"""The key of a world file's objects under which the simulator keeps what Cyclr never shows."""


def cyclr_time(moment: datetime) -> str:
    """A moment as Cyclr writes it: UTC with seven digits of a second."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}{moment.microsecond % 10}Z"


def read_time(text: str) -> datetime:
    """The moment that `cyclr_time` wrote; Python's parser takes six digits, not seven."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.fromisoformat(whole + "+00:00")
    return moment + timedelta(microseconds=int((fraction + "000000")[:6]))


def encode(value: Any, *, indented: bool = False) -> bytes:
    """JSON, compact. Falls back to the slow encoder for what orjson refuses (lone surrogates)."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indented else 0)
    except TypeError:
        indent, separators = (2, None) if indented else (None, (",", ":"))
        text = json.dumps(value, indent=indent, separators=separators, default=_decoded)
        return text.encode()


def _decoded(value: Any) -> Any:
    if isinstance(value, orjson.Fragment):
        return json.loads(value.contents)
    raise TypeError(f"{type(value).__name__} is not JSON")


def encode_list(encoded: Iterable[bytes]) -> bytes:
    """A JSON array of values that are encoded already."""
    return b"[" + b",".join(encoded) + b"]"


@dataclass(eq=False)
class Account:
    """One end customer."""

    document: JSON

    @property
    def id(self) -> str:
        return str(self.document["Id"])

    @property
    def name(self) -> str:
        return str(self.document.get("Name") or "")

    def shown(self) -> JSON:
        return {key: value for key, value in self.document.items() if key != OWN}

    def encoded(self) -> bytes:
        return encode(self.shown())

    def dumped(self) -> JSON:
        return self.document


@dataclass(frozen=True, eq=False)
class Connector:
    """One release of a catalogue entry. Never changes, so its JSON is encoded once."""

    document: JSON = field(repr=False)

    def __repr__(self) -> str:
        return f"Connector({self.id}, {self.name!r})"

    @property
    def id(self) -> int:
        return int(self.document["Id"])

    @cached_property
    def name(self) -> str:
        return str(self.document.get("Name") or "")

    @property
    def version(self) -> str | None:
        version = self.document.get("Version")
        return None if version is None else str(version)

    @property
    def own(self) -> JSON:
        return self.document.get(OWN) or {}

    @property
    def release(self) -> str:
        """`Live`, `Deprecated` or `Draft`."""
        return str(self.own.get("Release") or "Live")

    @property
    def owner(self) -> str | None:
        """The account a custom connector belongs to."""
        owner = self.own.get("AccountId")
        return None if owner is None else str(owner)

    @property
    def is_custom(self) -> bool:
        return self.owner is not None or bool(self.own.get("Custom"))

    @property
    def parameters(self) -> list[JSON]:
        return list(self.document.get("Parameters") or [])

    @property
    def required_names(self) -> list[str]:
        """TargetNames an account connector needs before it can be authenticated."""
        return [
            str(parameter["TargetName"])
            for parameter in self.parameters
            if parameter.get("TargetName")
            and parameter.get("IsAccountConnectorProperty")
            and not parameter.get("IsOptional")
        ]

    def methods(self) -> list[JSON]:
        """The ways to authenticate, from the legacy attributes when there is no list."""
        listed = self.document.get("Authentication")
        if listed:
            return list(listed)
        legacy = {key: self.document.get(key) for key in ("AuthType", "OAuth2Type", "AuthScheme")}
        return [{"Id": None, **legacy}]

    def method(self, authentication_id: str | None) -> JSON | None:
        """The method with this id; without one the default method, else the first."""
        wanted = authentication_id or self.own.get("DefaultAuthenticationId")
        methods = self.methods()
        if wanted is None:
            return methods[0]
        for method in methods:
            if str(method.get("Id") or "").lower() == str(wanted).lower():
                return method
        return None

    @cached_property
    def encoded(self) -> bytes:
        return encode({key: value for key, value in self.document.items() if key != OWN})

    @cached_property
    def categories(self) -> frozenset[str]:
        return frozenset(self.document.get("Categories") or [])

    def dumped(self) -> JSON:
        return self.document


@dataclass(eq=False)
class AccountConnector:
    """A connector installed in an account."""

    id: int
    account_id: str
    connector: Connector
    name: str
    description: str | None = None
    auth_value: str | None = field(default=None, repr=False)
    authenticated: bool = False
    authentication_id: str | None = None
    is_partner: bool = False
    properties: list[JSON] = field(default_factory=list, repr=False)
    custom_fields: list[JSON] = field(default_factory=list)
    installed_at: datetime | None = None
    extra: JSON = field(default_factory=dict)
    _encoded: bytes | None = field(default=None, repr=False)

    @property
    def connector_id(self) -> int:
        return self.connector.id

    @property
    def connector_name(self) -> str:
        return self.connector.name

    def value_of(self, name: str) -> str | None:
        """The value of a property by its TargetName."""
        for entry in self.properties:
            if entry["Name"] == name:
                value = entry["Value"]
                return None if value is None else str(value)
        return None

    def changed(self) -> None:
        """Forget the encoded form. Whoever changes an attribute calls this."""
        self._encoded = None

    def encoded(self) -> bytes:
        if self._encoded is None:
            self._encoded = encode(
                {
                    "Id": self.id,
                    "Name": self.name,
                    "Description": self.description,
                    "AuthValue": self.auth_value,
                    "Authenticated": self.authenticated,
                    "Connector": orjson.Fragment(self.connector.encoded),
                    "IsPartnerIntegrationConnector": self.is_partner,
                    "Properties": [
                        {"AccountConnectorId": self.id, **entry} for entry in self.properties
                    ],
                    "CustomFields": self.custom_fields,
                    **self.extra,
                }
            )
        return self._encoded

    def dumped(self) -> JSON:
        return {
            "Id": self.id,
            "Name": self.name,
            "Description": self.description,
            "AuthValue": self.auth_value,
            "Authenticated": self.authenticated,
            "IsPartnerIntegrationConnector": self.is_partner,
            "Properties": self.properties,
            "CustomFields": self.custom_fields,
            **self.extra,
            OWN: {
                "AccountId": self.account_id,
                "ConnectorId": self.connector.id,
                "AuthenticationId": self.authentication_id,
                "InstalledAt": None if self.installed_at is None else cyclr_time(self.installed_at),
            },
        }

    @classmethod
    def from_dump(cls, document: JSON, connectors: dict[int, Connector]) -> "AccountConnector":
        own = document[OWN]
        known = {
            "Id",
            "Name",
            "Description",
            "AuthValue",
            "Authenticated",
            "IsPartnerIntegrationConnector",
            "Properties",
            "CustomFields",
            "Connector",
            OWN,
        }
        installed_at = own.get("InstalledAt")
        return cls(
            id=int(document["Id"]),
            account_id=str(own["AccountId"]),
            connector=connectors[int(own["ConnectorId"])],
            name=document["Name"],
            description=document.get("Description"),
            auth_value=document.get("AuthValue"),
            authenticated=bool(document.get("Authenticated")),
            authentication_id=own.get("AuthenticationId"),
            is_partner=bool(document.get("IsPartnerIntegrationConnector")),
            properties=[dict(entry) for entry in document.get("Properties") or []],
            custom_fields=list(document.get("CustomFields") or []),
            installed_at=read_time(installed_at) if installed_at else None,
            extra={key: value for key, value in document.items() if key not in known},
        )


@dataclass(frozen=True)
class Effect:
    """Something that really happened in Cyclr."""

    kind: str
    account: str | None
    ids: dict[str, Any]
    time: datetime
    by: str
    """`api`, `browser` (a customer on Cyclr's pages) or `console` (a stranger, from outside)."""

    def dumped(self) -> JSON:
        return {
            "kind": self.kind,
            "account": self.account,
            "ids": self.ids,
            "time": cyclr_time(self.time),
            "by": self.by,
        }


@dataclass(frozen=True)
class Call:
    """One request as it arrived, secrets masked."""

    method: str
    path: str
    status: int | None
    """None: the caller got no answer."""
    account: str | None
    time: datetime
    fault: str | None = None

    def dumped(self) -> JSON:
        return {
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "account": self.account,
            "time": cyclr_time(self.time),
            "fault": self.fault,
        }
