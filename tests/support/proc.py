"""What Linux tells of other processes, which may end at any moment while it is read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_may_end = suppress(FileNotFoundError, ProcessLookupError)
"""A file of a process that is gone is not there; one that was open already says so, too."""


def text_of(pid: int, name: str) -> str:
    """One of its files, such as `stat`; nothing of a process that is gone."""
    text = ""
    with _may_end:
        text = Path(f"/proc/{pid}/{name}").read_text()
    return text


def fields_of(pid: int) -> list[str]:
    """Its `stat` from the state on, behind its name; none of a process that is gone."""
    return text_of(pid, "stat").rpartition(")")[2].split()


def is_there(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    return fields_of(pid)[:1] not in ([], ["Z"])


def children_of(pid: int) -> list[int]:
    """The processes that it started, by any of its threads, and that were not waited for."""
    threads: list[str] = []
    with _may_end:
        threads = os.listdir(f"/proc/{pid}/task")
    return [int(one) for at in threads for one in text_of(pid, f"task/{at}/children").split()]


def tree_of(pid: int) -> list[int]:
    """A process and all that stem from it."""
    return [pid, *(other for child in children_of(pid) for other in tree_of(child))]


def command_of(pid: int) -> list[str]:
    """Its command line."""
    return text_of(pid, "cmdline").rstrip("\0").split("\0")


def environment_of(pid: int) -> dict[str, str]:
    """What it was started with."""
    lines = text_of(pid, "environ").rstrip("\0").split("\0")
    return dict(line.split("=", 1) for line in lines if line)


def files_of(pid: int, *, kind: str = "") -> set[str]:
    """What it has open, as the system names it: `socket:[123]`, a path."""
    found: set[str] = set()
    with _may_end:
        for at in os.listdir(f"/proc/{pid}/fd"):
            with _may_end:
                found.add(os.readlink(f"/proc/{pid}/fd/{at}"))
    return {name for name in found if kind in name}
