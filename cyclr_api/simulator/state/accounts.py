"""The accounts of the partner, and who may sign in to them."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from cyclr_api.simulator.state.account_rules import checked, checked_id, new_document
from cyclr_api.simulator.state.core import Core
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.values import JSON, Account


class Accounts(Mapping[str, Account]):
    """Account id -> account, oldest first."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._by_id: dict[str, Account] = {}

    def __getitem__(self, account_id: str) -> Account:
        return self._by_id[account_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def read(self, document: JSON) -> None:
        """Take the part of a world file."""
        for entry in document.get("Accounts") or []:
            self.add(entry)

    def dumped(self) -> JSON:
        """The part of a world file."""
        return {"Accounts": [one.dumped() for one in self._by_id.values()]}

    def take_from(self, other: "Accounts") -> None:
        """Have the same content as another state's."""
        self._by_id = {key: Account(copy.deepcopy(one.document)) for key, one in other.items()}

    def add(self, document: JSON | None = None, **values: Any) -> Account:
        """Put an account into the state, without a trace in the ledger."""
        account = Account({**(document or {}), **values})
        with self._core.lock:
            if account.id in self._by_id:
                raise ValueError(f"There is an account {account.id!r} already.")
            self._by_id[account.id] = account
            self._core.changes += 1
        return account

    def one(self, account_id: str) -> Account:
        """The account with this id, or Cyclr’s 404."""
        try:
            return self._by_id[account_id]
        except KeyError:
            raise ApiError(404) from None

    def sub_accounts(self, account_id: str) -> list[Account]:
        return [one for one in self._by_id.values() if one.parent_id == account_id]

    def create(
        self, account_id: str | None, given: JSON, *, parent_id: str | None = None
    ) -> Account:
        """Make an account, under a new GUID when it brings no id; see `account_rules.checked`."""
        kept = checked({"Name": None, **given})
        wanted = checked_id(account_id or "")
        if wanted in self._by_id:
            raise ApiError(400, "ID already in use")
        parent = (parent_id or "").strip() or None
        if parent is not None and parent not in self._by_id:
            # Sim: the status and the words.
            raise ApiError(400, "Parent account was not found")
        new_id = wanted or self._core.new_guid()
        account = self.add(new_document(new_id, kept, parent_id=parent, now=self._core.now()))
        self._core.record("account", account.id, "api")
        return account

    def change(self, account: Account, given: JSON) -> None:
        """Take what is given and keep the rest; see `account_rules.checked`."""
        account.document.update(checked(given))
        account.changed()
        self._core.record("account_update", account.id, "api")

    def remove(self, account: Account) -> None:
        """Take an account out, without a trace in the ledger. Its sub-accounts get no parent."""
        for child in self.sub_accounts(account.id):
            child.own.pop("ParentAccountId")
        del self._by_id[account.id]


class Users(Mapping[str, list[str]]):
    """Account id -> the names of those who may sign in to it."""

    def __init__(self, core: Core, accounts: Accounts) -> None:
        self._core, self._accounts = core, accounts
        self._names: dict[str, list[str]] = {}

    def __getitem__(self, account_id: str) -> list[str]:
        if account_id not in self._names and account_id in self._accounts:
            self._names[account_id] = []
        return self._names[account_id]

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._accounts), **dict.fromkeys(self._names)})

    def __len__(self) -> int:
        return len(self._names.keys() | self._accounts.keys())

    def read(self, document: JSON) -> None:
        """Take the part of a world file."""
        for account_id, names in (document.get("Users") or {}).items():
            self._names[account_id] = list(names or [])

    def dumped(self) -> JSON:
        """The part of a world file."""
        return {"Users": {account_id: list(names) for account_id, names in self.items()}}

    def take_from(self, other: "Users") -> None:
        """Have the same content as another state's."""
        self._names = {account_id: list(names) for account_id, names in other.items()}

    def is_known(self, username: str) -> bool:
        """Whether any account has the user."""
        return any(username in names for names in self._names.values())

    def add(self, account_id: str, username: str) -> None:
        """Give a user access to an account; nothing happens when there is access already."""
        if username not in self[account_id]:
            self[account_id].append(username)
            self._core.record("user", account_id, "api", username=username)

    def remove(self, account_id: str, username: str) -> None:
        """Take a user's access away. Sim: there must have been one."""
        if username not in self[account_id]:
            raise ApiError(404)
        self[account_id].remove(username)
        self._core.record("user_remove", account_id, "api", username=username)

    def change_password(self, username: str) -> None:
        """Only that it happened is kept. Sim: somebody must know the user."""
        if not self.is_known(username):
            raise ApiError(404)
        self._core.record("password", None, "api", saved=False, username=username)

    def forget_account(self, account_id: str) -> None:
        """An account is deleted, and with it who may sign in to it."""
        self._names.pop(account_id, None)
