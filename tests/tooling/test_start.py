"""What `./run` says when it cannot start: one sentence, no traceback, a status that is not 0."""

from __future__ import annotations

import fcntl
import os
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.environment.reading import KEYS
from tests.support.environment import outer_environment
from tests.support.services import free_port
from tests.support.waiting import CEILING

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent.parent


def start(var: Path, **settings: str) -> tuple[int, str]:
    """The exit status and all that was said; fails if it did not end by itself."""
    environment = outer_environment() | {
        "DESK_ENV_FILE": os.devnull,
        "DESK_VAR": str(var),
        "PORT": str(free_port()),
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "-m", "dashboard.launcher.supervisor"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=CEILING,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"PORT": "abc"}, "PORT is 'abc': give a number from 1 to 65535."),
        ({"PORT": "80000"}, "PORT is '80000': give a number from 1 to 65535."),
        (
            {"REDIS_URL": "http://x"},
            "REDIS_URL cannot be used: give an address like redis://127.0.0.1:6379/0.",
        ),
        (
            {"DATABASE_URL": "nonsense"},
            "DATABASE_URL cannot be used: give an address like"
            " postgres://user:password@host:5432/name, or sqlite:///path.",
        ),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is 'loud': use DEBUG, INFO, WARNING or ERROR."),
        (
            {"CREDENTIAL_KEYS": "short"},
            "CREDENTIAL_KEYS cannot be used: each key needs at least 32 characters.",
        ),
        (
            {"DESK_LEASE_FOR": "soon"},
            "DESK_LEASE_FOR is 'soon': give a number of seconds, without a unit.",
        ),
        ({"TRUSTED_PROXIES": "inf"}, "TRUSTED_PROXIES is 'inf': give a number from 0 to 20."),
        (
            {"LOCAL_CYCLR_OPTIONS": "--latancy 1"},
            "LOCAL_CYCLR_OPTIONS cannot be used: unrecognized arguments: --latancy 1; see"
            " docs/simulator.md.",
        ),
        (
            {"LOCAL_CYCLR_OPTIONS": "--world /nowhere/world.json"},
            "LOCAL_CYCLR_OPTIONS cannot be used: There is no world file /nowhere/world.json; see"
            " docs/simulator.md.",
        ),
        (
            {"CYCLR_CLIENT_ID": "id"},
            "CYCLR_CLIENT_ID is set, so CYCLR_API_URL is needed too: https://api.cyclr.com, say.",
        ),
        (
            {"CYCLR_API_URL": "https://api.cyclr.com"},
            "CYCLR_API_URL is set, so CYCLR_SERVICE_URL is needed too.",
        ),
        (
            {"DATABASE_URL": "sqlite:////nowhere/desk.sqlite3"},
            "The database /nowhere/desk.sqlite3 cannot be opened: unable to open database file.",
        ),
        (
            {"SECRET_KEY_FILE": "/nowhere/key"},
            "/nowhere/key, which SECRET_KEY_FILE names, cannot be read (No such file or directory):"
            " correct the path or its rights.",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_one_sentence(
    tmp_path: Path, settings: dict[str, str], sentence: str
) -> None:
    status, said = start(tmp_path, **settings)

    assert (status, said.splitlines()[-1]) == (2, sentence)
    assert "Traceback" not in said


def test_another_port_is_not_advised_without_a_word_on_links(tmp_path: Path) -> None:
    (tmp_path / "desk.sqlite3").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        status, said = start(tmp_path, PORT=str(port))

    assert status == 2
    assert said.endswith(f"./run (links that were sent before lead to port {port}).\n")


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        status, said = start(tmp_path, PORT=str(port))

    assert status == 2
    other = f"use PORT={port + 2} ./run"
    assert said == f"Port {port} is in use: stop what listens there, or {other}.\n"


def test_an_unreachable_redis_is_one_sentence_without_its_password(tmp_path: Path) -> None:
    port = free_port()

    status, said = start(tmp_path, REDIS_URL=f"redis://:pass-word@127.0.0.1:{port}/0")

    assert status == 2
    assert f"Redis at redis://127.0.0.1:{port}/0 does not answer: " in said.splitlines()[-1]
    assert "Traceback" not in said
    assert "pass-word" not in said


def test_an_unreachable_postgres_is_one_sentence_without_its_password(tmp_path: Path) -> None:
    port = free_port()

    status, said = start(tmp_path, DATABASE_URL=f"postgres://u:pass-word@127.0.0.1:{port}/desk")

    sentence = f"PostgreSQL at 127.0.0.1:{port}/desk cannot be used: Connection refused. "
    assert (status, said.splitlines()[-1]) == (2, f"{sentence}Check DATABASE_URL.")
    assert "pass-word" not in said


@pytest.mark.postgres
def test_a_pool_of_connections_is_usable(postgres_url: str, tmp_path: Path) -> None:
    url = f"{postgres_url}?pool=true"
    ask = (
        "from django.db import connection as c; from django.conf import settings;"
        "from dashboard.launcher.preflight import check_database;"
        "check_database(settings.DATABASES['default']);"
        "k = c.cursor(); k.execute('SHOW lock_timeout'); print(k.fetchone()[0]);"
        "k.close(); c.close(); k = c.cursor(); k.execute('SELECT 41 + 1'); print(k.fetchone()[0]);"
        "print(c.pool.max_size); k.close(); c.close(); c.close_pool()"
    )
    keys = dict.fromkeys(KEYS, "for-tests-only-0123456789012345678901234567")

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import django; django.setup(); {ask}"],
        env={
            **{"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "dashboard.settings"},
            **{"DESK_ENV_FILE": os.devnull, "DESK_VAR": str(tmp_path), "DATABASE_URL": url},
            **keys,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.split(), done.stderr) == (["3s", "42", "8"], "")


def test_a_postgres_is_looked_for_at_its_socket(tmp_path: Path) -> None:
    status, said = start(tmp_path, DATABASE_URL=f"postgres://u@/desk?host={tmp_path}")

    sentence = f"PostgreSQL at {tmp_path}, database desk cannot be used: No such file or directory"
    assert (status, said.splitlines()[-1]) == (2, f"{sentence}. Check DATABASE_URL.")


def test_a_second_one_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ready").write_text(f"{os.getpid()} http://127.0.0.1:8000\n")
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        status, said = start(tmp_path)

    assert status == 2
    assert said.startswith(f"Cyclr Desk is running in {tmp_path} already: stop it first")


def test_the_keys_are_made_once_and_private(tmp_path: Path) -> None:
    ends = {"DATABASE_URL": "sqlite:////nowhere/desk.sqlite3"}
    start(tmp_path, **ends)
    made = (tmp_path / "keys.env").read_text()
    start(tmp_path, **ends)

    assert (tmp_path / "keys.env").read_text() == made
    assert [line.split("=")[0] for line in made.splitlines()] == ["SECRET_KEY", "CREDENTIAL_KEYS"]
    assert stat.S_IMODE((tmp_path / "keys.env").stat().st_mode) == 0o600


def test_a_database_without_its_keys_is_not_given_new_ones(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "desk.sqlite3").close()

    status, said = start(tmp_path)

    assert status == 2
    assert "its keys are not: put" in said
    assert not (tmp_path / "keys.env").exists()
