"""The catalogue of connectors."""

from collections.abc import Iterator

from .calls import Calls, given
from .decoding import Listing, decode_list
from .errors import NotFoundError
from .models import Connector


class Library:
    """The catalogue of connectors, as one account sees it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def all(self) -> list[Connector]:
        """Every connector of the catalogue, over as many pages as there are."""
        return list(self.iterate())

    def iterate(self, query: str | None = None) -> Iterator[Connector]:
        """As `all`, page by page. `query`: only connectors whose name matches it [S]."""
        return self._calls.listing(
            "/connectors",
            decode=Connector.from_json,
            key=lambda found: found.id,
            query=given(query=query),
        )

    def readable(self, *, at_once: int = 1, patience: float = 0.0) -> Listing[Connector]:
        """As `all`, but an element that cannot be read is left out and counted; see `Accounts`."""
        return self._calls.readable(
            "/connectors",
            decode=Connector.from_json,
            key=lambda found: found.id,
            at_once=at_once,
            patience=patience,
        )

    def get(self, release_id: int) -> Connector:
        """One release, by its id [T]. NotFoundError if there is none."""
        return self._calls.answer(
            "GET", "/connectors/{id}", int(release_id), decode=Connector.from_json
        )

    def named(self, name: str, version: str | None = None) -> list[Connector]:
        """The connectors of this exact name, and version if given; empty if there are none [T].

        Names and versions are free text. A name of digits alone would be taken for an id [T],
        so those are searched for instead.
        """
        if version is None and is_like_an_id(name):
            return [found for found in self.iterate(query=name) if found.name == name]
        try:
            return self._calls.answer(
                "GET",
                *named_path(name, version),
                decode=lambda value: decode_list(value, Connector.from_json),
            )
        except NotFoundError:
            return []


def is_like_an_id(name: str) -> bool:
    """Whether a path with this name would be taken for one with an id [T]."""
    return name.strip().lstrip("+-").isdecimal()


def named_path(name: str, version: str | None, rest: str = "") -> tuple[str, ...]:
    """The path template of a connector by name, and version if given, and its values."""
    if version is None:
        return f"/connectors/{{name}}{rest}", name
    return f"/connectors/{{name}}/{{version}}{rest}", name, version
