"""Third parties' answers: where in them stands whose account it is, and methods that only read.

An answer is any JSON. Nothing here recurses: what comes from outside chooses how deep it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cyclr_api import Method
from dashboard.common.untrusted_text import display_text, storable

LONGEST_IDENTITY = 200
LEAVES, DEEPEST, LOOKED_AT = 200, 12, 20_000
"""Places of an answer that are offered, how deep they are, and how much of it is looked at."""

_ROOT = re.compile(r"^\$(?=[.\[])")
_STEP = re.compile(r"\[\s*(\d{1,6})\s*\]|([^.\[\]]+)")
_READING = re.compile(
    r"(get|list|search|find|count|read|fetch|retrieve|show|view|look ?up|whoami|who am i|me"
    r"|current)(?![a-z])",
    re.IGNORECASE,
)
_TELLING = ("email", "login", "username", "user", "account", "company", "organi", "name", "id")
"""Words in a place's name that say whose account it is, the best first."""


def value_at(answer: Any, path: str) -> str:
    """The text or number at a path like `data.user.email` or `[0].login`; empty if there is none.

    Forgiving: upper and lower case are alike, and of a list without a number the first counts.
    """
    here = answer
    for number, name in _STEP.findall(_ROOT.sub("", path.strip())):
        if number and isinstance(here, list):
            here = here[int(number)] if int(number) < len(here) else None
            continue
        if isinstance(here, list):
            here = here[0] if here else None
        here = _member(here, name.strip() or number)
    return _as_identity(here)


def _member(here: Any, name: str) -> Any:
    if not isinstance(here, dict):
        return None
    if name in here:
        return here[name]
    folded = name.casefold()
    return next((value for key, value in here.items() if str(key).casefold() == folded), None)


def _as_identity(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = " ".join(str(storable(str(value))).split())
    return text[:LONGEST_IDENTITY]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place in an answer that holds a text or a number. `hint`: its value, mostly hidden."""

    path: str
    hint: str


def leaves(answer: Any) -> list[Leaf]:
    """The places of an answer that may say whose account it is, the likeliest first."""
    found = [Leaf(path, hint(value)) for path, value in _walk(answer)]
    return sorted(found, key=lambda leaf: _likeliness(leaf.path))


def _walk(answer: Any) -> Iterator[tuple[str, Any]]:
    """Paths and values, in the answer's own order; of a list its first element alone."""
    work: list[tuple[str, Any, int]] = [("", answer, 0)]
    count = looked = 0
    while work and count < LEAVES and looked < LOOKED_AT:
        path, value, depth = work.pop()
        looked += 1
        if isinstance(value, dict) and depth < DEEPEST:
            inner = [
                (f"{path}.{key}" if path else str(key), one, depth + 1)
                for key, one in list(value.items())[:LEAVES]
                if _is_plain(key)
            ]
            work.extend(reversed(inner))
        elif isinstance(value, list) and value and depth < DEEPEST:
            work.append((f"{path}[0]", value[0], depth + 1))
        elif path and _as_identity(value):
            count += 1
            yield path, value


def _is_plain(key: object) -> bool:
    """Whether a path can name it."""
    name = str(key)
    is_whole = name == name.strip() and name.isprintable() and name != "$"
    return is_whole and bool(re.fullmatch(r"[^.\[\]]{1,80}", name))


def _likeliness(path: str) -> int:
    last = path.rpartition(".")[2].casefold()
    return next((place for place, word in enumerate(_TELLING) if word in last), len(_TELLING))


def hint(value: Any) -> str:
    """Enough of a value to recognise it by, and no more: `r…@customer.example`, `Ro…`."""
    if not isinstance(value, str):
        return "a number"
    text = display_text(" ".join(value.split()))
    before, at, domain = text.partition("@")
    if at and before and "." in domain:
        return f"{before[0]}…@{domain[:60]}"
    return f"{text[:2]}…" if len(text) > 4 else "…"


def reads_by_name(name: str) -> bool:
    """Whether a method's name says that it changes nothing; Cyclr itself does not say."""
    return bool(_READING.match(name.strip()))


_PROPOSED = (
    re.compile(r"who ?am ?i|current user|\b(my|own)\b|\bme\b|authenticated user", re.IGNORECASE),
    re.compile(
        r"^(get|read|retrieve|fetch|show) (the )?(account|user|profile|company|organi[sz]ation|shop"
        r"|store|workspace|tenant|site)( (details|info|information|settings))?$",
        re.IGNORECASE,
    ),
    re.compile(r"^(list|get|search|find|fetch) (all )?(accounts|users|companies)\b", re.IGNORECASE),
    re.compile(r"^(list|count|search|find|get)\b", re.IGNORECASE),
)
"""Names of good tests, the best first: they tell whose account it is, or little."""


def proposed(names: dict[str, str]) -> str:
    """Of methods that only read and need no values, by key, the key of the best test; or empty."""
    for wanted in _PROPOSED:
        found = [key for key, name in names.items() if wanted.search(name.strip())]
        if found:
            return min(found, key=lambda key: len(names[key]))
    return next(iter(names), "")


def why_not(method: Method) -> str:
    """Why a method cannot prove a connector, in words; empty if it can."""
    kind = (method.type or "Action").casefold()
    if kind not in {"action", "unknown", ""}:
        return "It is no call, but a webhook or a script."
    needed = [one.name or one.target_name or "a value" for one in method.parameters]
    optional = [one.is_optional or one.default is not None for one in method.parameters]
    missing = [name for name, may_lack in zip(needed, optional, strict=True) if not may_lack]
    fields = [one.name or "a value" for one in method.request_fields if one.is_optional is False]
    if missing or fields:
        return f"It needs a value each time: {display_text(', '.join([*missing, *fields][:3]))}."
    return ""
