"""A console with something to tell, and somebody to tell it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dashboard.consoles.models import Console
from dashboard.links import notification_kinds
from dashboard.mirror.models import Account
from dashboard.notifications import services
from dashboard.notifications.models import Notification
from tests.factories import make_account, make_console


@pytest.fixture
def console(db: None) -> Console:
    return make_console(name="EU live")


@pytest.fixture
def account(console: Console) -> Account:
    return make_account(console=console, name="Harbour Books", cyclr_id="shop-1042.example")


@pytest.fixture
def tell(account: Account) -> Callable[..., Notification]:
    """Posts a notification about the account."""

    def post(**values: Any) -> Notification:
        made_up: dict[str, Any] = {
            "kind": notification_kinds.LINK_CONNECTED,
            "console": account.console,
            "message": "Harbour Books: everything is connected",
            "url": "/links/7/",
            "account": account,
        }
        notification = services.post(**made_up | values)
        assert notification is not None
        return notification

    return post
