"""Going on from a row: the same rows in the same order as by counting."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from django.db.models.expressions import OrderBy

from dashboard.common.keyset import rows_after, rows_before
from dashboard.fleet.asking import ORDERS
from dashboard.mirror.models import AccountConnector
from tests.factories import make_account, make_account_connector, make_console

pytestmark = pytest.mark.django_db
MOMENTS = (None, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
EVERY = [order.first for order in ORDERS] + [order.second for order in ORDERS]


@pytest.fixture
def rows() -> None:
    """Every combination of what the list is sorted by, with empty moments and with ties."""
    console = make_console()
    accounts = [make_account(console=console, name=name) for name in ("Ash", "Birch")]
    for number, (authenticated, since, failed) in enumerate(
        product((None, False, True), MOMENTS[:2], MOMENTS)
    ):
        make_account_connector(
            account=accounts[number % 2],
            name="Same" if number % 3 else "Other",
            authenticated=authenticated,
            authenticated_since=since,
            test_failed_at=failed,
            gone_at=MOMENTS[1] if number == 7 else None,
        )


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("order", EVERY)
def test_each_order_goes_on_behind_and_in_front_of_each_row(
    order: tuple[OrderBy | str, ...],
) -> None:
    every = AccountConnector.objects.order_by(*order)
    pks = [row.pk for row in every]

    for place, pk in enumerate(pks):
        after, before = rows_after(every, order, pk, 5), rows_before(every, order, pk, 5)
        assert after is not None and before is not None
        assert [row.pk for row in after] == pks[place + 1 : place + 6]
        assert [row.pk for row in before] == pks[max(0, place - 5) : place]


def test_a_row_that_is_gone_is_no_place() -> None:
    assert rows_after(AccountConnector.objects.order_by("pk"), ["pk"], 1, 5) is None
