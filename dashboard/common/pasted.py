"""What people paste carries more than they see: what of it goes on, what is asked about.

One place for all fields and tables whose values go to Cyclr. What is never meant is taken off in
silence: characters that draw nothing, and blanks around a key, a name or a setting. A password
may begin or end with a space: about that, a person is asked once.
"""

from __future__ import annotations

import re
import unicodedata

_NOWHERE_MEANT = re.compile(
    "[\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)
"""Soft hyphens, marks of direction, widths of zero: web pages and chats leave them behind."""
_DRAWS_NOTHING = "\u034f\u115f\u1160\u17b4\u17b5\u200c\u200d\u2800\u3164\uffa0"
_AT_ENDS = rf"[\s\x01-\x1f\x7f-\x9f{_DRAWS_NOTHING}]"
_AT_ENDS_OF_PASSWORDS = rf"(?![ \xa0]){_AT_ENDS}"
"""All but the two spaces that a keyboard has."""

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,60})-----(.*?)-----END \1-----", re.DOTALL)
_ALL_PEM = re.compile(r"[\"']?\s*-----BEGIN [A-Z0-9 ]{1,60}-----.*-----END [A-Z0-9 ]{1,60}-----.*")
_ENDS_A_LINE = re.compile(r"(\s|\\n)[\"']?$")
_HEADER = re.compile(r"([A-Za-z][A-Za-z-]{0,40}): (\S+)")
_MASKING = "*\u2022\u25cf\u2219\u00b7\u25aa\u25a0\u2588"
"""Asterisks, bullets, points and blocks."""
_SHORTEST_MASK = 3
_MASKED_PART = re.compile(rf"([{re.escape(_MASKING)}])\1{{2,}}")
_LINE = 64
"""Characters of a line of PEM."""


def clean_pasted(text: str, *, is_password: bool = False) -> str:
    """The text without what nobody means, PEM in its lines again.

    `is_password`: a space at its ends may belong to it, and stays; see `doubt_about`.

    >>> clean_pasted(" pk_live\\u200b_01\\u00a0\\n")
    'pk_live_01'
    """
    plain = _NOWHERE_MEANT.sub("", text.replace("\r\n", "\n"))
    if _looks_like_pem(plain):
        return _in_lines(plain)
    ends = _AT_ENDS_OF_PASSWORDS if is_password else _AT_ENDS
    return _stripped(plain, ends)


def is_mask(text: str) -> bool:
    """Whether a text is what stands in place of a secret, and no value: `••••••`, `****`."""
    bare = text.strip()
    return len(bare) >= _SHORTEST_MASK and set(bare) <= set(_MASKING)


def holds_mask(text: str) -> bool:
    """Whether a part of a text looks like a mask, such as `sk_••••4242`; a value may, too."""
    return bool(_MASKED_PART.search(text))


def doubt_about(text: str) -> str:
    """The character of a cleaned password or key that may be meant or not; empty for none.

    A space at an end, or a blank within that looks like a space and is another.
    """
    if "-----BEGIN " in text:
        return ""
    if text[:1].isspace() or text[-1:].isspace():
        return " "
    return next((letter for letter in text if letter.isspace() and letter not in " \n"), "")


def name_of(letter: str) -> str:
    """What a character that cannot be seen is called, such as “U+00A0 No-break space”."""
    name = unicodedata.name(letter, "") or {"\t": "Tab"}.get(letter, "Control character")
    return f"U+{ord(letter):04X} {name.capitalize()}"


def _stripped(text: str, ends: str) -> str:
    # Two matches, not one pattern for both ends: that would look at every blank within.
    start = re.match(f"(?:{ends})*", text)
    rest = text[start.end() if start else 0 :]
    last = len(rest)
    one = re.compile(ends)
    while last and one.match(rest, last - 1):
        last -= 1
    return rest[:last]


def _looks_like_pem(text: str) -> bool:
    """Whether it is PEM and nothing else: one that stands within other text stays as it is."""
    flat = text.strip().replace("\n", " ")
    return bool(_ALL_PEM.fullmatch(flat)) and not _PEM.sub("", flat).replace("\\n", "").replace(
        "\\r", ""
    ).strip(" \"'\t")


def _in_lines(text: str) -> str:
    """PEM as its files have it, also where one-line fields, JSON or cells took its line ends."""
    blocks = [_block(match.group(1), match.group(2)) for match in _PEM.finditer(text)]
    return "\n".join(blocks) + ("\n" if _ENDS_A_LINE.search(text) else "")


def _block(kind: str, body: str) -> str:
    inner = re.sub(r"\\r\\n|\\n", "\n", body)
    headers = _HEADER.findall(inner)
    words = _HEADER.sub("", inner).split()
    if len(words) == 1 and len(words[0]) > 76:
        whole = words[0]
        words = [whole[at : at + _LINE] for at in range(0, len(whole), _LINE)]
    lines = [f"{name}: {value}" for name, value in headers]
    lines += [""] if headers else []
    return "\n".join([f"-----BEGIN {kind}-----", *lines, *words, f"-----END {kind}-----"])
