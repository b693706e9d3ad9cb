"""Asking for a job: one that is under way serves everybody who asks."""

from __future__ import annotations

import pytest
from django.utils import timezone

from dashboard.cycles.models import IncidentReading
from dashboard.methods.models import MethodReading
from tests.factories import make_account_connector, make_cycle
from tests.simulated import Sent


@pytest.mark.django_db(transaction=True)
def test_one_under_way_serves_everybody(sent_messages: Sent) -> None:
    cycle, other = make_cycle(), make_cycle()

    first = IncidentReading.objects.ask(cycle=cycle)

    assert IncidentReading.objects.ask(cycle=cycle) == first
    assert IncidentReading.objects.ask(cycle=other) != first
    assert len(sent_messages) == 2, "one message for each new job"
    IncidentReading.objects.filter(pk=first.pk).update(finished_at=timezone.now())
    assert IncidentReading.objects.ask(cycle=cycle) != first


@pytest.mark.django_db
def test_what_a_new_one_is_made_of_besides_is_not_asked_for() -> None:
    one = make_account_connector(release_id=7)
    other = make_account_connector(account=one.account, release_id=7)
    about = {"console": one.account.console, "release_id": 7}

    first = MethodReading.objects.ask(**about, defaults={"account_connector": one})

    assert MethodReading.objects.ask(**about, defaults={"account_connector": other}) == first
    assert first.account_connector == one and first.published_at == first.created_at
