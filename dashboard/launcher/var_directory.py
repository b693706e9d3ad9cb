"""The directory of all that a dashboard keeps on this machine: made, locked, given its keys."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from pathlib import Path

from dashboard.environment.groups import ALL
from dashboard.environment.reading import KEYS, KEYS_FILE, Environment
from dashboard.launcher.ending import cannot


def make_var(path: Path) -> Path:
    """The directory of everything that this dashboard keeps on this machine."""
    try:
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True)
        (path / "broker").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        cannot(f"{path} cannot be made ({error.strerror}): set DESK_VAR to a directory of yours.")
    return path


def lock(var: Path, wait: float = 12.0) -> int:
    """Hold the directory: two brokers writing one queue would ruin it. Answers the open file.

    The processes of a supervisor that was killed need a few seconds to end, hence the wait.
    """
    file = os.open(var / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            is_alive = (var / "ready").exists() and is_supervised(var)
            if is_alive or time.monotonic() > until:
                cannot(
                    f"Cyclr Desk is running in {var} already: stop it first, or give this one"
                    " another DESK_VAR and PORT."
                )
            time.sleep(0.2)
        else:
            return file


def is_supervised(var: Path) -> bool:
    """Whether the supervisor that wrote `ready` still lives."""
    try:
        os.kill(int((var / "ready").read_text().split()[0]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, IndexError):
        return False
    return True


def make_keys(environment: Environment, var: Path) -> None:
    """SECRET_KEY and CREDENTIAL_KEYS, made on the first start; `dashboard.settings` reads them."""
    file = var / KEYS_FILE
    made = {name: secrets.token_urlsafe(48) for name in KEYS if not environment.is_set(ALL[name])}
    if not made:
        return
    if "CREDENTIAL_KEYS" in made and (var / "desk.sqlite3").exists():
        cannot(
            f"{var / 'desk.sqlite3'} is there, but its keys are not: put {file} back, or set"
            " SECRET_KEY and CREDENTIAL_KEYS as they were."
        )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as out:
        out.writelines(f"{name}={value}\n" for name, value in made.items())
