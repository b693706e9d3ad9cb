"""How a start ends that cannot go on: in one sentence, and with an exit status that is not 0."""

from __future__ import annotations

from typing import NoReturn

CANNOT_START = 2
"""The exit status when something has to be put right first; 1 when something died."""


class EndedError(Exception):
    """Everything has to end: the message says why, `status` is the supervisor's exit status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def cannot(sentence: str) -> NoReturn:
    """End with one sentence."""
    raise EndedError(sentence, CANNOT_START)
