"""A listing over all its pages, whole or not at all.

Cyclr's largest page is unknown [?], so a short page proves nothing by itself: it ends a list
only if the server has already served a longer one. Otherwise one more page is fetched, until
one is empty.
"""

from collections.abc import Callable, Hashable, Iterator
from typing import TypeVar

from .errors import PagingError

T = TypeVar("T")

PAGE_SIZE = 100
"""Elements asked for per page [T]."""

MOST_PAGES = 1000


def pages(call: str, fetch: Callable[[int], list[T]], key: Callable[[T], Hashable]) -> Iterator[T]:
    """Every element of every page, each `key` once: pages shift while they are read.

    `fetch` gets the page's number, from 1. PagingError for a page that came before (the server
    ignores `page`: what it has beyond can never be read) and beyond 1,000 pages.
    """
    longest = 0
    delivered: set[Hashable] = set()
    seen_pages: set[tuple[Hashable, ...]] = set()
    for number in range(1, MOST_PAGES + 1):
        elements = fetch(number)
        if not elements:
            return
        keys = tuple(key(element) for element in elements)
        if keys in seen_pages:
            raise PagingError(call, reason=f"page {number} repeats an earlier page")
        seen_pages.add(keys)
        for element, its_key in zip(elements, keys, strict=True):
            if its_key not in delivered:
                delivered.add(its_key)
                yield element
        if len(elements) < longest:
            return
        longest = max(longest, len(elements))
    raise PagingError(call, reason=f"more than {MOST_PAGES} pages")
