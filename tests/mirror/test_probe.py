"""The small question that tells an outage to people who only read pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.consoles.models import Console
from dashboard.jobs.messages import Message
from dashboard.mirror import tasks


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The consoles that the dispatcher had probed."""
    found: list[int] = []

    def send(_message: Message, pk: int) -> bool:
        found.append(pk)
        return True

    monkeypatch.setattr(Message, "send", send)
    return found


def test_an_outage_shows_although_nobody_works(cyclr: CyclrState, console: Console) -> None:
    cyclr.faults.unreachable()
    tasks.probe_console(console.pk)
    assert Console.objects.get().trouble == "Cyclr does not answer."
    cyclr.faults.clear()
    cyclr.faults.respond("GET", "/accounts", status=503)
    tasks.probe_console(console.pk)
    assert Console.objects.get().trouble == "Cyclr answers with an error (503)."
    cyclr.faults.clear()
    tasks.probe_console(console.pk)

    assert Console.objects.get().trouble_since is None


def test_only_a_quiet_console_is_probed_and_not_twice_at_once(
    console: Console, sent: list[int]
) -> None:
    tasks.keep_probing()
    assert sent == []
    Console.objects.update(answered_at=timezone.now() - timedelta(seconds=20))
    tasks.keep_probing()
    tasks.keep_probing()
    assert sent == [console.pk]
    Console.objects.update(retired_at=timezone.now(), probed_at=None)
    tasks.keep_probing()

    assert sent == [console.pk]
