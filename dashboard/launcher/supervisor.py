"""What `./run` starts: the whole dashboard, with all that it needs and does not have.

Without settings that is SQLite, an embedded broker, a local Cyclr, keys and a first administrator;
each is left out where its setting names a real one. What cannot work is said in one sentence, and
the exit status is not 0.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from django.core.exceptions import ImproperlyConfigured

from dashboard.environment import names, waits
from dashboard.environment.groups import ALL
from dashboard.environment.reading import Environment, half_a_console, read
from dashboard.launcher.broker import MissingServerError, answers, broker_command, server_for
from dashboard.launcher.commands import (
    BROKER,
    CYCLR,
    HOST,
    child_environment,
    dashboard_processes,
    hand_on,
    loaded,
    python,
    simulator,
)
from dashboard.launcher.ending import CANNOT_START, EndedError, cannot
from dashboard.launcher.ports import free_port_after, is_free, port_in_use
from dashboard.launcher.processes import Process, Tree
from dashboard.launcher.var_directory import lock, make_keys, make_var

JSON = dict[str, Any]

ROOT = names.ROOT

LOCAL_CYCLR = {
    "CYCLR_CLIENT_ID": names.LOCAL_CLIENT_ID,
    "CYCLR_CLIENT_SECRET": "demo-secret-not-for-production",
    "CYCLR_CONSOLE_NAME": "Local Cyclr",
}
MADE_UP_PARTNER = {"PARTNER_NAME": "Larkfield", "SUPPORT_EMAIL": "support@larkfield.example"}
FIRST_ADMINISTRATOR = "admin@desk.local"
AT_ONCE = {"CYCLR_CALLS_PER_SECOND": "5000"}
"""For the demo's story, whose Cyclr is our own: nobody else calls it yet, and it has no limit."""


# ---- settings ----


def checked_environment() -> Environment:
    """All settings; complains of what is wrong in one sentence."""
    try:
        return read(os.environ)
    except ImproperlyConfigured as error:
        cannot(str(error))


# ---- the steps of a start ----


def embedded_broker(tree: Tree, var: Path, sock: Path) -> Process:
    """A Redis-compatible server of our own, reached by a socket that only we can open."""
    (var / "broker" / "broker.log").unlink(missing_ok=True)
    try:
        server, sentence = server_for(var / "broker", sock)
    except MissingServerError as error:
        cannot(f"A broker is needed and none is here: {error}.")
    if sentence:
        tree.say("run", sentence)
    command = broker_command(var / "broker", sock, server.path)
    return Process("broker", command, BROKER, child_environment("broker"))


def start_broker(tree: Tree, var: Path, sock: Path) -> None:
    """Our own."""
    tree.start(embedded_broker(tree, var, sock))
    if not tree.wait(lambda: answers(sock), within=20):
        cannot(f"The broker does not start: see {var / 'broker' / 'broker.log'}.")


def start_local_cyclr(tree: Tree, environment: Environment, var: Path) -> None:
    """A Cyclr of made-up accounts, if no other is named."""
    if environment.is_set(names.CYCLR_API_URL):
        return
    if sentence := half_a_console(environment):
        cannot(sentence)
    own = environment[names.LOCAL_CYCLR_PORT] or free_port_after(environment[names.PORT])
    address = f"http://{HOST}:{own}"
    hand_on(**LOCAL_CYCLR, CYCLR_API_URL=address, CYCLR_SERVICE_URL=address)
    for name, value in MADE_UP_PARTNER.items():
        if not environment.is_set(ALL[name]):
            hand_on(**{name: value})
    process = simulator(own, var, environment[names.LOCAL_CYCLR_OPTIONS])
    if environment.is_set(names.LOCAL_CYCLR_OPTIONS):
        status, message = tree.run(replace(process, command=[*process.command, "--check"]))
        if status:
            why = message.strip().splitlines()[-1].rpartition(" error: ")[2].rstrip(".")
            cannot(f"LOCAL_CYCLR_OPTIONS cannot be used: {why}; see docs/simulator.md.")
    tree.start(process)


def run_to_its_end(tree: Tree, command: Process, failed: str) -> JSON:
    """The JSON object that a command printed. One sentence if it failed."""
    status, message = tree.run(command)
    lines = [line for line in message.splitlines() if line.strip()]
    if status:
        if lines and not any(line.startswith("Traceback") for line in lines):
            cannot(lines[-1])
        for line in lines:
            tree.say(command.name, line)
        cannot(f"{failed}: see above.")
    return next((json.loads(line) for line in lines if line[0] == "{"), {})


def check(tree: Tree) -> JSON:
    """Settings, database and Redis. Answers where static files are, and which Cyclr it is."""
    arguments = python("-m", "dashboard.launcher.preflight")
    command = Process("checking", arguments, CYCLR, child_environment("run"), is_forked=True)
    return run_to_its_end(tree, command, "The settings could not be checked")


def static_files_state(folders: Sequence[str]) -> str:
    """Another one when a static file or a package changed."""
    summary = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                state = path.stat()
                summary.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return summary.hexdigest()


