"""What nearly every test begins with is read once, and put back after that."""

from __future__ import annotations

import pytest

from dashboard.consoles.models import Console
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector
from tests import simulated

pytestmark = pytest.mark.django_db


def test_the_account_is_kept(
    console: Console, harbour: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where something stands in the tables from the start, nothing would ever be kept."""
    kept = simulated._harbour
    assert Account in kept.models and CatalogueConnector in kept.models
    shown = list(AccountConnector.objects.order_by("pk").values())
    for model in reversed(kept.models):
        model._base_manager.all().delete()
    monkeypatch.setattr(sync, "refresh_accounts", None)

    assert kept.put_back(console)

    again = list(AccountConnector.objects.order_by("pk").values())
    assert [one["cyclr_id"] for one in again] == [one["cyclr_id"] for one in shown] != []
    moment = Account.objects.get(cyclr_id=harbour.cyclr_id).read_at
    assert moment and harbour.read_at and moment >= harbour.read_at
    assert not kept.put_back(console), "only into empty tables"
