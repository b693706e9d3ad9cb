"""Several people, or one impatient one, at the very same moment: real threads and transactions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.installs.form import InstallForm
from dashboard.mirror import sync
from dashboard.mirror.models import Account
from dashboard.operations.models import Operation, State
from dashboard.operations.submitting import cancel
from dashboard.operations.tasks import run_operation
from dashboard.people.models import Role
from tests.factories import make_user
from tests.simulated import Hands, library, read_cyclr
from tests.support.at_once import all_at_once, shared_database

several_times = pytest.mark.parametrize("_round", range(5))
"""Who comes first differs from time to time."""


@pytest.fixture
def shop(transactional_db: None, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """An account in a database that threads share as processes do."""
    with shared_database(tmp_path):
        console: Console = request.getfixturevalue("console")
        read_cyclr(console, request.getfixturevalue("cyclr"))
        account = Account.objects.get(cyclr_id="shop-1042.example")
        sync.refresh_account(account)
        yield account


def browser_of(role: Role = Role.AGENT) -> Client:
    """A browser of somebody signed in."""
    client = Client()
    client.force_login(make_user(role))
    return client


def form_for(account: Account, name: str = "Slack") -> tuple[str, dict[str, Any]]:
    """The form's address, and its entries."""
    connector = library(name)
    form = InstallForm(connector, account)
    data = {
        "submission": str(uuid.uuid4()),
        "release": connector.release_id,
        "layout": form.layout_now,
        "name": name,
        "method": form.method_key,
    }
    return reverse("install_new", args=[account.pk, connector.pk]), data


def sending(browser: Client, url: str, data: dict[str, Any]) -> Callable[[], Any]:
    """What presses Install in this browser."""
    return lambda: browser.post(url, data)


@several_times
def test_of_two_agents_in_the_same_moment_one_installs_and_the_other_is_told(
    _round: int, cyclr: CyclrState, shop: Account, hands: Hands
) -> None:
    url, data = form_for(shop)
    others = data | {"submission": str(uuid.uuid4())}
    ana, ben = browser_of(), browser_of()

    answers = all_at_once([sending(ana, url, data), sending(ben, url, others)])

    told = next(answer for answer in answers if answer.status_code != 302)
    assert sorted(answer.status_code for answer in answers) == [302, 409]
    assert "is installing" in told.content.decode()
    hands.work()
    assert [effect.kind for effect in cyclr.ledger if effect.by == "api"].count("install") == 1


@several_times
def test_a_form_that_comes_eight_times_at_once_is_one_install(
    _round: int, cyclr: CyclrState, shop: Account, hands: Hands
) -> None:
    url, data = form_for(shop)
    browser = browser_of()
    clicks = []
    for _ in range(8):
        tab = Client()
        tab.cookies = browser.cookies
        clicks.append(sending(tab, url, data))

    answers = all_at_once(clicks)

    assert [answer.status_code for answer in answers] == [302] * 8
    assert Operation.objects.count() == 1
    hands.work()
    assert [effect.kind for effect in cyclr.ledger if effect.by == "api"].count("install") == 1


@several_times
def test_of_workers_that_get_the_same_message_one_works(
    _round: int, cyclr: CyclrState, shop: Account
) -> None:
    url, data = form_for(shop)
    browser_of().post(url, data)
    operation = Operation.objects.get()

    all_at_once([lambda: run_operation(operation.pk)] * 4)

    operation.refresh_from_db()
    assert (operation.state, operation.attempt) == (State.DONE, 1)
    assert [effect.kind for effect in cyclr.ledger if effect.by == "api"].count("install") == 1


@several_times
def test_who_cancels_while_a_worker_begins_is_told_the_truth(
    _round: int, cyclr: CyclrState, shop: Account
) -> None:
    url, data = form_for(shop)
    browser_of().post(url, data)
    operation = Operation.objects.get()
    actor = Actor.staff(make_user())

    _, was_cancelled = all_at_once(
        [lambda: run_operation(operation.pk), lambda: cancel(operation, actor)]
    )

    done = Operation.objects.get()
    assert done.state == (State.CANCELLED if was_cancelled else State.DONE)
    installs = [effect.kind for effect in cyclr.ledger if effect.by == "api"].count("install")
    assert installs == (0 if was_cancelled else 1)
