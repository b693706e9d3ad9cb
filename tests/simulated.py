"""Fixtures that join the dashboard to the simulator, in one process: the real client, no socket."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from cyclr_api.simulator import CyclrState, demo_state, mount
from dashboard.consoles import pacing
from dashboard.consoles import services as consoles
from dashboard.consoles.models import Console
from dashboard.jobs.messages import Message
from dashboard.jobs.models import Job
from dashboard.jobs.registry import worker_of
from dashboard.jobs.working import dispatch
from dashboard.links import tasks as link_tasks
from dashboard.links.models import AttemptState, ConnectAttempt
from dashboard.mirror import sync
from dashboard.mirror.models import Account, CatalogueConnector, Icon
from dashboard.operations.models import Operation
from dashboard.operations.tasks import run_operation
from dashboard.people.models import Role
from tests.factories import make_console, make_user
from tests.support.kept_rows import KeptRows


@contextmanager
def joined(world: CyclrState, settings: Any) -> Iterator[CyclrState]:
    """The dashboard's clients talk to this Cyclr in memory."""
    world.api_url = "https://cyclr.test"
    world.service_url = "https://service.cyclr.test"
    world.provider_url = "https://provider.test"
    settings.CYCLR_API_URL = world.api_url
    settings.CYCLR_SERVICE_URL = world.service_url
    settings.CYCLR_CLIENT_ID, settings.CYCLR_CLIENT_SECRET = world.credentials[0]
    settings.CYCLR_CALLS_PER_SECOND = 10_000
    pacing.forget_holds()

    def prepare(client: Any) -> None:
        mount(world, client.session)
        # It repeats as often as ever, and nobody sleeps meanwhile: its own tests are about that.
        client._transport.retries = replace(client._transport.retries, first=0.0)

    consoles.on_new_client.append(prepare)
    consoles.forget_clients()
    yield world
    consoles.on_new_client.remove(prepare)
    consoles.forget_clients()


@pytest.fixture
def cyclr(settings: Any) -> Iterator[CyclrState]:
    """A Cyclr in memory that the dashboard's clients talk to."""
    with joined(demo_state(), settings) as world:
        yield world


@pytest.fixture
def console(cyclr: CyclrState, db: None) -> Console:
    """The console of that Cyclr; nothing was read yet."""
    return make_console(
        name="Local Cyclr",
        api_url=cyclr.api_url,
        service_url=cyclr.service_url,
        client_id=cyclr.credentials[0][0],
    )


@functools.cache
def _demo() -> CyclrState:
    """Compared with and never changed: a copy for each test would cost it as much as its own."""
    return demo_state()


def _is_untouched(cyclr: CyclrState) -> bool:
    demo = _demo()
    same = (cyclr.changes, cyclr.settings) == (demo.changes, demo.settings)
    return same and not cyclr.faults.described()


_listed, _harbour = KeptRows("listed"), KeptRows("harbour")
HARBOUR = "shop-1042.example"


def _list(console: Console) -> None:
    sync.refresh_accounts(console)
    sync.refresh_library(console)


def _list_without_icons(console: Console) -> None:
    _list(console)
    Icon.objects.all().delete()


def read_cyclr(console: Console, cyclr: CyclrState) -> None:
    """Read the accounts and the library, as the first sync does."""
    if not _is_untouched(cyclr):
        _list(console)
    elif not _listed.put_back(console):
        _listed.read(console, lambda: _list_without_icons(console))


def read_harbour(console: Console, cyclr: CyclrState) -> None:
    """Read the accounts, the library and the connectors of Harbour Books."""
    read_cyclr(console, cyclr)
    sync.refresh_account(Account.objects.get(console=console, cyclr_id=HARBOUR))


@pytest.fixture
def harbour(console: Console, cyclr: CyclrState) -> Account:
    """The account Harbour Books, after accounts, library and its connectors were read."""
    if not _is_untouched(cyclr):
        read_harbour(console, cyclr)
    elif not _harbour.put_back(console):
        _harbour.read(console, lambda: read_harbour(console, cyclr))
    return Account.objects.get(console=console, cyclr_id=HARBOUR)


def library(name: str) -> CatalogueConnector:
    """A connector of the mirrored library, by name."""
    connector: CatalogueConnector = CatalogueConnector.objects.filter(name=name)[0]
    return connector


@pytest.fixture
def agent(client: Client, db: None) -> Client:
    """A browser in which an agent of all consoles is signed in."""
    client.force_login(make_user(Role.AGENT))
    return client


def dispatch_due(*models: type[Job]) -> None:
    """The dispatcher's part: messages for what is due of these classes of jobs."""
    for model in models:
        dispatch(worker_of(model))


Sent = list[tuple[Any, ...]]


@pytest.fixture
def sent_messages(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """The messages that were sent, while no worker takes them: task, queue, arguments."""
    sent: Sent = []

    def send(message: Message, *args: Any) -> bool:
        sent.append((message.task.rpartition(".")[2], message.queue, *args))
        return True

    monkeypatch.setattr(Message, "send", send)
    return sent


class Hands:
    """The workers' part, done by the test itself, at the moment it chooses."""

    def __init__(self) -> None:
        self._traveller: Any = None

    def work(self, rounds: int = 20) -> None:
        """Carry out what is due now, follow-ups included, until nothing is."""
        for _ in range(rounds):
            pks = list(Operation.objects.due(timezone.now()).values_list("pk", flat=True))
            attempts = ConnectAttempt.objects.filter(
                state=AttemptState.WAITING, not_before__lte=timezone.now()
            )
            attempt_pks = list(attempts.filter(leased_until=None).values_list("pk", flat=True))
            if not pks and not attempt_pks:
                return
            for pk in pks:
                run_operation(pk)
            for pk in attempt_pks:
                link_tasks.request_sign_in_token(pk)

    def later(self, seconds: float) -> None:
        """Let it be so many seconds after now, for the dashboard and for Cyclr."""
        self.stop()
        start = datetime.now(UTC) + timedelta(seconds=seconds)
        self._traveller = time_machine.travel(start, tick=True)
        self._traveller.start()

    def stop(self) -> None:
        """Back to the real time."""
        if self._traveller is not None:
            self._traveller.stop()
            self._traveller = None


@pytest.fixture
def hands() -> Iterator[Hands]:
    """Hands that do the workers' part."""
    them = Hands()
    yield them
    them.stop()
