"""JSON as Cyclr reads it: single quotes and keys without quotes parse too [T]."""

import re
from typing import Any

DEEPEST = 200

_SPACE = re.compile(r"\s*")
_STRING = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)
_WORD = re.compile(r"[\w$.+-]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}


def loads(body: bytes) -> Any:
    """The value. ValueError for what is no JSON even so, or nested too deeply."""
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
        if word in _WORDS:
            return _WORDS[word]
        if not _NUMBER.fullmatch(word) or len(word) > 300:
            raise ValueError("neither a word nor a number of JSON")
        return int(word) if word.lstrip("+-").isdigit() else float(word)

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


def _unescaped(match: re.Match[str]) -> str:
    code = match.group(1)
    return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPED.get(code, code)
