"""Ports: which are free, and what to do about one that is not."""

from __future__ import annotations

import socket
from pathlib import Path

from dashboard.environment import names
from dashboard.environment.reading import Environment
from dashboard.launcher.ending import cannot


def is_free(host: str, port: int) -> bool:
    """Whether a server may listen there; an address that this machine lacks does not matter."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            cannot(f"Port {port} needs special rights: choose one above 1023, as PORT=8000.")
        except OSError:
            return False
        return True


def port_in_use(port: int, environment: Environment, var: Path) -> str:
    """What to do about it. Another port is another address for links that were made before."""
    other = port + 2 if port < 65534 else 8000
    sentence = f"Port {port} is in use: stop what listens there, or use PORT={other} ./run"
    if environment.is_set(names.PUBLIC_URL) or not (var / "desk.sqlite3").exists():
        return f"{sentence}."
    return f"{sentence} (links that were sent before lead to port {port})."


def free_port_after(port: int) -> int:
    """The local Cyclr's port: the same on every start if nobody else took it."""
    for candidate in range(port + 1, port + 100):
        if candidate < 65536 and is_free("127.0.0.1", candidate):
            return candidate
    return cannot(f"No port from {port + 1} to {port + 99} is free for the local Cyclr.")
