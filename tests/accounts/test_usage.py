"""Usage of an account: Cyclr's period as it was read, those before as they were, and no guesses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.accounts import usage
from dashboard.accounts.models import ReadingKind, UsagePeriod
from dashboard.mirror.models import Account
from dashboard.people.models import Role
from tests.accounts.test_users import look
from tests.factories import make_account, make_user
from tests.pages import signed_in

CALL = ("GET", "/accounts/{id}/usage")
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def month(account: Account, number: int, tasks: int, told_at: datetime) -> UsagePeriod:
    return UsagePeriod.objects.create(
        account=account,
        begins_at=datetime(2026, number, 1, tzinfo=UTC),
        ends_at=datetime(2026, number + 1, 1, tzinfo=UTC),
        tasks_used=tasks,
        told_at=told_at,
    )


def test_the_current_period_is_read_and_remembered(cyclr: CyclrState, harbour: Account) -> None:
    viewer = signed_in(make_user(Role.VIEWER))
    page = look(viewer, harbour, ReadingKind.USAGE)
    look(viewer, harbour, ReadingKind.USAGE)
    period = UsagePeriod.objects.get()

    assert period.tasks_used == cyclr.tasks_used(cyclr.accounts[harbour.cyclr_id])
    assert f"{period.tasks_used:,}" in page and ">Now<" in page
    month(harbour, 3, 7, NOW)
    assert "<rect" not in page and "<rect" in look(viewer, harbour, ReadingKind.USAGE)
    assert period.begins_at <= timezone.now() < (period.ends_at or timezone.now())
    assert "Cyclr tells of the current period alone" in page


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"TasksUsed": 5},
        {"TasksUsed": None, "StartTime": "2026-11-01T00:00:00Z"},
        {"TasksUsed": -1, "StartTime": "2026-11-01T00:00:00Z"},
        {"TasksUsed": 2**63, "StartTime": "2026-11-01T00:00:00Z"},
        {"TasksUsed": 5, "StartTime": "0001-01-01T00:00:00"},
        {"TasksUsed": "many", "StartTime": "yesterday"},
    ],
)
def test_what_cannot_be_told_is_not_shown_as_a_number(
    answer: dict[str, Any], cyclr: CyclrState, harbour: Account, lead: Client
) -> None:
    cyclr.faults.rewrite(*CALL, change=lambda _: answer)

    page = look(lead, harbour, ReadingKind.USAGE)

    assert "Usage is not known" in page or "could not be read" in page
    assert not UsagePeriod.objects.exists()


def test_an_end_that_is_not_told_is_said(cyclr: CyclrState, harbour: Account, lead: Client) -> None:
    told = {"TasksUsed": 2**63 - 1, "StartTime": "2026-11-01T00:00:00Z", "EndTime": None}
    cyclr.faults.rewrite(*CALL, change=lambda _: told)

    page = look(lead, harbour, ReadingKind.USAGE)

    assert "not told" in page and "9,223,372,036,854,775,807" in page


@pytest.mark.django_db
def test_bars_are_measured_by_the_longest_and_say_what_is_partial() -> None:
    account = make_account()
    month(account, 8, 0, datetime(2026, 9, 2, tzinfo=UTC))
    month(account, 9, 1, datetime(2026, 9, 20, tzinfo=UTC))
    month(account, 10, 1000, datetime(2026, 11, 2, tzinfo=UTC))
    month(account, 11, 250, NOW)

    bars = usage.bars_of(account, NOW)

    assert [(bar.width, bar.kind, bar.is_partial) for bar in bars] == [
        (250, "run", False),
        (1000, "done", False),
        (4, "done", True),
        (0, "done", False),
    ]


def test_a_refusal_is_told_and_what_was_known_stays(
    cyclr: CyclrState, harbour: Account, lead: Client
) -> None:
    look(lead, harbour, ReadingKind.USAGE)
    cyclr.faults.respond(*CALL, status=403, body={"Message": "Not for you <b>"})

    page = look(lead, harbour, ReadingKind.USAGE)

    assert "Cyclr refused (403)." in page and "Not for you &lt;b&gt;" in page
    assert ">Now<" in page
