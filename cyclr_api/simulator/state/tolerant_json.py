"""JSON as Cyclr reads it: single quotes and keys without quotes parse too [T]."""

import math
import re
from typing import Any

DEEPEST = 200

LONGEST = 1_000_000
"""Bytes. What is real JSON never comes here; what is not and long is only a burden."""

_SPACE = re.compile(r"\s*")
_STRING = re.compile(r"""'((?:[^'\\]++|\\.)*+)'|"((?:[^"\\]++|\\.)*+)\"""", re.DOTALL)
_WORD = re.compile(r"[\w$.+-]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_ESCAPE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\(.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}


def loads(body: bytes) -> Any:
    """The value. ValueError for what is no JSON even so, too long, or nested too deeply."""
    if len(body) > LONGEST:
        raise ValueError("too long")
    try:
        reader = _Reader(body.decode())
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    value = reader.value(0)
    reader.end()
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def value(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise ValueError("nested too deeply")
        if self._takes("{"):
            return self._object(depth)
        if self._takes("["):
            return self._array(depth)
        text = self._string()
        if text is not None:
            return text
        word = self._word()
        return _WORDS[word] if word in _WORDS else _number(word)

    def end(self) -> None:
        self._skip()
        if self._at != len(self._text):
            raise ValueError("something follows the value")

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self._takes("}"):
            key = self._string()
            if key is None:
                key = self._word()
            self._wants(":")
            found[key] = self.value(depth + 1)
            if not self._takes(","):
                self._wants("}")
                break
        return found

    def _array(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while not self._takes("]"):
            found.append(self.value(depth + 1))
            if not self._takes(","):
                self._wants("]")
                break
        return found

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _takes(self, character: str) -> bool:
        self._skip()
        if not self._text.startswith(character, self._at):
            return False
        self._at += 1
        return True

    def _wants(self, character: str) -> None:
        if not self._takes(character):
            raise ValueError(f"{character} is missing")

    def _string(self) -> str | None:
        self._skip()
        match = _STRING.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        inside = match.group(1) if match.group(1) is not None else match.group(2)
        return _ESCAPE.sub(_unescaped, inside)

    def _word(self) -> str:
        self._skip()
        match = _WORD.match(self._text, self._at)
        if match is None:
            raise ValueError("a value is missing")
        self._at = match.end()
        return match.group()


def _number(word: str) -> int | float:
    """Whole if it fits into 64 bits, as other readers of JSON have it."""
    if not _NUMBER.fullmatch(word):
        raise ValueError("neither a word nor a number of JSON")
    if word.lstrip("+-").isdigit() and len(word) <= 20:
        whole = int(word)
        if -(2**63) <= whole < 2**64:
            return whole
    number = float(word)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _unescaped(match: re.Match[str]) -> str:
    """One escape, or several that follow each other: two may make one character."""
    code = match.group(1)
    if code is not None:
        return _ESCAPED.get(code, code)
    units = bytes.fromhex(match.group().replace("\\u", ""))
    return units.decode("utf-16-be", "surrogatepass")
