"""What a cycle did: read when somebody looks, folded, encrypted, recorded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api import Incident, Transaction, TransactionItem
from cyclr_api.simulator import CyclrState
from dashboard.audit.models import AuditEntry
from dashboard.common import encryption
from dashboard.cycles import incidents, readings, tasks, transactions
from dashboard.cycles.models import IncidentReading, TransactionReading
from dashboard.mirror import sync
from dashboard.mirror.models import Account, Cycle
from dashboard.people.models import Role
from tests.factories import make_cycle, make_user
from tests.pages import signed_in, text_of

NASTY = "<b>No</b>{{ 7 }}"


@pytest.fixture
def running(harbour: Account, cyclr: CyclrState) -> Cycle:
    """A cycle that did something, with what it sent."""
    for account in Account.objects.filter(console=harbour.console):
        for there in cyclr.cycles.of(account.cyclr_id):
            if len(there.transactions) > 1 and any(one.get("Items") for one in there.transactions):
                sync.refresh_account(account)
                found: Cycle = Cycle.objects.get(account=account, cyclr_id=there.id)
                return found
    raise AssertionError("the demo has no transactions")


def url_of(cycle: Cycle) -> str:
    """The list."""
    return reverse("cycle_transactions", args=[cycle.pk])


def read(browser: Client, cycle: Cycle, transaction_id: str = "") -> str:
    """Have them read, and look."""
    data = {"id": transaction_id} if transaction_id else {}
    answer = browser.post(reverse("cycle_transactions_read", args=[cycle.pk]), data)
    work()
    return text_of(browser.get(answer["Location"]))


def work() -> None:
    """The workers' part."""
    for pk in TransactionReading.objects.due(timezone.now()).values_list("pk", flat=True):
        tasks.read_transactions(pk)


def keep(cycle: Cycle, found: list[Any], transaction_id: str = "") -> TransactionReading:
    """A reading as a worker leaves it."""
    made = TransactionReading.objects.create(
        cycle=cycle, transaction_id=transaction_id, finished_at=timezone.now()
    )
    made.encrypted_answer = encryption.encrypt_json(found, associated_data=made.associated_data)
    made.save()
    return made


def test_the_list_and_one_of_it_are_read_when_somebody_looks(
    cyclr: CyclrState, running: Cycle, agent: Client
) -> None:
    assert url_of(running) in text_of(agent.get(running.get_absolute_url()))
    first = text_of(agent.get(url_of(running)))
    assert "submit, load" in first and not TransactionReading.objects.exists()

    page = read(agent, running)

    there = next(
        one
        for each in cyclr.cycles.of(running.account.cyclr_id)
        if each.id.casefold() == running.cyclr_id.casefold()
        for one in each.transactions
        if one.get("Items")
    )
    assert 'id="transaction-1"' in page and "poll-1s" not in page
    assert transactions.url_of(running, there["Id"]) in page
    detail = read(agent, running, there["Id"])
    assert 'id="step-1"' in detail and "<summary>" in detail
    steps = [
        step["Name"] for each in cyclr.cycles.of(running.account.cyclr_id) for step in each.steps
    ]
    assert any(name in detail for name in steps), "steps are called by their names"
    for _ in range(2):
        agent.get(url_of(running))
    assert AuditEntry.objects.filter(action="cycles.read_transactions").count() == 2


def test_the_newest_come_first(cyclr: CyclrState, running: Cycle, agent: Client) -> None:
    read(agent, running)

    kept = readings.found_by(transactions.latest(running))

    moments = [one["moment"] for one in kept]
    assert len(kept) > 1 and moments == sorted(moments, reverse=True)


@pytest.mark.django_db
def test_the_list_is_narrowed_and_never_markup(agent: Client) -> None:
    cycle = make_cycle()
    found = [
        Transaction("aaaa-1", status="Completed"),
        Transaction("bbbb-2", status=NASTY),
        Transaction("../../x?y=1", status=None, created_at=timezone.now()),
    ]
    keep(cycle, [transactions.written(one) for one in found])

    page = text_of(agent.get(url_of(cycle)))
    completed = text_of(agent.get(url_of(cycle), {"status": "Completed"}))
    nasty = text_of(agent.get(url_of(cycle), {"status": NASTY}))
    searched = text_of(agent.get(url_of(cycle), {"q": "BBBB"}))
    rubbish = text_of(agent.get(url_of(cycle), {"status": "x\x00", "q": "nothing like it"}))

    assert "<b>No" not in page and "&lt;b&gt;No" in page and "../../x?y=1" in page
    assert "aaaa-1" in completed and "bbbb-2" not in completed
    assert "bbbb-2" in nasty and "aaaa-1" not in nasty
    assert "bbbb-2" in searched and "aaaa-1" not in searched
    assert "No transaction matches" in rubbish
    assert page.count("transactions/one/?id=") == 2, "what no address can name has none"


