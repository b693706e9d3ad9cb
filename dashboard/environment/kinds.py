"""Kinds of values: each says what it takes and reads a text strictly, or says what to write.

A complaint never holds the value, which may be a secret; what it proposes may hold a public part.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class WrongValueError(ValueError):
    """The value cannot work; the message is what to write instead, as half a sentence."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """What may stand there, in words, and how it is read. `read` raises `WrongValueError`."""

    words: str
    read: Callable[[str], T_co]


TRUE, FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


def looks_like_a_comment(text: str) -> bool:
    """Whether a comment became part of the value: systemd and `docker --env-file` keep them."""
    return bool(re.search(r"^#\s|\s#", text))


def _text(text: str) -> str:
    return text


TEXT: Kind[str] = Kind("text", _text)


def _secret(text: str) -> str:
    if looks_like_a_comment(text):
        raise WrongValueError("leave out the comment, or put it on a line of its own")
    return text


SECRET: Kind[str] = Kind("text", _secret)


def _key(text: str) -> str:
    if len(_secret(text)) < 32:
        raise WrongValueError("each key needs at least 32 characters")
    return text


KEY: Kind[str] = Kind("text of at least 32 characters", _key)


def _boolean(text: str) -> bool:
    word = text.lower()
    if word not in TRUE | FALSE:
        raise WrongValueError("write true or false")
    return word in TRUE


BOOLEAN: Kind[bool] = Kind("`true` or `false`", _boolean)


def whole(least: int, most: int) -> Kind[int]:
    """A whole number within these two."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise WrongValueError(f"give a number from {least} to {most}")
        return int(text)

    return Kind(f"a number from {least} to {most}", read)


def number(*, above: float, most: float, of: str) -> Kind[float]:
    """A number with or without decimals, `of` seconds or calls."""
    words = f"a number of {of} above {above:g}, {most:,.0f} at most"

    def read(text: str) -> float:
        if re.fullmatch(r"[0-9]+,[0-9]+", text):
            raise WrongValueError(f"write it with a point: {text.replace(',', '.')}")
        if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]*)?|\.[0-9]+", text):
            raise WrongValueError(f"give a number of {of}, without a unit")
        if not above < float(text) <= most:
            raise WrongValueError(f"give {words}")
        return float(text)

    return Kind(words, read)


def choice(*words: str, also: dict[str, str] | None = None) -> Kind[str]:
    """One of these, in any letter case; `also` maps other spellings to one of them."""
    known = {word.lower(): word for word in words} | (also or {})
    offered = ", ".join(words[:-1]) + f" or {words[-1]}"

    def read(text: str) -> str:
        if text.lower() not in known:
            raise WrongValueError(f"use {offered}")
        return known[text.lower()]

    return Kind(f"{offered}", read)


def comma_list(kind: Kind[T]) -> Kind[list[T]]:
    """Several, separated by commas, with blanks around them or not."""

    def read(text: str) -> list[T]:
        return [kind.read(part.strip()) for part in text.split(",") if part.strip()]

    return Kind(f"{kind.words}; several are separated by commas", read)


def _network(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError:
        raise WrongValueError("write an IP address, or a range such as 203.0.113.0/28") from None
    return str(network.network_address if network.num_addresses == 1 else network)


NETWORK: Kind[str] = Kind("an IP address or a range of them", _network)


def _path(text: str) -> Path:
    if text.startswith("~") or "$" in text:
        raise WrongValueError("write the whole path: only a shell replaces ~ and $")
    if looks_like_a_comment(text):
        raise WrongValueError("leave out what stands behind the path")
    return Path(text)


def _folder(text: str) -> Path:
    path = _path(text)
    if path.exists() and not path.is_dir():
        raise WrongValueError("name a directory, not a file")
    return path


FOLDER: Kind[Path] = Kind("a directory", _folder)


def _file(text: str) -> Path | None:
    path = _path(text)
    if path.is_dir():
        raise WrongValueError("name a file, not a directory")
    return path


FILE: Kind[Path | None] = Kind("a file", _file)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise WrongValueError("close the quotation mark") from None


WORDS: Kind[list[str]] = Kind("options as on a command line", _words)
