"""A cycle's errors and warnings: read when somebody looks, folded, encrypted, recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api import Incident
from cyclr_api.simulator import CyclrState
from dashboard.audit.models import AuditEntry
from dashboard.common import encryption
from dashboard.cycles import incidents, tasks
from dashboard.cycles.models import IncidentReading
from dashboard.mirror import sync
from dashboard.mirror.models import Account, Cycle
from dashboard.people.models import Role
from tests.factories import make_cycle, make_user
from tests.pages import signed_in, text_of


@pytest.fixture
def failing(harbour: Account, cyclr: CyclrState) -> Cycle:
    """A cycle with incidents."""
    for account in Account.objects.filter(console=harbour.console):
        for there in cyclr.cycles.of(account.cyclr_id):
            if there.incidents:
                sync.refresh_account(account)
                found: Cycle = Cycle.objects.get(account=account, cyclr_id=there.id)
                return found
    raise AssertionError("the demo has no incidents")


def url_of(cycle: Cycle) -> str:
    """The page."""
    return reverse("cycle_incidents", args=[cycle.pk])


def read(browser: Client, cycle: Cycle) -> str:
    """Have them read, and look."""
    browser.post(reverse("cycle_incidents_read", args=[cycle.pk]))
    for pk in IncidentReading.objects.filter(finished_at=None).values_list("pk", flat=True):
        tasks.read_incidents(pk)
    return text_of(browser.get(url_of(cycle)))


def keep(cycle: Cycle, *found: Incident) -> IncidentReading:
    """A reading as a worker leaves it."""
    made = IncidentReading.objects.create(cycle=cycle, finished_at=timezone.now())
    made.encrypted_answer = encryption.encrypt_json(
        [incidents.written(one) for one in found], associated_data=made.associated_data
    )
    made.save()
    return made


def test_they_are_read_when_somebody_looks(
    cyclr: CyclrState, failing: Cycle, agent: Client
) -> None:
    first = text_of(agent.get(url_of(failing)))
    assert "submit, load" in first and not IncidentReading.objects.exists()

    page = read(agent, failing)

    assert 'id="incident-1"' in page and "poll-1s" not in page
    agent.get(url_of(failing))
    assert AuditEntry.objects.filter(action="cycles.read_incidents").count() == 1


@pytest.mark.django_db
def test_messages_are_folded_filtered_and_never_markup(agent: Client) -> None:
    cycle = make_cycle()
    keep(
        cycle,
        Incident(None, level="Error", short_message="<b>No</b>", full_message="q" * 30_000),
        Incident(None, level="Warning", short_message="Slow answer", step_name="Lookup Zażółć"),
    )

    page = text_of(agent.get(url_of(cycle)))
    errors = text_of(agent.get(url_of(cycle), {"level": "error"}))
    found = text_of(agent.get(url_of(cycle), {"q": "zazolc slow"}))
    rubbish = text_of(agent.get(url_of(cycle), {"level": "x", "q": "nothing\x00like it"}))

    assert "&lt;b&gt;No" in page and "<b>No" not in page and "Cut off here" in page
    assert "Slow answer" in page and "Slow answer" not in errors
    assert "Slow answer" in found and "&lt;b&gt;No" not in found
    assert "No incident matches" in rubbish


@pytest.mark.django_db
def test_they_are_encrypted_and_gone_after_an_hour(agent: Client) -> None:
    cycle = make_cycle()
    keep(cycle, Incident(None, level="Error", short_message="planted-secret"))

    assert "planted-secret" not in str(IncidentReading.objects.values().get())
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert "planted-secret" not in text_of(agent.get(url_of(cycle)))
        tasks.forget()
    assert not IncidentReading.objects.exists()


@pytest.mark.django_db
def test_what_no_key_opens_is_nothing(agent: Client) -> None:
    cycle = make_cycle()
    keep(cycle, Incident(None, short_message="planted"))
    IncidentReading.objects.update(
        encrypted_answer=encryption.encrypt("[]", associated_data="another row")
    )

    assert agent.get(url_of(cycle)).status_code == 200


@pytest.mark.django_db
def test_a_viewer_reads_none() -> None:
    cycle = make_cycle()
    viewer = signed_in(make_user(Role.VIEWER))

    assert viewer.get(url_of(cycle)).status_code == 403
    assert viewer.post(reverse("cycle_incidents_read", args=[cycle.pk])).status_code == 403


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "refused (403)"), (404, "does not have this cycle"), (500, "did not answer in time")],
)
def test_a_refusal_ends_in_words(
    cyclr: CyclrState, failing: Cycle, agent: Client, status: int, words: str
) -> None:
    cyclr.faults.respond("GET", "/cycles/{id}/incidents", status=status, body={}, times=50)
    agent.post(reverse("cycle_incidents_read", args=[failing.pk]))

    with time_machine.travel(timezone.now() + timedelta(seconds=1)) as clock:
        for _ in range(10):
            for pk in list(
                IncidentReading.objects.due(timezone.now()).values_list("pk", flat=True)
            ):
                tasks.read_incidents(pk)
            clock.shift(timedelta(seconds=30))

    assert words in text_of(agent.get(url_of(failing)))
