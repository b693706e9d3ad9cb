"""What is known of a host's pages saves the empty one at the end, and never an element."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api import Listing, PageSize, PageSizes
from cyclr_api.page_sizes import BELIEVED, CHECKED
from cyclr_api.paging import Known, readable

CALL = "GET /things"


class Host:
    """A host that serves at most `cap` elements a page and counts the pages."""

    def __init__(self, cap: int = 100) -> None:
        self.cap, self.pages = cap, 0
        self.sizes = PageSizes()

    def read(self, total: int, expected: Collection[int] = (), *, at_once: int = 1) -> list[int]:
        """The listing of 1…total."""

        def fetch(page: int) -> Listing[int]:
            self.pages += 1
            return Listing(range(1, total + 1)[(page - 1) * self.cap : page * self.cap])

        known = Known(self.sizes, expected)
        return readable(CALL, fetch, lambda number: number, at_once=at_once, known=known)

    def counted(self, total: int, expected: Collection[int] = ()) -> int:
        """Pages that one more listing costs; it must be whole."""
        before = self.pages
        assert self.read(total, expected) == list(range(1, total + 1))
        return self.pages - before


def test_a_page_that_is_shorter_than_one_served_before_ends_a_list() -> None:
    host = Host()
    host.read(7)

    assert [host.counted(total) for total in (3, 6, 7, 8, 7)] == [1, 1, 2, 2, 1]
    assert host.counted(0) == 1


def test_where_all_lists_are_as_long_the_page_behind_is_soon_left_out() -> None:
    host = Host()
    costs = [host.counted(6) for _ in range(BELIEVED + CHECKED + 1)]

    assert costs[:BELIEVED] == [2] * BELIEVED
    assert sum(costs[BELIEVED:]) == len(costs[BELIEVED:]) + 1
    """One of `CHECKED` is looked behind."""


def test_a_full_page_is_always_looked_behind() -> None:
    host = Host(cap=50)
    for total in [50] * 5 + [51]:
        host.counted(total)

    assert host.sizes.get(CALL) == PageSize(50, is_full=True)
    assert {host.counted(50) for _ in range(BELIEVED + 5)} == {2}
    assert host.counted(120) == 3


def test_a_page_as_large_as_was_asked_for_is_a_full_one() -> None:
    host = Host(cap=100)

    assert {host.counted(100) for _ in range(BELIEVED + 5)} == {2}


def test_a_size_that_was_believed_by_mistake_mends_itself() -> None:
    host = Host(cap=50)
    for _ in range(BELIEVED):
        host.read(50)
    cut = 0
    while len(host.read(80)) < 80:
        cut += 1

    assert cut < CHECKED
    assert host.counted(80) == 2


def test_what_is_expected_and_missing_is_looked_for_behind_a_short_page() -> None:
    host = Host(cap=100)
    host.read(150)
    host.cap = 40  # the host serves smaller pages than it did

    assert host.read(60) == list(range(1, 41))  # nobody can know
    assert host.counted(60, expected=range(1, 61)) == 2
    assert host.sizes.get(CALL) == PageSize(40, is_full=True)
    assert host.counted(60) == 2


def test_one_that_is_gone_costs_one_page_more() -> None:
    host = Host()
    host.read(9)

    assert host.counted(5, expected=[4, 99]) == 2


def test_kinds_of_listings_are_told_apart() -> None:
    sizes = PageSizes()
    sizes.is_last("GET /accounts", 100)

    assert not sizes.is_last(CALL, 6)
    assert sizes.is_last("GET /accounts", 6)


@pytest.mark.parametrize("at_once", [1, 4])
@given(cap=st.integers(1, 120), totals=st.lists(st.integers(0, 300), min_size=1, max_size=30))
def test_with_what_is_there_expected_nothing_is_ever_cut(
    at_once: int, cap: int, totals: list[int]
) -> None:
    host = Host(cap)
    for total in totals:
        everything = range(1, total + 1)
        assert host.read(total, everything, at_once=at_once) == list(everything)


def test_a_shared_store_is_told_what_matters() -> None:
    told: list[PageSize] = []

    class Shared(PageSizes):
        def put(self, call: str, known: PageSize) -> None:
            super().put(call, known)
            told.append(known)

    host = Host()
    host.sizes = Shared()
    for total in [3, *[6] * (BELIEVED + 30)]:
        host.read(total)

    assert told == [PageSize(3), PageSize(6), PageSize(6, ended=BELIEVED)]


def test_without_expectations_a_short_page_ends_nothing(client_pages: Callable[[], int]) -> None:
    assert [client_pages(), client_pages()] == [2, 2]


@pytest.fixture
def client_pages() -> Callable[[], int]:
    """Pages that a listing without `known` costs."""

    def count() -> int:
        asked: list[int] = []

        def fetch(page: int) -> Listing[int]:
            asked.append(page)
            return Listing([1, 2] if page == 1 else [])

        readable(CALL, fetch, lambda number: number, at_once=1)
        return len(asked)

    return count
