"""What has to be there before a start: settings that fit, a database and a Redis that answer.

`python -m dashboard.launcher.preflight` says what is wrong in one sentence, or as JSON what the
supervisor has to know. A process of its own: the supervisor, which stays, keeps none of what this
has to load.
"""

from __future__ import annotations

import importlib
import json
import re
import sqlite3
import sys
from collections.abc import Mapping
from typing import Any

import psycopg
import redis
from django.core.exceptions import ImproperlyConfigured

from dashboard.launcher.ending import EndedError, cannot


def checked_settings() -> Any:
    """`dashboard.settings`, which complains of what is wrong in one sentence."""
    try:
        return importlib.import_module("dashboard.settings")
    except ImproperlyConfigured as error:
        cannot(str(error))


def check_redis(url: str) -> None:
    """One sentence if it does not answer; an empty address is none to ask."""
    if url and (why := redis_answers(url)):
        cannot(f"Redis at {without_password(url)} does not answer: {why}. Check REDIS_URL.")


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


def main() -> int:
    """The exit status."""
    try:
        settings = checked_settings()
        check_database(settings.DATABASES["default"])
        check_redis(settings.REDIS_URL)
    except EndedError as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    found = {
        "static_folders": [str(folder) for folder in settings.STATICFILES_DIRS],
        "static_root": str(settings.STATIC_ROOT),
        "cyclr": settings.CYCLR_API_URL,
    }
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
