"""What happens at the bundled Cyclr without us: third parties, customers, Cyclr's own console."""

from __future__ import annotations

from typing import Any, Protocol

import requests

TIMEOUT = (3, 20)
"""Seconds to connect, seconds of silence."""


class LocalCyclr(Protocol):
    """The deeds of others that the story needs."""

    def authenticate(self, cyclr_id: int) -> None:
        """A customer has signed in at the third party."""

    def deauthenticate(self, cyclr_id: int) -> None:
        """A consent was withdrawn, or a key."""

    def refuse_next_install(self, message: str) -> None:
        """The next install is answered with status 400 and these words."""


class ControlSurface:
    """The bundled Cyclr's own, over HTTP (`docs/simulator.md`, Control surface)."""

    def __init__(self, url: str) -> None:
        """`url`: the base address of the bundled Cyclr."""
        self.url = url.rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False

    def authenticate(self, cyclr_id: int) -> None:
        """Raises `requests.RequestException` when the bundled Cyclr does not do it."""
        self._post("authenticate", {"id": cyclr_id})

    def deauthenticate(self, cyclr_id: int) -> None:
        """The same."""
        self._post("deauthenticate", {"id": cyclr_id})

    def refuse_next_install(self, message: str) -> None:
        """The same; one install alone."""
        fault = {
            "fault": "respond",
            "method": "POST",
            "path": "/connectors/{id}/install",
            "status": 400,
            "body": {"Message": message},
            "times": 1,
        }
        self._post("faults", fault)

    def _post(self, what: str, body: dict[str, Any]) -> None:
        answer = self.session.post(
            f"{self.url}/_simulator/{what}",
            json=body,
            headers={"X-Simulator": "1"},
            timeout=TIMEOUT,
        )
        answer.raise_for_status()
