"""The usual questions of the list, prepared: the same rows as Django's queries find."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.test import RequestFactory
from django.utils import timezone

from dashboard.accounts.filters import ConnectorFilter
from dashboard.common import paging
from dashboard.common.paging import PER_PAGE, paged_prepared
from dashboard.common.sorting import Sorting
from dashboard.fleet.asking import ORDERS, as_prepared, is_prepared, shown
from dashboard.fleet.rows import COLUMNS
from dashboard.mirror.freshness import InView
from tests.factories import make_account, make_account_connector, make_console

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def in_view() -> InView:
    """One console of two: 63 connectors in it, gone and broken ones among them."""
    here, elsewhere = make_console(), make_console()
    now = timezone.now()
    accounts = [make_account(console=here) for _ in range(3)]
    accounts.append(make_account(console=here, gone_at=now - timedelta(days=9)))
    for n in range(84):
        make_account_connector(
            account=accounts[n % 4],
            name=f"App {n * 37 % 11}",
            connector_name=f"App {n % 2}",
            authenticated=(None, True, False)[n % 3],
            authenticated_since=now - timedelta(hours=n % 5) if n % 5 else None,
            test_failed_at=now - timedelta(hours=n % 4) if n % 7 == 0 else None,
            why_broken="consent" if n % 6 == 0 else "",
            gone_at=now - timedelta(days=n % 3 * 5) if n % 10 == 9 else None,
        )
    make_account_connector(account=make_account(console=elsewhere), name="App 0")
    cache.clear()
    return InView([here], None)


FILTERS = (
    *("", "state=not-authenticated", "state=gone", "connector=App+1", "why=consent"),
    *("connector=App+0&state=authenticated", "connector=X"),
    *("q=app", "q=APP+3", "q=customer+app", "q=no+app", "q=%25%26", "q=app&state=authenticated"),
)


@pytest.mark.parametrize("most", [1000, 20])
def test_every_page_in_every_order_is_the_same(
    in_view: InView, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_COUNTED", most)
    sorts = [f"{sign}{order.key}" for order in ORDERS for sign in ("", "-")]
    for asked, sort in product(FILTERS, sorts):
        chosen = ConnectorFilter.of(QueryDict(asked))
        assert is_prepared(chosen)
        for number in (1, 2):
            request = RequestFactory().get(f"/connectors/?{asked}&sort={sort}&page={number}")
            sorting = Sorting(request, ORDERS)
            rows = chosen.among(shown(in_view)).order_by(*sorting.order_by)
            every = list(rows.values_list(*COLUMNS))

            prepared = as_prepared(in_view, chosen, sorting)
            page = paged_prepared(request, prepared, name=f"{asked} {most}")

            if page is None:  # so says a long list of what lies beyond its end
                assert most < len(every) <= PER_PAGE
                continue
            start = (page.number - 1) * PER_PAGE
            assert page.items == every[start : start + PER_PAGE]
            assert page.is_more or page.total == len(every)


def test_a_row_to_go_on_from_is_left_to_the_other_way(in_view: InView) -> None:
    request = RequestFactory().get("/connectors/?page=30&after=1")
    asked = as_prepared(in_view, ConnectorFilter(), Sorting(request, ORDERS))

    assert paged_prepared(request, asked, name="after") is None


@pytest.mark.parametrize("asked", ["q=is:broken", "tag=vip", "q=one+two+three", "q=m%C3%BCller"])
def test_terms_tags_and_words_in_several_ways_are_not_prepared(asked: str) -> None:
    assert not is_prepared(ConnectorFilter.of(QueryDict(asked)))


def test_a_word_of_very_many_accounts_is_looked_for_in_them(
    in_view: InView, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = RequestFactory().get("/connectors/?q=customer+app")
    chosen = ConnectorFilter.of(request.GET)
    prepared = as_prepared(in_view, chosen, Sorting(request, ORDERS))
    few = set(prepared.keys())

    monkeypatch.setattr("dashboard.mirror.models.connectors.FEW_ACCOUNTS", 2)

    assert set(prepared.keys()) == few == {row.pk for row in chosen.among(shown(in_view))}
    assert few
