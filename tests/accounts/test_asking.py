"""The list of accounts, prepared: the same rows as Django's queries find."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from dashboard.accounts.asking import ORDERS, ordered_rows
from dashboard.accounts.empty_list import shown_accounts
from dashboard.accounts.rows import COLUMNS
from dashboard.common.paging import PER_PAGE, paged
from dashboard.common.sorting import Sorting
from dashboard.mirror.freshness import InView
from tests.factories import make_account, make_console

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_every_page_in_every_order_is_the_same() -> None:
    here = make_console()
    now = timezone.now()
    for n in range(130):
        make_account(
            console=here,
            name=f"Shop {n * 37 % 60}",
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
                rows = shown_accounts(in_view).order_by(*sorting.order_by).values_list(*COLUMNS)
                every = list(rows)

                page = paged(request, rows, ask=ordered_rows(in_view, sorting))

                assert page.total == len(every) == 125
                start = (page.number - 1) * PER_PAGE
                assert page.items == every[start : start + PER_PAGE]
