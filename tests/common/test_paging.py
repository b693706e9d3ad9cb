"""Lists in pages."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from dashboard.common.paging import Page, paged


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
        ("page=0", 3),
        ("page=-1", 3),
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
