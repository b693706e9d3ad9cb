"""A Cyclr in memory: what there is, and the rules by which it changes. Knows nothing of HTTP.

`Sim:` marks a reading where Cyclr's documentation is silent: a choice, not a fact.
"""

import copy
import os
import tempfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from cyclr_api.simulator.state.account_connectors import (
    AccountConnectors,
    Installation,
    Installed,
    Property,
)
from cyclr_api.simulator.state.accounts import Accounts, Users
from cyclr_api.simulator.state.connectors import Connectors
from cyclr_api.simulator.state.core import Core
from cyclr_api.simulator.state.credentials import Credentials
from cyclr_api.simulator.state.cycles import Cycles
from cyclr_api.simulator.state.errors import reading
from cyclr_api.simulator.state.methods import Methods
from cyclr_api.simulator.state.request_log import Call
from cyclr_api.simulator.state.sessions import Sessions
from cyclr_api.simulator.state.templates import Templates
from cyclr_api.simulator.state.values import JSON, Account, AccountConnector, Connector, encode

FORMAT = 1
"""The version of the world file's format."""

LOGGED_CALLS = 5000

OWN_KEYS = {"Format", "Seed", "NextIds", "Credentials", "OAuthApps", "Settings"}
KEYS = {*OWN_KEYS, "Connectors", "Accounts", "Users", "AccountConnectors"}
KEYS |= {*Methods.KEYS, *Templates.KEYS, *Cycles.KEYS}


class _Part(Protocol):
    def dumped(self) -> JSON: ...


class CyclrState(Core):
    """One Cyclr, put together from its parts. Safe to use from several threads.

    `cyclr_api.simulator.new_state` makes one of a world file's document, `demo_state` the default.
    """

    def __init__(self, document: JSON) -> None:
        super().__init__(document)
        self.requests: deque[Call] = deque(maxlen=LOGGED_CALLS)
        self._extra = {key: value for key, value in document.items() if key not in KEYS}
        self.connectors = Connectors(self)
        self.accounts = Accounts(self)
        self.users = Users(self, self.accounts)
        self.account_connectors = AccountConnectors(self, self.accounts)
        self.authentication = Credentials(self)
        self.sessions = Sessions(self, self.users, self.account_connectors)
        self.methods = Methods(self, self.connectors)
        self.cycles = Cycles(self, self.account_connectors, self.methods)
        self.templates = Templates(self, self.connectors, self.account_connectors, self.cycles)
        self.account_connectors.on_lost = self.cycles.stop_those_with
        self._read(document)

    def _read(self, document: JSON) -> None:
        for part in (self.connectors, self.accounts, self.users):
            part.read(document)
        self.account_connectors.read(document, self.connectors)
        for workflows in (self.methods, self.templates, self.cycles):
            with reading(workflows.KEYS[0]):
                workflows.read(document)

    # -- kept, copied ------------------------------------------------------------------------

    def dump(self, path: str | Path) -> None:
        """Write the world file, atomically. Tokens, faults, ledger are not part of it."""
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
        """The state as the world file has it."""
        with self.lock:
            self.settle()
            return copy.deepcopy(self._document())

    def encoded(self, *, indented: bool = False) -> bytes:
        """The text of the world file, which is much quicker to have than `document`."""
        with self.lock:
            self.settle()
            return encode(self._document(), indented=indented)

    def _document(self) -> JSON:
        document: JSON = {
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
        }
        parts: list[_Part] = [self.connectors, self.accounts, self.users, self.account_connectors]
        for part in [*parts, self.methods, self.templates, self.cycles]:
            document |= part.dumped()
        return document

    def copy(self) -> "CyclrState":
        """A state of its own with the same content. Connectors never change and are shared."""
        other = CyclrState(
            {"Seed": self.seed, "AccountConnectors": [], **copy.deepcopy(self._extra)}
        )
        with self.lock:
            other.credentials = list(self.credentials)
            other.oauth_apps = set(self.oauth_apps)
            other.settings = copy.deepcopy(self.settings)
            other.connectors.take_from(self.connectors)
            other.accounts.take_from(self.accounts)
            other.users.take_from(self.users)
            other.account_connectors.take_from(self.account_connectors)
            other._next_ids = dict(self._next_ids)
            other.methods.take_from(self.methods)
            other.templates.take_from(self.templates)
            other.cycles.take_from(self.cycles)
        return other

    @property
    def unknown_fields(self) -> list[str]:
        """What the world file has beside the fields of its format; it is kept."""
        return list(self._extra)

    # -- for tests: what there is, and what strangers do ---------------------------------------

    @property
    def installed(self) -> Installed:
        """Account id -> its account connectors, oldest first."""
        self.settle()
        return Installed(self, self.account_connectors)

    def add_account(self, document: JSON | None = None, **values: Any) -> Account:
        """Put an account into the state, without a trace in the ledger."""
        return self.accounts.add(document, **values)

    def add_connector(self, document: JSON | None = None, **values: Any) -> Connector:
        """Put a release into the catalogue, without a trace in the ledger."""
        return self.connectors.add(document, **values)

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
            name = self.account_connectors.free_name(account_id, connector.name)
        wanted = [Property(key, value) for key, value in (properties or {}).items()]
        asked = Installation(name, description, authentication_id, auth_value, wanted)
        with self.lock:
            self.settle()
            return self.account_connectors.install(account_id, connector, asked, by="console")

    def authenticate(self, account_connector_id: int) -> None:
        """A stranger gives an account connector valid credentials."""
        with self.lock:
            one = self.find_installed(account_connector_id)
            self.account_connectors.authenticate(one, by="console")

    def deauthenticate(self, account_connector_id: int) -> None:
        """A stranger takes an account connector's credentials away."""
        with self.lock:
            one = self.find_installed(account_connector_id)
            self.account_connectors.deauthenticate(one, by="console")

    def delete(self, account_connector_id: int) -> None:
        """A stranger removes an account connector."""
        with self.lock:
            one = self.find_installed(account_connector_id)
            self.account_connectors.delete(one, by="console")

    def revoke_access_tokens(self) -> None:
        """Make every access token invalid, as the Console's button does."""
        with self.lock:
            self.sessions.access_tokens.clear()

    def find_installed(self, account_connector_id: int) -> AccountConnector:
        """The account connector with this id, in whatever account."""
        return self.account_connectors.numbered(account_connector_id)

    # -- what concerns several parts -----------------------------------------------------------

    def delete_account(self, account: Account) -> None:
        """Remove an account and all that is in it; its id is free again.

        Sim: active cycles do not keep it, its custom connectors go with it, its sub-accounts stay,
        without a parent.
        """
        self.cycles.forget_account(account.id)
        self.account_connectors.forget_account(account.id)
        self.users.forget_account(account.id)
        for connector in self.connectors.owned_by(account.id):
            self.drop_connector(connector)
        self.accounts.remove(account)
        self.record("account_delete", account.id, "api")

    def drop_connector(self, connector: Connector) -> None:
        """Take a release and its methods out of the catalogue, without a trace in the ledger."""
        self.connectors.remove(connector)
        self.methods.forget(connector.id)

    def tasks_used(self, account: Account) -> int:
        """What the world file says of the account, and what its cycles used."""
        return int(account.own.get("TasksUsed") or 0) + self.cycles.tasks_used(account.id)
