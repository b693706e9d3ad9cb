"""What happens at the bundled Cyclr without us: third parties, customers, Cyclr's own console."""

from __future__ import annotations

import http.client
import json
from typing import Any, Protocol
from urllib.parse import urlsplit

TIMEOUT = 20
"""Seconds of silence."""


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
        self.netloc = urlsplit(url).netloc

    def authenticate(self, cyclr_id: int) -> None:
        """Raises `OSError` when the bundled Cyclr does not do it."""
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
        connection = http.client.HTTPConnection(self.netloc, timeout=TIMEOUT)
        try:
            connection.request(
                "POST", f"/_simulator/{what}", json.dumps(body), {"X-Simulator": "1"}
            )
            status = connection.getresponse().status
        finally:
            connection.close()
        if status != 200:
            raise ConnectionError(f"the bundled Cyclr answered {status} to {what}")
