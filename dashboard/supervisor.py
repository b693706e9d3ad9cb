"""What `./run` starts: the whole dashboard, with all that it needs and does not have.

Without settings that is SQLite, an embedded broker, a local Cyclr, keys and a first administrator;
each is left out where its setting names a real one. What cannot work is said in one sentence, and
the exit status is not 0.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import importlib
import json
import os
import re
import secrets
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import psycopg
import redis
from django.core.exceptions import ImproperlyConfigured

from dashboard.broker import MissingServerError, broker_command, server_for
from dashboard.environment import names
from dashboard.environment.reading import KEYS, KEYS_FILE, Environment, half_a_console, read
from dashboard.processes import EndedError, Process, Tree

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
CANNOT_START = 2
"""The exit status when something has to be put right first; 1 when something died."""

BROKER, CYCLR, WORKER, DISPATCHER, WEB = range(5)
"""The stages: started in this order, ended in the opposite one."""

LOCAL_CYCLR = {
    "CYCLR_CLIENT_ID": names.LOCAL_CLIENT_ID,
    "CYCLR_CLIENT_SECRET": "demo-secret-not-for-production",
    "CYCLR_CONSOLE_NAME": "Local Cyclr",
}
MADE_UP_PARTNER = {"PARTNER_NAME": "Larkfield", "SUPPORT_EMAIL": "support@larkfield.example"}
FIRST_ADMINISTRATOR = "admin@desk.local"


def cannot(sentence: str) -> NoReturn:
    """End with one sentence."""
    raise EndedError(sentence, CANNOT_START)


# ---- settings ----


def checked_environment() -> Environment:
    """All settings; complains of what is wrong in one sentence."""
    try:
        return read(os.environ)
    except ImproperlyConfigured as error:
        cannot(str(error))


def hand_on(**values: str) -> None:
    """Tell the processes so, whatever files say."""
    for name, value in values.items():
        os.environ[name] = value
        os.environ.pop(f"{name}_FILE", None)


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
    made = {
        name: secrets.token_urlsafe(48) for name in KEYS if not environment.is_set(names.ALL[name])
    }
    if not made:
        return
    if "CREDENTIAL_KEYS" in made and (var / "desk.sqlite3").exists():
        cannot(
            f"{var / 'desk.sqlite3'} is there, but its keys are not: put {file} back, or set"
            " SECRET_KEY and CREDENTIAL_KEYS as they were."
        )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as out:
        out.writelines(f"{name}={value}\n" for name, value in made.items())


def checked_settings() -> Any:
    """`dashboard.settings`, which complains of what is wrong in one sentence."""
    try:
        return importlib.import_module("dashboard.settings")
    except ImproperlyConfigured as error:
        cannot(str(error))


# ---- what has to be there ----


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
    try:
        psycopg.connect(**database["OPTIONS"], **given).close()
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


# ---- the processes ----


def python(*arguments: str) -> list[str]:
    """A command line of this Python."""
    return [sys.executable, *arguments]


def child_environment(process: str, **more: str) -> dict[str, str]:
    """What a process is told; the first administrator's password is for `prepare` alone."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("DESK_ADMIN_")
    }
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "PYTHONUNBUFFERED": "1",
        "DESK_PROCESS": process,
        **more,
    }


def worker(name: str, queues: str, at_once: int) -> Process:
    """One Celery worker that does so much at once. TERM lets it finish what it has in hand."""
    return Process(
        name=name,
        command=python(
            # As root, in a container say, Celery would lecture.
            *("-W", "ignore:You're running the worker", "-m", "celery", "--quiet"),
            *("-A", "dashboard.celery:app", "worker", "-Q", queues),
            *("-c", str(at_once), "-n", f"{name}@%h", "--prefetch-multiplier", "1"),
            *("--loglevel", "INFO"),
            *("--without-gossip", "--without-mingle"),
        ),
        stage=WORKER,
        environment=child_environment("worker"),
        is_watched=True,
        stop_within=25,
    )


def dashboard_processes(port: int) -> list[Process]:
    """The dashboard's own four."""
    return [
        # Its work waits for Cyclr most of the time; a slow Cyclr must not fill every slot.
        worker("interactive", "interactive,checks", at_once=4),
        worker("background", "sync,bulk", at_once=2),
        Process(
            name="dispatcher",
            command=python("manage.py", "dispatch"),
            stage=DISPATCHER,
            environment=child_environment("dispatcher"),
            is_watched=True,
        ),
        Process(
            name="web",
            command=python("-m", "gunicorn", "--bind", f"{HOST}:{port}", "dashboard.wsgi"),
            stage=WEB,
            environment=child_environment("web"),
            is_vital=True,
        ),
    ]


