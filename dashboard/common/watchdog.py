"""Signs of progress for whoever started this process: systemd, or our own supervisor.

Both give a socket's address in NOTIFY_SOCKET (sd_notify's protocol), wait for READY=1, and
replace a process that has not sent WATCHDOG=1 for a while.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

from django.conf import settings

EVERY = 5.0
"""Seconds between two signs; less than half of what anybody waits."""

_sent_at = 0.0


def notify(text: str) -> None:
    """Send it, if somebody listens. Never waits, never fails."""
    address: str = settings.NOTIFY_SOCKET
    if not address:
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.setblocking(False)
        wire.sendto(text.encode(), address)


def ready() -> None:
    """The process has started, and is watched from now on."""
    notify("READY=1\nWATCHDOG=1")


def progress() -> None:
    """Something was finished; may be called as often as that happens."""
    global _sent_at  # noqa: PLW0603 - one process, one sign of life
    if time.monotonic() - _sent_at >= EVERY / 5:
        _sent_at = time.monotonic()
        notify("WATCHDOG=1")


def watch(goes_on: Callable[[], bool]) -> threading.Thread:
    """Send signs from a thread for as long as `goes_on()` says that the others get on."""

    def look() -> None:
        while True:
            with contextlib.suppress(Exception):
                if goes_on():
                    notify("WATCHDOG=1")
            time.sleep(EVERY)

    thread = threading.Thread(target=look, name="watchdog", daemon=True)
    thread.start()
    return thread
