"""Connectors of the library, and how they authenticate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ..decoding import Record
from .base import DROPPED, no_extra, version_in


@dataclass(frozen=True, slots=True)
class AuthMethod:
    """One way to authenticate a connector [D].

    `type`: `ApiKey`, `Basic`, `OAuth2`, `OAuth1`, `AuthFields`, `None`; treat any other as
    "authenticate in Cyclr". `oauth2_type` (`AuthorisationCode`, `ClientCredentials`,
    `PasswordCredentials`) is None unless the type is OAuth2: Cyclr's samples put arbitrary
    values there. `scheme`: for API keys, the header's name. `id` (a GUID) is None when it
    was read from the connector's legacy fields; then none is sent on install.
    """

    id: str | None
    name: str = ""
    description: str | None = None
    type: str = ""
    oauth2_type: str | None = None
    scheme: str | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of `Authentication`, or from a connector's legacy fields."""
        record = Record(value, "authentication method")
        kind = record.text("AuthType") or ""
        oauth2_type = record.text("OAuth2Type")
        return cls(
            id=record.text("Id") or None,
            name=record.text("AuthName") or "",
            description=record.text("AuthDescription"),
            type=kind,
            oauth2_type=oauth2_type if kind.lower() == "oauth2" else None,
            scheme=record.text("AuthScheme"),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Parameter:
    """A setting of a connector [D].

    `id` belongs to one release and is 0 when Cyclr gave none. `target_name` is what goes into
    an installed property's name; `name` is the label. Only parameters with
    `is_account_property` are asked for and sent: others are refused [T]. `values`: fixed
    choices, although others may be typed too [D]; empty = free text. Presence of
    `display_order`, `is_hidden`, `is_multiline` and `default` in the API is unknown [?].
    """

    id: int
    name: str = ""
    target_name: str = ""
    description: str | None = None
    is_account_property: bool = False
    is_optional: bool = False
    is_sensitive: bool = False
    """True also when Cyclr's answer to it was not understood."""
    data_type: str | None = None
    values: tuple[str, ...] = ()
    trigger_name: str | None = None
    display_order: int | None = None
    is_hidden: bool = False
    is_multiline: bool = False
    default: str | None = field(default=None, repr=False)
    target_type: str | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of `Parameters`."""
        record = Record(value, "parameter")
        sensitive = record.value("IsSensitive")
        return cls(
            id=max(record.whole("Id") or 0, 0),
            name=record.text("Name", "DisplayName") or "",
            target_name=record.text("TargetName") or "",
            description=record.text("Description"),
            is_account_property=record.flag("IsAccountConnectorProperty") or False,
            is_optional=record.flag("IsOptional") or False,
            is_sensitive=sensitive is not None and record.flag("IsSensitive") is not False,
            data_type=record.text("DataType"),
            values=record.texts("Values"),
            trigger_name=record.text("TriggerName"),
            display_order=record.whole("DisplayOrder"),
            is_hidden=record.flag("IsHidden", "Hidden") or False,
            is_multiline=record.flag("IsMultiline", "Multiline") or False,
            default=record.text("DefaultValue", "Default"),
            target_type=record.text("TargetType"),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Trigger:
    """A look-up of choices that works once the account connector is authenticated [T][D]."""

    id: int | None
    name: str = ""
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of `Triggers`."""
        record = Record(value, "trigger")
        return cls(
            id=record.whole("TriggerId"),
            name=record.text("Name") or "",
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """What a look-up offers: a name to show and the value it stands for [T]."""

    name: str
    value: str

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of a look-up's answer; each text stands in for the other if need be."""
        record = Record(value, "choice")
        name, text = record.text("Name"), record.text("Value")
        return cls(name=name or text or "", value=text if text is not None else name or "")


@dataclass(frozen=True, slots=True)
class Connector:
    """One release of a catalogue entry [T][D].

    `id` is the release's and changes with every release: remember `name` and `version`.
    `version` is free text or None; the text "null" of Cyclr's samples is None too.
    """

    id: int
    name: str = ""
    version: str | None = None
    description: str | None = None
    status: str | None = None
    release_status: str | None = None
    is_system: bool | None = None
    """Built in by Cyclr [C]; None if it did not say."""
    categories: tuple[str, ...] = ()
    authentication: tuple[AuthMethod, ...] = ()
    """The methods to choose from; made from the legacy fields when Cyclr sent no list."""
    parameters: tuple[Parameter, ...] = ()
    is_partial: bool = False
    """Whether the answer had no `Parameters` at all: ask for it by id to know them [?]."""
    triggers: tuple[Trigger, ...] = ()
    icon: str = field(default="", compare=False)
    """What `Library.readable(icons=…)` was given to remember of its icon; never the icon."""
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @property
    def is_draft(self) -> bool:
        """Drafts cannot be installed [T]; which field says that it is one is unknown [?]."""
        return "draft" in {(self.release_status or "").lower(), (self.status or "").lower()}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From a connector object. UndecodableError without an object or an id."""
        record = Record(value, "connector")
        legacy = {
            name: record.value(name)
            for name in ("AuthDescription", "AuthType", "OAuth2Type", "AuthScheme")
        }
        methods = record.objects("Authentication", AuthMethod.from_json)
        if not methods and legacy["AuthType"]:
            methods = (AuthMethod.from_json(legacy),)
        return cls(
            id=record.numeric_id(),
            name=record.text("Name") or "",
            version=version_in(record),
            description=record.text("Description"),
            status=record.text("Status"),
            release_status=record.text("ReleaseStatus"),
            is_system=record.flag("IsSystemConnector"),
            categories=record.texts("Categories"),
            authentication=methods,
            parameters=record.objects("Parameters", Parameter.from_json),
            is_partial=record.value("Parameters") is None,
            triggers=record.objects("Triggers", Trigger.from_json),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class CustomConnector:
    """A connector that was made for one account, from a definition [T].

    `id` is text because it is only ever sent back: whether it is a number is unknown [?].
    `unique_id` is the definition's GUID.
    """

    id: str
    unique_id: str | None = None
    name: str = ""
    version: str | None = None
    description: str | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From a custom connector object. UndecodableError without an object or an id."""
        record = Record(value, "custom connector")
        return cls(
            id=record.text_id(),
            unique_id=record.text("UniqueIdentifier"),
            name=record.text("Name") or "",
            version=version_in(record),
            description=record.text("Description"),
            extra=record.unread(DROPPED),
        )
