"""A tree of processes that ends as one: started in order, watched, started again, ended in order.

Every process leads a session of its own, so Ctrl-C in the terminal reaches the supervisor alone,
and what a process leaves behind ends with it. `guard.py` ends them all if the supervisor
is killed. One of them may have loaded what others need: those are forked from it (`forks.py`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from dashboard.launcher.ending import CANNOT_START, EndedError
from dashboard.launcher.forks import Forked, Forks, NotForkedError
from dashboard.launcher.shown import ROOM
from dashboard.launcher.watch import SILENT, Watch

DEATHS, WITHIN = 5, 60.0
"""So many deaths of processes in so many seconds end everything."""

STEP = 0.1
"""Seconds between two looks at the processes."""


@dataclass(frozen=True)
class Process:
    """What is to run. Lower stages start first and end last; one stage starts and ends together."""

    name: str
    command: Sequence[str]
    stage: int
    environment: Mapping[str, str] = field(default_factory=dict)
    is_watched: bool = False
    """It says by sd_notify's protocol that it gets on (`dashboard.common.watchdog`)."""
    silent_after: float = SILENT
    is_vital: bool = False
    """Its death ends everything; another one is started again."""
    stop_within: float = 10.0
    """Seconds from SIGTERM to SIGKILL."""
    is_loaded_once: bool = False
    """The one that others are forked from (`loaded.py`)."""
    is_forked: bool = False
    """It is forked from that one, and runs its command there."""


