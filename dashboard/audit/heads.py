"""The heads of the chains, kept where whoever edits the database cannot reach them.

Each day's check writes one line a chain into the file that `DESK_AUDIT_HEAD_FILE` names, and the
same into the log. An entry that was cut off at the end, or a chain that was computed anew, no
longer fits what was written then.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

logger = logging.getLogger(__name__)


GAP = r"[\s>]+"
IS = "=(?:3[Dd])?"
"""How a mail's source writes the sign; a digest may begin with these two, too."""
IN_TEXT = re.compile(
    rf"audit{GAP}head{GAP}chain{IS}(\d{{1,18}}){GAP}sequence{IS}(\d{{1,18}}){GAP}"
    rf"digest{IS}([0-9a-fA-F]{{64}})\b"
)
IN_FILE = re.compile(r"\{[^{}\n]*\"digest\"[^{}\n]*\}")
UNKNOWN = datetime.min.replace(tzinfo=UTC)

HALF = " # half a line: writing it broke off"
"""What is put behind a line that a crash cut off."""


class HeadFileError(Exception):
    """The file cannot be read or written; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Head:
    """How a chain ended at a moment."""

    chain: int
    sequence: int
    digest: str
    at: datetime


def line_of(chain: int, sequence: int, digest: str) -> str:
    """A head in one line: the log has it, and what is sent to outside."""
    return f"audit head chain={chain} sequence={sequence} digest={digest}"


def find(text: str) -> list[Head]:
    """The heads that a text from outside holds: a mail or its source, lines of a log, or the file.

    They may be quoted, wrapped, or encoded for the way; each is told once. A moment that the text
    does not hold is the year 1.
    """
    plain = text.replace("=\r\n", "").replace("=\n", "")
    found = {}
    for match in IN_TEXT.finditer(plain):
        found[match.groups()] = Head(int(match[1]), int(match[2]), match[3].lower(), UNKNOWN)
    for match in IN_FILE.finditer(text):
        with contextlib.suppress(HeadFileError):
            head = _read(Path("text"), 0, match[0])
            found[(str(head.chain), str(head.sequence), head.digest)] = head
    return list(found.values())


def keep(chain: int, sequence: int, digest: str) -> None:
    """Write down how a chain ends now. Raises `HeadFileError`."""
    at = timezone.now().astimezone(UTC)
    logger.info("%s", line_of(chain, sequence, digest))
    path = _path()
    if path is None:
        return
    told = {"at": at.isoformat(), "chain": chain, "sequence": sequence, "digest": digest}
    line = json.dumps(told) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One write of a short line at the end: two processes do not mix theirs.
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, (_end_of_half_line(handle) + line).encode())
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise HeadFileError(f"{path} cannot be written: {error.strerror}.") from None


def _end_of_half_line(handle: int) -> str:
    """What has to come before a new line: the mark of one that a crash cut off, if there is one."""
    size = os.fstat(handle).st_size
    if not size or os.pread(handle, 1, size - 1) == b"\n":
        return ""
    logger.warning("audit head file ends in half a line size=%d", size)
    return f"{HALF}\n"


def kept() -> list[Head]:
    """All heads that were written down, oldest first. Raises `HeadFileError` for a damaged file.

    A last line that was not finished, as after a crash or on a full disk, is left out and named in
    the log; so is one that was last when the next head was written.
    """
    path = _path()
    if path is None:
        return []
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise HeadFileError(f"{path} cannot be read: {type(error).__name__}.") from None
    found = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if line.endswith(f"{HALF}\n") or not line.endswith("\n"):
            logger.warning("audit head file has half a line number=%d", number)
        elif line.strip():
            found.append(_read(path, number, line))
    return found


def _read(path: Path, number: int, line: str) -> Head:
    try:
        told = json.loads(line)
        at = datetime.fromisoformat(told["at"])
        return Head(int(told["chain"]), int(told["sequence"]), str(told["digest"]), at)
    except (ValueError, TypeError, KeyError):
        raise HeadFileError(f"{path}, line {number}, is no head of a chain.") from None


def _path() -> Path | None:
    path: Path | None = settings.AUDIT_HEAD_FILE
    return path
