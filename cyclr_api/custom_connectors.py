"""Connectors that are made for one account, from a definition."""

from collections.abc import Iterator, Mapping

from .calls import Calls
from .decoding import decode_one, looks_secret
from .models import CustomConnector
from .secret import texts_in
from .transport import Effect


class CustomConnectors:
    """The custom connectors of one account [T]."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def all(self) -> list[CustomConnector]:
        """Every custom connector."""
        return self._calls.elements("/account/connectors/custom", decode=CustomConnector.from_json)

    def get(self, custom_connector_id: int | str) -> CustomConnector:
        """One of them. NotFoundError if it is gone; that it can be asked for alone is [?]."""
        return self._calls.answer(
            "GET",
            "/account/connectors/custom/{id}",
            custom_connector_id,
            decode=lambda value: decode_one(value, CustomConnector.from_json),
        )

    def create(self, definition: Mapping[str, object]) -> CustomConnector:
        """Make a connector of a definition: Cyclr's JSON form of it, parsed [T].

        It needs `Name` and `UniqueIdentifier`, a GUID; RefusedError for one that Cyclr cannot
        read [T]. Not idempotent.
        """
        return self._calls.answer(
            "POST",
            "/account/connectors/custom",
            decode=lambda value: decode_one(value, CustomConnector.from_json),
            effect=Effect.WRITE,
            body=dict(definition),
            concealed=_secrets_in(definition),
        )

    def delete(self, custom_connector_id: int | str) -> None:
        """Remove one [T]. What becomes of those installed from it is unknown [?]."""
        self._calls.act("DELETE", "/account/connectors/custom/{id}", custom_connector_id)


def _secrets_in(value: object) -> Iterator[str]:
    """The texts that stand under names that speak of secrets, at any depth."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from texts_in(inner) if looks_secret(str(name)) else _secrets_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets_in(inner)
