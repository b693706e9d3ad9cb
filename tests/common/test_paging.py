"""Lists in pages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection
from django.db.models import F
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.common import paging
from dashboard.common.paging import Page, paged, paged_long
from dashboard.mirror.models import Account
from tests.factories import make_account, make_console


def page(query: str = "", many: int = 120) -> Page[int]:
    return paged(RequestFactory().get(f"/accounts/?{query}"), list(range(many)))


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("", 1),
        ("page=2", 2),
        ("page=3", 3),
        ("page=4", 3),
        ("page=" + "9" * 300, 3),
        ("page=" + "9" * 5000, 1),
        ("page=0", 1),
        ("page=-1", 1),
        ("page=x", 1),
        ("page=1.5", 1),
        ("page=nan", 1),
        ("page=%00", 1),
        ("page=2&page=3", 3),
        ("page=%27%3B+DROP+TABLE", 1),
    ],
)
def test_any_number_is_a_page(asked: str, number: int) -> None:
    assert page(asked).number == number


def test_links_keep_the_filters() -> None:
    middle = page("q=a%26b&page=2&tag=x&tag=y")

    assert middle.previous == "?q=a%26b&tag=x&tag=y"
    assert middle.next == "?q=a%26b&tag=x&tag=y&page=3"
    assert (page("page=1").previous, page("page=3").next) == ("", "")


def test_what_the_pager_says() -> None:
    html = render_to_string("_pager.html", {"page": page("page=3"), "target": "#account-table"})

    assert "101–120 of 120" in html
    assert 'hx-target="#account-table"' in html
    assert "disabled" in html


def test_one_page_has_no_buttons_and_none_has_no_pager() -> None:
    assert "Next" not in render_to_string("_pager.html", {"page": page(many=3)})
    assert render_to_string("_pager.html", {"page": page(many=0)}).strip() == ""
    assert list(page(many=0)) == []


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(1, 6))
def test_what_is_counted_from_the_end_is_the_same_page(number: int) -> None:
    console = make_console()
    for n in range(13):
        make_account(console=console, active_at=None if n % 4 else timezone.now())
    order = (F("active_at").desc(nulls_last=True), "-sort_name", "pk")
    every = list(Account.objects.order_by(*order).values_list("pk", flat=True))
    request = RequestFactory().get(f"/accounts/?page={number}")

    found = paged(request, Account.objects.order_by(*order), per_page=3)

    assert [one.pk for one in found] == every[(number - 1) * 3 : number * 3]


@pytest.mark.django_db
def test_the_last_page_passes_over_no_row() -> None:
    console = make_console()
    for _ in range(12):
        make_account(console=console)
    request = RequestFactory().get("/accounts/?page=4")

    with CaptureQueriesContext(connection) as asked:
        paged(request, Account.objects.order_by("sort_name", "pk"), per_page=3)

    assert [" OFFSET " in one["sql"] for one in asked] == [False, False]


# ---- long lists ----


@pytest.fixture
def rows(db: None, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Twelve accounts in lists of which five are counted, three a page."""
    monkeypatch.setattr(paging, "MOST_COUNTED", 5)
    monkeypatch.setattr(paging, "PER_PAGE", 3)
    console = make_console()
    return [make_account(console=console).pk for _ in range(12)]


def long_page(query: str = "", *, each: bool = False, most: int | None = None) -> Page[Account]:
    found = Account.objects.order_by("pk")
    if most is not None:
        found = found.filter(pk__in=list(found.values_list("pk", flat=True)[:most]))
    halves = [
        found.filter(pk__in=found.values("pk")[:2]),
        found.exclude(pk__in=found.values("pk")[:2]),
    ]
    request = RequestFactory().get(f"/accounts/?{query}")
    return paged_long(request, found, each=halves if each else ())


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize(
    ("asked", "number", "shown"),
    [
        ("", 1, slice(0, 3)),
        ("page=2", 2, slice(3, 6)),
        ("page=4", 4, slice(9, 12)),
        ("page=x", 1, slice(0, 3)),
        ("page=0", 1, slice(0, 3)),
        ("page=-1", 1, slice(0, 3)),
    ],
)
def test_a_long_list_is_counted_so_far(
    rows: list[int], asked: str, number: int, shown: slice, each: bool
) -> None:
    page = long_page(asked, each=each)

    assert [row.pk for row in page] == rows[shown]
    assert (page.number, page.total, page.is_more) == (number, 5, True)
    assert bool(page.next) == (number < 4) and bool(page.previous) == (number > 1)
    html = render_to_string("_pager.html", {"page": page})
    assert f"{page.first}–{page.last} of more than 5" in html


@pytest.mark.parametrize("asked", ["page=5", "page=" + "9" * 300])
def test_beyond_its_end_is_the_last_page(rows: list[int], asked: str) -> None:
    page = long_page(asked)

    assert [row.pk for row in page] == rows[9:]
    assert (page.number, page.total, page.is_more) == (4, 12, False)


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("most", [0, 1, 4, 5])
def test_a_short_one_is_counted_whole(rows: list[int], most: int, each: bool) -> None:
    page = long_page("page=2", each=each, most=most)

    assert (page.total, page.is_more) == (most, False)
    assert [row.pk for row in page] == (rows[3:most] if most > 3 else rows[:most])


def test_deep_pages_go_on_from_a_row(rows: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "FIRST_WITH_KEYS", 2)

    second = long_page("page=2")
    third = long_page(second.next.removeprefix("?"))
    back = long_page(third.previous.removeprefix("?"))

    assert second.next == f"?page=3&after={rows[5]}"
    assert [row.pk for row in third] == rows[6:9]
    assert (third.number, third.first) == (3, 7)
    assert third.previous == f"?page=2&before={rows[6]}"
    assert [row.pk for row in back] == rows[3:6] and back.next == second.next


@pytest.mark.parametrize("place", ["after=0", "after=x", "after=999999999", "before=999999999"])
def test_a_row_that_is_not_there_leaves_the_number(rows: list[int], place: str) -> None:
    assert [row.pk for row in long_page(f"page=3&{place}")] == rows[6:9]


def test_that_a_list_is_long_is_remembered(
    rows: list[int], django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    request = RequestFactory().get("/accounts/?page=2")
    found = Account.objects.order_by("pk")
    paged_long(request, found, name="accounts")

    with django_assert_num_queries(1):
        page = paged_long(request, found, name="accounts")

    assert [row.pk for row in page] == rows[3:6] and page.is_more
    Account.objects.filter(pk__in=rows[2:]).delete()
    page = paged_long(RequestFactory().get("/accounts/"), found, name="accounts")
    assert (len(page), page.total, page.is_more) == (2, 2, False)
