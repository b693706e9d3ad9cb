"""What an authentication method asks to type, and what Cyclr gets of it.

Shared by the staff's install form and the customer's form on a connection link.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cyclr_api import AuthMethod, Parameter
from dashboard.installs.fields import Moment, SecretInput, UntrustedText, UserName
from dashboard.mirror.catalogue import TRY, AuthType

Fields = dict[str, forms.Field]


def credential_fields(method: AuthMethod | None, auth_type: AuthType, *, goes: object) -> Fields:
    """The fields of a key or of a user name and password; none for the other types.

    `goes`: words about where a secret goes and who sees it.
    """
    said = (method.description if method else "") or ""
    match auth_type:
        case AuthType.API_KEY:
            key = UntrustedText(label=_("API key"), help_text=said or goes, widget=SecretInput())
            return {"auth-key": key}
        case AuthType.BASIC:
            user = UserName(label=_("User name"), help_text=said)
            empty = _("Some services want it empty.")
            password = UntrustedText(
                label=_("Password"),
                help_text=f"{goes} {empty}".strip(),
                widget=SecretInput(),
                is_password=True,
                required=False,
            )
            return {"auth-user": user, "auth-password": password}
        case _:
            return {}


def own_app_fields(parameters: Iterable[Parameter], *, whose: object) -> Fields:
    """Client id and secret of an OAuth app, where they are not among the settings."""
    targets = {parameter.target_name.casefold() for parameter in parameters}
    fields: Fields = {
        "auth-ClientId": UntrustedText(label=_("Client ID"), help_text=whose, required=False),
        "auth-ClientSecret": UntrustedText(
            label=_("Client secret"), help_text=whose, required=False, widget=SecretInput()
        ),
    }
    return {
        name: field
        for name, field in fields.items()
        if name.removeprefix("auth-").casefold() not in targets
    }


def token_fields() -> Fields:
    """Tokens that somebody has already."""
    return {
        "auth-access": UntrustedText(label="Access token", required=False, widget=SecretInput()),
        "auth-refresh": UntrustedText(label="Refresh token", required=False, widget=SecretInput()),
        "auth-expires": Moment(
            label="Access token expires", help_text="Date and time, in UTC.", required=False
        ),
    }


def pairing_errors(values: Mapping[str, Any], fields: Mapping[str, object]) -> dict[str, str]:
    """What is only half there, by the field that lacks: words for each."""
    found: dict[str, str] = {}
    pair = ("auth-ClientId", "auth-ClientSecret")
    typed = [bool(values.get(name)) for name in pair]
    if all(name in fields for name in pair) and any(typed) and not all(typed):
        found[pair[typed.index(False)]] = str(
            _("Your own app needs both a client id and a client secret.")
        )
    if values.get("auth-refresh") and not values.get("auth-access"):
        found["auth-access"] = "A refresh token needs an access token."
    if values.get("auth-password") and "auth-user" in fields and not values.get("auth-user"):
        found["auth-user"] = str(_("A password needs a user name."))
    return found


def auth_value(auth_type: AuthType, values: Mapping[str, Any]) -> str | None:
    """`AuthValue` as Cyclr wants it for this type; None = nothing was typed yet."""
    match auth_type:
        case AuthType.API_KEY:
            return str(values["auth-key"]) if values.get("auth-key") else None
        case AuthType.BASIC if values.get("auth-user"):
            pair = f"{values['auth-user']}:{values.get('auth-password') or ''}"
            return base64.b64encode(pair.encode()).decode()
        case AuthType.CLIENT | AuthType.PASSWORD:
            return TRY  # what it signs in with stands among the settings
        case AuthType.SIGN_IN if values.get("auth-access"):
            tokens = {
                "AccessToken": values["auth-access"],
                "RefreshToken": values.get("auth-refresh") or None,
                "Expires": values.get("auth-expires") or None,
            }
            return json.dumps({key: value for key, value in tokens.items() if value})
        case _:
            return None


def properties(
    parameters: Iterable[tuple[str, Parameter]], values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The cleaned values as Cyclr wants them: text, and nothing for nothing.

    `parameters`: each with the name of its field.
    """
    found = [
        {"Name": parameter.target_name, "Value": str(value), "Id": parameter.id}
        for name, parameter in parameters
        if (value := values.get(name)) not in (None, "")
    ]
    found += [
        {"Name": name.removeprefix("auth-"), "Value": str(values[name]), "Id": 0}
        for name in ("auth-ClientId", "auth-ClientSecret")
        if values.get(name)
    ]
    return found
