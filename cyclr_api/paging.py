"""A listing over all its pages, whole or not at all.

Cyclr's largest page is unknown [?], so a short page proves nothing by itself: it ends a list
only if the server has already served a longer one, in this list or (`Known`) in one before.
Otherwise one more page is fetched, until one is empty.
"""

from collections import deque
from collections.abc import Callable, Collection, Generator, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol, TypeVar

from .decoding import Listing
from .errors import PagingError, UnexpectedAnswerError

T = TypeVar("T")

PAGE_SIZE = 100
"""Elements asked for per page [T]."""

MOST_PAGES = 1000


class Sizes(Protocol):
    """What is known of the sizes of a host's pages (`page_sizes.PageSizes`)."""

    def is_last(self, call: str, size: int) -> bool:
        """Whether a page of `size` elements is taken for the last one."""

    def followed(self, call: str, size: int, *, by_more: bool) -> None:
        """Whether more elements came behind a page of `size` elements, or an empty page."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before a list is read: the sizes of such pages, and what must be in it."""

    sizes: Sizes
    expected: Collection[Hashable]
    """Keys without which the list is not believed to end with a short page."""


def pages(call: str, fetch: Callable[[int], list[T]], key: Callable[[T], Hashable]) -> Iterator[T]:
    """Every element of every page, each `key` once: pages shift while they are read.

    `fetch` gets the page's number, from 1. PagingError for a page that came before (the server
    ignores `page`: what it has beyond can never be read) and beyond 1,000 pages.
    """
    for page in _new_of_each(call, lambda number: Listing(fetch(number)), key, at_once=1):
        yield from page


def readable(
    call: str,
    fetch: Callable[[int], Listing[T]],
    key: Callable[[T], Hashable],
    *,
    at_once: int,
    known: Known | None = None,
) -> Listing[T]:
    """The same as one list that says how many elements its pages left out.

    From the third page on up to `at_once` are fetched at a time, a few beyond the last one.
    `known` may save the empty page at the end.
    UnexpectedAnswerError if there are elements and none of them can be read.
    """
    found: Listing[T] = Listing()
    for page in _new_of_each(call, fetch, key, at_once, known):
        found += page
        found.skipped += page.skipped
        if not found and found.skipped > PAGE_SIZE:
            break  # page after page of nothing that can be read
    if found.skipped and not found:
        raise UnexpectedAnswerError(call, reason="none of its elements can be read")
    return found


def _new_of_each(
    call: str,
    fetch: Callable[[int], Listing[T]],
    key: Callable[[T], Hashable],
    at_once: int,
    known: Known | None = None,
) -> Iterator[Listing[T]]:
    """Of each page the elements that no earlier one had."""
    longest = before = 0
    delivered: set[Hashable] = set()
    seen_pages: set[tuple[Hashable, ...]] = set()
    with closing(_fetched(fetch, at_once)) as fetched:
        for number, elements in fetched:
            size = len(elements) + elements.skipped
            if known and before:
                known.sizes.followed(call, before, by_more=bool(size))
            if not size:
                return
            keys = tuple(key(element) for element in elements)
            if keys and keys in seen_pages:
                raise PagingError(call, reason=f"page {number} repeats an earlier page")
            seen_pages.add(keys)
            fresh: Listing[T] = Listing()
            fresh.skipped = elements.skipped
            for element, its_key in zip(elements, keys, strict=True):
                if its_key not in delivered:
                    delivered.add(its_key)
                    fresh.append(element)
            yield fresh
            if size < longest or (known and _is_known_to_end(call, size, known, delivered)):
                return
            longest, before = max(longest, size), size
    raise PagingError(call, reason=f"more than {MOST_PAGES} pages")


def _is_known_to_end(call: str, size: int, known: Known, delivered: set[Hashable]) -> bool:
    """Whether such pages end lists, and nothing is missing that was there."""
    return known.sizes.is_last(call, size) and delivered.issuperset(known.expected)


def _fetched(
    fetch: Callable[[int], Listing[T]], at_once: int
) -> Generator[tuple[int, Listing[T]], None, None]:
    """The pages in order with their numbers; the third and later ones several at once."""
    if at_once <= 1:
        for number in range(1, MOST_PAGES + 1):
            yield number, fetch(number)
        return
    pool = ThreadPoolExecutor(at_once)
    under_way: deque[Future[Listing[T]]] = deque()
    asked, ahead = 0, 1
    try:
        for number in range(1, MOST_PAGES + 1):
            while len(under_way) < ahead and asked < MOST_PAGES:
                asked += 1
                under_way.append(pool.submit(fetch, asked))
            yield number, under_way.popleft().result()
            if number >= 2:
                ahead = min(at_once, 2 * ahead)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
