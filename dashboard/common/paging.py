"""Lists in pages: any page number in the address works, and the filters stay in the links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from django.core.paginator import Paginator
from django.http import HttpRequest, QueryDict

T = TypeVar("T")

PER_PAGE = 50


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
    ) -> None:
        self.items = list(items)
        self.number = number
        self.pages = pages
        self.total = total
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
