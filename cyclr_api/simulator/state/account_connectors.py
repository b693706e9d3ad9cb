"""What is installed in the accounts: installing, changing, authenticating, deleting."""

import copy
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cyclr_api.simulator.state.accounts import Accounts
from cyclr_api.simulator.state.connectors import Connectors
from cyclr_api.simulator.state.core import Core
from cyclr_api.simulator.state.credentials import Credentials, is_oauth_app_name
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.values import JSON, AccountConnector, Connector, cyclr_time


@dataclass(frozen=True)
class Property:
    """A value that a caller wants an account connector to have."""

    name: str
    value: str | None


@dataclass(frozen=True)
class Installation:
    """What an install call asks for."""

    name: str | None = None
    description: str | None = None
    authentication_id: str | None = None
    auth_value: str | None = None
    properties: list[Property] = field(default_factory=list)
    is_partner: bool = False


class AccountConnectors(Mapping[str, dict[int, AccountConnector]]):
    """Account id -> its account connectors by id, oldest first. An unknown account: KeyError."""

    def __init__(self, core: Core, accounts: Accounts) -> None:
        self._core, self._accounts = core, accounts
        self._credentials = Credentials(core)
        self._by_account: dict[str, dict[int, AccountConnector]] = {}
        self._accounts_of: dict[int, str] = {}
        self.on_lost: Callable[[AccountConnector, str], None] = _nobody_cares
        """Called before one can no longer be used, with whose deed it is."""

    def __getitem__(self, account_id: str) -> dict[int, AccountConnector]:
        found = self._by_account.get(account_id)
        if found is None:
            found = self._by_account[self._accounts[account_id].id] = {}
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)

    def read(self, document: JSON, connectors: Connectors) -> None:
        """Take the part of a world file."""
        installed = [
            AccountConnector.from_dump(entry, connectors) for entry in document["AccountConnectors"]
        ]
        for one in installed:
            self._reserve_ids_of(one)
        for kind, number in (document.get("NextIds") or {}).items():
            self._core.reserve_ids(kind, number)
        for one in installed:
            self.add(one)

    def dumped(self) -> JSON:
        """The part of a world file."""
        return {
            "AccountConnectors": [
                one.dumped() for installed in self.values() for one in installed.values()
            ]
        }

    def take_from(self, other: "AccountConnectors") -> None:
        """Have the same content as another state's."""
        self._by_account = {
            key: {one.id: _copied(one) for one in installed.values()}
            for key, installed in other.items()
        }
        self._accounts_of = dict(other._accounts_of)

    def add(self, one: AccountConnector) -> None:
        """Put an account connector into the state, without a trace in the ledger."""
        with self._core.lock:
            if one.id in self._accounts_of:
                raise ValueError(f"There is an account connector {one.id} already.")
            self._keep(one)
            self._reserve_ids_of(one)
            for entry in one.properties:
                if entry.get("Id") is None:
                    entry["Id"] = self._core.next_id("Property")
                entry.setdefault("Value", None)
            self._core.changes += 1

    def _keep(self, one: AccountConnector) -> None:
        self[one.account_id][one.id] = one
        self._accounts_of[one.id] = one.account_id

    def _reserve_ids_of(self, one: AccountConnector) -> None:
        used = [("AccountConnector", one.id)]
        used += [("Property", entry.get("Id") or 0) for entry in one.properties]
        used += [("CustomField", entry.get("Id") or 0) for entry in one.custom_fields]
        for kind, number in used:
            self._core.reserve_ids(kind, number + 1)

    def forget_account(self, account_id: str) -> None:
        """An account is deleted, and all that is installed in it."""
        for number in self._by_account.pop(account_id, {}):
            del self._accounts_of[number]

    # -- found -------------------------------------------------------------------------------

    def one(self, account_id: str, account_connector_id: int) -> AccountConnector:
        """The account's one with this id, or Cyclr’s 404."""
        found = self[account_id].get(account_connector_id)
        if found is None:
            raise ApiError(404)
        return found

    def numbered(self, account_connector_id: int) -> AccountConnector:
        """The one with this id, in whatever account."""
        with self._core.lock:
            account_id = self._accounts_of[account_connector_id]
            return self[account_id][account_connector_id]

    def listed(self, account_id: str) -> list[AccountConnector]:
        """What a list shows, which may lag behind what there is."""
        found = list(self[account_id].values())
        lag = self._core.faults.listing_lag
        if lag is None:
            return found
        newest = self._core.now() - timedelta(seconds=lag)
        return [one for one in found if one.installed_at is None or one.installed_at <= newest]

    def free_name(self, account_id: str, wanted: str) -> str:
        taken = {one.name.casefold() for one in self[account_id].values()}
        names = itertools.chain([wanted], (f"{wanted} {n}" for n in itertools.count(2)))
        return next(name for name in names if name.casefold() not in taken)

    # -- installed, changed, deleted -----------------------------------------------------------

    def install(
        self, account_id: str, connector: Connector, asked: Installation, *, by: str
    ) -> AccountConnector:
        """Install a release into an account, or refuse with Cyclr's own words."""
        method = check_installation(connector, asked)
        name = asked.name if asked.name and asked.name.strip() else connector.name
        self._check_name(account_id, name)
        one = AccountConnector(
            id=self._core.next_id("AccountConnector"),
            account_id=account_id,
            connector=connector,
            name=name,
            description=self._cut(asked.description),
            auth_value=asked.auth_value,
            authentication_id=method.get("Id"),
            is_partner=asked.is_partner,
            installed_at=self._core.now(),
        )
        self._merge_properties(one, asked.properties)
        one.authenticated = self._credentials.is_authenticated(one)
        self._keep(one)
        ids: dict[str, Any] = {"connector": connector.id, "name": name}
        self._core.record("install", account_id, by, account_connector=one.id, **ids)
        return one

    def change(
        self,
        one: AccountConnector,
        *,
        name: str | None = None,
        description: tuple[str | None] | None = None,
        auth_value: str | None = None,
        properties: list[Property] | None = None,
        is_partner: bool | None = None,
        by: str = "api",
    ) -> None:
        """Change what is given and keep the rest; `description` is wrapped, for None is a value."""
        if properties:
            _check_properties(one.connector, self._credentials.method_of(one), properties)
        if name is not None and name.strip():
            self._check_name(one.account_id, name, besides=one)
            one.name = name
        if description is not None:
            one.description = self._cut(description[0])
        if properties:
            self._merge_properties(one, properties)
        if auth_value is not None:
            one.auth_value = auth_value or None
            one.authenticated = self._credentials.is_authenticated(one)
        if is_partner is not None:
            one.is_partner = is_partner
        one.changed()
        self._core.record("update", one.account_id, by, account_connector=one.id)

    def authenticate(self, one: AccountConnector, *, by: str) -> None:
        """It has got credentials that work; without any, the third party's tokens."""
        one.authenticated = True
        one.auth_value = one.auth_value or self.third_party_tokens()
        self.mark_authenticated(one, by=by)

    def mark_authenticated(self, one: AccountConnector, *, by: str) -> None:
        """What it holds has been found to work."""
        one.authenticated = True
        one.changed()
        self._core.record("authenticate", one.account_id, by, account_connector=one.id)

    def deauthenticate(self, one: AccountConnector, *, by: str) -> None:
        one.authenticated = False
        one.auth_value = None
        one.changed()
        self.on_lost(one, by)
        self._core.record("deauthenticate", one.account_id, by, account_connector=one.id)

    def delete(self, one: AccountConnector, *, by: str) -> None:
        self.on_lost(one, by)
        del self[one.account_id][one.id]
        del self._accounts_of[one.id]
        account_id, name = one.account_id, one.name
        self._core.record("delete", account_id, by, account_connector=one.id, name=name)

    def third_party_tokens(self) -> str:
        """What a third party hands out when somebody has approved."""
        now, tokens = self._core.now(), self._core.tokens
        return json.dumps(
            {
                "AccessToken": tokens.urlsafe(24),
                "RefreshToken": tokens.urlsafe(24),
                "Expires": cyclr_time(now + timedelta(hours=1)),
                "RefreshExpires": cyclr_time(now + timedelta(days=365)),
            }
        )

    # -- properties and custom fields ------------------------------------------------------------

    def add_property(self, one: AccountConnector, name: str, value: str | None) -> JSON:
        """Give an account connector one more property, whatever its name is."""
        entry: JSON = {"Name": name, "Value": value, "Id": self._core.next_id("Property")}
        one.properties.append(entry)
        self._record_part(one, entry)
        return entry

    def add_custom_field(self, one: AccountConnector, values: JSON) -> JSON:
        """Give an account connector one more custom field."""
        entry = {"Id": self._core.next_id("CustomField"), **values}
        one.custom_fields.append(entry)
        self._record_part(one, entry)
        return entry

    def change_part(self, one: AccountConnector, entry: JSON, changes: JSON) -> None:
        """Change a property or a custom field of an account connector."""
        entry.update(changes)
        self._record_part(one, entry)

    def remove_part(self, one: AccountConnector, entries: list[JSON], entry: JSON) -> None:
        """Take a property or a custom field away from an account connector."""
        entries.remove(entry)
        self._record_part(one, entry)

    def _record_part(self, one: AccountConnector, entry: JSON) -> None:
        one.changed()
        account_id, part = one.account_id, entry["Id"]
        self._core.record("update", account_id, "api", account_connector=one.id, part=part)

    def _merge_properties(self, one: AccountConnector, properties: list[Property]) -> None:
        for wanted in properties:
            for entry in one.properties:
                if entry["Name"] == wanted.name:
                    entry["Value"] = wanted.value
                    break
            else:
                entry = {"Name": wanted.name, "Value": wanted.value}
                one.properties.append({**entry, "Id": self._core.next_id("Property")})

    def _check_name(
        self, account_id: str, name: str, besides: AccountConnector | None = None
    ) -> None:
        # Sim: status 400, quotes, and letters compared without case.
        taken = name.casefold()
        for one in self[account_id].values():
            if one is not besides and one.name.casefold() == taken:
                raise ApiError(400, f"Account connector name '{name}' is in use.")

    def _cut(self, description: str | None) -> str | None:
        return None if description is None else description[: self._core.description_limit]


