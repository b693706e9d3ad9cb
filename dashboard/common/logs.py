"""One event, one line: what people typed cannot forge a line of the log."""

from __future__ import annotations

import logging
import re

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LINK_TOKEN = re.compile(
    r"(/c/|/invitation/|/sign-in/new-password/)(?!(?:m|r)/|accepted/)[^/\s\"'?#]{8,}"
)
_BARE_TOKEN = re.compile(r"[a-zA-Z2-7]{64}")
"""The same wherever it stands: an address with a blank or a quote before it works as well."""
_formatter = logging.Formatter()


class Brief(logging.Filter):
    """No traceback for a request that is broken: anybody can send one, and as many as they like."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it always passes."""
        is_broken = record.name.startswith("django.security.")
        if is_broken or 400 <= getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True


class OneLine(logging.Filter):
    """Shows line ends and other control characters as `\\x0a`, and keeps link tokens out.

    A traceback keeps its lines; each but the first is marked with `|`, so none can pass for an
    event.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it always passes."""
        record.msg, record.args = clean(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _formatter.formatException(record.exc_info)
        if record.exc_text:
            lines = re.split(r"\r\n|[\r\n]", record.exc_text)
            record.exc_text = "\n".join(
                line if line.startswith("  | ") else f"  | {clean(line)}" for line in lines
            )
        if record.stack_info:
            record.stack_info = "\n".join(
                f"  | {clean(line)}" for line in record.stack_info.splitlines()
            )
        return True


def clean(text: str) -> str:
    """The text on one line and without the secret part of a link's address."""
    line = _CONTROLS.sub(_escaped, text)
    return _BARE_TOKEN.sub("…", _LINK_TOKEN.sub(r"\1…", line))


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape", "surrogatepass").decode("ascii")
