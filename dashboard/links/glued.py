"""Finding a link's token in what mail programs, tickets and chats make of its address.

A token has a fixed length and alphabet. So it is known in whatever is glued to it, before or
behind: a full stop, a word, `&nbsp;`, `%7CConnect`, what a wrapper of Outlook's left, a line break.
"""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import unquote

TOKEN, ATTEMPT = 64, 32
"""Letters of the secret part of a link's address, and of a start's."""
LONGEST = 4000
"""Characters that are looked at."""
MOST = 64
"""Places of one text at which a token may begin; a word glued to one makes more of them."""

_RUN = re.compile(r"[a-z2-7]+")
_BREAKS = re.compile(r"=(?:0d|0a|\r|\n)+|[\s=]", re.IGNORECASE)
"""A soft line break, whole or what a program left of it, and blanks."""


def candidates(text: str, length: int = TOKEN) -> list[str]:
    """The tokens that a text may hold, the likeliest first."""
    plain = _plain(text)
    found: list[str] = []
    for run in _RUN.findall(plain):
        spare = len(run) - length
        found += [run[place : place + length] for place in range(min(spare + 1, MOST))]
        if spare > 0:  # a word in front of it: the last place is likelier than those between
            found.insert(1, run[spare:])
    return list(dict.fromkeys(found))[:MOST]


def _plain(text: str) -> str:
    """Small letters without what is not seen, twice decoded: programs encode again."""
    text = text[:LONGEST]
    for _ in range(2):
        text = html.unescape(unquote(text))
    seen = "".join(letter for letter in text if unicodedata.category(letter) not in {"Cf", "Cs"})
    return _BREAKS.sub("", unicodedata.normalize("NFKC", seen)).lower()