def prepare(tree: Tree, environment: Environment, found: JSON, var: Path) -> list[str]:
    """Database, static files, console, first administrator. Answers how to sign in."""
    email = environment[names.DESK_ADMIN_EMAIL] or FIRST_ADMINISTRATOR
    password = environment[names.DESK_ADMIN_PASSWORD] or secrets.token_urlsafe(12)
    stamp, state = var / "staticfiles.stamp", static_files_state(found["static_folders"])
    is_kept = stamp.exists() and stamp.read_text() == state
    is_collected = is_kept and Path(found["static_root"]).is_dir()
    wanted = [] if is_collected else ["static"]
    told = child_environment("run", DESK_ADMIN_EMAIL=email, DESK_ADMIN_PASSWORD=password)
    if "cyclr" in tree.running and environment[names.DESK_DEMO]:
        wanted.append("demo")
        told |= AT_ONCE
    command = Process(
        name="preparing",
        command=python("-m", "dashboard.launcher.preparation", *wanted),
        stage=CYCLR,
        environment=told,
        is_forked=True,
    )
    answer = run_to_its_end(tree, command, "The database could not be prepared")
    stamp.write_text(state)
    if sentence := answer.get("undecided"):
        tree.say("run", sentence)
    if answer.get("first_administrator") == "made":
        return first_sign_in(
            email, "" if environment.is_set(names.DESK_ADMIN_PASSWORD) else password
        )
    return later_sign_in(answer.get("administrators", []))


def web_answers(port: int) -> bool:
    """Whether anything answers a request for a page."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def first_sign_in(email: str, made: str) -> list[str]:
    """How the administrator who was made just now signs in; `made`: a password nobody has seen."""
    if not made:
        return [f"Sign in as {email} with the password of DESK_ADMIN_PASSWORD."]
    return [
        f"Sign in as {email} with the password {made}",
        "(made just now and shown only once).",
    ]


def later_sign_in(emails: Sequence[str]) -> list[str]:
    """How the administrators who are there sign in."""
    if not emails:
        return [
            "Nobody may administer it: .venv/bin/python manage.py add_person EMAIL --role admin"
        ]
    return [
        f"Sign in as {' or '.join(emails)} with the password that was set. A new one:",
        f".venv/bin/python manage.py set_password {emails[0]}",
    ]


def start(tree: Tree, environment: Environment, var: Path, directory: Path) -> None:
    """All of it, until the web server answers."""
    port = environment[names.PORT]
    for doubt in environment.doubts:
        tree.say("run", doubt)
    start_local_cyclr(tree, environment, var)
    own_broker = directory / "redis.sock" if not environment[names.REDIS_URL] else None
    if own_broker:
        hand_on(REDIS_URL=f"redis+socket://{own_broker}")
    tree.start(loaded())
    if own_broker:
        start_broker(tree, var, own_broker)
    if not tree.wait(tree.has_loaded, within=120):
        cannot("The dashboard could not be loaded within two minutes.")
    found = check(tree)
    tree.say("run", "bringing the database up to date")
    lines = signing_in = prepare(tree, environment, found, var)
    try:
        tree.start(*dashboard_processes(port, environment[waits.DESK_SILENT_AFTER]))
        if not tree.wait(lambda: web_answers(port), within=60):
            cannot(f"The web server does not answer on port {port}.")
        kind = "a local one with made-up accounts" if "cyclr" in tree.running else "yours"
        lines = [
            f"Cyclr Desk is ready: http://{HOST}:{port}",
            *signing_in,
            f"Cyclr: {kind}, {found['cyclr']}",
            "Ctrl-C ends all of it.",
        ]
    finally:
        # Also when the start fails: a password is shown only once.
        for line in ["", *lines, ""]:
            tree.say("run", line)
    # The last thing: whoever waits for it may read what was said.
    (var / "ready").write_text(f"{os.getpid()} http://{HOST}:{port}\n")


def write_process_ids(var: Path, ids: dict[str, int]) -> None:
    """`processes.json`: which process has which id now."""
    draft = var / "processes.json.new"
    draft.write_text(json.dumps(ids) + "\n")
    draft.replace(var / "processes.json")


def supervise() -> NoReturn:
    """Start, watch, end. Leaves by EndedError."""
    os.chdir(ROOT)
    os.umask(0o077)
    environment = checked_environment()
    port = environment[names.PORT]
    var = make_var(environment[names.DESK_VAR].resolve())
    hand_on(PORT=str(port), DESK_VAR=str(var))
    lock_file = lock(var)
    (var / "ready").unlink(missing_ok=True)
    if not is_free(HOST, port):
        cannot(port_in_use(port, environment, var))
    make_keys(environment, var)
    # A socket's path must be short, which a path below var/ need not be.
    directory = Path(tempfile.mkdtemp(prefix="desk-"))
    tree = Tree(
        directory=directory,
        inherited_by_guard=[lock_file],
        on_change=lambda ids: write_process_ids(var, ids),
    )
    try:
        start(tree, environment, var, directory)
        tree.wait(lambda: False, forever=True)
    except EndedError as error:
        if error.status == 0:
            tree.say("run", "ending: what is in hand is finished first (Ctrl-C again: at once)")
        raise
    finally:
        (var / "ready").unlink(missing_ok=True)
        tree.stop()
    raise AssertionError("never reached")


def main() -> int:
    """The exit status."""
    try:
        supervise()
    except EndedError as error:
        if error.status:
            sys.stderr.write(f"{error}\n")
        return error.status
    except OSError as error:
        # A file that a setting names, a disk that is full.
        sys.stderr.write(f"Cyclr Desk cannot start: {error}.\n")
        return CANNOT_START
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
