"""Listings: whole or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api import Listing, PagingError, UnexpectedAnswerError
from cyclr_api.paging import MOST_PAGES, pages, readable
from tests.support.waiting import CEILING, wait_until


def listing(fetch: Callable[[int], list[int]]) -> list[int]:
    return list(pages("GET /things", fetch, lambda number: number))


def server(total: int, cap: int, asked: list[int] | None = None) -> Callable[[int], list[int]]:
    """A server that gives at most `cap` of 1…total per page."""

    def fetch(page: int) -> list[int]:
        if asked is not None:
            asked.append(page)
        everything = list(range(1, total + 1))
        return everything[(page - 1) * cap : page * cap]

    return fetch


@given(total=st.integers(0, 300), cap=st.integers(1, 120))
def test_every_element_comes_once_whatever_the_server_caps(total: int, cap: int) -> None:
    assert listing(server(total, cap)) == list(range(1, total + 1))


@pytest.mark.parametrize(
    ("total", "cap", "asked"),
    [(0, 100, 1), (3, 100, 2), (100, 100, 2), (150, 100, 2), (150, 50, 4), (1, 1, 2)],
)
def test_no_more_pages_are_fetched_than_needed(total: int, cap: int, asked: int) -> None:
    numbers: list[int] = []
    listing(server(total, cap, numbers))

    assert numbers == list(range(1, asked + 1))


@pytest.mark.parametrize("size", [1, 3, 100, 250])
def test_a_server_that_ignores_the_page_is_an_error_at_once(size: int) -> None:
    numbers: list[int] = []

    def fetch(page: int) -> list[int]:
        numbers.append(page)
        return list(range(size))

    with pytest.raises(PagingError, match="page 2 repeats"):
        listing(fetch)
    assert numbers == [1, 2]


def test_pages_in_turns_are_an_error() -> None:
    with pytest.raises(PagingError, match="page 3 repeats"):
        listing(lambda page: [1, 2] if page % 2 else [3, 4])


def test_elements_that_moved_to_the_next_page_come_once() -> None:
    answers = {1: [1, 2, 3], 2: [3, 4, 5], 3: [5, 6], 4: [7]}

    assert listing(lambda page: answers[page]) == [1, 2, 3, 4, 5, 6]


def test_a_page_of_known_elements_alone_does_not_end_a_listing() -> None:
    answers = {1: [1, 2, 3], 2: [2, 1, 3], 3: [4, 5]}

    assert listing(lambda page: answers[page]) == [1, 2, 3, 4, 5]


def test_doubles_within_a_page_come_once() -> None:
    answers: dict[int, list[int]] = {1: [1, 1, 2], 2: []}

    assert listing(lambda page: answers[page]) == [1, 2]


def test_a_listing_without_an_end_is_cut_with_an_error() -> None:
    numbers: list[int] = []

    def fetch(page: int) -> list[int]:
        numbers.append(page)
        return [page]

    with pytest.raises(PagingError, match="more than"):
        listing(fetch)
    assert len(numbers) == MOST_PAGES


def test_an_error_on_the_way_is_no_end() -> None:
    def fetch(page: int) -> list[int]:
        if page == 2:
            raise RuntimeError
        return [1, 2]

    delivered = []
    with pytest.raises(RuntimeError):
        for number in pages("GET /things", fetch, lambda number: number):
            delivered.append(number)
    assert delivered == [1, 2]


# ---- what can be read of a listing, several pages at once ----


def read(fetch: Callable[[int], list[int | None]], at_once: int = 8) -> Listing[int]:
    """Through `readable`, in which None stands for an element that cannot be read."""

    def page(number: int) -> Listing[int]:
        elements = fetch(number)
        found = Listing(element for element in elements if element is not None)
        found.skipped = elements.count(None)
        return found

    return readable("GET /things", page, lambda number: number, at_once=at_once)


@given(total=st.integers(0, 300), cap=st.integers(1, 120), at_once=st.integers(1, 9))
def test_pages_fetched_at_once_are_the_same_listing(total: int, cap: int, at_once: int) -> None:
    fetch = server(total, cap)

    assert read(lambda page: [*fetch(page)], at_once) == list(range(1, total + 1))


def test_many_pages_are_under_way_together_and_few_pages_are_not_overshot() -> None:
    asked: list[int] = []
    fetch = server(150, 100, asked)
    read(lambda page: [*fetch(page)])
    assert asked == [1, 2]
    together, most, lock = 0, 0, threading.Lock()
    fetch = server(2050, 100)

    def slow(page: int) -> list[int | None]:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        time.sleep(0.005)
        with lock:
            together -= 1
        return [*fetch(page)]

    assert len(read(slow)) == 2050
    assert 4 <= most <= 8


def test_unreadable_elements_are_counted_and_shorten_no_listing() -> None:
    answers: dict[int, list[int | None]] = {1: [1, 2, 3], 2: [None, 4, None], 3: [5, 6, 7], 4: [8]}
    found = read(lambda page: answers.get(page, []))

    assert found == [1, 2, 3, 4, 5, 6, 7, 8]
    assert found.skipped == 2


def test_a_page_of_nothing_readable_does_not_end_a_listing() -> None:
    answers: dict[int, list[int | None]] = {1: [None, None], 2: [None, None], 3: [1, 2]}

    assert read(lambda page: answers.get(page, [])) == [1, 2]


def test_a_listing_of_nothing_readable_is_an_error() -> None:
    asked: list[int] = []

    def fetch(page: int) -> list[int | None]:
        asked.append(page)
        return [None] * 100

    with pytest.raises(UnexpectedAnswerError, match="none of its elements"):
        read(fetch, 1)
    assert len(asked) == 2


def test_an_error_among_pages_at_once_is_no_end() -> None:
    fetch = server(2000, 100)

    def broken(page: int) -> list[int | None]:
        if page == 9:
            raise RuntimeError
        return [*fetch(page)]

    with pytest.raises(RuntimeError):
        read(broken)


def test_errors_of_a_listing_name_its_call() -> None:
    with pytest.raises(PagingError) as repeated:
        listing(lambda page: [1])
    with pytest.raises(PagingError) as repeated_at_once:
        read(lambda page: [1])
    with pytest.raises(PagingError) as endless:
        listing(lambda page: [page])
    with pytest.raises(UnexpectedAnswerError) as unreadable:
        read(lambda page: [None] if page == 1 else [])

    caught = (repeated, repeated_at_once, endless, unreadable)
    assert [str(each.value) for each in caught] == [
        "GET /things: page 2 repeats an earlier page",
        "GET /things: page 2 repeats an earlier page",
        f"GET /things: more than {MOST_PAGES} pages",
        "GET /things: none of its elements can be read",
    ]


@pytest.mark.parametrize("at_once", [1, 2, 8])
def test_a_listing_without_an_end_is_cut_whoever_fetches_it(at_once: int) -> None:
    numbers: list[int] = []

    def fetch(page: int) -> list[int | None]:
        numbers.append(page)
        return [page]

    with pytest.raises(PagingError, match="more than"):
        read(fetch, at_once)
    assert sorted(numbers) == list(range(1, MOST_PAGES + 1))


def test_the_longest_listing_there_may_be_is_read() -> None:
    assert len(read(lambda page: [page] if page < MOST_PAGES else [])) == MOST_PAGES - 1


@pytest.mark.parametrize(
    ("total", "at_once", "asked"),
    [(0, 8, 1), (150, 8, 2), (250, 8, 4), (250, 2, 4), (250, 1, 3)],
)
def test_the_number_of_pages_under_way_doubles_from_the_third_on(
    total: int, at_once: int, asked: int
) -> None:
    numbers: list[int] = []
    fetch = server(total, 100, numbers)

    def page_three_waits(page: int) -> list[int | None]:
        rows: list[int | None] = [*fetch(page)]
        if page == 3 and asked == 4:
            wait_until(lambda: 4 in numbers, "for the page beside it")
        return rows

    read(page_three_waits, at_once)

    assert sorted(numbers) == list(range(1, asked + 1))


def test_an_error_does_not_wait_for_pages_that_nobody_needs_any_more() -> None:
    begun: list[int] = []
    nobody_waits = threading.Event()

    def fetch(page: int) -> list[int | None]:
        begun.append(page)
        if page == 4:
            raise RuntimeError
        if page > 4:
            nobody_waits.wait(CEILING)
        return [page]

    started = time.monotonic()
    with pytest.raises(RuntimeError):
        read(fetch, 2)
    assert time.monotonic() - started < CEILING
    nobody_waits.set()
    assert max(begun) <= 6


def test_an_empty_page_ends_a_listing_of_single_elements() -> None:
    assert listing(lambda page: [page] if page < 4 else []) == [1, 2, 3]


def test_one_page_at_a_time_is_fetched_by_the_thread_that_asks() -> None:
    threads: set[threading.Thread] = set()

    def fetch(page: int) -> list[int]:
        threads.add(threading.current_thread())
        return [page] if page < 9 else []

    assert listing(fetch) == read(lambda page: [*fetch(page)], 1) == list(range(1, 9))
    assert threads == {threading.current_thread()}
