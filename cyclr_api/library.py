"""The catalogue of connectors, and what each of them can do."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from .calls import Calls, Pages, given
from .decoding import Listing, Record, decode_one, decode_some
from .errors import NotFoundError
from .models import Connector, Method

Icons = Callable[[str], str]
"""Is handed a connector's icon as it came, and answers what the connector remembers of it.

An icon is a data URI of a picture [T], may be anything else, and is large: it is handed over once
and kept nowhere. Pages may be read by several threads.
"""


class Library:
    """The catalogue of connectors, as one account sees it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def all(
        self,
        query: str | None = None,
        category: str | None = None,
        *,
        include_custom: bool = False,
    ) -> list[Connector]:
        """Every connector of the catalogue, or those that match, over all pages.

        `query`: searches names [S]. `category`: one of a connector's `categories`, spelt
        exactly so [T]. `include_custom`: also the connectors made for this account [T].
        """
        return self._pages(query, category, include_custom).all()

    def iterate(
        self,
        query: str | None = None,
        category: str | None = None,
        *,
        include_custom: bool = False,
    ) -> Iterator[Connector]:
        """As `all`, page by page. What was delivered before an error is not the whole list."""
        return self._pages(query, category, include_custom).iterate()

    def readable(
        self,
        *,
        at_once: int = 1,
        max_wait: float = 0.0,
        query: str | None = None,
        category: str | None = None,
        include_custom: bool = False,
        icons: Icons | None = None,
    ) -> Listing[Connector]:
        """As `all`, but an element that cannot be read is left out and counted; see `Pages`."""
        return self._pages(query, category, include_custom, icons).readable(
            at_once=at_once, max_wait=max_wait
        )

    def get(self, release_id: int, *, icons: Icons | None = None) -> Connector:
        """One release, by its id [T]. NotFoundError if there is none."""
        return self._calls.answer(
            "GET",
            "/connectors/{id}",
            int(release_id),
            decode=lambda value: decode_one(value, _decoder(icons)),
        )

    def named(
        self, name: str, version: str | None = None, *, icons: Icons | None = None
    ) -> list[Connector]:
        """The connectors of this exact name, and version if given; empty if there are none [T].

        Names and versions are free text. A name of digits alone would be taken for an id [T],
        so those are searched for instead.
        """
        if version is None and is_like_an_id(name):
            every = self._pages(name, None, False, icons).iterate()
            return [found for found in every if found.name == name]
        try:
            return self._calls.answer(
                "GET",
                *named_path(name, version),
                decode=lambda value: decode_some(value, _decoder(icons)),
            )
        except NotFoundError:
            return []

    def methods(
        self, release_id: int, *, query: str | None = None, category: str | None = None
    ) -> list[Method]:
        """The methods of one release [T]; `query` and `category` narrow them down [D]."""
        return self._calls.elements(
            "/connectors/{id}/methods",
            int(release_id),
            decode=Method.from_json,
            query=given(query=query, category=category),
        )

    def methods_named(
        self,
        name: str,
        version: str | None = None,
        *,
        query: str | None = None,
        category: str | None = None,
    ) -> list[Method]:
        """The methods of the latest release of the connector of this name [D][T].

        NotFoundError if there is no such connector. Of those whose name is digits alone the
        one with the highest id counts as the latest.
        """
        if version is None and is_like_an_id(name):
            releases = [found.id for found in self.named(name)]
            if not releases:
                reason = "no connector has this name"
                raise NotFoundError("GET /connectors/{name}/methods", reason=reason)
            return self.methods(max(releases), query=query, category=category)
        return self._calls.elements(
            *named_path(name, version, "/methods"),
            decode=Method.from_json,
            query=given(query=query, category=category),
        )

    def method(self, method_id: int) -> Method:
        """One method of one release, by its id [T]. NotFoundError if there is none."""
        return self._calls.answer(
            "GET",
            "/methods/{id}",
            int(method_id),
            decode=lambda value: decode_one(value, Method.from_json),
        )

    def _pages(
        self,
        query: str | None,
        category: str | None,
        include_custom: bool,
        icons: Icons | None = None,
    ) -> Pages[Connector]:
        return Pages(
            self._calls,
            "/connectors",
            decode=_decoder(icons),
            key=lambda found: found.id,
            query=given(
                query=query,
                category=category,
                includeCustomConnectors="true" if include_custom else None,
            ),
        )


def _decoder(icons: Icons | None) -> Callable[[object], Connector]:
    """How a connector is made of what came, with its icon handed over if somebody wants it."""
    if icons is None:
        return Connector.from_json

    def decode(value: object) -> Connector:
        found = Connector.from_json(value)
        icon = Record(value, "connector").text("Icon")
        return replace(found, icon=icons(icon)) if icon else found

    return decode


def is_like_an_id(name: str) -> bool:
    """Whether a path with this name would be taken for one with an id [T]."""
    return name.strip().lstrip("+-").isdecimal()


def named_path(name: str, version: str | None, rest: str = "") -> tuple[str, ...]:
    """The path template of a connector by name, and version if given, and its values."""
    if version is None:
        return f"/connectors/{{name}}{rest}", name
    return f"/connectors/{{name}}/{{version}}{rest}", name, version