class Installed(Mapping[str, list[AccountConnector]]):
    """Account id -> its account connectors, oldest first. An unknown account is a KeyError."""

    def __init__(self, core: Core, account_connectors: AccountConnectors) -> None:
        self._core, self._account_connectors = core, account_connectors

    def __getitem__(self, account_id: str) -> list[AccountConnector]:
        with self._core.lock:
            return list(self._account_connectors[account_id].values())

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._account_connectors))

    def __len__(self) -> int:
        return len(self._account_connectors)


def check_installation(connector: Connector, asked: Installation) -> JSON:
    """The authentication method that is to be installed; refused if no account could."""
    if connector.release == "Draft":
        raise ApiError(400, f"Connector {connector.id} is a draft and cannot be installed.")
    method = connector.method(asked.authentication_id)
    if method is None:
        # Sim: nothing is known about the words.
        raise ApiError(400, f"Authentication '{asked.authentication_id}' was not found.")
    _check_properties(connector, method, asked.properties)
    return method


def _check_properties(connector: Connector, method: JSON, properties: list[Property]) -> None:
    takes_app = method.get("AuthType") in ("OAuth2", "OAuth1")
    for wanted in properties:
        if takes_app and is_oauth_app_name(wanted.name):
            continue
        matching = [p for p in connector.parameters if p.get("TargetName") == wanted.name]
        if not matching:
            raise ApiError(
                400, f"There is not a connector property that matches name '{wanted.name}'."
            )
        if not any(p.get("IsAccountConnectorProperty") for p in matching):
            raise ApiError(
                400,
                f"Connector property name '{wanted.name}' is not an account connector property.",
            )


def _nobody_cares(one: AccountConnector, by: str) -> None:
    """Nothing else depends on what is installed."""


def _copied(one: AccountConnector) -> AccountConnector:
    twin = copy.copy(one)
    twin.properties = [dict(entry) for entry in one.properties]
    twin.custom_fields = copy.deepcopy(one.custom_fields)
    twin.answers = copy.deepcopy(one.answers)
    twin.extra = copy.deepcopy(one.extra)
    return twin
