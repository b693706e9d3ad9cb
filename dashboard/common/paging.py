"""Lists in pages: any page number in the address works, and the filters stay in the links."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from dashboard.common.keyset import rows_after, rows_before, turned

T = TypeVar("T")

PER_PAGE = 50

MOST_COUNTED = 1000
"""Of a long list so many are counted: nobody needs to know how many more than that there are."""

KNOWN_FOR = 60
"""Seconds for which a process remembers that a list is longer than that."""

FIRST_WITH_KEYS = 20
"""From this page on the links to the next and the page before name a row to go on from."""

MOST_PAGES = 1_000_000
"""A larger number of a page is taken for the last one."""

Ask = Callable[[int, bool], list[Any]]
"""Answers the rows of a page from a place on, in order or turned round."""
Named = Callable[[Sequence[int], int], list[Any]]
"""Of the rows with these keys, in order, those from a place on: a page, and one more."""


class Page(Generic[T]):
    """One page of a list, and what `_pager.html` says about it."""

    def __init__(
        self,
        items: Iterable[T],
        *,
        number: int,
        pages: int,
        start: int,
        total: int,
        query: QueryDict,
        is_more: bool = False,
        has_keys: bool = False,
    ) -> None:
        self.items = list(items)
        self.number = number
        self.pages = pages
        """How many there are; of a long list, how many are known to be there."""
        self.total = total
        self.is_more = is_more
        """Whether there are more than `total`."""
        self.first = start
        self.last = start + len(self.items) - 1 if self.items else 0
        self._query = query
        self._keys: dict[str, str] = {}
        if has_keys and self.items and number >= FIRST_WITH_KEYS:
            self._keys = {"before": _key_of(self.items[0]), "after": _key_of(self.items[-1])}

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def previous(self) -> str:
        """The query of the page before, or empty."""
        return self._link(self.number - 1, "before") if self.number > 1 else ""

    @cached_property
    def next(self) -> str:
        """The query of the page after, or empty."""
        return self._link(self.number + 1, "after") if self.number < self.pages else ""

    def _link(self, number: int, side: str) -> str:
        query = self._query.copy()
        for key in PLACES:
            query.pop(key, None)
        if number > 1:
            query["page"] = str(number)
            if self._keys:
                query[side] = self._keys[side]
        return f"?{query.urlencode()}"


PLACES = ("page", "after", "before")
"""What an address says about where in a list it is."""


def _key_of(item: Any) -> str:
    """A row's key: of a list of values it is the first."""
    return str(item[0] if isinstance(item, tuple) else item.pk)


def paged_long(
    request: HttpRequest,
    rows: QuerySet[Any] | Callable[[], QuerySet[Any]],
    *,
    each: Sequence[QuerySet[Any]] = (),
    every: QuerySet[Any] | None = None,
    named: Named | None = None,
    name: str = "",
) -> Page[Any]:
    """A page of a list that may be very long: no more than `MOST_COUNTED` of it are counted.

    `each`: the same rows as disjoint queries, where something was asked for. A few rows are then
    named when they are sorted: a database that walks an index in the order of the list would look
    at all others for them. `every`: the list in its order, before anything was asked for; `named`:
    the same as a prepared query, if there is one; `rows` may then be a function, since building
    them may not be needed.
    `name`, the same for the same list: that it is long is remembered for a minute.
    """
    key = _remembered_as("long-list", name)
    if key and cache.get(key) and (page := _deep_page(request, _built(rows))):
        return page
    if each:
        first, *others = (one.order_by().values_list("pk", flat=True) for one in each)
        some = first.union(*others, all=True) if others else first
        pks = list(some[: MOST_COUNTED + 1])
        total = len(pks)
        if total <= MOST_COUNTED and named is not None:
            return _named_page(request, pks, named)
        rows = _built(rows)
        if total <= MOST_COUNTED:
            rows = (rows if every is None else every).filter(pk__in=pks)
    else:
        rows = _built(rows)
        total = rows.order_by()[: MOST_COUNTED + 1].count()
    if total <= MOST_COUNTED:
        return paged(request, _Counted(rows, total), PER_PAGE)
    if key:
        cache.set(key, True, KNOWN_FOR)
    return _deep_page(request, rows) or paged(request, rows, PER_PAGE)


def _remembered_as(what: str, name: str) -> str:
    """The cache's key; empty where nothing is to be remembered."""
    return f"{what}:{hashlib.sha256(name.encode()).hexdigest()}" if name else ""


