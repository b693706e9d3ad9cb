"""What `ps` and /proc show of a forked process: its own command, not that of where it came from.

Linux shows the memory in which command line and environment stood when the program was started, so
they are written there. The length of a command line cannot change: what is left of it is filled by
an option that Python takes and ignores, so that what is shown can be started as it stands. Where
this is not possible, what was shown before stays.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOM = "." * 170
"""Given to the process that others are forked from, as an argument and in its environment."""
COMMAND, ENVIRONMENT = 45, 47
"""Behind the name in /proc/self/stat, where their addresses stand: the first byte, then the end."""


def show(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """From now on. What stood there must not be in use any more: `os.environ` is a copy."""
    with contextlib.suppress(OSError, ValueError):
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        places = [(int(fields[at]), int(fields[at + 1])) for at in (COMMAND, ENVIRONMENT)]
        texts = (
            filled(command, places[0][1] - places[0][0]),
            as_bytes(f"{name}={value}" for name, value in environment.items()),
        )
        with Path("/proc/self/mem").open("r+b", buffering=0) as memory:
            for (first, end), text in zip(places, texts, strict=True):
                if len(text) <= end - first:
                    os.pwrite(memory.fileno(), text.ljust(end - first, b"\0"), first)


def filled(command: Sequence[str], length: int) -> bytes:
    """The command line of exactly so many bytes. Raises `ValueError` if it is longer."""
    program, *arguments = command
    rest = length - len(as_bytes([program, "-X", "forked", *arguments]))
    if rest < 0:
        raise ValueError("no room")
    return as_bytes([program, "-X", f"forked{'=':.<{rest}}" if rest else "forked", *arguments])


def as_bytes(texts: Iterable[str]) -> bytes:
    """As the system keeps them."""
    return b"".join(os.fsencode(text) + b"\0" for text in texts)
