"""Cyclr's post about a failed step, in real processes: how soon the page tells."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from tests.browser.test_alarms import used_connector
from tests.operations.test_processes import Visitor
from tests.support.desk import Desk

pytestmark = pytest.mark.processes
LOST = 'data-state="not-authenticated"'
ALARM = r'href="(/alarms/\d+/)"'


def set_webhook(desk: Desk, visitor: Visitor, account: int) -> None:
    """As an administrator does: an address for the console, set on the account."""
    ((console,),) = desk.rows("SELECT id FROM consoles_console")
    settings = f"/settings/error-webhook/{console}/"
    if "/make/" in visitor.page(settings):
        assert visitor.send(f"{settings}make/", visitor.entries(settings)).status_code == 302
    entries = visitor.entries(settings)
    assert visitor.send(f"{settings}accounts/{account}/set/", entries).status_code == 302
    visitor.find(visitor.newest_operation(), r'data-state="(done)"')


def test_a_failed_step_is_a_state_and_an_alarm_on_the_page(
    desk_processes: Callable[..., Desk], record_property: Callable[[str, object], None]
) -> None:
    desk = desk_processes()
    desk.wait_until_read()
    visitor = Visitor(desk)
    number, _, _ = used_connector(desk)
    ((connector, account),) = desk.rows(
        f"SELECT id, account_id FROM mirror_accountconnector WHERE cyclr_id = {number}"  # noqa: S608
    )
    set_webhook(desk, visitor, account)
    page = f"/connectors/{connector}/"
    before = visitor.page(page)
    assert 'data-state="authenticated"' in before
    known = before.count(LOST), set(re.findall(ALARM, before))

    desk.cyclr_control("deauthenticate", {"id": number})
    began = time.monotonic()
    assert desk.cyclr_control("fail_step", {"id": number}) == {"posted": 204}

    desk.wait_for(lambda: visitor.page(page).count(LOST) > known[0], "for the state")
    record_property("seconds until the state is on the page", time.monotonic() - began)
    (alarm,) = desk.wait_for(
        lambda: set(re.findall(ALARM, visitor.page(page))) - known[1], "for the alarm"
    )
    record_property("seconds until the alarm is on the page", time.monotonic() - began)
    assert page in visitor.page(alarm)
    assert alarm in visitor.page("/alarms/")
