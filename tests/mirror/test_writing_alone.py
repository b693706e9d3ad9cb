"""What our own calls found out is written by itself, whoever writes it: nobody has to begin a
transaction for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dashboard.mirror import writing, writing_accounts
from dashboard.mirror.models import AccountConnector
from tests.factories import make_account_connector

NEW = {"name": "Shop", "authenticated": True, "filled": ["Region"], "setting_values": {}}

WRITERS: dict[str, Callable[[AccountConnector], object]] = {
    "authenticated": lambda one: writing.write_authenticated(one, authenticated=True),
    "connector": lambda one: writing.write_connector(one, NEW, names=["Region"]),
    "changed": lambda one: writing.write_changed(one, {"name": "Shop"}),
    "settings": lambda one: writing.write_settings(one, ["Region"], authenticated=True),
    "deleted": lambda one: writing.write_deleted(one),
    "account": lambda one: writing_accounts.write_account(
        one.console, one.account.cyclr_id, {"name": "Shop"}
    ),
    "account deleted": lambda one: writing_accounts.write_account_deleted(one.account),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", WRITERS)
def test_a_writer_needs_nobody_s_transaction(name: str) -> None:
    connector = make_account_connector()
    before = connector.changed_at, connector.account.changed_at
    WRITERS[name](connector)

    connector.refresh_from_db()
    connector.account.refresh_from_db()
    assert (connector.changed_at, connector.account.changed_at) > before
