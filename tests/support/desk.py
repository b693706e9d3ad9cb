"""The complete dashboard as real processes, started the way `./run` starts it."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from dashboard.environment.reading import read
from dashboard.launcher.var_directory import make_keys
from tests.support.environment import outer_environment
from tests.support.migrated import SQLITE
from tests.support.services import free_port
from tests.support.waiting import CEILING, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
T = TypeVar("T")


@cache
def first_start() -> Path:
    """Keys, and an SQLite file with empty tables: they take the longest part of a first start.

    A dashboard on PostgreSQL makes its own, so that this way is gone as well.
    """
    var = Path(tempfile.mkdtemp(prefix="desk-first-"))
    atexit.register(shutil.rmtree, var, ignore_errors=True)
    environment = {
        **outer_environment(),
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DESK_ENV_FILE": os.devnull,
        "DESK_VAR": str(var),
        "DESK_PROCESS": "run",
    }
    make_keys(read(environment), var)
    if migrated := os.environ.get(SQLITE):
        shutil.copy(migrated, var / "desk.sqlite3")
        return var
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return var


class Desk:
    """A supervisor with all it starts, in a directory and on ports of its own."""

    admin_email = "admin@desk.test"
    admin_password = "correct-horse-battery-staple"

    def __init__(self, **settings: str) -> None:
        """`settings` are environment variables: DATABASE_URL=…, REDIS_URL=…, DESK_LEASE_FOR="2"."""
        self.var = Path(tempfile.mkdtemp(prefix="desk-test-"))
        self.port, self.cyclr_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.cyclr_url = settings.get("CYCLR_API_URL", f"http://127.0.0.1:{self.cyclr_port}")
        self.environment = {
            **outer_environment(),
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "DESK_ENV_FILE": os.devnull,
            "DESK_VAR": str(self.var),
            "PORT": str(self.port),
            "LOCAL_CYCLR_PORT": str(self.cyclr_port),
            "DESK_ADMIN_EMAIL": self.admin_email,
            "DESK_ADMIN_PASSWORD": self.admin_password,
            "DESK_DEMO": "0",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> Path:
        """The SQLite file, unless DATABASE_URL says otherwise."""
        return self.var / "desk.sqlite3"

    @property
    def logs(self) -> str:
        """All that the processes have said so far."""
        log = self.var / "test.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def start(self) -> None:
        """Start it and wait until its pages answer; also again after `interrupt`."""
        if "DATABASE_URL" not in self.environment and not self.database.exists():
            shutil.copytree(first_start(), self.var, dirs_exist_ok=True)
        with (self.var / "test.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dashboard.launcher.supervisor"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_for(lambda: (self.var / "ready").exists(), "to be ready")

    def wait_for(self, look: Callable[[], T], what: str) -> T:
        """What `look` answers as soon as it is true; the logs are part of the complaint."""

        def check() -> None:
            if self.process is None or self.process.poll() is not None:
                raise AssertionError("the dashboard has ended")

        try:
            return wait_until(look, still=check)
        except AssertionError as error:
            raise AssertionError(f"waiting {what}: {error}\n{self.logs[-4000:]}") from None

    def wait_until_read(self) -> None:
        """Until a whole reading of Cyclr has ended; what broke off before it shows nothing."""
        self.wait_for_row(
            "SELECT 1 FROM mirror_syncrun WHERE finished_at IS NOT NULL AND last_error = ''",
            "until Cyclr was read once",
        )

    def wait_for_row(self, query: str, what: str) -> None:
        """Until a query of the database answers something."""
        self.wait_for(lambda: self.rows(query), what)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query of the database answers now, read from here: starting a process for it
        takes as long as what is to be seen."""
        if address := self.environment.get("DATABASE_URL", ""):
            with psycopg.connect(address.removesuffix("?pool=true")) as connection:
                connection.read_only = True
                return connection.execute(query.encode()).fetchall()
        address = f"file:{self.database}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=CEILING)) as lite:
            return lite.execute(query).fetchall()

    def pid_of(self, name: str) -> int:
        """The process id of web, interactive, background, dispatcher, cyclr or broker."""
        name = {"worker": "interactive", "simulator": "cyclr"}.get(name, name)
        return self._processes()[name]

    def has(self, name: str) -> bool:
        """Whether that process runs now; a dead one is not listed until it is started again."""
        return name in self._processes()

    def _processes(self) -> dict[str, int]:
        processes: dict[str, int] = json.loads((self.var / "processes.json").read_text())
        return processes

    def manage(self, *arguments: str) -> str:
        """Run `manage.py` against this dashboard's database; answers what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.environment, "DESK_PROCESS": "run"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def cyclr_control(self, path: str, body: Any = None, *, method: str = "") -> Any:
        """Ask the local Cyclr's control surface (`faults`, `ledger`, `world`, …); its JSON."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.cyclr_url}/_simulator/{path.lstrip('/')}",
            data=None if body is None else json.dumps(body).encode(),
            method=method or ("GET" if body is None else "POST"),
            headers={"X-Simulator": "1", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=CEILING) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else None

    def hold(self, method: str, path: str, **settings: Any) -> None:
        """The local Cyclr keeps the calls that fit until `release`."""
        self.cyclr_control("faults", {"fault": "hold", "method": method, "path": path, **settings})

    def wait_until_held(self) -> None:
        """Until the local Cyclr keeps a call."""
        self.wait_for(
            lambda: any(one.get("waiting") for one in self.cyclr_control("faults")),
            "for a call to be held",
        )

    def release(self) -> None:
        """What the local Cyclr holds goes on."""
        self.cyclr_control("release", {})

    def stop(self) -> int | None:
        """Ctrl-C; the supervisor's exit status. The directory goes with it."""
        status = self.interrupt()
        shutil.rmtree(self.var, ignore_errors=True)
        return status

    def interrupt(self) -> int | None:
        """Ctrl-C, and wait for the end; the data stays, so `start` can be called again."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(CEILING)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
