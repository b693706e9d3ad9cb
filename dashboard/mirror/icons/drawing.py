"""Drawing icons anew: by a process apart, which has nothing but the picture.

Why so: `docs/decisions/0007-icons-are-drawn-apart.md`.
"""

from __future__ import annotations

import hashlib
import logging
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from django.utils import timezone

from dashboard.common.pictures import LARGEST, PictureError, picture_from
from dashboard.jobs.leases import Lease, release_all
from dashboard.mirror.icons.draw_apart import READY, SIDE
from dashboard.mirror.models import Icon

logger = logging.getLogger(__name__)

COMMAND = [sys.executable, "-I", str(Path(__file__).with_name("draw_apart.py"))]
"""Isolated: neither the environment nor the folder it runs in say what is imported."""
LONGEST = 10.0
"""Seconds for one picture, or for the process to begin."""
WORKS_FOR = 60.0
"""Seconds after which a worker leaves the rest of a batch to the next message."""
KIND = "image/png"
LENGTH = struct.Struct(">I")
TOO_MUCH = "It could not be drawn within the limits of time and memory."
GIVEN_UP = "It could not be drawn."


class DrawerError(Exception):
    """There is no process that draws: that is no fault of a picture."""


class Drawer:
    """A process that draws one picture after another; one that dies of a picture is replaced."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._end()

    def draw(self, content: bytes) -> bytes:
        """The picture as a PNG of `SIDE` pixels at most; raises `PictureError`, `DrawerError`."""
        process = self._begun()
        drawn = _asked(process, LENGTH.pack(len(content)) + content)
        if drawn is None:
            self._end()
            raise PictureError(TOO_MUCH)
        if not drawn:
            raise PictureError("This picture is damaged, or there is nothing to be seen in it.")
        return picture_from(drawn, kinds={KIND}, widest=SIDE).content  # whatever became of it

    def _begun(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
            )
            if _asked(self._process, b"") != READY:
                self._end()
                raise DrawerError("the process that draws icons does not start")
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _asked(process: subprocess.Popen[bytes], question: bytes) -> bytes | None:
    """One answer of the process; None if it died, or took too long and was ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    limit = threading.Timer(LONGEST, process.kill)
    limit.start()
    try:
        process.stdin.write(question)
        process.stdin.flush()
        head = process.stdout.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack(head)
        if length > LARGEST:
            return None
        answer = process.stdout.read(length)
        return answer if len(answer) == length else None
    except BrokenPipeError:
        return None
    finally:
        limit.cancel()


def draw_all(leases: Sequence[Lease[Icon]]) -> None:
    """Draw a batch; what is left when the time is over waits for the next message."""
    until = time.monotonic() + WORKS_FOR
    with Drawer() as drawer:
        for place, lease in enumerate(leases):
            if time.monotonic() > until:
                release_all(leases[place:])
                break
            _draw(drawer, lease)
    if Icon.objects.ready(timezone.now()).exists():
        leases[0].job.send()


def _draw(drawer: Drawer, lease: Lease[Icon]) -> None:
    try:
        drawn = drawer.draw(bytes(lease.job.source or b""))
    except PictureError as error:
        logger.info("icon refused icon=%d", lease.job.pk)
        lease.finish(source=None, refusal=error.why)
    else:
        digest = hashlib.sha256(drawn).hexdigest()[:32]
        lease.finish(source=None, content=drawn, digest=digest)


def give_up(lease: Lease[Icon], error: BaseException | None) -> None:
    """End it in words: letters are shown instead, until it is tried again (`forget`)."""
    lease.finish(source=None, refusal=GIVEN_UP, last_error=GIVEN_UP)
