"""How a connector may be authenticated, on the form."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms

from cyclr_api import AuthMethod
from dashboard.mirror.catalogue import AuthType, auth_type_of, label_of


def method_field(methods: Sequence[AuthMethod]) -> forms.ChoiceField:
    """The choice among several methods, each with what it asks to type."""
    keys = [method.id or str(place) for place, method in enumerate(methods)]
    label = [method.name or label_of(method) for method in methods]
    field = forms.ChoiceField(
        label="Authentication method",
        choices=list(zip(keys, label, strict=True)),
        # A browser that goes back would choose another one than the fields are drawn for.
        widget=forms.RadioSelect(attrs={"autocomplete": "off"}),
    )
    helps = {
        AuthType.API_KEY: "A key, typed here or by the customer",
        AuthType.BASIC: "A user name and a password, typed here or by the customer",
        AuthType.SIGN_IN: "Nothing to type: the customer signs in there",
        AuthType.CLIENT: "A client id and secret, typed here or by the customer",
        AuthType.PASSWORD: "A user name and password in the settings",
        AuthType.NOTHING: "Nothing to type",
        AuthType.UNKNOWN: "Installed here, to be finished in Cyclr",
    }
    field.choice_help = {  # type: ignore[attr-defined]
        key: helps[auth_type_of(method)] for key, method in zip(keys, methods, strict=True)
    }
    return field


def auth_type_message(auth_type: AuthType, method: AuthMethod | None) -> str:
    """What the only method asks, where there is no choice."""
    match auth_type:
        case AuthType.SIGN_IN:
            return "OAuth: nothing to type. The customer will connect it on a connection link."
        case AuthType.PASSWORD:
            return (
                "OAuth with a user name and password, which are among the settings. Cyclr "
                "signs in with them by itself; if it cannot, a connection link finishes it."
            )
        case AuthType.CLIENT:
            return "OAuth with client credentials: Cyclr signs in by itself."
        case AuthType.NOTHING:
            return "This connector needs no authentication."
        case AuthType.UNKNOWN:
            kind = method.type if method else ""
            return (
                f"Cyclr Desk does not know the method “{kind}”. It is installed without "
                "authentication; finish it in the Cyclr console."
            )
        case _:
            return label_of(method) if method else ""
