"""LAUNCH, ORBIT and Marketplace: what they are given, and where they send the browser."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from ..decoding import Record, UndecodableError
from .account_connectors import Property
from .accounts import SIGN_IN_TOKEN_LIFE
from .base import DROPPED, no_extra


@dataclass(frozen=True, slots=True)
class ConnectorAuthentication:
    """How a connector is authenticated beforehand, so that the customer is not asked [D].

    The connector is named as in the catalogue; `authentication_id`: which of several methods.
    """

    name: str
    version: str | None = None
    authentication_id: str | None = None
    auth_value: str | None = field(default=None, repr=False)
    properties: tuple[Property, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As an element of `ConnectorAuthentications` [D]; what is None is left out."""
        values = {
            "Name": self.name,
            "Version": self.version,
            "AuthenticationId": self.authentication_id,
            "AuthValue": self.auth_value,
            "Properties": [{"Name": value.name, "Value": value.value} for value in self.properties]
            or None,
        }
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """Where to send a browser, by GET, once, until it expires (5 minutes) [D].

    `url` signs whoever opens it in to the account: it is a secret, as `token` in it is.
    """

    url: str = field(repr=False)
    expires_at: datetime
    account_id: str = ""
    token: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From the answer to a launch, orbit or marketplace call.

        UndecodableError without the address of a web page.
        """
        record = Record(value, "browser session")
        url = record.value("LaunchUrl", "OrbitUrl", "MarketplaceUrl")
        if not isinstance(url, str) or not url.lower().startswith(("https://", "http://")):
            raise UndecodableError("browser session: no address")
        return cls(
            url=url,
            expires_at=record.moment("ExpiresAtUtc") or datetime.now(UTC) + SIGN_IN_TOKEN_LIFE,
            account_id=record.text("AccountId") or "",
            token=record.text("Token") or "",
            extra=record.unread(DROPPED),
        )
