"""The process from which the dashboard's own are forked: all is loaded once, and its memory shared.

`python -m dashboard.launcher.loaded SOCKET [PADDING]`: SOCKET is the file descriptor to the
supervisor, whose part is `forks.py`. It loads what any of the processes needs, opens nothing, and
starts no thread; then it forks when it is asked to. Who is forked runs a command as Python itself
would. It reads that command from a pipe of its own: what one process is told (a password, say)
never comes here. See `docs/decisions/0004-load-once.md`.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import socket
import sys
import threading
import warnings
from importlib import import_module
from types import FrameType
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from dashboard.environment import names
from dashboard.environment.reading import read
from dashboard.launcher.forks import ANSWER, ENDED, LOADED, STARTED
from dashboard.launcher.shown import show

NEEDED = (
    *("dashboard.celery", "dashboard.jobs.tasks", "dashboard.common.autoscaler"),
    *("dashboard.web.worker", "dashboard.common.static_storage", "django.core.wsgi"),
    *("dashboard.launcher.preflight", "dashboard.launcher.preparation"),
    *("dashboard.jobs.management.commands.dispatch", "dashboard.sessions.store"),
    *("celery.bin.celery", "celery.apps.worker", "celery.concurrency.prefork"),
    *("celery.app.amqp", "celery.app.control", "celery.app.events", "celery.app.log"),
    *("celery.fixups.django", "celery.events", "celery.events.event", "celery.worker.components"),
    *("celery.worker.consumer", "celery.worker.consumer.delayed_delivery"),
    *("celery.worker.strategy", "kombu.pidbox", "kombu.transport.redis"),
    *("billiard.popen_fork", "billiard.sharedctypes"),
    *("gunicorn.app.wsgiapp", "gunicorn.arbiter", "gunicorn.glogging"),
    *("anyascii._data", "whitenoise.storage"),
)
"""What the commands import when they run: what is missing here is loaded by each for itself."""


def load() -> None:
    """All that any of the processes needs. The collector has nothing to find meanwhile."""
    gc.disable()
    # As root, in a container say, Celery would lecture.
    warnings.filterwarnings("ignore", "You're running the worker")
    import_module("django").setup()
    from django.conf import settings

    middleware = [name.rpartition(".")[0] for name in settings.MIDDLEWARE]
    for name in [*NEEDED, *middleware]:
        import_module(name)
    celery = import_module("dashboard.celery")
    celery.app.loader.import_default_modules()
    celery.app.finalize()
    celery.preload_what_tasks_need()
    refuse_what_cannot_be_shared()


def refuse_what_cannot_be_shared() -> None:
    """A thread is not forked, and two processes that use one connection break it."""
    from django.db import connections

    threads = [one.name for one in threading.enumerate() if one is not threading.main_thread()]
    opened = [one.alias for one in connections.all(initialized_only=True) if one.connection]
    if threads or opened:
        raise RuntimeError(f"loading left behind threads {threads}, connections {opened}")


class Loaded:
    """Forks when the supervisor asks, and tells it who has ended."""

    def __init__(self, wire: socket.socket) -> None:
        self.wire = wire

    def serve(self) -> int:
        """Returns in each process that is forked, with the pipe that says what it is to be.

        The loaded process itself leaves by SystemExit when the supervisor is gone.
        """
        signal.signal(signal.SIGCHLD, self._tell_ends)
        self._answer(LOADED, os.getpid())
        while True:
            _, given, _, _ = socket.recv_fds(self.wire, 1, 2)
            if not given:
                sys.exit(0)
            command, output = given
            if os.fork() == 0:
                self._become(output)
                return command
            os.close(command)
            os.close(output)

    def _tell_ends(self, number: int, frame: FrameType | None) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._answer(ENDED, pid, os.waitstatus_to_exitcode(status))

    def _become(self, output: int) -> None:
        """In the forked process: a session of its own, its own output, nothing of ours."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        self._answer(STARTED, os.getpid())
        self.wire.close()
        gc.enable()

    def _answer(self, kind: int, pid: int, status: int = 0) -> None:
        self.wire.send(ANSWER.pack(kind, pid, status))


def become(told: dict[str, Any]) -> None:
    """Be the process of this command: its environment, and the settings that stand in it."""
    os.environ.clear()
    os.environ.update(told["environment"])
    from django.conf import settings

    environment = read(os.environ)
    settings.PROCESS = environment[names.DESK_PROCESS]
    settings.NOTIFY_SOCKET = os.environ.get("NOTIFY_SOCKET", "")
    settings.DESK_ADMIN_EMAIL = environment[names.DESK_ADMIN_EMAIL]
    settings.DESK_ADMIN_PASSWORD = environment[names.DESK_ADMIN_PASSWORD]
    settings.CYCLR_CALLS_PER_SECOND = environment[names.CYCLR_CALLS_PER_SECOND]
    show(told["command"], told["environment"])


def run(command: list[str]) -> None:
    """What `python -m MODULE …` or `python FILE …` does."""
    if command[1] == "-m":
        sys.argv = command[2:]
        runpy.run_module(command[2], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command[1:]
        runpy.run_path(command[1], run_name="__main__")


def main() -> None:
    """Load, and serve; or, in a process that was forked, be that one."""
    wire = socket.socket(fileno=int(sys.argv[1]))
    wire.set_inheritable(False)
    try:
        load()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    with open(Loaded(wire).serve()) as pipe:  # noqa: PTH123 - it is a file descriptor
        told = json.load(pipe)
    become(told)
    run(told["command"])


if __name__ == "__main__":
    main()
