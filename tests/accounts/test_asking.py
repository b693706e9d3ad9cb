"""The list of accounts, prepared: the same rows as Django's queries find."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from dashboard.accounts import tags
from dashboard.accounts.account_filter import AccountFilter
from dashboard.accounts.asking import ORDERS, ordered_rows
from dashboard.accounts.empty_list import shown_accounts
from dashboard.accounts.rows import COLUMNS
from dashboard.audit.models import Actor
from dashboard.common.paging import PER_PAGE, paged
from dashboard.common.sorting import Sorting
from dashboard.mirror.freshness import InView
from tests.factories import make_account, make_console

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.mark.parametrize(("search", "is_all"), [("", True), ("shop", True), ("1 SHOP", False)])
def test_every_page_in_every_order_is_the_same(search: str, is_all: bool) -> None:
    here = make_console()
    now = timezone.now()
    for n in range(130):
        make_account(
            console=here,
            name=f"Shop {n * 37 % 60}",
            cyclr_id="key-" + "x" * n,
            connector_count=n % 4,
            unauthenticated_count=n % 3,
            active_at=now - timedelta(hours=n % 9) if n % 5 else None,
            gone_at=now - timedelta(hours=n) if n % 20 == 0 else None,
        )
    make_account(console=make_console())
    in_view = InView([here], None)

    for order in ORDERS:
        for sort in (order.key, f"-{order.key}"):
            for number in (1, 2, 3, 9):
                request = RequestFactory().get(f"/accounts/?sort={sort}&page={number}")
                sorting = Sorting(request, ORDERS)
                found = AccountFilter(search).among(shown_accounts(in_view))
                rows = found.order_by(*sorting.order_by).values_list(*COLUMNS)
                every = list(rows)
                words = AccountFilter(search).plain_words()
                assert words is not None

                page = paged(request, rows, ask=ordered_rows(in_view, sorting, words))

                assert 0 < page.total == len(every)
                assert (page.total == 125) == is_all
                start = (page.number - 1) * PER_PAGE
                assert page.items == every[start : start + PER_PAGE]


def test_only_words_that_no_tag_has_are_prepared() -> None:
    account = make_account(console=make_console(), name="Tea shop")
    tags.set_tags(Actor.system(), account, ["vip coffee"])

    assert AccountFilter("tea").plain_words() == ["tea"]
    assert AccountFilter("Tea SHOP").plain_words() == ["tea", "shop"]
    for asked in (
        *(AccountFilter("coffee"), AccountFilter("vip coff"), AccountFilter("one two three")),
        *(AccountFilter("Müller"), AccountFilter("tea", is_broken_only=True)),
        *(AccountFilter(tag="vip"), AccountFilter("tea", parent=account)),
    ):
        assert asked.plain_words() is None
