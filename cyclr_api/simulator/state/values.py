"""What a state is made of: accounts, connectors, installed connectors, effects.

Every value keeps the attributes that it does not know, so that a world file may say more than the
simulator understands, and the API returns what the file says.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import orjson

JSON = dict[str, Any]

OWN = "Simulator"
"""The key of a world file's objects under which the simulator keeps what Cyclr never shows."""

GUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def cyclr_time(moment: datetime) -> str:
    """A moment as Cyclr writes it: UTC with seven digits of a second."""
    moment = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='microseconds')}{moment.microsecond % 10}Z"


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
        return json.dumps(value, indent=indent, separators=separators).encode()


def encode_list(encoded: Iterable[bytes]) -> bytes:
    """A JSON array of values that are encoded already."""
    return b"[" + b",".join(encoded) + b"]"


def is_guid(text: str) -> bool:
    """Whether the text is a GUID as Cyclr writes them."""
    return GUID.fullmatch(text) is not None


NEVER = "0001-01-01T00:00:00"
"""Cyclr's way to write a moment that there is none of."""

ACCOUNT_DEFAULTS: JSON = {
    "Id": None,
    "Name": None,
    "Description": None,
    "CreatedDate": NEVER,
    "AuditInfo": None,
    "TaskAuditInfo": None,
    "Timezone": "Etc/UTC",
    "NextBillDateUtc": NEVER,
    "StepDataSuccessRetentionHours": None,
    "StepDataErroredRetentionHours": None,
    "TransactionErrorWebhookEnabled": False,
    "TransactionErrorWebhookUrl": None,
    "TransactionErrorWebhookIncludeWarnings": False,
}


@dataclass(eq=False)
class Account:
    """One end customer."""

    document: JSON
    _encoded: bytes | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        return str(self.document["Id"])

    @property
    def name(self) -> str:
        return str(self.document.get("Name") or "")

    @property
    def own(self) -> JSON:
        return self.document.get(OWN) or {}

    @property
    def parent_id(self) -> str | None:
        """The id of the account that this one is a sub-account of."""
        parent = self.own.get("ParentAccountId")
        return None if parent is None else str(parent)

    def shown(self) -> JSON:
        """With all attributes that Cyclr shows, whatever the world file leaves out."""
        return {**ACCOUNT_DEFAULTS, **_without_own(self.document)}

    def changed(self) -> None:
        """Forget the encoded form. Whoever changes the document calls this."""
        self._encoded = None

    def encoded(self) -> bytes:
        if self._encoded is None:
            self._encoded = encode(self.shown())
        return self._encoded

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

    @cached_property
    def release(self) -> str:
        """`Live`, `Deprecated` or `Draft`. Sim: a `Status` of `Draft` is one too."""
        is_draft = str(self.document.get("Status") or "").casefold() == "draft"
        return str(self.own.get("Release") or ("Draft" if is_draft else "Live"))

    @cached_property
    def owner(self) -> str | None:
        """The account a custom connector belongs to."""
        owner = self.own.get("AccountId")
        return None if owner is None else str(owner)

    @cached_property
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

    def is_release_of(self, other: "Connector") -> bool:
        """Whether both are releases of one connector."""
        return (self.name, self.version, self.owner) == (other.name, other.version, other.owner)

    def trigger(self, trigger_id: int) -> JSON | None:
        """The trigger with this id."""
        for trigger in self.document.get("Triggers") or []:
            if trigger.get("TriggerId") == trigger_id:
                return dict(trigger)
        return None

    def shown(self) -> JSON:
        """As the API shows it."""
        shown = _without_own(self.document)
        if shown.get("Triggers"):
            shown["Triggers"] = [_without_own(trigger) for trigger in shown["Triggers"]]
        return shown

    @cached_property
    def encoded(self) -> bytes:
        return encode(self.shown())

    @cached_property
    def categories(self) -> frozenset[str]:
        return frozenset(self.document.get("Categories") or [])

    def dumped(self) -> JSON:
        return self.document


def _without_own(document: JSON) -> JSON:
    return {key: value for key, value in document.items() if key != OWN}


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
    answers: JSON = field(default_factory=dict, repr=False)
    """What the third party says: a method's unique identifier, or `*` for every other method ->
    a document, or `{"Status": 500, "Body": a document}`."""
    extra: JSON = field(default_factory=dict)
    own: JSON = field(default_factory=dict, repr=False)
    """What else the world file has under `Simulator`."""
    _encoded: tuple[bytes, bytes] | None = field(default=None, repr=False)

    @property
    def connector_id(self) -> int:
        return self.connector.id

    @property
    def connector_name(self) -> str:
        return self.connector.name

    def value_of(self, name: str) -> str | None:
        """The value of a property by its TargetName."""
        for entry in self.properties:
            if entry.get("Name") == name:
                value = entry.get("Value")
                return None if value is None else str(value)
        return None

    def shown_property(self, entry: JSON) -> JSON:
        """A property as the API shows it."""
        return {**entry, "AccountConnectorId": self.id}

    def changed(self) -> None:
        """Forget the encoded form. Whoever changes an attribute calls this."""
        self._encoded = None

    def encoded(self) -> bytes:
        """As the API shows it. The connector, by far the largest part, is not kept once more."""
        if self._encoded is None:
            before = {
                "Id": self.id,
                "Name": self.name,
                "Description": self.description,
                "AuthValue": self.auth_value,
                "Authenticated": self.authenticated,
            }
            after = {
                "IsPartnerIntegrationConnector": self.is_partner,
                "Properties": [self.shown_property(entry) for entry in self.properties],
                "CustomFields": self.custom_fields,
                **self.extra,
            }
            self._encoded = encode(before)[:-1], encode(after)[1:]
        head, tail = self._encoded
        return b"".join((head, b',"Connector":', self.connector.encoded, b",", tail))

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
                **({"Answers": self.answers} if self.answers else {}),
                **self.own,
            },
        }

    @classmethod
    def from_dump(cls, document: JSON, connectors: Mapping[int, Connector]) -> "AccountConnector":
        own = dict(document[OWN])
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
        installed_at = own.pop("InstalledAt", None)
        return cls(
            id=int(document["Id"]),
            account_id=str(own.pop("AccountId")),
            connector=connectors[int(own.pop("ConnectorId"))],
            name=document["Name"],
            description=document.get("Description"),
            auth_value=document.get("AuthValue"),
            authenticated=bool(document.get("Authenticated")),
            authentication_id=own.pop("AuthenticationId", None),
            is_partner=bool(document.get("IsPartnerIntegrationConnector")),
            properties=[dict(entry) for entry in document.get("Properties") or []],
            custom_fields=[dict(entry) for entry in document.get("CustomFields") or []],
            installed_at=read_time(installed_at) if installed_at else None,
            answers=dict(own.pop("Answers", None) or {}),
            extra={key: value for key, value in document.items() if key not in known},
            own=own,
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
