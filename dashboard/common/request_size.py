"""How large a request may be."""

from __future__ import annotations

MOST_BYTES = 3_000_000
"""Of a request's body, whoever asks; the largest that we take on purpose is a table of 2 MB."""


def is_too_large(length: object) -> bool:
    """Whether a Content-Length is; one that is no number counts as none, as in Django."""
    text = str(length or "").strip()
    return text.isascii() and text.isdigit() and (len(text) > 12 or int(text) > MOST_BYTES)
