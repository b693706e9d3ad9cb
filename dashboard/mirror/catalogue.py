"""Authentication methods and parameters: how the mirror keeps them, and their words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Any

from cyclr_api import AuthMethod, Parameter


class AuthType(StrEnum):
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


def auth_type_of(method: AuthMethod) -> AuthType:
    """How a method authenticates; unknown types are finished in Cyclr itself."""
    match method.type.casefold(), (method.oauth2_type or "").casefold():
        case "apikey", _:
            return AuthType.API_KEY
        case "basic", _:
            return AuthType.BASIC
        case "oauth2", "clientcredentials":
            return AuthType.CLIENT
        case "oauth2", "passwordcredentials":
            return AuthType.PASSWORD
        case ("oauth2", _) | ("oauth1", _):
            return AuthType.SIGN_IN
        case "none", _:
            return AuthType.NOTHING
        case _:
            return AuthType.UNKNOWN


LABELS = {
    AuthType.API_KEY: "API key",
    AuthType.BASIC: "User name and password",
    AuthType.SIGN_IN: "OAuth 2",
    AuthType.CLIENT: "OAuth 2, client credentials",
    AuthType.PASSWORD: "OAuth 2, password",
    AuthType.NOTHING: "No authentication",
    AuthType.UNKNOWN: "To be finished in Cyclr",
}


def label_of(method: AuthMethod) -> str:
    """A method's kind in a few words, such as "OAuth 2"."""
    if method.type.casefold() == "oauth1":
        return "OAuth 1"
    return LABELS[auth_type_of(method)]


AUTH_TYPES = tuple(auth_type for auth_type in AuthType if auth_type is not AuthType.UNKNOWN)
"""The types that a list of connectors can be filtered by."""
FIELDS_OF = {AuthType.API_KEY: 1, AuthType.BASIC: 2}
"""Fields that an auth type adds to the settings."""


def auth_types_of(methods: Iterable[AuthMethod]) -> set[AuthType]:
    """The auth types of the methods; without any there is nothing to authenticate."""
    return {auth_type_of(method) for method in methods} or {AuthType.NOTHING}


def chosen_methods(authentication: Iterable[object], chosen_id: str) -> list[AuthMethod]:
    """An installed connector's methods: the one it was installed with, else all it knows."""
    every = [AuthMethod.from_json(method) for method in authentication]
    return [one for one in every if chosen_id and one.id == chosen_id] or every


@lru_cache(maxsize=1024)
def is_connected_by_link(authentication: str, chosen_id: str) -> bool:
    """Whether a customer can do it on a link, by methods as JSON; of thousands a few differ."""
    return any(map(is_by_customer, chosen_methods(json.loads(authentication), chosen_id)))


def methods_label(methods: Iterable[AuthMethod]) -> str:
    """Methods in a few words, such as “API key or OAuth 2”."""
    return (
        " or ".join(dict.fromkeys(label_of(method) for method in methods))
        or LABELS[AuthType.NOTHING]
    )


@lru_cache(maxsize=1024)
def chosen_label(authentication: str, chosen_id: str) -> str:
    """How an installed connector is authenticated, such as “OAuth 2”, by its methods as JSON.

    Remembered: what is installed a hundred times knows the same methods.
    """
    return methods_label(chosen_methods(json.loads(authentication), chosen_id))


def asks_label(methods: Iterable[AuthMethod], settings: int) -> str:
    """How much an install asks for: “3 fields”, “1–2 fields”, “Nothing”."""
    auth_types = auth_types_of(methods)
    counts = {settings + FIELDS_OF.get(auth_type, 0) for auth_type in auth_types}
    least, most = min(counts), max(counts)
    if most == 0:
        return "Nothing: the customer signs in" if AuthType.SIGN_IN in auth_types else "Nothing"
    span = f"{most}" if least == most else f"{least}–{most}"
    return f"{span} field" if most == 1 else f"{span} fields"


SIGNED_IN = frozenset({AuthType.SIGN_IN, AuthType.PASSWORD})
"""Types that a visit at the third party, or at least at Cyclr, finishes."""


TRIED_BY_CYCLR = frozenset({AuthType.CLIENT, AuthType.PASSWORD})
"""Types that Cyclr tries by itself, with the settings: for that it wants an empty object."""
TRY = "{}"


def is_by_visit(method: AuthMethod) -> bool:
    """Whether a customer authenticates it in the browser, through Cyclr."""
    return auth_type_of(method) in SIGNED_IN


def is_by_customer(method: AuthMethod) -> bool:
    """Whether a customer can authenticate it on a connection link: signs in, or types."""
    return auth_type_of(method) not in {AuthType.NOTHING, AuthType.UNKNOWN}


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


_LOOKS_SECRET = re.compile(
    r"secret|passw|passphrase|signature|credential|\bpem\b|^token$|"
    r"(private|api|access|signing|encryption|license|security|integrator).?key|"
    r"(access|api|auth|refresh|bearer|security|personal|consumer|session).?token",
    re.IGNORECASE,
)


def looks_secret(parameter: Parameter) -> bool:
    """Whether a value should not be shown again although Cyclr did not call it sensitive."""
    return parameter.is_sensitive or _sounds_secret(f"{parameter.name} {parameter.target_name}")


@lru_cache(maxsize=10_000)
def _sounds_secret(names: str) -> bool:
    return bool(_LOOKS_SECRET.search(names))