class Running:
    """One start of a process."""

    def __init__(
        self, process: Process, say: Callable[[str, str], None], forks: Forks | None = None
    ) -> None:
        """`forks`: where a forked one comes from. Raises `NotForkedError` if it does not."""
        self.process = process
        is_watched = process.is_watched and sys.platform == "linux"
        self.watch = Watch(process.silent_after) if is_watched else None
        environment = {**process.environment}
        environment.pop("NOTIFY_SOCKET", None)  # that of whoever started us
        if self.watch:
            environment["NOTIFY_SOCKET"] = f"@{self.watch.address}"
        self.forks = Forks() if process.is_loaded_once else None
        self.popen = self._launched(environment, forks)
        self.pid = self.popen.pid
        self.last_line = ""
        self._reader = threading.Thread(target=self._read, args=(say,), daemon=True)
        self._reader.start()

    def _launched(
        self, environment: dict[str, str], forks: Forks | None
    ) -> subprocess.Popen[str] | Forked:
        if self.process.is_forked:
            return self._forked(environment, forks)
        if self.forks is None:
            return launched(self.process.command, environment)
        with self.forks.far_end as end:
            command = [*self.process.command, str(end.fileno()), ROOM]
            return launched(command, {**environment, "ROOM": ROOM}, [end.fileno()])

    def _forked(self, environment: dict[str, str], forks: Forks | None) -> Forked:
        try:
            if forks is None:
                raise NotForkedError
            return forks.fork(self.process.command, environment)
        except NotForkedError:
            if self.watch:
                self.watch.close()
            raise

    def _read(self, say: Callable[[str, str], None]) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.last_line = line.rstrip("\n")
            say(self.process.name, self.last_line)

    def signal(self, number: int) -> None:
        """To the process; to all of its group if it is to be killed."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if number == signal.SIGKILL:
                os.killpg(self.pid, number)
            elif self.popen.poll() is None:
                os.kill(self.pid, number)

    def has_ended(self) -> bool:
        """Whether it has; the rest of its group is killed then."""
        if self.popen.poll() is None:
            return False
        self.signal(signal.SIGKILL)
        self._reader.join(1)
        if self.watch:
            self.watch.close()
            self.watch = None
        if self.forks:
            self.forks.close()
        return True

    def end_message(self) -> str:
        """How it ended."""
        status = self.popen.poll() or 0
        if status < 0:
            with contextlib.suppress(ValueError):
                return f"was killed by {signal.Signals(-status).name}"
        return f"ended with status {status}"


def launched(
    command: Sequence[str], environment: Mapping[str, str], inherited: Sequence[int] = ()
) -> subprocess.Popen[str]:
    """A process of its own program."""
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        pass_fds=inherited,
    )


class Tree:
    """The running processes, the guard, and the wish to end."""

    def __init__(
        self,
        *,
        directory: Path,
        inherited_by_guard: Sequence[int] = (),
        on_change: Callable[[dict[str, int]], None] = lambda _: None,
    ) -> None:
        """The guard removes `directory` at the end, and holds the file descriptors until then."""
        self.on_change = on_change
        self.running: dict[str, Running] = {}
        self._again: list[tuple[float, Process]] = []
        self._deaths: deque[tuple[float, str]] = deque(maxlen=DEATHS)
        self._signals = 0
        self._said = threading.Lock()
        self._guard = subprocess.Popen(
            [sys.executable, "-S", str(Path(__file__).with_name("guard.py")), str(directory)],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=inherited_by_guard,
        )
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def say(self, name: str, text: str) -> None:
        """One line of output; a reader that went away is no reason to end."""
        with self._said, contextlib.suppress(OSError, ValueError):
            sys.stdout.write(f"{name:<11} | {text}\n")
            sys.stdout.flush()

    # ---- start and watch ----

    def start(self, *processes: Process) -> None:
        """Start them, without waiting for anything."""
        for process in processes:
            if process.is_forked and not self.has_loaded():
                self._again.append((time.monotonic(), process))
                continue
            try:
                running = Running(process, self.say, self._forks())
            except NotForkedError:
                self._replace_loaded()
                self._again.append((time.monotonic(), process))
                continue
            self.running[process.name] = running
            self._tell_guard(f"+{running.pid}")
        self._changed()

    def has_loaded(self) -> bool:
        """Whether there is a process that others can be forked from."""
        if forks := self._forks():
            forks.listen()
        return bool(forks and forks.is_loaded and not forks.is_gone)

    def _forks(self) -> Forks | None:
        return next((one.forks for one in self.running.values() if one.forks), None)

    def _replace_loaded(self) -> None:
        """It does not fork any more: it is gone, or stands still."""
        for running in self.running.values():
            if running.forks:
                self.say("run", f"{running.process.name} does not get on: killed")
                running.signal(signal.SIGKILL)

    def run(self, process: Process) -> tuple[int, str]:
        """Run a command to its end: its exit status and what it printed. Watches the others."""
        lines: list[str] = []
        try:
            running = Running(process, lambda _, line: lines.append(line), self._forks())
        except NotForkedError as error:
            raise EndedError(f"{process.name} could not be started.") from error
        self._tell_guard(f"+{running.pid}")
        try:
            self.wait(running.has_ended, forever=True)
        finally:
            running.signal(signal.SIGKILL)
            running.popen.wait()
            self._tell_guard(f"-{running.pid}")
        return running.popen.poll() or 0, "\n".join(lines)

    def wait(
        self, until: Callable[[], bool], *, within: float = 30.0, forever: bool = False
    ) -> bool:
        """Keep the processes going until that is so; False if it was not in time.

        Raises EndedError when everything has to end, with status 0 if somebody asked for it.
        """
        last = time.monotonic() + within
        while not until():
            if self._signals:
                raise EndedError("Ending.", 0)
            self._look()
            if not forever and time.monotonic() > last:
                return False
            time.sleep(STEP)
        return True

    def _look(self) -> None:
        """Find who died or hangs; start again whose pause is over."""
        for running in list(self.running.values()):
            if running.watch and running.popen.poll() is None and running.watch.is_silent():
                self.say("run", f"{running.process.name} does not get on: killed")
                running.signal(signal.SIGKILL)
                running.popen.wait()
            if running.has_ended():
                self._forget(running)
                self._died(running)
        now = time.monotonic()
        due = [process for at, process in self._again if at <= now]
        self._again = [(at, process) for at, process in self._again if at > now]
        self.start(*due) if due else None

    def _died(self, running: Running) -> None:
        name, how = running.process.name, running.end_message()
        status = running.popen.poll() or 0
        if running.forks and not running.forks.is_loaded and status > 0:
            raise EndedError(running.last_line or f"{name} {how}.", CANNOT_START)
        if running.process.is_vital:
            raise EndedError(f"{name} {how}, so everything ends: its last words are above.")
        now = time.monotonic()
        self._deaths.append((now, name))
        recent = [name for at, name in self._deaths if at > now - WITHIN]
        if len(recent) >= DEATHS:
            who = ", ".join(sorted(set(recent)))
            raise EndedError(
                f"{name} {how}. Processes ended {DEATHS} times within {WITHIN:.0f} seconds"
                f" ({who}), so everything ends: their last words are above."
            )
        pause = 0.0 if len(recent) == 1 else 2.0 ** (len(recent) - 2)
        self.say("run", f"{name} {how}; starting it again" + (f" in {pause:.0f} s" * (pause > 0)))
        self._again.append((now + pause, running.process))

    # ---- end ----

    def stop(self) -> None:
        """End all, the last stage first; a second signal means at once. Kills what does not end."""
        self._again.clear()
        signals = self._signals
        for stage in sorted({one.process.stage for one in self.running.values()}, reverse=True):
            group = [one for one in self.running.values() if one.process.stage == stage]
            asked = time.monotonic()
            for running in group:
                running.signal(signal.SIGTERM)
            while group := [one for one in group if not one.has_ended()]:
                for running in group:
                    late = time.monotonic() > asked + running.process.stop_within
                    if late or self._signals > signals:
                        self.say("run", f"{running.process.name} does not end: killed")
                        running.signal(signal.SIGKILL)
                        running.popen.wait()
                time.sleep(STEP / 4)
            for running in list(self.running.values()):
                if running.process.stage == stage:
                    self._forget(running)
        self._let_guard_go()

    def _forget(self, running: Running) -> None:
        self.running.pop(running.process.name, None)
        self._tell_guard(f"-{running.pid}")
        self._changed()

    def _changed(self) -> None:
        self.on_change({name: running.pid for name, running in self.running.items()})

    def _tell_guard(self, text: str) -> None:
        assert self._guard.stdin is not None
        with contextlib.suppress(OSError):
            self._guard.stdin.write(text + "\n")
            self._guard.stdin.flush()

    def _let_guard_go(self) -> None:
        assert self._guard.stdin is not None
        with contextlib.suppress(OSError):
            self._guard.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guard.wait(15)
