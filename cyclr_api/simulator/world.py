"""A Cyclr in memory: what there is, and the rules by which it changes. Knows nothing of HTTP.

`Sim:` marks a reading where Cyclr's documentation is silent: a choice, not a fact.
"""

import copy
import hashlib
import itertools
import json
import os
import secrets
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from cyclr_api.simulator import worldfile
from cyclr_api.simulator.accounts import checked, checked_id, new_document
from cyclr_api.simulator.clock import Clock
from cyclr_api.simulator.custom_connectors import custom_connectors
from cyclr_api.simulator.cycles import Cycles
from cyclr_api.simulator.faults import Faults
from cyclr_api.simulator.methods import Methods
from cyclr_api.simulator.refusals import DENIED, RefusalError
from cyclr_api.simulator.request_log import Call
from cyclr_api.simulator.templates import Templates
from cyclr_api.simulator.tokens import AccessToken, Expiring, Flow, SignInToken, TokenMaker
from cyclr_api.simulator.values import (
    JSON,
    Account,
    AccountConnector,
    Connector,
    Effect,
    cyclr_time,
    encode,
)

FORMAT = worldfile.FORMAT

FIRST_IDS = {
    "AccountConnector": 90001,
    "Property": 551001,
    "CustomField": 7001,
    "Connector": 20001,
    "Parameter": 990001,
    "Trigger": 5001,
}
"""The first new id of a kind of thing, unless the world file tells a higher one."""

ACCESS_TOKEN_SECONDS = 1209599
SIGN_IN_SECONDS = 300
FLOW_SECONDS = 3600
LOGGED_CALLS = 5000

OAUTH_APP_NAMES = (
    ("ClientId", "ClientSecret"),
    ("ClientKey", "ClientSecret"),
    ("ConsumerKey", "ConsumerSecret"),
)

DEFAULT_SETTINGS: JSON = {
    "InlineOAuth": True,
    "SubAccountsListed": True,
    "CustomConnectorsListed": "asked",
    "CustomConnectorIdsAreReleases": True,
    "DraftsListed": False,
}
"""The last four: where Cyclr's documentation is silent it may be either way; see the docs."""

UNATTENDED_GRANTS = ("ClientCredentials", "PasswordCredentials")


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


