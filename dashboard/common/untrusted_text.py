"""Text from outside: what may be shown of it, stored of it and searched in it.

Names come from Cyclr, from customers and from mail programs. They are data: never markup, never
a direction for the line they stand in.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

SHOWN_AT_MOST = 20_000
"""Characters of one untrusted text that a page shows."""
MARKS_AT_MOST = 8
"""Combining marks on one letter; more would paint over the lines above and below."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters, marks and symbols that draw nothing."""
_SUSPECT = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    "\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
    "]"
)
"""Any of these sends a text the long way; most texts have none."""
_MARKS = re.compile(r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{9}")
_SPACE = "\t\n\r"
_JOINERS = "\u200c\u200d"
_EMOJI_DRESS = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{2,6}\U000e007f")
"""The flags of England, Scotland, Wales: a black flag spelt out in invisible letters."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an untrusted text: `text` as it is or, with a `name`, a character made visible."""

    text: str
    name: str = ""


def visible(text: object) -> list[Piece]:
    """The text in pieces: characters that hide or turn it become pieces like `U+202E`."""
    whole = "" if text is None else str(text)
    cut = len(whole) > SHOWN_AT_MOST
    if cut:
        whole = whole[:SHOWN_AT_MOST]
    if not whole:
        pieces = []
    elif _is_harmless(whole):
        pieces = [Piece(whole)]
    else:
        pieces = list(_pieces(whole))
    if cut:
        pieces.append(Piece("…"))
    return pieces


def display_text(text: object) -> str:
    """The same as one string, for places that take no markup: titles, subjects, log lines."""
    whole = "" if text is None else str(text)
    if len(whole) <= SHOWN_AT_MOST and _is_harmless(whole):
        return whole
    return "".join(piece.text for piece in visible(whole))


def _is_harmless(text: str) -> bool:
    """Whether nothing in it hides or turns it."""
    is_plain = text.isascii() and text.isprintable()  # most are, and a search takes much longer
    return is_plain or not (_SUSPECT.search(text) or _MARKS.search(text))


def display_line(text: object) -> str:
    """The same on one line: every run of white space is one space."""
    return " ".join(display_text(text).split())


def is_blank(text: object) -> bool:
    """Whether nothing can be seen of the text."""
    return text is None or not str(text).strip()


def _pieces(text: str) -> Iterator[Piece]:
    flags = [match.span() for match in _FLAG.finditer(text)]
    start, marks = 0, 0
    for place, letter in enumerate(text):
        if unicodedata.combining(letter) or unicodedata.category(letter) == "Me":
            marks += 1
            if marks <= MARKS_AT_MOST:
                continue
            if start < place:
                yield Piece(text[start:place])
            if marks == MARKS_AT_MOST + 1:
                yield Piece("…", "More combining marks, left out")
            start = place + 1
            continue
        marks = 0
        if not _is_hidden(text, place, letter) or any(a <= place < b for a, b in flags):
            continue
        if start < place:
            yield Piece(text[start:place])
        yield Piece(f"U+{ord(letter):04X}", _name(letter))
        start = place + 1
    if start < len(text):
        yield Piece(text[start:])


def _is_hidden(text: str, place: int, letter: str) -> bool:
    if letter in _SPACE:
        return False
    if letter in _JOINERS:
        return not _joins(text, place)
    return letter in _BLANKS or unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _joins(text: str, place: int) -> bool:
    """Whether a joiner does its work: within an emoji, or between Arabic or Indic letters."""
    before = _EMOJI_DRESS.sub("", text[max(0, place - 4) : place])[-1:]
    after = text[place + 1 : place + 2]
    if not before or not after:
        return False
    if text[place] == "\u200d" and _is_picture(before) and _is_picture(after):
        return True
    return all("\u0600" <= letter <= "\u0dff" for letter in (before, after))


def _is_picture(letter: str) -> bool:
    return unicodedata.category(letter) == "So" and letter != "\u2800"


def _name(letter: str) -> str:
    name = unicodedata.name(letter, "")
    if not name:
        name = "Half a character" if "\ud800" <= letter <= "\udfff" else "Control character"
    return f"{name.capitalize()}, made visible"


def storable(value: Any) -> Any:
    """The same JSON-like value, as every database takes it.

    NUL and halves of surrogate pairs become U+FFFD, NaN and the infinities become None. Goes any
    depth without recursion: what comes from outside chooses how deep it is.
    """
    if isinstance(value, str):
        return _storable_text(value)
    holder: list[Any] = [None]
    work: list[tuple[Any, Any, Any]] = [(value, holder, 0)]
    while work:
        item, target, key = work.pop()
        if isinstance(item, dict):
            copy: Any = {}
            target[key] = copy
            for name, inner in item.items():
                clean = _storable_text(name) if isinstance(name, str) else name
                copy[clean] = None  # keeps the order: the stack fills it backwards
                work.append((inner, copy, clean))
        elif isinstance(item, list | tuple):
            copy = [None] * len(item)
            target[key] = copy
            work.extend((inner, copy, place) for place, inner in enumerate(item))
        elif isinstance(item, str):
            target[key] = _storable_text(item)
        elif isinstance(item, float) and not math.isfinite(item):
            target[key] = None
        else:
            target[key] = item
    return holder[0]


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _storable_text(text: str) -> str:
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub(REPLACEMENT, text)


def initials(name: object) -> str:
    """Two letters for a person: of the first and the last word, or of the only one."""
    words = [letters for word in str(name or "").split() if (letters := _letters(word))]
    if not words:
        return "?"
    return (words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]).upper()


def avatar_letters(name: object) -> str:
    """Two letters for a thing: `Hs` for HubSpot, `Qb` for QuickBooks Online, `Sh` for Shopify."""
    letters = "".join(_letters(word) for word in str(name or "").split()[:2])
    if not letters:
        return "?"
    first = next((w for w in str(name).split() if _letters(w)), "")
    inner = _letters(first)
    second = next((c for c in inner[1:] if c.isupper()), "") if not inner.isupper() else ""
    return letters[0].upper() + (second.lower() or letters[1:2].lower())


def _letters(word: str) -> str:
    return "".join(letter for letter in word if letter.isalnum())


def first_few(names: Iterable[str], most: int = 3) -> str:
    """`Acme, Beta, Core and 1,997 more`; all of them where they are no more than `most`."""
    every = list(names)
    more = len(every) - most
    named = ", ".join(every[:most])
    return f"{named} and {more:,} more" if more > 0 else named
