"""The heads of the chains, kept where whoever edits the database cannot reach them.

Each day's check writes one line a chain into the file that `DESK_AUDIT_HEAD_FILE` names, and the
same into the log. An entry that was cut off at the end, or a chain that was computed anew, no
longer fits what was written then.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

logger = logging.getLogger(__name__)


class HeadFileError(Exception):
    """The file cannot be read or written; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Head:
    """How a chain ended at a moment."""

    chain: int
    sequence: int
    digest: str
    at: datetime


def keep(chain: int, sequence: int, digest: str) -> None:
    """Write down how a chain ends now. Raises `HeadFileError`."""
    at = timezone.now().astimezone(UTC)
    logger.info("audit head chain=%d sequence=%d digest=%s", chain, sequence, digest)
    path = _path()
    if path is None:
        return
    told = {"at": at.isoformat(), "chain": chain, "sequence": sequence, "digest": digest}
    line = json.dumps(told) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One write of a short line at the end: two processes do not mix theirs.
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise HeadFileError(f"{path} cannot be written: {error.strerror}.") from None


def kept() -> list[Head]:
    """All heads that were written down, oldest first. Raises `HeadFileError` for a damaged file."""
    path = _path()
    if path is None:
        return []
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise HeadFileError(f"{path} cannot be read: {type(error).__name__}.") from None
    return [_read(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


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
