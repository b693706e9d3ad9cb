"""Files with settings: `.env`, `keys.env`, and those that a `…_FILE` names.

python-dotenv splits lines into name and value. It would skip what it cannot read and replace
`${…}`; so its parser alone is used, and a line that it cannot read is an error with its number.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from dotenv.parser import Binding, parse_stream

LONGEST = 1_000_000
"""Bytes; a file that is larger holds no settings."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Line:
    """One setting as a file gives it."""

    name: str
    text: str
    number: int


def read_text(path: Path, *, called: str) -> str:
    """The file's text, whatever Unicode encoding it says it has. `called`: its name in words."""
    try:
        with path.open("rb") as file:
            raw = file.read(LONGEST + 1)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{called} cannot be read ({error.strerror}): correct the path or its rights."
        ) from None
    if len(raw) > LONGEST:
        raise ImproperlyConfigured(f"{called} is too large to hold settings: name another file.")
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ImproperlyConfigured(
            f"{called}, line {line}, is not {encoding.upper()}: save the file as UTF-8."
        ) from None
    if "\0" in text:
        raise ImproperlyConfigured(f"{called} is not plain text: save the file as UTF-8.")
    return text


def read_lines(path: Path, *, called: str) -> Iterator[Line]:
    """Its settings in order. Raises `ImproperlyConfigured` for a line that cannot be read."""
    for binding in parse_stream(io.StringIO(read_text(path, called=called))):
        said = binding.original.string
        number = binding.original.line + _newlines(said[: len(said) - len(said.lstrip())])
        if binding.key is None and not binding.error:
            continue  # a comment, or the end
        where = f"{called}, line {number},"
        name = binding.key or ""
        if binding.error or binding.value is None or not _NAME.fullmatch(name):
            raise ImproperlyConfigured(f"{where} cannot be read: {_remedy(binding)}")
        if _newlines(binding.value):
            raise ImproperlyConfigured(
                f"{where} has a value of several lines: close its quotation mark on the same line,"
                " and write values with a backslash in single quotation marks."
            )
        yield Line(name, binding.value, number)


def _newlines(text: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", text))


def _remedy(binding: Binding) -> str:
    """What to do about it, without showing what may be a secret."""
    said = binding.original.string.strip()
    name = re.match(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)", said)
    example = f"{name[1] if name else 'NAME'}=value"
    value = said.partition("=")[2].strip()
    if binding.error and value.startswith(("'", '"')):
        closed = value.count(value[0]) > 1
        behind = "behind the closing quotation mark only a comment may stand"
        missing = "a quotation mark is opened and not closed"
        return f"{behind if closed else missing}; write {example} in one pair of them, or in none."
    return f"write {example}, or put # in front of it."
