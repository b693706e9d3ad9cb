"""How the parts of the client send: a call of one account or of none, decoded, paged."""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .addresses import VERSION, path
from .auth import Authorized
from .decoding import Listing, decode_list, decode_readable
from .errors import TemporaryError, UnsendableError
from .paging import PAGE_SIZE, pages, readable
from .transport import Call, Effect, json_body

T = TypeVar("T")

SHORTEST_PAUSE = 0.1
"""Seconds between two tries of a call whose turn had not come."""

Decoder = Callable[[object], T]


def ignore(_: object) -> None:
    """Decodes an answer whose content says nothing."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Sends the calls of one account (`account`: its API id), or those of the partner (None)."""

    authorized: Authorized
    account: str | None = None

    def answer(
        self,
        method: str,
        template: str,
        *values: object,
        decode: Decoder[T],
        effect: Effect = Effect.READ,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        concealed: Iterable[str] = (),
        may_be_empty: bool = False,
    ) -> T:
        """The decoded answer to one call.

        `values` fill the braces of `template`, each as one path segment: UnsendableError for
        one that no path can carry. `body`: sent as JSON. `concealed`: values sent in it that
        must not come back in an error's message. `may_be_empty`: an answer without a body is
        decoded as None instead of being unreadable.
        """
        name = f"{method} {template}"
        call = self._call(
            method,
            template,
            values,
            effect=effect,
            query=query or {},
            body=None if body is None else json_body(name, body),
            concealed=tuple(text for text in concealed if text),
            may_be_empty=may_be_empty,
        )
        return self.authorized.answer(call, decode)

    def act(self, method: str, template: str, *values: object, **options: Any) -> None:
        """A write whose answer says nothing, with or without a body."""
        options.setdefault("effect", Effect.WRITE)
        self.answer(method, template, *values, decode=ignore, may_be_empty=True, **options)

    def listing(
        self,
        template: str,
        *values: object,
        decode: Decoder[T],
        key: Callable[[T], Hashable],
        query: Mapping[str, str] | None = None,
    ) -> Iterator[T]:
        """Every element of a list call, page by page, each `key` once."""
        call = self._call("GET", template, values, query=query or {})
        decode_page: Decoder[list[T]] = lambda value: decode_list(value, decode)  # noqa: E731
        fetch: Callable[[int], list[T]] = lambda number: self.authorized.answer(  # noqa: E731
            _page(call, number), decode_page
        )
        return pages(call.name, fetch, key)

    def readable(
        self,
        template: str,
        *values: object,
        decode: Decoder[T],
        key: Callable[[T], Hashable],
        at_once: int,
        patience: float,
        query: Mapping[str, str] | None = None,
    ) -> Listing[T]:
        """What can be read of a list call; see `Accounts.readable` for the last two."""
        call = self._call("GET", template, values, query=query or {})

        def fetch(number: int) -> Listing[T]:
            give_up = time.monotonic() + patience
            while True:
                try:
                    return self.authorized.answer(
                        _page(call, number), lambda value: decode_readable(value, decode)
                    )
                except TemporaryError as error:
                    if error.retry_after is None:
                        raise
                    pause = max(error.retry_after, SHORTEST_PAUSE)
                    if time.monotonic() + pause > give_up:
                        raise
                time.sleep(pause)

        return readable(call.name, fetch, key, at_once=at_once)

    def _call(self, method: str, template: str, values: Iterable[object], **options: Any) -> Call:
        remaining = iter(values)
        parts = [
            next(remaining) if part.startswith("{") else part
            for part in template.strip("/").split("/")
        ]
        try:
            full = path(VERSION, *parts)
        except ValueError as error:
            words = str(error)
        else:
            account = self._header(f"{method} {template}")
            return Call(method=method, template=template, path=full, account=account, **options)
        raise UnsendableError(f"{method} {template}", reason=words)

    def _header(self, call: str) -> str | None:
        """The account that the header names; a restricted token goes without it [D]."""
        only = self.authorized.restricted_to
        if self.account is None or only is None:
            return self.account
        if self.account != only:
            raise UnsendableError(call, reason="this client is restricted to another account")
        return None


def _page(call: Call, number: int) -> Call:
    """One page of a list call."""
    query = {
        "sortOrderAsc": "true",
        **call.query,
        "page": str(number),
        "pageSize": str(PAGE_SIZE),
    }
    return Call(
        method=call.method,
        template=call.template,
        path=call.path,
        account=call.account,
        query=query,
    )


def given(**values: Any) -> dict[str, Any]:
    """The values that are not None, by name: the query or body of a call with options."""
    return {name: value for name, value in values.items() if value is not None}