class Installed(Mapping[str, list[AccountConnector]]):
    """Account id -> its account connectors, oldest first. An unknown account is a KeyError."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def __getitem__(self, account_id: str) -> list[AccountConnector]:
        with self._world.lock:
            return list(self._world.account_connectors[account_id].values())

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._world.account_connectors))

    def __len__(self) -> int:
        return len(self._world.account_connectors)


class World:
    """One Cyclr. Safe to use from several threads."""

    def __init__(self, document: JSON) -> None:
        self.lock = threading.RLock()
        self.clock: Callable[[], datetime] = Clock()
        self.api_url = "http://cyclr.test"
        self.service_url = "http://service.cyclr.test"
        self.provider_url = "http://provider.test"
        self.latency = 0.0
        self.sleep: Callable[[float], None] = time.sleep
        self.default_page_size = 100
        self.max_page_size = 1000
        self.description_limit: int | None = None
        """Longer descriptions are cut off on install and on change, as some systems do."""
        self.requests: deque[Call] = deque(maxlen=LOGGED_CALLS)
        self.changes = 0
        """Grows with every change worth saving."""
        self._ledger: list[Effect] = []
        self._late: list[tuple[datetime, int, Callable[[], None]]] = []
        self._late_number = itertools.count()
        self._moment: datetime | None = None
        self.access_tokens = Expiring[AccessToken](self.now)
        self.sign_in_tokens = Expiring[SignInToken](self.now)
        self.flows = Expiring[Flow](self.now)
        self.methods = Methods(self)
        self.templates = Templates(self)
        self.cycles = Cycles(self)
        self._read(document)
        self.faults = Faults(self.seed, lambda: self.clock())
        self.tokens = TokenMaker(self.seed, lambda: self.api_url)

    # -- made, kept, copied ------------------------------------------------------------------

    @classmethod
    def support(cls, seed: int | None = None) -> "World":
        """The default world: accounts and connectors as a support desk meets them."""
        from cyclr_api.simulator.catalogue import SEED, support_world

        return support_world(SEED if seed is None else seed)

    @classmethod
    def scaled(cls, accounts: int, connectors: int, seed: int | None = None) -> "World":
        """A large world: that many accounts, with that many installed connectors in all."""
        from cyclr_api.simulator.catalogue import SEED
        from cyclr_api.simulator.scale import scaled_world

        return scaled_world(accounts, connectors, SEED if seed is None else seed)

    @classmethod
    def empty(cls) -> "World":
        """No accounts, no connectors; one pair of credentials."""
        from cyclr_api.simulator.catalogue import CREDENTIALS

        return cls({"Format": FORMAT, "Credentials": CREDENTIALS})

    @classmethod
    def load(cls, path: str | Path) -> "World":
        """The world a file describes; WorldFileError if it describes none.

        See docs/simulator.md for its format.
        """
        return cls(worldfile.load(Path(path)))

    def dump(self, path: str | Path) -> None:
        """Write the world to a file, atomically. Tokens, faults, ledger are not part of it."""
        encoded = self.encoded(indented=True)
        target = Path(path)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(encoded + b"\n")
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def document(self) -> JSON:
        """The world as the world file has it."""
        with self.lock:
            self.settle()
            return copy.deepcopy(self._document())

    def encoded(self, *, indented: bool = False) -> bytes:
        """The world as the text of its file, which is much quicker to have than `document`."""
        with self.lock:
            self.settle()
            return encode(self._document(), indented=indented)

    def _document(self) -> JSON:
        return {
            **self._extra,
            "Format": FORMAT,
            "Seed": self.seed,
            "NextIds": dict(self._next_ids),
            "Credentials": [
                {"ClientId": client_id, "ClientSecret": secret}
                for client_id, secret in self.credentials
            ],
            "OAuthApps": sorted(self.oauth_apps),
            "Settings": dict(self.settings),
            "Connectors": [one.dumped() for one in self.connectors.values()],
            "Accounts": [one.dumped() for one in self.accounts.values()],
            "Users": {account: list(names) for account, names in self.users.items()},
            "AccountConnectors": [
                one.dumped()
                for installed in self.account_connectors.values()
                for one in installed.values()
            ],
            **self.methods.dumped(),
            **self.templates.dumped(),
            **self.cycles.dumped(),
        }

    def copy(self) -> "World":
        """A world of its own with the same content. Connectors never change and are shared."""
        other = World({"Format": FORMAT, "Seed": self.seed, **copy.deepcopy(self._extra)})
        with self.lock:
            other.credentials = list(self.credentials)
            other.oauth_apps = set(self.oauth_apps)
            other.settings = copy.deepcopy(self.settings)
            other.connectors = dict(self.connectors)
            other._by_name = {name: list(found) for name, found in self._by_name.items()}
            other.accounts = {
                key: Account(copy.deepcopy(one.document)) for key, one in self.accounts.items()
            }
            other.users = {key: list(names) for key, names in self.users.items()}
            other.account_connectors = {
                key: {one.id: _copied(one) for one in installed.values()}
                for key, installed in self.account_connectors.items()
            }
            other._accounts_of = dict(self._accounts_of)
            other._next_ids = dict(self._next_ids)
            other.methods.take_from(self.methods)
            other.templates.take_from(self.templates)
            other.cycles.take_from(self.cycles)
        return other

    def _read(self, document: JSON) -> None:
        document = worldfile.completed(document)
        known = {
            "Format",
            "Seed",
            "NextIds",
            "Credentials",
            "OAuthApps",
            "Settings",
            "Connectors",
            "Accounts",
            "Users",
            "AccountConnectors",
            *Methods.KEYS,
            *Templates.KEYS,
            *Cycles.KEYS,
        }
        self._extra = {key: value for key, value in document.items() if key not in known}
        self.seed = int(document.get("Seed") or 0)
        self.credentials: list[tuple[str, str]] = [
            (pair["ClientId"], pair["ClientSecret"]) for pair in document.get("Credentials") or []
        ]
        self.oauth_apps: set[str] = set(document.get("OAuthApps") or [])
        """Names of the connectors whose OAuth app is set at partner level."""
        self.settings: JSON = {**DEFAULT_SETTINGS, **(document.get("Settings") or {})}
        """What the partner has set in the Console, and which of several readings it is."""
        self.connectors: dict[int, Connector] = {}
        self._by_name: dict[str, list[Connector]] = {}
        for entry in document["Connectors"]:
            self.add_connector(entry)
        self.accounts: dict[str, Account] = {}
        self.account_connectors: dict[str, dict[int, AccountConnector]] = {}
        self.users: dict[str, list[str]] = {}
        self._accounts_of: dict[int, str] = {}
        for entry in document.get("Accounts") or []:
            self.add_account(entry)
        for account_id, names in (document.get("Users") or {}).items():
            self.users[account_id] = list(names or [])
        self._next_ids = dict(FIRST_IDS)
        installed = [
            AccountConnector.from_dump(entry, self.connectors)
            for entry in document["AccountConnectors"]
        ]
        for one in installed:
            self._reserve_ids_of(one)
        for kind, number in (document.get("NextIds") or {}).items():
            self._next_ids[kind] = max(number, self._next_ids.get(kind, 0))
        for one in installed:
            self.add_account_connector(one)
        for part in (self.methods, self.templates, self.cycles):
            with worldfile.reading(part.KEYS[0]):
                part.read(document)

    @property
    def unknown_fields(self) -> list[str]:
        """What the world file has beside the fields of its format; it is kept."""
        return list(self._extra)

    @property
    def allowed_ips(self) -> Collection[str] | None:
        """The addresses that methods may be called from; None is every address."""
        allowed: Collection[str] | None = self.settings.get("AllowedIps")
        return allowed

    @allowed_ips.setter
    def allowed_ips(self, addresses: Collection[str] | None) -> None:
        self.settings["AllowedIps"] = None if addresses is None else list(addresses)

    # -- ids ---------------------------------------------------------------------------------

    def next_id(self, kind: str) -> int:
        """The next number for a kind of thing, as the world file's `NextIds` counts them."""
        with self.lock:
            number = self._next_ids.get(kind, 1)
            self._next_ids[kind] = number + 1
            return number

    def new_guid(self) -> str:
        """A GUID that no other thing of this world has; the same ones for the same seed."""
        text = f"{self.seed} {self.next_id('Guid')}"
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        return str(uuid.UUID(bytes=digest, version=4))

    def _reserve_ids_of(self, one: AccountConnector) -> None:
        """What is in use is not given out again."""
        used = [("AccountConnector", one.id)]
        used += [("Property", entry.get("Id") or 0) for entry in one.properties]
        used += [("CustomField", entry.get("Id") or 0) for entry in one.custom_fields]
        for kind, number in used:
            self._next_ids[kind] = max(self._next_ids[kind], number + 1)

    # -- time --------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The clock's time, or, for what is carried out late, the time when it was due."""
        return self._moment or self.clock()

    def advance(self, seconds: float) -> None:
        """Let time pass; what was due happens."""
        with self.lock:
            if not isinstance(self.clock, Clock):
                self.clock = Clock(self.clock)
            self.clock.advance(seconds)
        self.settle()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something when the clock has moved on; it is done as soon as anybody looks."""
        with self.lock:
            due = self.clock() + timedelta(seconds=seconds)
            self._late.append((due, next(self._late_number), action))

    def settle(self) -> None:
        """Carry out what is due by now, in the order of its time."""
        if not self._late:
            return
        with self.lock:
            now = self.clock()
            due = sorted(entry for entry in self._late if entry[0] <= now)
            self._late = [entry for entry in self._late if entry[0] > now]
            for moment, _, action in due:
                self._moment = moment
                try:
                    action()
                finally:
                    self._moment = None

    # -- for tests: what happened, and what strangers do --------------------------------------

    @property
    def ledger(self) -> list[Effect]:
        """Every committed effect, in order."""
        self.settle()
        return self._ledger

    @property
    def installed(self) -> Installed:
        self.settle()
        return Installed(self)

    def record(
        self, kind: str, account: str | None, by: str, *, saved: bool = True, **ids: Any
    ) -> None:
        self._ledger.append(Effect(kind, account, ids, self.now(), by))
        if saved:
            self.changes += 1

    def add_account(self, document: JSON | None = None, **values: Any) -> Account:
        """Put an account into the world, without a trace in the ledger."""
        merged = {**(document or {}), **values}
        account = Account(merged)
        with self.lock:
            if account.id in self.accounts:
                raise ValueError(f"There is an account {account.id!r} already.")
            self.accounts[account.id] = account
            self.account_connectors[account.id] = {}
            self.users.setdefault(account.id, [])
            self.changes += 1
        return account

    def add_connector(self, document: JSON | None = None, **values: Any) -> Connector:
        """Put a release into the catalogue, without a trace in the ledger."""
        connector = Connector({**(document or {}), **values})
        with self.lock:
            if connector.id in self.connectors:
                raise ValueError(f"There is a connector {connector.id} already.")
            self.connectors[connector.id] = connector
            self._by_name.setdefault(connector.name, []).append(connector)
            self.changes += 1
        return connector

    def add_account_connector(self, one: AccountConnector) -> None:
        """Put an account connector into the world, without a trace in the ledger."""
        with self.lock:
            if one.id in self._accounts_of:
                raise ValueError(f"There is an account connector {one.id} already.")
            self.account_connectors[one.account_id][one.id] = one
            self._accounts_of[one.id] = one.account_id
            self._reserve_ids_of(one)
            for entry in one.properties:
                if entry.get("Id") is None:
                    entry["Id"] = self.next_id("Property")
                entry.setdefault("Value", None)
            self.changes += 1

    def install(
        self,
        account_id: str,
        connector_id: int,
        *,
        name: str | None = None,
        description: str | None = None,
        auth_value: str | None = None,
        authentication_id: str | None = None,
        properties: Mapping[str, str | None] | None = None,
    ) -> AccountConnector:
        """A stranger installs a connector from Cyclr's own console."""
        connector = self.connectors[connector_id]
        if name is None:
            name = self.free_name(account_id, connector.name)
        wanted = [Property(key, value) for key, value in (properties or {}).items()]
        asked = Installation(name, description, authentication_id, auth_value, wanted)
        with self.lock:
            self.settle()
            return self.install_connector(account_id, connector, asked, by="console")

    def authenticate(self, account_connector_id: int) -> None:
        """A stranger gives an account connector valid credentials."""
        with self.lock:
            one = self.find_installed(account_connector_id)
            one.authenticated = True
            one.auth_value = one.auth_value or self._third_party_tokens()
            one.changed()
            self.record("authenticate", one.account_id, "console", account_connector=one.id)

    def deauthenticate(self, account_connector_id: int) -> None:
        """A stranger takes an account connector's credentials away."""
        with self.lock:
            one = self.find_installed(account_connector_id)
            self.deauthenticate_connector(one, by="console")

    def delete(self, account_connector_id: int) -> None:
        """A stranger removes an account connector."""
        with self.lock:
            self.delete_connector(self.find_installed(account_connector_id), by="console")

    def revoke_access_tokens(self) -> None:
        """Make every access token invalid, as the Console's button does."""
        with self.lock:
            self.access_tokens.clear()

    def find_installed(self, account_connector_id: int) -> AccountConnector:
        """The account connector with this id, in whatever account."""
        with self.lock:
            account = self._accounts_of[account_connector_id]
            return self.account_connectors[account][account_connector_id]

    # -- access tokens -----------------------------------------------------------------------

    def issue_access_token(
        self, client_id: str, client_secret: str, account: str | None
    ) -> tuple[str, datetime, datetime]:
        """Token, issued at, expires at; KeyError for credentials that are not ours."""
        known = dict(self.credentials).get(client_id)
        if known is None or not secrets.compare_digest(known.encode(), client_secret.encode()):
            raise KeyError(client_id)
        issued = self.now()
        expires = issued + timedelta(seconds=ACCESS_TOKEN_SECONDS)
        token = self.tokens.hex(32)
        self.access_tokens.put(token, AccessToken(client_id, account, expires))
        return token, issued, expires

    def check_access_token(self, token: str) -> AccessToken:
        """The token's grant; unknown, expired or revoked ones are refused."""
        found = self.access_tokens.get(token)
        if found is None or all(one != found.client_id for one, _ in self.credentials):
            raise RefusalError(401, DENIED)
        return found

    # -- accounts and users ------------------------------------------------------------------

    def account(self, account_id: str) -> Account:
        try:
            return self.accounts[account_id]
        except KeyError:
            raise RefusalError(404) from None

    def create_account(
        self, account_id: str | None, given: JSON, *, parent_id: str | None = None
    ) -> Account:
        """Make an account, under a new GUID when it brings no id; see `accounts.checked`."""
        kept = checked({"Name": None, **given})
        wanted = checked_id(account_id or "")
        if wanted in self.accounts:
            raise RefusalError(400, "ID already in use")
        parent = (parent_id or "").strip() or None
        if parent is not None and parent not in self.accounts:
            # Sim: the status and the words.
            raise RefusalError(400, "Parent account was not found")
        document = new_document(wanted or self.new_guid(), kept, parent_id=parent, now=self.now())
        account = self.add_account(document)
        self.record("account", account.id, "api")
        return account

    def change_account(self, account: Account, given: JSON) -> None:
        """Take what is given and keep the rest; see `accounts.checked`."""
        account.document.update(checked(given))
        account.changed()
        self.record("account_update", account.id, "api")

    def delete_account(self, account: Account) -> None:
        """Remove an account and all that is in it; its id is free again.

        Sim: active cycles do not keep it, its custom connectors go with it, its sub-accounts stay,
        without a parent.
        """
        self.cycles.forget_account(account.id)
        for number in self.account_connectors.pop(account.id):
            del self._accounts_of[number]
        del self.users[account.id]
        for child in self.sub_accounts(account.id):
            child.own.pop("ParentAccountId")
        for connector in custom_connectors(self, account.id):
            self.drop_connector(connector)
        del self.accounts[account.id]
        self.record("account_delete", account.id, "api")

    def sub_accounts(self, account_id: str) -> list[Account]:
        return [one for one in self.accounts.values() if one.parent_id == account_id]

    def tasks_used(self, account: Account) -> int:
        """What the world file says of the account, and what its cycles used."""
        return int(account.own.get("TasksUsed") or 0) + self.cycles.tasks_used(account.id)

    def has_user(self, username: str) -> bool:
        """Whether any account has the user."""
        return any(username in names for names in self.users.values())

    def add_user(self, account_id: str, username: str) -> None:
        """Give a user access to an account; nothing happens when there is access already."""
        if username not in self.users[account_id]:
            self.users[account_id].append(username)
            self.record("user", account_id, "api", username=username)

    def remove_user(self, account_id: str, username: str) -> None:
        """Take a user's access away. Sim: there must have been one."""
        if username not in self.users[account_id]:
            raise RefusalError(404)
        self.users[account_id].remove(username)
        self.record("user_remove", account_id, "api", username=username)

    def change_password(self, username: str) -> None:
        """Only that it happened is kept. Sim: somebody must know the user."""
        if not self.has_user(username):
            raise RefusalError(404)
        self.record("password", None, "api", saved=False, username=username)

    def sign_in_token(self, account_id: str, username: str) -> tuple[str, datetime]:
        """A token that signs a browser in once; the user is created when the name is new."""
        self.account(account_id)
        if not username.strip():
            raise RefusalError(400, "Username is required")
        self.add_user(account_id, username)
        token = self.tokens.base64(40)
        expires = self._let_in(token, account_id, username)
        self.record("sign_in_token", account_id, "api", saved=False, username=username)
        return token, expires

    def launch_token(self, account_id: str, username: str, page: str) -> tuple[str, datetime]:
        """As `sign_in_token`, of characters that a URL holds as they are, for a user of theirs."""
        token = self.tokens.urlsafe(40)
        expires = self._let_in(token, account_id, username)
        self.record("launch", account_id, "api", saved=False, username=username, page=page)
        return token, expires

    def _let_in(self, token: str, account_id: str, username: str) -> datetime:
        """When a sign-in token expires that is good from now on."""
        expires = self.now() + timedelta(seconds=SIGN_IN_SECONDS)
        self.sign_in_tokens.put(token, SignInToken(account_id, username, expires))
        return expires

    def spend_sign_in_token(self, token: str) -> SignInToken | None:
        """Use a sign-in token up; None when it is unknown, spent or expired.

        Sim: None, too, when the user has no access any more.
        """
        found = self.sign_in_tokens.take(token)
        if found is None or found.username not in self.users.get(found.account, []):
            return None
        self.record("sign_in", found.account, "browser", saved=False, username=found.username)
        return found

    # -- the catalogue -----------------------------------------------------------------------

    def listed_connectors(self, account_id: str, include_custom: bool) -> list[Connector]:
        """What a list shows an account. Sim: live releases; drafts only among custom ones.

        Other readings are in the settings.
        """
        when = self.settings["CustomConnectorsListed"]
        return [
            one
            for one in self.connectors.values()
            if self.is_visible(one, account_id)
            and (when != "never" if one.owner is not None else True)
            and (include_custom or when == "always" if one.is_custom else self._is_listed(one))
            and one.release != "Deprecated"
        ]

    def _is_listed(self, one: Connector) -> bool:
        return one.release == "Live" or bool(self.settings["DraftsListed"])

    def is_visible(self, connector: Connector, account_id: str) -> bool:
        return connector.owner is None or connector.owner == account_id

    def connector(self, connector_id: int, account_id: str) -> Connector:
        """The release with this id."""
        found = self.connectors.get(connector_id)
        if found is None or not self.is_visible(found, account_id):
            raise RefusalError(404)
        return found

    def connectors_named(
        self, name: str, account_id: str, version: str | None = None
    ) -> list[Connector]:
        """Live releases with this name (and version), newest first."""
        found = [
            one
            for one in self._by_name.get(name, [])
            if one.release == "Live"
            and self.is_visible(one, account_id)
            and (version is None or one.version == version)
        ]
        return sorted(found, key=lambda one: one.id, reverse=True)

    def latest_release(self, connector: Connector) -> Connector:
        """The newest live release of a connector. Sim: where none is live, the given one."""
        found = [
            one
            for one in self._by_name.get(connector.name, [])
            if one.release == "Live" and one.is_release_of(connector)
        ]
        return max(found, key=lambda one: one.id, default=connector)

    def drop_connector(self, connector: Connector) -> None:
        """Take a release out of the catalogue, without a trace in the ledger."""
        del self.connectors[connector.id]
        self._by_name[connector.name].remove(connector)
        self.methods.forget(connector.id)
        self.changes += 1

    # -- account connectors ------------------------------------------------------------------

    def account_connector(self, account_id: str, account_connector_id: int) -> AccountConnector:
        found = self.account_connectors[account_id].get(account_connector_id)
        if found is None:
            raise RefusalError(404)
        return found

    def listed_account_connectors(self, account_id: str) -> list[AccountConnector]:
        """What a list shows, which may lag behind what there is."""
        found = list(self.account_connectors[account_id].values())
        lag = self.faults.listing_lag
        if lag is None:
            return found
        newest = self.now() - timedelta(seconds=lag)
        return [one for one in found if one.installed_at is None or one.installed_at <= newest]

    def install_connector(
        self, account_id: str, connector: Connector, asked: Installation, *, by: str
    ) -> AccountConnector:
        """Install a release into an account, or refuse with Cyclr's own words."""
        method = self.check_installation(connector, asked)
        name = asked.name if asked.name and asked.name.strip() else connector.name
        self._check_name(account_id, name)
        one = AccountConnector(
            id=self.next_id("AccountConnector"),
            account_id=account_id,
            connector=connector,
            name=name,
            description=self._cut(asked.description),
            auth_value=asked.auth_value,
            authentication_id=method.get("Id"),
            is_partner=asked.is_partner,
            installed_at=self.now(),
        )
        self._merge_properties(one, asked.properties)
        one.authenticated = self.is_authenticated(one)
        self.account_connectors[account_id][one.id] = one
        self._accounts_of[one.id] = account_id
        self.record(
            "install", account_id, by, account_connector=one.id, connector=connector.id, name=name
        )
        return one

    def check_installation(self, connector: Connector, asked: Installation) -> JSON:
        """The authentication method that is to be installed; refused if no account could."""
        if connector.release == "Draft":
            raise RefusalError(400, f"Connector {connector.id} is a draft and cannot be installed.")
        method = connector.method(asked.authentication_id)
        if method is None:
            # Sim: nothing is known about the words.
            raise RefusalError(400, f"Authentication '{asked.authentication_id}' was not found.")
        self._check_properties(connector, method, asked.properties)
        return method

    def change_connector(
        self,
        one: AccountConnector,
        *,
        name: str | None = None,
        description: tuple[str | None] | None = None,
        auth_value: str | None = None,
        properties: list[Property] | None = None,
        by: str = "api",
    ) -> None:
        """Change what is given and keep the rest; `description` is wrapped, for None is a value."""
        if properties:
            self._check_properties(one.connector, self.method_of(one), properties)
        if name is not None and name.strip():
            self._check_name(one.account_id, name, besides=one)
            one.name = name
        if description is not None:
            one.description = self._cut(description[0])
        if properties:
            self._merge_properties(one, properties)
        if auth_value is not None:
            one.auth_value = auth_value or None
            one.authenticated = self.is_authenticated(one)
        one.changed()
        self.record("update", one.account_id, by, account_connector=one.id)

    def deauthenticate_connector(self, one: AccountConnector, *, by: str) -> None:
        one.authenticated = False
        one.auth_value = None
        one.changed()
        self.cycles.stop_those_with(one, by=by)
        self.record("deauthenticate", one.account_id, by, account_connector=one.id)

    def delete_connector(self, one: AccountConnector, *, by: str) -> None:
        self.cycles.stop_those_with(one, by=by)
        del self.account_connectors[one.account_id][one.id]
        del self._accounts_of[one.id]
        self.record("delete", one.account_id, by, account_connector=one.id, name=one.name)

    def method_of(self, one: AccountConnector) -> JSON:
        """The authentication method an account connector was installed with."""
        return one.connector.method(one.authentication_id) or one.connector.methods()[0]

    def is_authenticated(self, one: AccountConnector) -> bool:
        """Whether what an account connector holds makes Cyclr call it authenticated."""
        method = self.method_of(one)
        auth_type, grant = method.get("AuthType"), method.get("OAuth2Type")
        if auth_type == "None":
            return True
        if auth_type == "AuthFields" and not one.auth_value:
            return not self.missing_values(one)  # Sim: the fields are its properties
        if not one.auth_value:
            return False
        if auth_type == "OAuth2" and grant in UNATTENDED_GRANTS:
            return self.can_fetch_tokens(one)
        if auth_type in ("OAuth2", "OAuth1"):
            return _holds_tokens(one.auth_value)
        return True

    def missing_values(self, one: AccountConnector) -> list[str]:
        """TargetNames of required settings that have no value yet."""
        return [
            name
            for name in one.connector.required_names
            if not one.value_of(name)
            and not (one.connector.name in self.oauth_apps and _is_oauth_app_name(name))
        ]

    def can_fetch_tokens(self, one: AccountConnector) -> bool:
        """Whether Cyclr can sign in at the third party without anybody's approval."""
        if self.missing_values(one):
            return False
        is_password = self.method_of(one).get("OAuth2Type") == "PasswordCredentials"
        return is_password or self.has_oauth_app(one)

    def has_oauth_app(self, one: AccountConnector) -> bool:
        """Whether ClientId and ClientSecret are known, for the partner or for this one."""
        if one.connector.name in self.oauth_apps:
            return True
        return any(one.value_of(key) and one.value_of(word) for key, word in OAUTH_APP_NAMES)

    def add_property(self, one: AccountConnector, name: str, value: str | None) -> JSON:
        """Give an account connector one more property, whatever its name is."""
        entry: JSON = {"Name": name, "Value": value, "Id": self.next_id("Property")}
        one.properties.append(entry)
        self._record_part(one, entry)
        return entry

    def add_custom_field(self, one: AccountConnector, values: JSON) -> JSON:
        """Give an account connector one more custom field."""
        entry = {"Id": self.next_id("CustomField"), **values}
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
        self.record("update", one.account_id, "api", account_connector=one.id, part=entry["Id"])

    def _check_properties(
        self, connector: Connector, method: JSON, properties: list[Property]
    ) -> None:
        takes_app = method.get("AuthType") in ("OAuth2", "OAuth1")
        for wanted in properties:
            if takes_app and _is_oauth_app_name(wanted.name):
                continue
            matching = [p for p in connector.parameters if p.get("TargetName") == wanted.name]
            if not matching:
                raise RefusalError(
                    400, f"There is not a connector property that matches name '{wanted.name}'."
                )
            if not any(p.get("IsAccountConnectorProperty") for p in matching):
                raise RefusalError(
                    400,
                    f"Connector property name '{wanted.name}' "
                    "is not an account connector property.",
                )

    def _check_name(
        self, account_id: str, name: str, besides: AccountConnector | None = None
    ) -> None:
        # Sim: status 400, quotes, and letters compared without case.
        taken = name.casefold()
        for one in self.account_connectors[account_id].values():
            if one is not besides and one.name.casefold() == taken:
                raise RefusalError(400, f"Account connector name '{name}' is in use.")

    def _merge_properties(self, one: AccountConnector, properties: list[Property]) -> None:
        for wanted in properties:
            for entry in one.properties:
                if entry["Name"] == wanted.name:
                    entry["Value"] = wanted.value
                    break
            else:
                entry = {"Name": wanted.name, "Value": wanted.value}
                one.properties.append({**entry, "Id": self.next_id("Property")})

    def free_name(self, account_id: str, wanted: str) -> str:
        taken = {one.name.casefold() for one in self.account_connectors[account_id].values()}
        names = itertools.chain([wanted], (f"{wanted} {n}" for n in itertools.count(2)))
        return next(name for name in names if name.casefold() not in taken)

    def _cut(self, description: str | None) -> str | None:
        return None if description is None else description[: self.description_limit]

    # -- what a browser on Cyclr's pages does -------------------------------------------------

    def start_flow(
        self, one: AccountConnector, target_origin: str, callback_message: str | None
    ) -> str:
        """The `state` under which a browser's way to the third party is remembered."""
        state = self.tokens.urlsafe(24)
        expires = self.now() + timedelta(seconds=FLOW_SECONDS)
        flow = Flow(one.id, one.account_id, target_origin, callback_message, expires)
        self.flows.put(state, flow)
        return state

    def installed_for(self, flow: Flow) -> AccountConnector | None:
        """The account connector that is being authenticated, if it is still there."""
        return self.account_connectors.get(flow.account, {}).get(flow.account_connector)

    def complete_flow(self, flow: Flow) -> bool:
        """Store the third party's tokens; False when the account connector is gone."""
        one = self.installed_for(flow)
        if one is None:
            return False
        one.auth_value = self._third_party_tokens()
        self.mark_authenticated(one)
        return True

    def mark_authenticated(self, one: AccountConnector) -> None:
        """A browser on Cyclr's pages has authenticated an account connector."""
        one.authenticated = True
        one.changed()
        self.record("authenticate", one.account_id, "browser", account_connector=one.id)

    def _third_party_tokens(self) -> str:
        now = self.now()
        return json.dumps(
            {
                "AccessToken": self.tokens.urlsafe(24),
                "RefreshToken": self.tokens.urlsafe(24),
                "Expires": cyclr_time(now + timedelta(hours=1)),
                "RefreshExpires": cyclr_time(now + timedelta(days=365)),
            }
        )


def _copied(one: AccountConnector) -> AccountConnector:
    twin = copy.copy(one)
    twin.properties = [dict(entry) for entry in one.properties]
    twin.custom_fields = copy.deepcopy(one.custom_fields)
    twin.answers = copy.deepcopy(one.answers)
    twin.extra = copy.deepcopy(one.extra)
    return twin


def _is_oauth_app_name(name: str) -> bool:
    return any(name in pair for pair in OAUTH_APP_NAMES)


def _holds_tokens(auth_value: str) -> bool:
    """Cyclr's own form is JSON with an AccessToken; Sim: plain text is an access token."""
    try:
        tokens = orjson.loads(auth_value)
    except orjson.JSONDecodeError:
        return True
    if isinstance(tokens, dict):
        return bool(tokens.get("AccessToken"))
    return bool(tokens)
