"""The answer of a third party: kept encrypted and byte for byte, decoded to be shown."""

from __future__ import annotations

import base64
import codecs
import logging
import re
import zlib
from dataclasses import dataclass

from cyclr_api import RawAnswer
from dashboard.common import encryption
from dashboard.methods import tree
from dashboard.methods.models import MethodCall

logger = logging.getLogger(__name__)

RAW_PART = 20_000
"""Characters of the raw answer that a page shows at a time."""
QUICK = 1
PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", ""})
_page_begins = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE).match

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encrypted_body(body: bytes, call: MethodCall) -> str:
    """A body of any bytes, packed and encrypted to its call."""
    packed = base64.b64encode(zlib.compress(body, QUICK)).decode()
    return encryption.encrypt(packed, associated_data=call.associated_data)


def body_of(call: MethodCall) -> bytes | None:
    """The body as it came; None if there was none, once it was wiped, or if no key opens it."""
    if not call.encrypted_answer:
        return None
    try:
        packed = encryption.decrypt(call.encrypted_answer, associated_data=call.associated_data)
    except encryption.DecryptionError:
        logger.warning("answer cannot be opened id=%d", call.pk)
        return None
    return zlib.decompress(base64.b64decode(packed))


def is_web_page(answer: RawAnswer) -> bool:
    """Whether it is a page for people, by its type, or by its beginning where it has none.

    Cyclr answers a method with JSON [T][D]. Whatever else it says that an answer is (plain text,
    XML) may be what the method returns; a page may be anybody's on the way. JSON that is called
    a page is JSON.
    """
    if not answer.body.strip():
        return False  # nothing came, whatever it is called
    kind = answer.content_type.partition(";")[0].strip().casefold()
    if kind not in PAGE_TYPES:
        return False
    is_page = kind != "" or _page_begins(answer.body) is not None
    return is_page and not tree.is_document(text_of(answer.body).tree_text)


@dataclass(frozen=True, slots=True)
class AnswerText:
    """A body as text. `tree_text`: the same for a tree, in which bytes that are no text are U+FFFD.

    `notes`: what was odd about it, for people.
    """

    text: str
    tree_text: str
    notes: tuple[str, ...] = ()


def text_of(body: bytes) -> AnswerText:
    """The body as text, whatever its bytes are: those that are none are shown as `\\xNN`."""
    notes, encoding = [], "utf-8"
    for bom, name in _BOMS:
        if body.startswith(bom):
            notes.append("It begins with a byte order mark.")
            body, encoding = body[len(bom) :], name
            break
    try:
        text = tree_text = body.decode(encoding)
    except UnicodeDecodeError:
        text = body.decode(encoding, "backslashreplace")
        tree_text = body.decode(encoding, "replace")
        notes.append("Some of its bytes are no text; they are shown as \\xNN.")
    return AnswerText(text, tree_text, tuple(notes))


@dataclass(frozen=True, slots=True)
class RawPart:
    """A part of the raw answer: from which character to which, of how many."""

    text: str
    first: int
    last: int
    total: int

    @property
    def next(self) -> int | None:
        """Where the next part begins."""
        return self.last if self.last < self.total else None

    @property
    def previous(self) -> int | None:
        """Where the part before begins."""
        return max(0, self.first - RAW_PART) if self.first else None


def raw_part(text: str, first: int) -> RawPart:
    """The part that begins at a character; within the text for any number."""
    first = min(max(first, 0), max(len(text) - 1, 0))
    return RawPart(
        text[first : first + RAW_PART], first, min(first + RAW_PART, len(text)), len(text)
    )
