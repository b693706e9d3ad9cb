"""What every part of the state shares: the lock, the time, ids, settings, and the ledger."""

import hashlib
import itertools
import threading
import time
import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from cyclr_api.simulator.state.clock import Clock
from cyclr_api.simulator.state.faults import Faults
from cyclr_api.simulator.state.tokens import TokenMaker
from cyclr_api.simulator.state.values import JSON, Effect

FIRST_IDS = {
    "AccountConnector": 90001,
    "Property": 551001,
    "CustomField": 7001,
    "Connector": 20001,
    "Parameter": 990001,
    "Trigger": 5001,
}
"""The first new id of a kind of thing, unless the world file tells a higher one."""

DEFAULT_SETTINGS: JSON = {
    "InlineOAuth": True,
    "SubAccountsListed": True,
    "CustomConnectorsListed": "asked",
    "CustomConnectorIdsAreReleases": True,
    "DraftsListed": False,
}
"""The last four: where Cyclr's documentation is silent it may be either way; see the docs."""


class Core:
    """What the parts stand on; knows none of them. Safe to use from several threads."""

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
        self.changes = 0
        """Grows with every change worth saving."""
        self.seed = int(document.get("Seed") or 0)
        self.credentials: list[tuple[str, str]] = [
            (pair["ClientId"], pair["ClientSecret"]) for pair in document.get("Credentials") or []
        ]
        self.oauth_apps: set[str] = set(document.get("OAuthApps") or [])
        """Names of the connectors whose OAuth app is set at partner level."""
        self.settings: JSON = {**DEFAULT_SETTINGS, **(document.get("Settings") or {})}
        """What the partner has set in the Console, and which of several readings it is."""
        self.faults = Faults(self.seed, lambda: self.clock())
        self.tokens = TokenMaker(self.seed, lambda: self.api_url)
        self._next_ids = dict(FIRST_IDS)
        self._ledger: list[Effect] = []
        self._late: list[tuple[datetime, int, Callable[[], None]]] = []
        self._late_number = itertools.count()
        self._moment: datetime | None = None

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

    def reserve_ids(self, kind: str, next_id: int) -> None:
        """What is in use is not given out again: new ids start here, or higher."""
        self._next_ids[kind] = max(next_id, self._next_ids.get(kind, 0))

    def new_guid(self) -> str:
        """A GUID that no other thing of this state has; the same ones for the same seed."""
        text = f"{self.seed} {self.next_id('Guid')}"
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        return str(uuid.UUID(bytes=digest, version=4))

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

    # -- what happened -----------------------------------------------------------------------

    @property
    def ledger(self) -> list[Effect]:
        """Every committed effect, in order."""
        self.settle()
        return self._ledger

    def record(
        self, kind: str, account: str | None, by: str, *, saved: bool = True, **ids: Any
    ) -> None:
        self._ledger.append(Effect(kind, account, ids, self.now(), by))
        if saved:
            self.changes += 1