def simulator(port: int, var: Path, more: Sequence[str]) -> Process:
    """The local Cyclr; what happened in it is kept."""
    return Process(
        name="cyclr",
        command=python(
            *("-m", "cyclr_api.simulator", "--port", str(port)),
            *("--save", str(var / "cyclr.json"), *more),
        ),
        stage=CYCLR,
        environment=child_environment("simulator"),
    )


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


# ---- the steps of a start ----


def start_broker(tree: Tree, environment: Environment, var: Path, directory: Path) -> None:
    """The broker of REDIS_URL, if it answers; else our own."""
    if url := environment[names.REDIS_URL]:
        if why := redis_answers(url):
            cannot(f"Redis at {without_password(url)} does not answer: {why}. Check REDIS_URL.")
        return
    sock = directory / "redis.sock"
    tree.start(embedded_broker(tree, var, sock))
    url = f"redis+socket://{sock}"
    hand_on(REDIS_URL=url)
    if not tree.wait(lambda: sock.exists() and not redis_answers(url), within=20):
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
        if not environment.is_set(names.ALL[name]):
            hand_on(**{name: value})
    process = simulator(own, var, environment[names.LOCAL_CYCLR_OPTIONS])
    if environment.is_set(names.LOCAL_CYCLR_OPTIONS):
        status, words = tree.run(replace(process, command=[*process.command, "--check"]))
        if status:
            why = words.strip().splitlines()[-1].rpartition(" error: ")[2].rstrip(".")
            cannot(f"LOCAL_CYCLR_OPTIONS cannot be used: {why}; see docs/simulator.md.")
    tree.start(process)


def static_files_state(settings: Any) -> str:
    """Another one when a static file or a package changed."""
    summary = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for folder in settings.STATICFILES_DIRS:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                state = path.stat()
                summary.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return summary.hexdigest()


def prepare(tree: Tree, environment: Environment, settings: Any, var: Path) -> list[str]:
    """Database, static files, console, first administrator. Answers how to sign in."""
    email = environment[names.DESK_ADMIN_EMAIL] or FIRST_ADMINISTRATOR
    password = environment[names.DESK_ADMIN_PASSWORD] or secrets.token_urlsafe(12)
    stamp, state = var / "staticfiles.stamp", static_files_state(settings)
    is_collected = stamp.exists() and stamp.read_text() == state and settings.STATIC_ROOT.is_dir()
    wanted = [] if is_collected else ["static"]
    if "cyclr" in tree.running and environment[names.DESK_DEMO]:
        wanted.append("demo")
    told = child_environment("run", DESK_ADMIN_EMAIL=email, DESK_ADMIN_PASSWORD=password)
    command = Process(
        name="preparing",
        command=python("-m", "dashboard.preparation", *wanted),
        stage=CYCLR,
        environment=told,
    )
    status, words = tree.run(command)
    lines = [line for line in words.splitlines() if line.strip()]
    if status:
        if lines and not any(line.startswith("Traceback") for line in lines):
            cannot(lines[-1])
        for line in lines:
            tree.say(command.name, line)
        cannot("The database could not be prepared: see above.")
    stamp.write_text(state)
    answer: dict[str, Any] = next((json.loads(line) for line in lines if line[0] == "{"), {})
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
    settings = checked_settings()
    check_database(settings.DATABASES["default"])
    start_broker(tree, environment, var, directory)
    tree.say("run", "bringing the database up to date")
    lines = signing_in = prepare(tree, environment, settings, var)
    try:
        tree.start(*dashboard_processes(port))
        if not tree.wait(lambda: web_answers(port), within=60):
            cannot(f"The web server does not answer on port {port}.")
        (var / "ready").write_text(f"{os.getpid()} http://{HOST}:{port}\n")
        kind = "a local one with made-up accounts" if "cyclr" in tree.running else "yours"
        lines = [
            f"Cyclr Desk is ready: http://{HOST}:{port}",
            *signing_in,
            f"Cyclr: {kind}, {settings.CYCLR_API_URL}",
            "Ctrl-C ends all of it.",
        ]
    finally:
        # Also when the start fails: a password is shown only once.
        for line in ["", *lines, ""]:
            tree.say("run", line)


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
