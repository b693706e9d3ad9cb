"""What has to be there before anything starts: free ports, a Redis and a database that answer."""

from __future__ import annotations

import re
import socket
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import redis

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


def redis_answers(url: str) -> str:
    """Empty if it does, else why not."""
    try:
        if url.startswith("redis+socket://"):
            path = url.removeprefix("redis+socket://").split("?", 1)[0]
            client = redis.Redis(unix_socket_path=path, socket_timeout=3, socket_connect_timeout=3)
        else:
            client = redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3)
        with client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return ""


def without_password(url: str) -> str:
    """The address as it may be shown."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def check_database(database: Mapping[str, Any]) -> None:
    """One sentence if it cannot be opened."""
    if database["ENGINE"].endswith("sqlite3"):
        try:
            sqlite3.connect(database["NAME"], timeout=20).execute("PRAGMA user_version").close()
        except sqlite3.Error as error:
            cannot(f"The database {database['NAME']} cannot be opened: {error}.")
        return
    places = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    places["dbname"] = "NAME"
    given = {name: database[place] for name, place in places.items() if database[place]}
    options = {name: value for name, value in database["OPTIONS"].items() if name != "pool"}
    try:
        psycopg.connect(**options, **given).close()
    except psycopg.Error as error:
        why = re.sub(
            r"^.*?(?:port \d+|socket \"[^\"]*\") failed: | Is the server running.*",
            "",
            " ".join(str(error).split()),
        )
        cannot(f"PostgreSQL at {where_is(database)} cannot be used: {why}. Check DATABASE_URL.")


def where_is(database: Mapping[str, Any]) -> str:
    """Host, port and name, without user and password."""
    if database["HOST"].startswith("/") or not database["HOST"]:
        return f"{database['HOST'] or 'its usual socket'}, database {database['NAME']}"
    return f"{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
