"""A JSON text as a tree, read where it stands: nothing of it is converted, nothing is lost.

Numbers of any length, NaN, keys that come twice and halves of surrogate pairs stay as they were
sent. A node is named by the places of its ancestors (`0.3.12`), so that no key is ever part of an
address. Only what is shown is taken apart: the rest is skipped by the scanner of the standard
library, which is written in C.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

PER_PAGE = 100
SHOWN = 300
"""Characters of a value that a line of the tree shows."""
MOST_FOUND, MOST_COLUMNS = 100, 30
DEEPEST = 2000
LONGEST_SEARCH = 5.0
"""Seconds: a document may be made so that looking takes for ever."""

_blank = re.compile(r"[ \t\r\n]*").match
_mark = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_plain_key = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*").fullmatch
scanstring: Callable[[str, int, bool], tuple[str, int]] = json.decoder.scanstring  # type: ignore[attr-defined]
# Numbers stay text: `int` refuses five thousand digits.
_decoder = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)
_scan: Any = _decoder.scan_once  # type: ignore[attr-defined]  # not in the stubs


class NotJSONError(ValueError):
    """The text is no JSON document, or not only one."""


@dataclass(frozen=True, slots=True)
class Span:
    """A value within the text: the key or the number it stands under, and where it begins."""

    step: str | int
    start: int


@dataclass(frozen=True, slots=True)
class Node:
    """A value as a line of the tree. `at` names it; `kind`: object, list, text or other."""

    at: str
    label: str
    path: str
    kind: str
    preview: str
    is_cut: bool = False

    @property
    def is_branch(self) -> bool:
        """Whether something may stand below it."""
        return self.kind in {"object", "list"}


@dataclass(frozen=True, slots=True)
class Branch:
    """A value with a page of what stands below it."""

    node: Node
    children: list[Node]
    first: int
    is_more: bool

    @property
    def last(self) -> int:
        """The number of its last child on this page."""
        return self.first + len(self.children)

    @property
    def next(self) -> int | None:
        """Where the next page begins."""
        return self.last if self.is_more else None

    @property
    def may_be_table(self) -> bool:
        """Whether it is a list of objects, as far as this page shows."""
        kinds = {child.kind for child in self.children}
        return self.node.kind == "list" and kinds == {"object"}


def is_document(text: str) -> bool:
    """Whether the text is one JSON document, as tolerant readers take it."""
    try:
        orjson.loads(text)  # four times as quick, and too strict to say no
    except ValueError:
        try:
            end = skip(text, _root(text).start)
        except NotJSONError:
            return False
        return _after_blank(text, end) == len(text)
    return True


def _root(text: str) -> Span:
    """The whole document."""
    start = _after_blank(text, 0)
    if start == len(text):
        raise NotJSONError
    return Span("$", start)


def skip(text: str, start: int) -> int:
    """Where the value ends that begins here."""
    try:
        return int(_scan(text, start)[1])
    except RecursionError:
        return _skip_deep(text, start)
    except (StopIteration, ValueError):
        raise NotJSONError from None


def _skip_deep(text: str, start: int) -> int:
    """The same for what is nested deeper than the scanner goes: by its brackets alone."""
    depth = 0
    for found in _mark.finditer(text, start):
        if found[0] in "[{":
            depth += 1
        elif found[0] in "]}":
            depth -= 1
        if depth == 0:
            return found.end()
    raise NotJSONError


def _after_blank(text: str, at: int) -> int:
    found = _blank(text, at)
    return found.end() if found else at


def children(text: str, span: Span) -> Iterator[Span]:
    """What stands below a value, in its own order; nothing below what is no object or list.

    Where a child ends is looked for when the next one is asked for: who goes down a path skips
    what stands before it, and no more.
    """
    opener = text[span.start]
    if opener not in "{[":
        return
    at, number = _after_blank(text, span.start + 1), 0
    if text[at : at + 1] in ("}", "]", ""):
        return
    while True:
        step: str | int = number
        if opener == "{":
            step, at = _key(text, at)
        yield Span(step, at)
        at = _after_blank(text, skip(text, at))
        if text[at : at + 1] != ",":
            return
        at, number = _after_blank(text, at + 1), number + 1


def _key(text: str, at: int) -> tuple[str, int]:
    """A key, and where its value begins."""
    try:
        key, at = scanstring(text, at + 1, False)
    except ValueError:
        raise NotJSONError from None
    return key, _after_blank(text, _after_blank(text, at) + 1)


def branch_at(text: str, at: str, first: int = 0) -> Branch:
    """The value that `at` names, with a page of its children, and nothing of what follows them.

    Raises `LookupError` if there is none, `NotJSONError` for what is seen to be no JSON.
    """
    span, path = _walk(text, at)
    page = list(islice(enumerate(children(text, span)), first, first + PER_PAGE + 1))
    shown = [
        _node(text, child, f"{at}.{number}" if at else str(number), path)
        for number, child in page[:PER_PAGE]
    ]
    return Branch(_node(text, span, at, "", path=path), shown, first, len(page) > PER_PAGE)


@dataclass(frozen=True, slots=True)
class Table:
    """A list of objects as a table: a column for each key, in the order of their first coming."""

    columns: list[str]
    rows: list[tuple[Node, list[Node | None]]]


def table_at(text: str, at: str, first: int = 0) -> Table | None:
    """The same page of a list of objects as a table; None for anything else.

    Of keys that come twice in one object the last counts, as for most readers.
    """
    span, path = _walk(text, at)
    page = list(islice(enumerate(children(text, span)), first, first + PER_PAGE))
    if not page or text[span.start] != "[" or any(text[row.start] != "{" for _, row in page):
        return None
    found: list[tuple[Node, dict[str, Node]]] = []
    columns: dict[str, None] = {}
    for number, row in page:
        node = _node(text, row, f"{at}.{number}" if at else str(number), path)
        cells: dict[str, Node] = {}
        for place, cell in enumerate(islice(children(text, row), MOST_COLUMNS)):
            cells[str(cell.step)] = _node(text, cell, f"{node.at}.{place}", node.path)
        columns |= dict.fromkeys(cells)
        found.append((node, cells))
    shown = list(columns)[:MOST_COLUMNS]
    return Table(shown, [(node, [cells.get(name) for name in shown]) for node, cells in found])


def _walk(text: str, at: str) -> tuple[Span, str]:
    """The value that `at` names, and its path."""
    span, path = _root(text), "$"
    for place in places_of(at):
        span = _child(text, span, place)
        path = _path(path, span.step)
    return span, path


def places_of(at: str) -> list[int]:
    """`0.3.12` as numbers. Raises `LookupError` for anything else."""
    if not at:
        return []
    parts = at.split(".")
    if len(parts) > DEEPEST or not all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
        raise LookupError(at[:20])
    return [int(part) for part in parts]


def _child(text: str, span: Span, place: int) -> Span:
    for number, child in enumerate(children(text, span)):
        if number == place:
            return child
    raise LookupError(place)


def _node(text: str, span: Span, at: str, parent: str, path: str = "") -> Node:
    opener = text[span.start]
    kind = {"{": "object", "[": "list", '"': "text"}.get(opener, "other")
    preview, is_cut = "", False
    if kind == "text":
        whole = scanstring(text, span.start + 1, False)[0]
        preview, is_cut = whole[:SHOWN], len(whole) > SHOWN
    elif kind == "other":
        end = skip(text, span.start)
        preview, is_cut = text[span.start : min(end, span.start + SHOWN)], end > span.start + SHOWN
    elif text[_after_blank(text, span.start + 1)] in "}]":
        kind, preview = "other", "{}" if opener == "{" else "[]"
    label = f"[{span.step}]" if isinstance(span.step, int) else span.step
    return Node(at, label, path or _path(parent, span.step), kind, preview, is_cut)


def _path(parent: str, step: str | int) -> str:
    if isinstance(step, int):
        return f"{parent}[{step}]"
    return f"{parent}.{step}" if _plain_key(step) else f"{parent}[{json.dumps(step)}]"


# ---- search ----


@dataclass(frozen=True, slots=True)
class _Place:
    """A value that the words stand in, or in whose key they do (`is_named`)."""

    span: Span
    at: str
    parent: str
    hits: Sequence[int]
    is_named: bool = False


def find(text: str, words: str) -> tuple[list[Node], bool]:
    """The values, or keys of values, in which the words stand; and whether there are more."""
    found: list[Node] = []
    work = [_Place(_root(text), "", "", _hits(text, words))]
    until = time.monotonic() + LONGEST_SEARCH
    while work and len(found) <= MOST_FOUND:
        if time.monotonic() > until:
            return found, True
        place = work.pop()
        path = _path(place.parent, place.span.step) if place.at else "$"
        is_branch = text[place.span.start] in "{["
        if place.is_named or (place.hits and not is_branch):
            found.append(_node(text, place.span, place.at, place.parent, path=path))
        if place.hits and is_branch:
            work.extend(reversed(list(_places_below(text, place, path))))
    return found[:MOST_FOUND], len(found) > MOST_FOUND


def _hits(text: str, words: str) -> list[int]:
    """Where the words stand, as they were typed or as JSON may spell them."""
    forms = {words, json.dumps(words)[1:-1], json.dumps(words, ensure_ascii=False)[1:-1]}
    wanted = re.compile("|".join(re.escape(form) for form in sorted(forms)), re.IGNORECASE)
    return [hit.start() for hit in islice(wanted.finditer(text), MOST_FOUND * 10)]


def _places_below(text: str, place: _Place, path: str) -> Iterator[_Place]:
    """The children with hits in them or in their keys."""
    left, before = 0, place.span.start
    for number, child in enumerate(children(text, place.span)):
        begin, end = left, skip(text, child.start)
        while left < len(place.hits) and place.hits[left] < end:
            left += 1
        hits = place.hits[begin:left]
        inside = [hit for hit in hits if hit >= child.start]
        if hits:
            at = f"{place.at}.{number}" if place.at else str(number)
            is_named = any(before <= hit < child.start for hit in hits)
            yield _Place(child, at, path, inside, is_named)
        if left == len(place.hits):
            return
        before = end
