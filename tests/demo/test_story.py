"""The story that a first start beside the bundled Cyclr tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import AuditEntry
from dashboard.bulk.models import BulkRun, RunState
from dashboard.consoles.models import Console
from dashboard.demo import story
from dashboard.launcher import preparation
from dashboard.links.models import AccountCheck, Link, LinkItem, LinkMail
from dashboard.mirror.models import Account, DailyFigure
from dashboard.operations.models import Operation, State

pytestmark = pytest.mark.django_db


class InMemory:
    """The simulator of the test, as the story's others act on it."""

    def __init__(self, world: CyclrState) -> None:
        self.world = world

    def authenticate(self, cyclr_id: int) -> None:
        """See `LocalCyclr`."""
        self.world.authenticate(cyclr_id)

    def deauthenticate(self, cyclr_id: int) -> None:
        """See `LocalCyclr`."""
        self.world.deauthenticate(cyclr_id)

    def refuse_next_install(self, message: str) -> None:
        """See `LocalCyclr`."""
        path = "/connectors/{id}/install"
        self.world.faults.respond("POST", path, 400, body={"Message": message}, times=1)


@pytest.fixture
def cyclr_of_others(cyclr: CyclrState) -> InMemory:
    """What others do at Cyclr."""
    return InMemory(cyclr)


@pytest.fixture
def told(console: Console, cyclr_of_others: InMemory) -> Console:
    """A console to which the story was told just now."""
    assert story.tell(console, cyclr_of_others)
    return console


def test_the_story_has_links_in_every_state_a_failed_install_a_campaign_and_a_trend(
    told: Console,
) -> None:
    assert {link.state_label for link in Link.objects.all()} == {
        "Created",
        "Sent",
        "Opened",
        "Started",
        "Returned",
        "Connected",
        "Partly connected",
        "Expired",
        "Revoked",
    }
    failed = Operation.objects.get(state=State.FAILED)
    assert (failed.kind, str(failed.account)) == ("installs.install", "Quillon Legal")
    assert not Operation.objects.exclude(state__in=[State.FAILED, State.DONE]).exists()
    run = BulkRun.objects.get()
    assert (run.kind, run.state, run.rows.count()) == ("links.create", RunState.ENDED, 4)
    yesterday = timezone.now().date() - timedelta(days=1)
    assert AuditEntry.objects.filter(at__date=yesterday).exists()
    figures = DailyFigure.objects.values_list("unauthenticated", flat=True)
    assert len(figures) >= story.DAYS
    assert len(set(figures)) > 4


def test_nobody_real_takes_part_in_the_story_and_nothing_is_mailed(told: Console) -> None:
    assert not LinkMail.objects.exists()
    links = Link.objects.all()
    assert not links.filter(has_reminders=True).exists()
    assert not links.exclude(
        Q(recipient_email="") | Q(recipient_email__endswith="@example.com")
    ).exists()
    assert not links.filter(account__cyclr_id__startswith="hostile-").exists()
    actors = set(AuditEntry.objects.values_list("actor_name", flat=True))
    assert actors == {"Demo", "Customer", "Cyclr Desk"}


def test_a_second_start_tells_nothing(told: Console, cyclr_of_others: InMemory) -> None:
    before = (Link.objects.count(), AuditEntry.objects.count())

    assert not story.tell(told, cyclr_of_others)

    assert (Link.objects.count(), AuditEntry.objects.count()) == before


def test_a_console_that_was_read_before_is_left_alone(
    harbour: Account, cyclr_of_others: InMemory
) -> None:
    assert not story.tell(harbour.console, cyclr_of_others)

    assert not Link.objects.exists()


def test_without_the_bundled_cyclr_the_dashboard_starts_as_well(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CYCLR_API_URL = settings.CYCLR_SERVICE_URL = "http://127.0.0.1:1"
    settings.CYCLR_CLIENT_ID, settings.CYCLR_CLIENT_SECRET = "desk-demo", "secret"

    preparation.tell_demo()

    assert "demo not told" in caplog.text
    assert not Link.objects.exists()


def test_the_first_screens_show_no_hostile_name(told: Console, agent: Client) -> None:
    looks_ordinary = ["null", "Nowhere in Particular"]
    hostile = Account.objects.filter(cyclr_id__startswith="hostile-")
    names = {str(account) for account in hostile.exclude(name__in=looks_ordinary)}

    by_name = [str(account) for account in agent.get("/accounts/?sort=name").context["page"]]
    rows = agent.get("/").context["attention"].rows
    connectors = agent.get("/connectors/").context["page"]

    for shown in (
        by_name[:30],
        [row.account for row in rows[:12]],
        [str(connector.account) for connector in list(connectors)[:20]],
    ):
        assert not names & set(shown)


def test_the_customer_who_came_back_is_looked_after_from_now_on(told: Console) -> None:
    """A check that was begun in the story's past would be given up as too old."""
    assert not AccountCheck.objects.open().exists()
    assert LinkItem.objects.filter(next_check_at__lte=timezone.now(), connected_at=None).exists()

    AccountCheck.objects.begin()

    made = AccountCheck.objects.open().values_list("created_at", flat=True)
    assert made and min(made) > timezone.now() - timedelta(minutes=1)