def _built(rows: QuerySet[Any] | Callable[[], QuerySet[Any]]) -> QuerySet[Any]:
    return rows if isinstance(rows, QuerySet) else rows()


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as prepared queries (`common.prepared`): building them takes longer than asking."""

    keys: Callable[[], Sequence[int]]
    """Of its rows, in no order: `MOST_COUNTED` and one more at most."""
    page: Callable[[int], list[Any]]
    """From so many rows on, in order: those of a page, and one more."""
    named: Named | None
    """Of the rows with these keys the same; None where nothing was asked for."""


def paged_prepared(request: HttpRequest, asked: Asked, *, name: str) -> Page[Any] | None:
    """The same as `paged_long`; None if the address names a row to go on from."""
    if any(query_number(request, side) for side in ("after", "before")):
        return None
    key = _remembered_as("long-list", name)
    if cache.get(key) and (page := _deep_page_of(request, asked.page)):
        return page
    keys = asked.keys()
    if len(keys) > MOST_COUNTED:
        cache.set(key, True, KNOWN_FOR)
        return _deep_page_of(request, asked.page)
    page_of = asked.page
    return _named_page(request, keys, asked.named or (lambda _, start: page_of(start)))


def _named_page(request: HttpRequest, keys: Sequence[int], named: Named) -> Page[Any]:
    """A page of the rows with these keys."""
    return _page_of(request, _Known(len(keys), lambda start: named(keys, start)), PER_PAGE)


def _deep_page_of(request: HttpRequest, rows: Callable[[int], list[Any]]) -> Page[Any] | None:
    number = _asked_number(request)
    if number > MOST_PAGES:
        return None
    return _deep(request, number, rows((number - 1) * PER_PAGE), has_keys=True)


def _deep_page(request: HttpRequest, rows: QuerySet[Any]) -> Page[Any] | None:
    """A page of a list that is long; None if there are no rows where it was asked for."""
    number = _asked_number(request)
    if number > MOST_PAGES:
        return None
    order = _order_of(rows)
    found = _beside(request, rows, order) if order else None
    if found is None:
        start = (number - 1) * PER_PAGE
        found = list(rows[start : start + PER_PAGE + 1])
    return _deep(request, number, found, has_keys=bool(order))


def _deep(
    request: HttpRequest, number: int, found: list[Any], *, has_keys: bool
) -> Page[Any] | None:
    if not found or (number == 1 and len(found) <= PER_PAGE):
        return None
    return Page(
        found[:PER_PAGE],
        number=number,
        pages=number + (len(found) > PER_PAGE),
        start=(number - 1) * PER_PAGE + 1,
        total=MOST_COUNTED,
        query=request.GET,
        is_more=True,
        has_keys=has_keys,
    )


def _order_of(rows: QuerySet[Any]) -> Sequence[Any]:
    """Its order, if that ends with the key and so says of any two rows which comes first."""
    order = rows.query.order_by
    return order if order and order[-1] in {"pk", "-pk"} else ()


def _beside(request: HttpRequest, rows: QuerySet[Any], order: Sequence[Any]) -> list[Any] | None:
    """The rows after or before the one that the address names, and one more to tell of a next page.

    None if it names none, or one that is not in the list: then the page's number counts.
    """
    if after := query_number(request, "after"):
        return rows_after(rows, order, after, PER_PAGE + 1)
    if before := query_number(request, "before"):
        found = rows_before(rows, order, before, PER_PAGE)
        is_whole = found is not None and len(found) == PER_PAGE
        return [*found, found[-1]] if found and is_whole else None
    return None


def _asked_number(request: HttpRequest) -> int:
    """1 for what is no number, and for what comes before the first page."""
    try:
        return max(1, int(request.GET.get("page", "1")))
    except ValueError:
        return 1


class _Known:
    """Rows of which it is known how many there are, a page at a time."""

    def __init__(self, total: int, rows: Callable[[int], list[Any]]) -> None:
        self._total, self._rows = total, rows

    def count(self) -> int:
        """For Django's paginator."""
        return self._total

    def __getitem__(self, part: slice) -> list[Any]:
        return self._rows(part.start)[: part.stop - part.start] if self._total else []


class _Counted:
    """Rows of which it is known how many there are.

    What stands in the second half is counted from the end, in an order turned round: the database
    passes over the fewer rows, and the last page costs what the first does. `ask`, if there is one,
    answers them in place of `rows`.
    """

    def __init__(self, rows: QuerySet[Any], total: int, ask: Ask | None = None) -> None:
        self._rows, self._total, self._ask = rows, total, ask

    def count(self) -> int:
        """For Django's paginator."""
        return self._total

    def __getitem__(self, part: slice) -> Sequence[Any] | QuerySet[Any]:
        if self._ask:
            return self._asked(self._ask, part.start, part.stop)
        order = _order_of(self._rows)
        if not order or part.start <= self._total // 2:
            return self._rows[part]
        rows = self._rows.order_by(*turned(order))
        return list(rows[self._total - part.stop : self._total - part.start])[::-1]

    def _asked(self, ask: Ask, start: int, stop: int) -> list[Any]:
        if start >= stop:
            return []
        if start <= self._total // 2:
            return ask(start, False)[: stop - start]
        return ask(self._total - stop, True)[: stop - start][::-1]


def paged(
    request: HttpRequest,
    items: Any,
    per_page: int = PER_PAGE,
    *,
    name: str = "",
    ask: Ask | None = None,
) -> Page[Any]:
    """The page that `?page=` asks for: the first for rubbish, the last for too large a number.

    `name`, the same for the same list: how long it is, if it is long, is remembered for a minute.
    `ask`, for pages of `PER_PAGE`: the same rows by a prepared query; `items` may then be a
    function that builds them, called where they are counted.
    """
    key = _remembered_as("counted-list", name)
    known = cache.get(key) if key else None
    if known and (page := _page_of(request, _Counted(items, known, ask), per_page)).items:
        return page
    if ask is not None:
        items = _built(items)
    if isinstance(items, QuerySet):
        items = _Counted(items, items.count(), ask)
    page = _page_of(request, items, per_page)
    if key and page.total > MOST_COUNTED:
        cache.set(key, page.total, KNOWN_FOR)
    return page


def _page_of(request: HttpRequest, items: Any, per_page: int) -> Page[Any]:
    paginator: Paginator[Any] = Paginator(items, per_page)
    page = paginator.get_page(_asked_number(request))
    return Page(
        page.object_list,
        number=page.number,
        pages=paginator.num_pages,
        start=page.start_index(),
        total=paginator.count,
        query=request.GET,
    )


def clean_address(request: HttpRequest) -> str:
    """The address of what is shown, without what an empty search field or choice put into it."""
    query = request.GET.copy()
    for key in [key for key, value in query.items() if not value]:
        del query[key]
    return f"{request.path}?{query.urlencode()}" if query else request.path


def query_number(request: HttpRequest, name: str) -> int:
    """A small number of the address; 0 for what is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
