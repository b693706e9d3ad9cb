"""What was asked of the simulator, without what nobody may read there.

Secrets are known by the names of their keys, at any depth of JSON, in forms and in queries. What
cannot be read as one of these is not kept, only its size; headers are not kept at all.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

import orjson

from cyclr_api.simulator.state import tolerant_json
from cyclr_api.simulator.state.values import JSON, cyclr_time, encode

LONGEST_BODY = 2000
"""Characters of a body that are kept."""

LARGEST_READ = 100_000
"""Bytes; of a larger body only the size is kept."""

DEEPEST = 20
"""Levels of JSON; what lies deeper is masked as a whole."""

MASK = "***"

_SECRET = re.compile(
    "secret|passw|passphrase|pwd|token|credential|authvalue|authorization|signature|cookie|session"
    "|(?:key|values?|code|state|pin|otp)$"
    r"|^\d+$"
)
"""Finds the keys of secrets, in lower case and without anything but letters and digits.

A number is the id of a method's parameter or field, and its value like that of a property.
"""

_PLAIN_NAME = re.compile(r"[\w.\[\]-]{1,100}")


@dataclass(frozen=True)
class Call:
    """One request as it arrived, secrets masked."""

    method: str
    path: str
    status: int | None
    """None: the caller got no answer."""
    account: str | None
    time: datetime
    fault: str | None = None
    body: str | None = None
    """None: there was none, or it could not be read."""
    size: int = 0
    """Bytes of the body as it was sent."""

    def dumped(self) -> JSON:
        return {
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "account": self.account,
            "time": cyclr_time(self.time),
            "fault": self.fault,
            "body": self.body,
            "size": self.size,
        }


def masked_path(raw_path: str, raw_query: str) -> str:
    """Path and query as they were sent, without the query's secrets."""
    return f"{raw_path}?{_masked_query(raw_query)}" if raw_query else raw_path


def masked_body(body: bytes, content_type: str) -> str | None:
    """The beginning of a body without its secrets; None for what is no JSON and no form."""
    if not body.strip() or len(body) > LARGEST_READ:
        return None
    is_form = "urlencoded" in content_type.lower()
    text = _masked_form(body) if is_form else _masked_json(body)
    if text is None or len(text) <= LONGEST_BODY:
        return text
    return text[: LONGEST_BODY - 1] + "…"


def is_secret(key: str) -> bool:
    """Whether a key's value is one that nobody may read."""
    return bool(_SECRET.search(re.sub(r"[\W_]", "", key.casefold())))


def masked(value: Any, depth: int = 0) -> Any:
    """JSON with a mask in place of every secret."""
    if depth > DEEPEST:
        return MASK
    if isinstance(value, dict):
        return {
            key: MASK if is_secret(key) and _says_something(one) else masked(one, depth + 1)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [masked(one, depth + 1) for one in value]
    if isinstance(value, str):
        return _masked_text(value, depth)
    return value


def _says_something(value: Any) -> bool:
    """An empty secret is none, and whether there was one is worth knowing."""
    return value is not None and value != ""


def _masked_text(text: str, depth: int) -> str:
    """A text may be a document itself, and hold secrets of its own."""
    if text.lstrip()[:1] not in ("{", "[", "<"):
        return text
    try:
        document = orjson.loads(text)
    except ValueError:
        return MASK
    return encode(masked(document, depth + 1)).decode()


def _masked_json(body: bytes) -> str | None:
    try:
        document = orjson.loads(body)
    except ValueError:
        try:
            document = tolerant_json.loads(body)
        except ValueError:
            return None
    if not isinstance(document, dict | list):
        return None  # a bare text may be anything
    return encode(masked(document)).decode()


def _masked_form(body: bytes) -> str | None:
    text = body.decode("utf-8", "replace")
    names = [unquote_plus(piece.partition("=")[0]) for piece in text.split("&")]
    if not all(_PLAIN_NAME.fullmatch(name) for name in names):
        return None  # something else under the name of a form
    return _masked_query(text)


def _masked_query(raw: str) -> str:
    return "&".join(map(_masked_pair, raw.split("&")))


def _masked_pair(piece: str) -> str:
    name, equals, value = piece.partition("=")
    if not equals or not value:
        return piece
    key = unquote_plus(name)
    if is_secret(key) or not _PLAIN_NAME.fullmatch(key):
        return f"{name}={MASK}"
    return piece
