"""The complete dashboard as real processes, started the way `./run` starts it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.environment import outer_environment
from tests.support.services import free_port

ROOT = Path(__file__).resolve().parent.parent.parent


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
    def logs(self) -> str:
        """All that the processes have said so far."""
        log = self.var / "test.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def start(self, within: float = 90) -> None:
        """Start it and wait until its pages answer; also again after `interrupt`."""
        with (self.var / "test.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dashboard.supervisor"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_for(lambda: (self.var / "ready").exists(), "to be ready", within)

    def wait_for(self, is_so: Any, what: str, within: float = 30) -> None:
        """Until `is_so()`; the logs are part of the complaint."""
        until = time.monotonic() + within
        while not is_so():
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"ended while waiting {what}:\n{self.logs[-4000:]}")
            if time.monotonic() > until:
                raise AssertionError(f"waited {within} s in vain {what}:\n{self.logs[-4000:]}")
            time.sleep(0.05)

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
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else None

    def stop(self, within: float = 60) -> int | None:
        """Ctrl-C; the supervisor's exit status. The directory goes with it."""
        status = self.interrupt(within)
        shutil.rmtree(self.var, ignore_errors=True)
        return status

    def interrupt(self, within: float = 60) -> int | None:
        """Ctrl-C, and wait for the end; the data stays, so `start` can be called again."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
