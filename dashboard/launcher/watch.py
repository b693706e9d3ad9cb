"""Whether a process gets on: it says so by sd_notify's protocol, or is silent for too long."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time

SILENT, STARTED_WITHIN = 40.0, 180.0
"""Seconds after which a watched process without a sign of progress is replaced; before its first
one it may still be starting."""


class Watch:
    """Listens to the signs of progress of one start of a process."""

    def __init__(self, silent_after: float) -> None:
        self.silent_after = silent_after
        # A name without a file: nothing to tidy up, and no path that is too long.
        self.address = f"desk-{os.getpid()}-{secrets.token_hex(8)}"
        self._wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._wire.bind(f"\0{self.address}")
        self._wire.setblocking(False)
        self._until = time.monotonic() + STARTED_WITHIN

    def is_silent(self) -> bool:
        """Whether it has shown nothing for too long."""
        with contextlib.suppress(BlockingIOError):
            while said := self._wire.recv(4096):
                if b"WATCHDOG=1" in said:
                    self._until = time.monotonic() + self.silent_after
        return time.monotonic() > self._until

    def close(self) -> None:
        """Nobody listens any more."""
        self._wire.close()
