"""Our mark in Cyclr's description, taken out later where the install's own tidying failed."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.installs import tidying
from dashboard.installs.models import MarkRemoval
from dashboard.installs.tasks import tidy_description
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.models import Operation, State
from tests.installs.test_install_operation import fill, installed
from tests.simulated import Hands, dispatch_due

CHANGE = ("PUT", "/account/connectors/{id}")


@pytest.fixture
def untidy(cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands) -> AccountConnector:
    """An installed connector whose mark could not be taken out."""
    cyclr.faults.respond(*CHANGE, status=403)
    url, data = fill(harbour, "Slack", description="For the shop")
    agent.post(url, data)
    hands.work()
    cyclr.faults.clear()
    operation = Operation.objects.get(kind="installs.install")
    assert operation.state == State.DONE and operation.account_connector is not None
    return operation.account_connector


def tidy() -> None:
    """The dispatcher's and the workers' part: what is due now."""
    dispatch_due(MarkRemoval)
    for job in MarkRemoval.objects.ready(timezone.now()):
        tidy_description(job.pk)


def there(cyclr: CyclrState, account: Account) -> str:
    """The description in Cyclr."""
    return str(installed(cyclr, account, "Slack")[0].description or "")


def test_it_is_taken_out_later(
    cyclr: CyclrState, harbour: Account, untidy: AccountConnector
) -> None:
    assert "[desk:" in there(cyclr, harbour)
    tidy()

    assert there(cyclr, harbour) == "For the shop"
    untidy.refresh_from_db()
    assert untidy.left_mark == "" and untidy.description == "For the shop"


def test_a_reading_finds_it_too(
    cyclr: CyclrState, harbour: Account, untidy: AccountConnector
) -> None:
    AccountConnector.objects.filter(pk=untidy.pk).update(left_mark="")
    sync.refresh_account(harbour)

    untidy.refresh_from_db()
    assert untidy.left_mark.startswith("[desk:op")


def test_what_a_person_wrote_before_it_stays(
    cyclr: CyclrState, harbour: Account, untidy: AccountConnector
) -> None:
    one = installed(cyclr, harbour, "Slack")[0]
    one.description = f"Rewritten by hand {untidy.left_mark}"
    one.changed()
    tidy()

    assert there(cyclr, harbour) == "Rewritten by hand"


def test_what_is_cut_off_within_the_mark_is_ours_too(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    cyclr.description_limit = len("For the shop [desk:op12")
    cyclr.faults.respond(*CHANGE, status=403)
    url, data = fill(harbour, "Slack", description="For the shop")
    agent.post(url, data)
    hands.work()
    cyclr.faults.clear()
    tidy()

    assert there(cyclr, harbour) == "For the shop"


@pytest.mark.parametrize("text", ["Written anew", "[desk:opsomebodyelse]", "x [desk:op1] y"])
def test_what_is_not_ours_is_never_touched(
    cyclr: CyclrState, harbour: Account, untidy: AccountConnector, text: str
) -> None:
    one = installed(cyclr, harbour, "Slack")[0]
    one.description = text
    one.changed()
    tidy()

    assert there(cyclr, harbour) == text


def test_a_mark_of_no_install_of_this_account_is_left(
    cyclr: CyclrState, harbour: Account, untidy: AccountConnector
) -> None:
    other = Account.objects.exclude(pk=harbour.pk)[0]
    Operation.objects.filter(kind="installs.install").update(account=other)
    tidy()

    assert "[desk:" in there(cyclr, harbour)


def test_tries_come_later_and_later_and_end(cyclr: CyclrState, untidy: AccountConnector) -> None:
    cyclr.faults.respond(*CHANGE, status=403)
    tries: list[datetime] = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(1000):
            before = len(cyclr.requests)
            tidy()
            if len(cyclr.requests) > before:
                tries.append(timezone.now())
            clock.shift(timedelta(minutes=2))

    pauses = [later - sooner for sooner, later in pairwise(tries)]
    assert len(tries) == MarkRemoval.policy.most_tries
    assert pauses == sorted(pauses) and pauses[0] < pauses[-1]
    assert MarkRemoval.objects.get().last_error == tidying.LEFT
    untidy.refresh_from_db()
    assert untidy.left_mark


def test_a_mark_that_turns_up_again_is_removed_again(
    cyclr: CyclrState, harbour: Account, untidy: AccountConnector
) -> None:
    marked = there(cyclr, harbour)
    tidy()
    one = installed(cyclr, harbour, "Slack")[0]
    one.description = marked
    one.changed()
    sync.refresh_account(harbour)
    tidy()

    assert there(cyclr, harbour) == "For the shop"
    assert not MarkRemoval.objects.exists()
