"""Every address of the dashboard, read from the URL conf: what it takes, and whom it lets in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from dashboard.people.access import Access, decision_on

CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Address:
    """One entry of the URL conf. `keys`: each part of it that is filled in, with what is before."""

    name: str
    route: str
    methods: frozenset[str]
    access: Access | None
    view: Callable[..., Any]

    @property
    def keys(self) -> dict[str, str]:
        """By the name of each key: the route up to it, which tells of what kind it is."""
        return {one[1]: self.route[: one.end()] for one in CONVERTER.finditer(self.route)}

    @property
    def reads(self) -> bool:
        """Whether it answers GET."""
        return "GET" in self.methods

    @property
    def posts(self) -> bool:
        """Whether it takes POST."""
        return "POST" in self.methods

    @property
    def is_of_staff(self) -> bool:
        """Whether a role is asked for."""
        return self.access is not None and self.access.at_least is not None


def _methods(view: Any) -> frozenset[str]:
    """What the decorators around a view let pass; empty if none of them says."""
    if named := getattr(view, "methods", None):
        return frozenset(named)
    found: list[frozenset[str]] = []
    seen: set[int] = set()
    while view is not None and id(view) not in seen:
        seen.add(id(view))
        cells = getattr(view, "__closure__", None) or ()
        names = getattr(getattr(view, "__code__", None), "co_freevars", ())
        for name, cell in zip(names, cells, strict=True):
            if name == "request_method_list":
                found.append(frozenset(cell.cell_contents))
        view = getattr(view, "__wrapped__", None)
    return frozenset.intersection(*found) if found else frozenset()


def _walk(patterns: list[Any], before: str = "") -> Iterator[Address]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            view = pattern.callback
            name = pattern.name or route
            yield Address(name, route, _methods(view), decision_on(view), view)


@cache
def every_address() -> tuple[Address, ...]:
    """All of the dashboard's, in the order of the URL conf; one view under two names is one."""
    found = {
        one.route: one for one in reversed(list(_walk(get_resolver("dashboard.urls").url_patterns)))
    }
    return tuple(reversed(found.values()))


def named(name: str) -> Address:
    """The one of this name."""
    return next(one for one in every_address() if one.name == name)
