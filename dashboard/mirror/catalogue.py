"""Authentication methods and parameters: how the mirror keeps them, and their words."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from cyclr_api import AuthMethod, Parameter


class Way(StrEnum):
    """What an authentication method asks of people."""

    API_KEY = "api-key"
    BASIC = "basic"
    SIGN_IN = "sign-in"
    """The customer signs in at the third party, in a browser."""
    CLIENT = "client"
    """Client id and secret, among the properties; Cyclr fetches tokens by itself."""
    PASSWORD = "password"  # noqa: S105 - a kind, not a password
    """User name and password as properties; a browser visit finishes it."""
    NOTHING = "nothing"
    UNKNOWN = "unknown"


def way_of(method: AuthMethod) -> Way:
    """Which way a method goes; unknown types are finished in Cyclr itself."""
    match method.type.casefold(), (method.oauth2_type or "").casefold():
        case "apikey", _:
            return Way.API_KEY
        case "basic", _:
            return Way.BASIC
        case "oauth2", "clientcredentials":
            return Way.CLIENT
        case "oauth2", "passwordcredentials":
            return Way.PASSWORD
        case ("oauth2", _) | ("oauth1", _):
            return Way.SIGN_IN
        case "none", _:
            return Way.NOTHING
        case _:
            return Way.UNKNOWN


WORDS = {
    Way.API_KEY: "API key",
    Way.BASIC: "User name and password",
    Way.SIGN_IN: "OAuth 2",
    Way.CLIENT: "OAuth 2, client credentials",
    Way.PASSWORD: "OAuth 2, password",
    Way.NOTHING: "No authentication",
    Way.UNKNOWN: "To be finished in Cyclr",
}


def words_of(method: AuthMethod) -> str:
    """A method's kind in a few words, such as "OAuth 2"."""
    if method.type.casefold() == "oauth1":
        return "OAuth 1"
    return WORDS[way_of(method)]


WAYS = tuple(way for way in Way if way is not Way.UNKNOWN)
"""The ways that a list of connectors can be filtered by."""
FIELDS_OF = {Way.API_KEY: 1, Way.BASIC: 2}
"""Fields that a way of authenticating adds to the settings."""


def ways_of(methods: Iterable[AuthMethod]) -> set[Way]:
    """Which ways the methods can go; without any there is nothing to authenticate."""
    return {way_of(method) for method in methods} or {Way.NOTHING}


def methods_words(methods: Iterable[AuthMethod]) -> str:
    """Methods in a few words, such as “API key or OAuth 2”."""
    return " or ".join(dict.fromkeys(words_of(method) for method in methods)) or WORDS[Way.NOTHING]


def asks_words(methods: Iterable[AuthMethod], settings: int) -> str:
    """How much an install asks for: “3 fields”, “1–2 fields”, “Nothing”."""
    ways = ways_of(methods)
    counts = {settings + FIELDS_OF.get(way, 0) for way in ways}
    least, most = min(counts), max(counts)
    if most == 0:
        return "Nothing: the customer signs in" if Way.SIGN_IN in ways else "Nothing"
    span = f"{most}" if least == most else f"{least}–{most}"
    return f"{span} field" if most == 1 else f"{span} fields"


SIGNED_IN = frozenset({Way.SIGN_IN, Way.PASSWORD})
"""Ways that a visit at the third party, or at least at Cyclr, finishes."""


TRIED_BY_CYCLR = frozenset({Way.CLIENT, Way.PASSWORD})
"""Ways that Cyclr tries by itself, with the settings: for that it wants an empty object."""
TRY = "{}"


def is_by_visit(method: AuthMethod) -> bool:
    """Whether a customer authenticates it in the browser, by way of Cyclr."""
    return way_of(method) in SIGNED_IN


def is_by_customer(method: AuthMethod) -> bool:
    """Whether a customer can authenticate it on a connection link: signs in, or types."""
    return way_of(method) not in {Way.NOTHING, Way.UNKNOWN}


def method_json(method: AuthMethod) -> dict[str, Any]:
    """A method as the mirror keeps it: `AuthMethod.from_json` reads it back."""
    return {
        "Id": method.id,
        "AuthName": method.name,
        "AuthDescription": method.description,
        "AuthType": method.type,
        "OAuth2Type": method.oauth2_type,
        "AuthScheme": method.scheme,
    }


def parameter_json(parameter: Parameter) -> dict[str, Any]:
    """A parameter as the mirror keeps it: `Parameter.from_json` reads it back."""
    return {
        "Id": parameter.id,
        "Name": parameter.name,
        "TargetName": parameter.target_name,
        "Description": parameter.description,
        "IsAccountConnectorProperty": parameter.is_account_property,
        "IsOptional": parameter.is_optional,
        "IsSensitive": parameter.is_sensitive,
        "DataType": parameter.data_type,
        "Values": list(parameter.values),
        "TriggerName": parameter.trigger_name,
        "DisplayOrder": parameter.display_order,
        "IsHidden": parameter.is_hidden,
        "IsMultiline": parameter.is_multiline,
        "Default": None if parameter.is_sensitive else parameter.default,
    }
