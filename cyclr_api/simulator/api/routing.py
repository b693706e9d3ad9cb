"""The table that leads from a request to its view, and what lists have in common."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cyclr_api.simulator.http import Reply, Request
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import JSON, encode_list

Level = Literal["partner", "account", "console"]
"""Whose calls: an account's, the partner's, or the partner's with a token that is not narrowed."""

View = Callable[[CyclrState, Request], Reply]


@dataclass(frozen=True)
class Route:
    method: str
    segments: tuple[str, ...]
    level: Level
    view: View

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """The path parameters, or None. `{id:int}` takes digits only."""
        if len(segments) != len(self.segments):
            return None
        params: dict[str, str] = {}
        for wanted, given in zip(self.segments, segments, strict=True):
            if not wanted.startswith("{"):
                if wanted != given.casefold():
                    return None
                continue
            name, _, kind = wanted[1:-1].partition(":")
            if not given or (kind == "int" and not (given.isascii() and given.isdigit())):
                return None
            params[name] = given
        return params


class Routes:
    """A module's part of the API. The first route that matches wins."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(self, method: str, path: str, *, level: Level) -> Callable[[View], View]:
        def keep(view: View) -> View:
            self.all.append(Route(method, tuple(path.strip("/").split("/")), level, view))
            return view

        return keep


def page_of(
    state: CyclrState,
    request: Request,
    rows: Sequence[Any],
    *,
    field_of: Callable[[Any, str], Any],
    encoded: Callable[[Any], bytes],
) -> Reply:
    """One page of a list, ordered as asked. Sim: Total-Pages; what makes no sense is ignored."""
    query = request.query
    order = query.get("orderby", "")
    descending = query.get("sortorderasc", "true").casefold() == "false"
    if order:
        rows = sorted(rows, key=lambda row: _sortable(field_of(row, order)))
    if descending:
        rows = list(reversed(rows))
    size = min(_positive(query.get("pagesize"), state.default_page_size), state.max_page_size)
    page = _positive(query.get("page"), 1)
    reply = Reply.encoded(encode_list(_encoded(rows[(page - 1) * size : page * size], encoded)))
    reply.headers["Total-Pages"] = str(-(-len(rows) // size))
    return reply


def _encoded(rows: Iterable[Any], encoded: Callable[[Any], bytes]) -> Iterable[bytes]:
    return (encoded(row) for row in rows)


def _positive(text: str | None, otherwise: int) -> int:
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 10):
        return otherwise
    return int(text) or otherwise


def _sortable(value: Any) -> tuple[int, Any]:
    """Numbers before text before nothing."""
    if isinstance(value, int | float):
        return (0, value)
    if isinstance(value, str):
        return (1, value.casefold())
    return (2, "")


def document_field(document: JSON, name: str) -> Any:
    """A document's value whatever the case of its key."""
    for key, value in document.items():
        if key.casefold() == name.casefold():
            return value
    return None
