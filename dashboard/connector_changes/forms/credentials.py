"""New credentials for an installed connector, as its authentication method wants them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from cyclr_api import AuthMethod, Parameter
from dashboard.connector_changes.forms.settings import HAS_VALUE, NO_VALUE, PropertiesForm
from dashboard.installs import credentials
from dashboard.mirror.catalogue import TRIED_BY_CYCLR, AuthType, auth_type_of
from dashboard.mirror.models import AccountConnector
from dashboard.operations.forms import JSON

GOES = "Sent to Cyclr and never shown again."
IN_SETTINGS = frozenset({*TRIED_BY_CYCLR, AuthType.UNKNOWN})
"""Types whose credentials stand among the settings."""
OWN_APP = ("ClientId", "ClientSecret")
BOTH_AGAIN = (
    "User name and password are kept as one: enter the password again too, or tick that the "
    "service wants none."
)
NO_PASSWORD = "The service wants no password"  # noqa: S105 - a label


class CredentialsForm(PropertiesForm):
    """What the method asks: blank keeps, *Clear* takes an own app or a setting away."""

    def __init__(
        self,
        connector: AccountConnector,
        method: AuthMethod | None,
        asked: Sequence[Parameter],
        data: Any = None,
    ) -> None:
        self.method = method
        self.auth_type = auth_type_of(method) if method else AuthType.NOTHING
        is_oauth1 = method is not None and method.type.casefold() == "oauth1"
        in_settings = self.auth_type in IN_SETTINGS or is_oauth1
        super().__init__(connector, list(asked) if in_settings else [], data)
        typed = credentials.credential_fields(method, self.auth_type, goes=GOES)
        if self.auth_type in {AuthType.SIGN_IN, *TRIED_BY_CYCLR} and not is_oauth1:
            typed |= credentials.own_app_fields(asked, whose="")
        if self.auth_type == AuthType.SIGN_IN and not is_oauth1:
            typed |= credentials.token_fields()
        for name, field in typed.items():
            field.required = False
            field.is_alternative = True  # type: ignore[attr-defined]
            self.fields[name] = field
        if "auth-password" in self.fields:
            self.fields["auth-password"].help_text = GOES
        self._add_clears()

    def _add_clears(self) -> None:
        for target in OWN_APP:
            name = f"auth-{target}"
            if name not in self.fields:
                continue
            self.fields[name].help_text = HAS_VALUE if target in self.filled else NO_VALUE
            if target in self.filled:
                self._add_clear(name, str(self.fields[name].label).lower())
        if "auth-password" in self.fields:
            self.fields["auth-password-clear"] = forms.BooleanField(
                label=NO_PASSWORD, required=False
            )

    # ---- as it is drawn ----

    def _pairs(self, *names: str) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        return [self.pair(name) for name in names if name in self.fields]

    @property
    def credentials(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        """A key, or user name and password."""
        return self._pairs("auth-key", "auth-user", "auth-password")

    @property
    def own_app(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        """The customer's own OAuth app."""
        return self._pairs("auth-ClientId", "auth-ClientSecret")

    @property
    def tokens(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        """Tokens that somebody has already."""
        return self._pairs("auth-access", "auth-refresh", "auth-expires")

    @property
    def takes_anything(self) -> bool:
        """Whether there is a field at all."""
        return bool(self.visible_fields())

    # ---- cleaning ----

    def clean(self) -> JSON:
        """Halves of pairs are said at the half that lacks."""
        values = dict(self.cleaned_data)
        for name in OWN_APP:  # what is kept is there
            values[f"auth-{name}"] = values.get(f"auth-{name}") or (
                name in self.filled and not self._clears(f"auth-{name}")
            )
        for name, message in credentials.pairing_errors(values, self.fields).items():
            if name not in self.errors:
                self.add_error(name, message)
        is_half = values.get("auth-user") and not values.get("auth-password")
        if is_half and not self._clears("auth-password") and "auth-password" not in self.errors:
            self.add_error("auth-password", BOTH_AGAIN)
        return super().clean()

    def full_clean(self) -> None:
        """Also: a user name without a password may be a key, so it is not shown again."""
        super().full_clean()
        name = "auth-user"
        if self.errors and name in self.fields and self.data.get(name):
            data = QueryDict(mutable=True)
            data.update(self.data)
            is_key = not data.get("auth-password")
            if is_key and name not in self.errors:
                self.add_error(name, "Type it again. What you typed before was not kept.")
            if is_key:
                data[name] = ""
                self.data = data

    def may_be_secret(self, name: str) -> bool:
        """Credentials are; a user name may be a key."""
        return (name.startswith("auth-") and name != "auth-expires") or super().may_be_secret(name)

    def is_empty(self) -> bool:
        """Whether neither credentials nor properties were entered."""
        is_tried = self.auth_type in TRIED_BY_CYCLR
        return super().is_empty() and (is_tried or self.auth_value() is None)

    # ---- what comes of it ----

    def auth_value(self) -> str | None:
        """`AuthValue` as Cyclr wants it; None keeps what is there."""
        return credentials.auth_value(self.auth_type, self.cleaned_data)

    def properties(self) -> list[JSON]:
        """The settings, and the own app."""
        found: list[JSON] = credentials.properties(self.parameters.items(), self.cleaned_data)
        return found

    def removed(self) -> list[str]:
        """With the own app."""
        own = [name for name in OWN_APP if self._clears(f"auth-{name}")]
        return [*super().removed(), *own]

    def values(self) -> JSON:
        """New credentials for the worker."""
        return {**super().values(), "auth_value": self.auth_value()}

    def entries(self) -> list[list[str]]:
        """Which fields were filled in, and nothing of what was entered."""
        shown = super().entries()
        for name, field in self.fields.items():
            if not name.startswith("auth-") or name.endswith("-clear"):
                continue
            if self._clears(name):
                shown.append([str(field.label), "cleared"])
            elif self.cleaned_data.get(name):
                shown.append([str(field.label), "set"])
        return shown

    def field_about(self, about: str) -> str:
        """Also of the credentials, and of the own app."""
        if about == "credentials":
            named = ("auth-key", "auth-user", "auth-access")
            return next((name for name in named if name in self.fields), "")
        own = f"auth-{about.removeprefix('property:')}"
        return own if own in self.fields else super().field_about(about)
