"""Reading Cyclr's JSON: tolerant of what is missing, renamed in case or of another type.

A field that cannot be understood is None, and the rest of its object still works; so does one
whose list of parts (parameters, methods, properties) has an odd one among them: that one is left
out. An object that cannot be used at all (it is none, or has no usable id) raises
`UndecodableError`: no element of a listing is ever left out in silence.
"""

import json as slow_json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import orjson

T = TypeVar("T")

LARGEST_ID = 2**63 - 1
"""What a database's big integer holds."""

_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,20}))?)?"
    r"(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?)?"
)
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_SECRET_KEY = re.compile(r"value|password|passphrase|secret|token|credential|apikey")
_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no"})


class UndecodableError(ValueError):
    """Not the kind of object it should be. The text names the kind, never a value."""


def decode_json(body: bytes | bytearray) -> object:
    """The value in `body`. ValueError for anything that is not JSON, too deep, or NaN.

    A lone surrogate, which no strict reader accepts, becomes U+FFFD: one such name must not
    make a whole listing unreadable. Integers of more than 64 bits arrive as floats or are
    refused.
    """
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if b"\\ud" not in body and b"\\uD" not in body:
            raise ValueError("not JSON") from None
    try:
        value = slow_json.loads(
            body.decode(),
            parse_int=_number,
            parse_float=_finite,
            parse_constant=_refuse_constant,
        )
        return _without_surrogates(value)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


def _number(digits: str) -> int | float:
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else _finite(digits)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number too large")
    return number


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_surrogates(element) for element in value]
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    return value


def decode_list(value: object, decode: Callable[[object], T]) -> list[T]:
    """Every element of a bare JSON array, decoded. UndecodableError if it is no array."""
    if not isinstance(value, list):
        raise UndecodableError("not a list")
    return [decode(element) for element in value]


def decode_some(value: object, decode: Callable[[object], T]) -> list[T]:
    """As `decode_list`, but an object that is no array counts as an array of one."""
    return decode_list([value] if isinstance(value, dict) else value, decode)


def decode_one(value: object, decode: Callable[[object], T]) -> T:
    """An object, decoded; also from an array of one: Cyclr's paths by name answer so [T]."""
    return decode(value[0] if isinstance(value, list) and len(value) == 1 else value)


class Listing(list[T]):
    """The elements of a listing that could be read; whole only if none was `skipped`."""

    skipped: int = 0
    """Elements that could not be read at all and are left out."""


def decode_readable(value: object, decode: Callable[[object], T]) -> Listing[T]:
    """The usable elements of a bare JSON array. UndecodableError if it is no array."""
    if not isinstance(value, list):
        raise UndecodableError("not a list")
    found: Listing[T] = Listing()
    for element in value:
        try:
            found.append(decode(element))
        except (UndecodableError, RecursionError):
            found.skipped += 1
    return found


def as_text(value: object) -> str | None:
    """Text as it is, numbers and booleans in JSON's spelling, None for everything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return None


def as_whole(value: object) -> int | None:
    """A whole number of at most 64 bits, also from "54321" or 54321.0; None otherwise."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) <= LARGEST_ID else None


def as_flag(value: object) -> bool | None:
    """True or False, also from "true", "False", 1, 0; None otherwise."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
    return None


def as_moment(value: object) -> datetime | None:
    """An aware moment in UTC; None for "never" (year 1) and for rubbish.

    ISO 8601 with any number of fraction digits (Cyclr sends seven [T]); without a zone it
    is UTC [D].
    """
    match = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, off_hours, off_minutes = (
        match.groups()
    )
    if year == "0001":
        return None
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            59 if second == "60" else int(second or 0),
            int((fraction or "0").ljust(6, "0")[:6]),
            tzinfo=UTC,
        )
        if sign:
            offset = timedelta(hours=int(off_hours), minutes=int(off_minutes))
            zone = timezone(offset if sign == "+" else -offset)
            moment = moment.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment


def moment_text(moment: datetime) -> str:
    """A moment as Cyclr takes it: ISO 8601 in UTC, to the second. ValueError without a zone."""
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone")
    try:
        in_utc = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("A moment is outside of all years") from None
    return in_utc.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


class Record:
    """One JSON object, read by key without regard to case; remembers which keys were read."""

    def __init__(self, value: object, kind: str) -> None:
        if not isinstance(value, dict):
            raise UndecodableError(f"{kind}: not an object")
        self.kind = kind
        self._values: dict[str, Any] = value
        self._keys: dict[str, str] = {}
        for key in value:
            self._keys.setdefault(key.lower(), key)
        self._read: set[str] = set()

    def value(self, *names: str) -> Any:
        """The first of these keys that has a value other than null, else None."""
        found = None
        for name in names:
            self._read.add(name.lower())
            key = name if name in self._values else self._keys.get(name.lower())
            if found is None and key is not None:
                found = self._values[key]
        return found

    def text(self, *names: str) -> str | None:
        return as_text(self.value(*names))

    def whole(self, *names: str) -> int | None:
        return as_whole(self.value(*names))

    def flag(self, *names: str) -> bool | None:
        return as_flag(self.value(*names))

    def moment(self, *names: str) -> datetime | None:
        return as_moment(self.value(*names))

    def texts(self, *names: str) -> tuple[str, ...]:
        """A list of texts; null, or what is no list, is empty."""
        value = self.value(*names)
        elements = value if isinstance(value, list) else []
        return tuple(text for text in map(as_text, elements) if text is not None)

    def part(self, name: str, decode: Callable[[object], T]) -> T | None:
        """An object; None for what is none or cannot be used."""
        return next(iter(decode_readable([self.value(name)], decode)), None)

    def objects(self, name: str, decode: Callable[[object], T]) -> tuple[T, ...]:
        """A list of objects, without those that cannot be used.

        Null is empty, a single object is a list of one.
        """
        value = self.value(name)
        if isinstance(value, dict):
            value = [value]
        if not isinstance(value, list):
            return ()
        return tuple(decode_readable(value, decode))

    def numeric_id(self, name: str = "Id") -> int:
        """A whole number from 1 up, or UndecodableError."""
        number = self.whole(name)
        if number is None or number < 1:
            raise UndecodableError(f"{self.kind}: no usable id")
        return number

    def text_id(self, name: str = "Id") -> str:
        """A text that is not blank, such as a GUID, or UndecodableError."""
        text = self.text(name) or ""
        if not text.strip():
            raise UndecodableError(f"{self.kind}: no usable id")
        return text

    def unread(self, dropped: Iterable[str] = ()) -> Mapping[str, Any]:
        """The keys nobody read, without `dropped` and without what looks like a secret.

        At any depth: names that speak of secrets, and values, as in {"Name": …, "Value": …}.
        """
        skipped = self._read | {name.lower() for name in dropped}
        return {
            key: _without_secrets(value)
            for key, value in self._values.items()
            if key.lower() not in skipped and not looks_secret(key)
        }


def looks_secret(key: str) -> bool:
    """Whether what stands under this name is probably a secret."""
    return _SECRET_KEY.search(key.lower().replace("_", "")) is not None


def _without_secrets(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_secrets(element) for element in value]
    if isinstance(value, dict):
        return {
            key: _without_secrets(inner)
            for key, inner in value.items()
            if not looks_secret(key) and key.lower() != "icon"
        }
    return value
