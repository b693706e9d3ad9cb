"""The supervisor's part of forking: it asks the loaded process (`loaded.py`) for another one.

A forked process is a child of the loaded one, which tells how it ended. If the loaded process dies
itself, those that it forked live on: then the system says when they end, but not how.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Mapping, Sequence
from typing import IO

ANSWER = struct.Struct("=Bii")
"""What the loaded process says: what happened, to which process, with which status."""
LOADED, STARTED, ENDED = range(3)

FORKS_WITHIN = 10.0
"""Seconds for a fork; a loaded process that takes longer stands still."""
TELLS_WITHIN = 2.0
"""Seconds after the end of a process in which it is told how."""
UNKNOWN = 1
"""The status of a process of which nobody can tell any more."""


class NotForkedError(Exception):
    """The loaded process does not answer, or is gone."""


class Forks:
    """One loaded process, seen from here."""

    def __init__(self) -> None:
        self._wire, self.far_end = socket.socketpair()
        self._heard = b""
        self._started: list[int] = []
        self._ended: dict[int, int] = {}
        self.is_loaded = self.is_gone = False

    def listen(self, within: float = 0.0) -> None:
        """Take in what it has said; wait so long for it to say anything."""
        if not self.is_gone and select.select([self._wire], [], [], within)[0]:
            said = self._receive()
            self.is_gone = not said
            self._heard += said
        while len(self._heard) >= ANSWER.size:
            kind, pid, status = ANSWER.unpack_from(self._heard)
            self._heard = self._heard[ANSWER.size :]
            if kind == LOADED:
                self.is_loaded = True
            elif kind == STARTED:
                self._started.append(pid)
            else:
                self._ended[pid] = status

    def _receive(self) -> bytes:
        try:
            return self._wire.recv(4096)
        except ConnectionError:
            return b""

    def fork(self, command: Sequence[str], environment: Mapping[str, str]) -> Forked:
        """Another process, which runs the command. Raises `NotForkedError`."""
        from_child, output = os.pipe()
        read_command, to_child = os.pipe()
        with os.fdopen(to_child, "w") as pipe:
            try:
                socket.send_fds(self._wire, [b"+"], [read_command, output])
                pid = self._wait_for_start()
            except (OSError, NotForkedError) as error:
                os.close(from_child)
                raise NotForkedError from error
            finally:
                os.close(read_command)
                os.close(output)
            # If it is gone already, its end is told.
            with contextlib.suppress(BrokenPipeError):
                json.dump({"command": list(command), "environment": dict(environment)}, pipe)
                pipe.flush()
        return Forked(self, pid, os.fdopen(from_child, errors="replace"))

    def _wait_for_start(self) -> int:
        until = time.monotonic() + FORKS_WITHIN
        while not self._started:
            self.listen(0.1)
            if self.is_gone or time.monotonic() > until:
                raise NotForkedError
        return self._started.pop()

    def take_status(self, pid: int) -> int | None:
        """How it ended, as far as that was told."""
        self.listen()
        return self._ended.pop(pid, None)

    def close(self) -> None:
        """Nobody asks any more."""
        self._wire.close()
        self.is_gone = True


class Forked:
    """A forked process, used like `subprocess.Popen`."""

    def __init__(self, forks: Forks, pid: int, stdout: IO[str]) -> None:
        self.pid, self.stdout = pid, stdout
        self.returncode: int | None = None
        self._forks = forks
        self._untold_since: float | None = None
        self._handle = handle_of(pid)

    def poll(self) -> int | None:
        """How it ended; None while it lives."""
        if self.returncode is None:
            self.returncode = self._forks.take_status(self.pid)
            if self.returncode is None and self._has_ended_untold():
                self.returncode = UNKNOWN
            if self.returncode is not None and self._handle is not None:
                os.close(self._handle)
                self._handle = None
        return self.returncode

    def wait(self) -> int:
        """Until it has ended."""
        while (status := self.poll()) is None:
            time.sleep(0.02)
        return status

    def _has_ended_untold(self) -> bool:
        if not has_ended(self.pid, self._handle):
            return False
        self._untold_since = self._untold_since or time.monotonic()
        return self._forks.is_gone or time.monotonic() - self._untold_since > TELLS_WITHIN


def handle_of(pid: int) -> int | None:
    """By which the system tells of its end; None where it has no such thing, or that is over."""
    if sys.platform != "linux":
        return None
    with contextlib.suppress(OSError):
        return os.pidfd_open(pid)
    return None


def has_ended(pid: int, handle: int | None) -> bool:
    """Whether it has, also while its parent has not asked how."""
    if handle is not None:
        return bool(select.select([handle], [], [], 0)[0])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
