"""A value that must not show up where nobody asked for it."""

import html
import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NoReturn
from urllib.parse import quote

SHORTEST = 4
"""Characters; masking "eu" or "1" wherever it occurs would only garble a text."""

SHORTEST_PART = 8
"""Characters of a secret that give something away by themselves."""


class Secret:
    """Holds a text; `reveal()` hands it out, everything else shows `***`."""

    __slots__ = ("_text",)

    def __init__(self, text: "str | Secret") -> None:
        self._text: str = text.reveal() if isinstance(text, Secret) else text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Secret is not pickled: seal its text instead")


def texts_in(value: object) -> Iterator[str]:
    """Every text and number in a JSON value, without the names: for `masked`."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_in(inner)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def masked(text: str, secrets: Iterable[str]) -> str:
    """`text` with `***` in place of the secrets and of longer parts of them.

    Also where they are escaped as in JSON, an address or HTML. Secrets of less than four
    characters stay.
    """
    hidden = bytearray(len(text))
    places: dict[str, list[int]] = {}
    for start in range(len(text) - SHORTEST_PART + 1):
        places.setdefault(text[start : start + SHORTEST_PART], []).append(start)
    for form in {form for secret in secrets for form in _forms(secret)}:
        for start, length in _found(form, text, places):
            hidden[start : start + length] = b"\x01" * length
    runs = groupby(zip(text, hidden, strict=True), key=lambda pair: pair[1])
    return "".join(
        "***" if is_hidden else "".join(character for character, _ in run)
        for is_hidden, run in runs
    )


def _forms(secret: str) -> set[str]:
    """The secret as it may be quoted."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe="", errors="replace"),
        html.escape(secret),
    }


def _found(secret: str, text: str, places: dict[str, list[int]]) -> Iterator[tuple[int, int]]:
    """Where the secret is in the text, or a part of it: start and length."""
    if SHORTEST <= len(secret) < SHORTEST_PART:
        start = text.find(secret)
        while start >= 0:
            yield start, len(secret)
            start = text.find(secret, start + 1)
    parts = {secret[at : at + SHORTEST_PART] for at in range(len(secret) - SHORTEST_PART + 1)}
    for part in parts:
        for start in places.get(part, ()):
            yield start, SHORTEST_PART