@pytest.mark.django_db
def test_what_steps_sent_and_got_is_folded_cut_and_searched(agent: Client) -> None:
    cycle = make_cycle()
    names = {"s1": "Lookup Zażółć"}
    found = [
        TransactionItem("S1", request="q" * 30_000, response=NASTY),
        TransactionItem(None),
    ]
    keep(cycle, [transactions.written_item(one, names) for one in found], "aaaa-1")
    url = transactions.url_of(cycle, "aaaa-1")

    page = text_of(agent.get(url))

    assert "Lookup" in page and "Cut off here" in page and "Cyclr kept nothing of it" in page
    assert "<b>No" not in page and "&lt;b&gt;No" in page
    assert 'id="step-2"' not in text_of(agent.get(f"{url}&q=zazolc"))
    assert "No step matches" in text_of(agent.get(f"{url}&q=nothing"))


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", ["", "../x", "a/b", "a\x00", "x" * 65, "<b>", "ä"])
def test_an_id_that_is_none_is_not_asked_for(agent: Client, wanted: str) -> None:
    cycle = make_cycle()

    assert (
        agent.get(reverse("cycle_transaction", args=[cycle.pk]), {"id": wanted}).status_code == 404
    )
    if wanted:
        asking = reverse("cycle_transactions_read", args=[cycle.pk])
        assert agent.post(asking, {"id": wanted}).status_code == 404
    assert not TransactionReading.objects.exists()


@pytest.mark.django_db
def test_they_are_encrypted_and_gone_after_an_hour(agent: Client) -> None:
    cycle = make_cycle()
    item = TransactionItem("s1", request="planted-secret")
    keep(cycle, [transactions.written_item(item, {})], "aaaa-1")
    url = transactions.url_of(cycle, "aaaa-1")

    assert "planted-secret" in text_of(agent.get(url))
    assert "planted-secret" not in str(TransactionReading.objects.values().get())
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert "planted-secret" not in text_of(agent.get(url))
        tasks.forget()
    assert not TransactionReading.objects.exists()


@pytest.mark.django_db
def test_a_reading_cannot_be_shown_as_another(agent: Client) -> None:
    cycle = make_cycle()
    kept = keep(cycle, [{"step": "planted", "request": "", "response": ""}], "aaaa-1")
    other = IncidentReading.objects.create(cycle=cycle, pk=kept.pk, finished_at=timezone.now())
    IncidentReading.objects.filter(pk=other.pk).update(encrypted_answer=kept.encrypted_answer)

    assert "planted" not in text_of(agent.get(reverse("cycle_incidents", args=[cycle.pk])))


@pytest.mark.django_db
def test_an_incident_leads_to_its_transaction(agent: Client) -> None:
    cycle = make_cycle()
    found = [
        Incident(None, level="Error", short_message="One", transaction_id="aaaa-1"),
        Incident(None, level="Error", short_message="Two", transaction_id="../x"),
    ]
    made = IncidentReading.objects.create(cycle=cycle, finished_at=timezone.now())
    made.encrypted_answer = encryption.encrypt_json(
        [incidents.written(one) for one in found], associated_data=made.associated_data
    )
    made.save()

    page = text_of(agent.get(reverse("cycle_incidents", args=[cycle.pk])))

    assert transactions.url_of(cycle, "aaaa-1") in page and page.count("Its transaction") == 1


@pytest.mark.django_db
def test_a_viewer_reads_none() -> None:
    cycle = make_cycle()
    viewer = signed_in(make_user(Role.VIEWER))

    assert viewer.get(url_of(cycle)).status_code == 403
    assert viewer.get(transactions.url_of(cycle, "a-1")).status_code == 403
    assert viewer.post(reverse("cycle_transactions_read", args=[cycle.pk])).status_code == 403


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "refused (403)"), (404, "does not have this cycle"), (500, "did not answer in time")],
)
def test_a_refusal_ends_in_words(
    cyclr: CyclrState, running: Cycle, agent: Client, status: int, words: str
) -> None:
    cyclr.faults.respond("GET", "/cycles/{id}/transactions", status=status, body={}, times=50)
    agent.post(reverse("cycle_transactions_read", args=[running.pk]))

    with time_machine.travel(timezone.now() + timedelta(seconds=1)) as clock:
        for _ in range(10):
            work()
            clock.shift(timedelta(seconds=30))

    assert words in text_of(agent.get(url_of(running)))
