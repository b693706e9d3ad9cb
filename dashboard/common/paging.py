"""Lists in pages: any page number in the address works, and the filters stay in the links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

T = TypeVar("T")

PER_PAGE = 50

MOST_COUNTED = 1000
"""Of a long list so many are counted: nobody needs to know how many more than that there are."""

MOST_PAGES = 1_000_000
"""A larger number of a page is taken for the last one."""


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

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def previous(self) -> str:
        """The query of the page before, or empty."""
        return self._link(self.number - 1) if self.number > 1 else ""

    @property
    def next(self) -> str:
        """The query of the page after, or empty."""
        return self._link(self.number + 1) if self.number < self.pages else ""

    def _link(self, number: int) -> str:
        query = self._query.copy()
        query.pop("page", None)
        if number > 1:
            query["page"] = str(number)
        return f"?{query.urlencode()}"


def paged_long(
    request: HttpRequest, rows: QuerySet[Any], *, each: Sequence[QuerySet[Any]] = ()
) -> Page[Any]:
    """A page of a list that may be very long: no more than `MOST_COUNTED` of it are counted.

    `each`: the same rows as disjoint queries, where something was asked for. A few rows are then
    named when they are sorted: a database that walks an index in the order of the list would look
    at all others for them.
    """
    if each:
        first, *others = (one.order_by().values_list("pk", flat=True) for one in each)
        some = first.union(*others, all=True) if others else first
        pks = list(some[: MOST_COUNTED + 1])
        total, rows = len(pks), rows.filter(pk__in=pks) if len(pks) <= MOST_COUNTED else rows
    else:
        total = rows.order_by()[: MOST_COUNTED + 1].count()
    if total <= MOST_COUNTED:
        return paged(request, _Counted(rows, total), PER_PAGE)
    number = _asked_number(request)
    start = (number - 1) * PER_PAGE
    found = list(rows[start : start + PER_PAGE + 1]) if 0 < number <= MOST_PAGES else []
    if not found:
        return paged(request, rows, PER_PAGE)
    return Page(
        found[:PER_PAGE],
        number=number,
        pages=number + (len(found) > PER_PAGE),
        start=start + 1,
        total=MOST_COUNTED,
        query=request.GET,
        is_more=True,
    )


def _asked_number(request: HttpRequest) -> int:
    """As Django's paginator reads it: 1 for what is no number."""
    try:
        return int(request.GET.get("page", "1"))
    except ValueError:
        return 1


class _Counted:
    """Rows of which it is known how many there are."""

    def __init__(self, rows: QuerySet[Any], total: int) -> None:
        self._rows, self._total = rows, total

    def count(self) -> int:
        """For Django's paginator."""
        return self._total

    def __getitem__(self, part: slice) -> QuerySet[Any]:
        return self._rows[part]


def paged(request: HttpRequest, items: Any, per_page: int = PER_PAGE) -> Page[Any]:
    """The page that `?page=` asks for: the first for rubbish, the last for too large a number."""
    paginator: Paginator[Any] = Paginator(items, per_page)
    page = paginator.get_page(request.GET.get("page"))
    return Page(
        page,
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
