"""A value that must not show up where nobody asked for it."""

import base64
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


LONGEST_ENCODED = 5_000
"""Characters of a secret that is looked for in encodings too; longer ones are not quoted so."""


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
        raise TypeError("A Secret is not pickled: encrypt its text instead")


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

    In any letter case, and also where they are escaped as in JSON, an address or HTML, or
    encoded as base64 (by themselves or within something longer) or hex. Secrets of less than
    four characters stay.
    """
    if not text:
        return text
    plain = _in_one_case(text)
    hidden = bytearray(len(text))
    places: dict[str, list[int]] = {}
    for start in range(len(plain) - SHORTEST_PART + 1):
        places.setdefault(plain[start : start + SHORTEST_PART], []).append(start)
    forms = {_in_one_case(form) for secret in secrets for form in _forms(secret)}
    for form in forms:
        for start, length in _found(form, plain, places):
            hidden[start : start + length] = b"\x01" * length
    runs = groupby(zip(text, hidden, strict=True), key=lambda pair: pair[1])
    return "".join(
        "***" if is_hidden else "".join(character for character, _ in run)
        for is_hidden, run in runs
    )


def _in_one_case(text: str) -> str:
    """In small letters, each still at its place: some have no single small one."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _forms(secret: str) -> Iterator[str]:
    """The secret as it may be quoted."""
    for text in {secret, secret.upper(), secret.casefold()}:
        yield text
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield json.dumps(text)[1:-1].replace("/", "\\/")
        yield from _in_addresses(text)
        yield html.escape(text)
        yield html.escape(text).replace("&#x27;", "&#39;")
        yield html.escape(text).replace("&#x27;", "&apos;")
    if SHORTEST <= len(secret) <= LONGEST_ENCODED:
        yield from _encoded(secret.encode("utf-8", "replace"))


def _in_addresses(text: str) -> Iterator[str]:
    once = quote(text, safe="", errors="replace")
    yield from (once, once.replace("%20", "+"), quote(text, errors="replace"), quote(once))


def _encoded(secret: bytes) -> Iterator[str]:
    """As base64, alone or at any place within something longer, and as hex."""
    yield secret.hex()
    for whole in (secret, secret + b":", b":" + secret):
        yield from _alphabets(base64.b64encode(whole).decode().rstrip("="))
    for before, is_shared in ((1, 2), (2, 3)):
        inner = base64.b64encode(b"\0" * before + secret).decode().rstrip("=")[is_shared:]
        yield from _alphabets(inner)


def _alphabets(encoded: str) -> Iterator[str]:
    """Without the last letter, of which what follows may change bits; for web addresses as well."""
    if len(encoded) > SHORTEST_PART:
        encoded = encoded[:-1]
    if len(encoded) >= SHORTEST:
        for form in {encoded, encoded.replace("+", "-").replace("/", "_")}:
            yield form
            yield quote(form, safe="")


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
