"""How the parts of the client send: a call of one account or of none, decoded, paged.

Single calls go through `answer`, or `act` if their answer says nothing; lists through `Pages`,
or `elements` if it is not known whether Cyclr pages them.
"""

import time
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Generic, TypeVar

from .addresses import VERSION, checked_account_id, is_guid, path
from .answers import RawAnswer
from .auth import Authorized
from .decoding import Listing, decode_list, decode_readable, decode_some
from .errors import PagingError, TemporaryError, UnsendableError
from .paging import MOST_PAGES, PAGE_SIZE, Known, pages, readable
from .transport import Call, Effect, json_body

T = TypeVar("T")

SHORTEST_PAUSE = 0.1
"""Seconds between two tries of a call whose turn had not come."""

UNRESTRICTED = frozenset(
    {
        "/accounts",
        "/accounts/{id}/launch",
        "/accounts/{id}/marketplace",
        "/accounts/{id}/orbit",
        "/users",
        "/users/launch",
        "/users/marketplace",
        "/users/orbit",
    }
)
"""What a token that is restricted to one account cannot ask: it is about others too, or Cyclr
wants an unrestricted token for it [D]."""

Decoder = Callable[[object], T]


def ignore(_: object) -> None:
    """Decodes an answer whose content says nothing."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Sends the calls of one account (`account`: its API id), or those of the partner (None).

    UnsendableError for another account than the one the client is restricted to.
    """

    authorized: Authorized
    account: str | None = None

    def __post_init__(self) -> None:
        only = self.authorized.restricted_to
        if self.account is not None and only not in (None, self.account):
            raise UnsendableError("account", reason="this client is restricted to another account")

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
        through: int | None = None,
    ) -> T:
        """The decoded answer to one call.

        `values` fill the braces of `template`, each as one path segment: UnsendableError for
        one that no path can carry. `body`: sent as JSON. `concealed`: values sent in it that
        must not come back in an error's message. `may_be_empty`: an answer without a body is
        decoded as None instead of being unreadable. `through`: the installed connector whose
        third party answers, not Cyclr.
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
            through=through,
        )
        return self.authorized.answer(call, decode)

    def act(
        self,
        method: str,
        template: str,
        *values: object,
        effect: Effect = Effect.WRITE,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        concealed: Iterable[str] = (),
    ) -> None:
        """A write whose answer says nothing, with or without a body."""
        self.answer(
            method,
            template,
            *values,
            decode=ignore,
            effect=effect,
            query=query,
            body=body,
            concealed=concealed,
            may_be_empty=True,
        )

    def raw_answer(
        self,
        method: str,
        template: str,
        *values: object,
        effect: Effect,
        body: object,
        concealed: Iterable[str],
        through: int,
    ) -> RawAnswer:
        """What a third party answers to one call, byte for byte, if it is a success.

        An error has the answer as its `answer`, if there was any.
        """
        name = f"{method} {template}"
        call = self._call(
            method,
            template,
            values,
            effect=effect,
            body=json_body(name, body),
            concealed=tuple(text for text in concealed if text),
            through=through,
            is_raw=True,
        )
        return self.authorized.answer(call, _as_it_came)

    def elements(
        self,
        template: str,
        *values: object,
        decode: Decoder[T],
        query: Mapping[str, str] | None = None,
    ) -> list[T]:
        """Every element of a list call of which is not known whether Cyclr pages it [?].

        A page with nothing new ends the list: it is empty, or Cyclr ignores its number.
        """
        call = self._call("GET", template, values, query=query or {})
        found: list[T] = []
        seen: set[T] = set()
        for number in range(1, MOST_PAGES + 1):
            page = self.authorized.answer(
                _page(call, number), lambda value: decode_some(value, decode)
            )
            fresh = [element for element in page if element not in seen]
            if not fresh:
                return found
            found += fresh
            seen.update(fresh)
        raise PagingError(call.name, reason=f"more than {MOST_PAGES} pages")

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
        max_wait: float,
        expected: Collection[Hashable] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Listing[T]:
        """What can be read of a list call; see `Pages.readable` for `at_once` and what follows."""
        call = self._call("GET", template, values, query=query or {})

        def fetch(number: int) -> Listing[T]:
            give_up = time.monotonic() + max_wait
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

        known = None if expected is None else Known(self.authorized.page_sizes, expected)
        return readable(call.name, fetch, key, at_once=at_once, known=known)

    def _call(self, method: str, template: str, values: Iterable[object], **options: Any) -> Call:
        name, is_restricted = f"{method} {template}", self.authorized.restricted_to is not None
        if is_restricted and template in UNRESTRICTED:
            raise UnsendableError(name, reason="this client is restricted to one account")
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
            # A restricted token names its account itself [D].
            account = None if is_restricted else self.account
            return Call(method=method, template=template, path=full, account=account, **options)
        raise UnsendableError(name, reason=words)


@dataclass(frozen=True, slots=True)
class Pages(Generic[T]):
    """A list call with its filters, over all its pages. Nothing is sent before it is read."""

    calls: Calls
    template: str
    values: tuple[object, ...] = ()
    decode: Decoder[T] = field(kw_only=True)
    key: Callable[[T], Hashable] = field(kw_only=True)
    query: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    def all(self) -> list[T]:
        """Every element, over as many pages as there are; an error if one cannot be read."""
        return list(self.iterate())

    def iterate(self) -> Iterator[T]:
        """As `all`, page by page. What was delivered before an error is not the whole list."""
        return self.calls.listing(
            self.template, *self.values, decode=self.decode, key=self.key, query=self.query
        )

    def readable(
        self,
        *,
        at_once: int = 1,
        max_wait: float = 0.0,
        expected: Collection[Hashable] | None = None,
    ) -> Listing[T]:
        """As `all`, but an element that cannot be read is left out and counted, in `skipped`.

        `at_once`: pages fetched at a time. `max_wait`: seconds for which each page waits when
        the rate limit says not yet. `expected`: the ids of which the caller knows. With it, also
        if it is empty, a page ends the list if the host has served larger ones to such a call
        (`page_sizes`); not where one of these is missing. Without it, an empty page does.
        """
        return self.calls.readable(
            self.template,
            *self.values,
            decode=self.decode,
            key=self.key,
            at_once=at_once,
            max_wait=max_wait,
            expected=expected,
            query=self.query,
        )


def _as_it_came(value: object) -> RawAnswer:
    assert isinstance(value, RawAnswer)
    return value


def _page(call: Call, number: int) -> Call:
    """One page of a list call."""
    query = {
        "sortOrderAsc": "true",
        **call.query,
        "page": str(number),
        "pageSize": str(PAGE_SIZE),
    }
    return replace(call, query=query)


def sendable_account_id(call: str, account_id: str) -> str:
    """The id as it is. UnsendableError for one that no path or header can carry."""
    try:
        return checked_account_id(account_id)
    except ValueError as error:
        words = str(error)
    raise UnsendableError(call, reason=words)


def sendable_guid(call: str, text: str) -> str:
    """The id as it is. UnsendableError for one that is no GUID, which Cyclr refuses [T]."""
    if is_guid(text):
        return text
    raise UnsendableError(call, reason="the id is no GUID")


class Unset(Enum):
    """The type of `UNSET`, for an argument that leaves a field as it is: None is a value."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return self.name


UNSET = Unset.UNSET


def changed(**values: Any) -> dict[str, Any]:
    """The values that are not UNSET, by name: the body of a partial change."""
    return {name: value for name, value in values.items() if value is not UNSET}


def given(**values: Any) -> dict[str, Any]:
    """The values that are not None, by name: the query or body of a call with options."""
    return {name: value for name, value in values.items() if value is not None}
