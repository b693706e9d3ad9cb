"""However a call ends, it says so in words, and the third party was asked as often as it may be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.consoles import pacing
from dashboard.jobs.leases import Lease
from dashboard.methods import calling
from dashboard.methods.models import MethodCall
from dashboard.mirror.models import AccountConnector
from tests.methods.conftest import call_of, calls_at_third_party, send, work
from tests.operations.breaking import FAULTS, Killed, dying
from tests.pages import text_of

CALL = ("POST", "/account/connectors/{id}/methods/{method}")
READING, WRITING = "List Subscribers", "Delete Subscriber"
both = pytest.mark.parametrize("name", [READING, WRITING])


def ask(browser: Client, connector: AccountConnector, name: str) -> None:
    """Fill in the form and press Call."""
    typed = {"Subscriber_ID": "77", "confirm": name} if name == WRITING else {}
    assert send(browser, connector, name, **typed).status_code == 302


def work_for(*seconds: int) -> None:
    """The worker's part now and so many seconds after now."""
    for one in (0, *seconds):
        pacing.forget_holds()
        with time_machine.travel(timezone.now() + timedelta(seconds=one)):
            work()


@both
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "It was refused (400)."),
        (403, "permission for this one method"),
        (404, "It was not found (404)."),
        (409, "It was refused (409)."),
        (422, "It was refused (422)."),
    ],
)
def test_a_refusal_is_told_with_the_answer(
    name: str,
    status: int,
    words: str,
    cyclr: CyclrState,
    mailchimp: AccountConnector,
    lead: Client,
) -> None:
    cyclr.faults.respond(*CALL, status=status, body={"Message": "<b>Because.</b>"})
    ask(lead, mailchimp, name)
    work_for(30, 90)

    page = text_of(lead.get(call_of().get_absolute_url()))
    assert (call_of().outcome, call_of().status) == ("refused", status)
    assert words in page and "&lt;b&gt;Because." in page and "<b>Because" not in page
    assert calls_at_third_party(cyclr) == []


@both
def test_a_pause_is_kept_and_the_call_is_sent_once_after_it(
    name: str, cyclr: CyclrState, mailchimp: AccountConnector, lead: Client
) -> None:
    cyclr.faults.rate_limit(*CALL, retry_after="2", times=1)
    ask(lead, mailchimp, name)
    work_for(30)

    assert call_of().outcome == "answered" and len(calls_at_third_party(cyclr)) == 1


@both
@pytest.mark.parametrize("fault", FAULTS)
def test_what_says_nothing_is_never_sent_again_if_it_writes(
    name: str, fault: str, cyclr: CyclrState, mailchimp: AccountConnector, lead: Client
) -> None:
    FAULTS[fault](cyclr, CALL)
    ask(lead, mailchimp, name)
    work_for(30, 80, 150, 600)

    call, done = call_of(), len(calls_at_third_party(cyclr))
    had_effect = "after" in fault or fault == "lost"
    mailchimp.refresh_from_db()
    assert call.is_finished and call.outcome
    if "page" in fault:  # it is shown as it came, but proves nothing
        assert mailchimp.proven_at is None
    if name == WRITING:
        assert (call.outcome, done) == ("unknown", int(had_effect))
        assert "Look at the third party" in text_of(lead.get(call.get_absolute_url()))
    else:
        assert call.outcome in {"answered", "refused"} and done <= 2


STEPS: list[tuple[str, Any, str]] = [
    ("looking at it", calling, "_why_not"),
    ("making the body", calling, "_body"),
    ("noting that it is sent", Lease, "write"),
    ("sending", calling, "_send"),
    ("ending", calling, "_finish"),
]
BEFORE_SENT = {"looking at it", "making the body"}


@both
@pytest.mark.parametrize(("step", "owner", "function"), STEPS, ids=[step for step, *_ in STEPS])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_is_killed_at_any_step_sends_a_writing_call_once_at_most(
    name: str,
    step: str,
    owner: Any,
    function: str,
    when: str,
    cyclr: CyclrState,
    mailchimp: AccountConnector,
    lead: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask(lead, mailchimp, name)
    with monkeypatch.context() as patched:
        patched.setattr(owner, function, dying(owner, function, when))
        with pytest.raises(Killed):
            work()
        work_for(75, 100)

    call, done = call_of(), len(calls_at_third_party(cyclr))
    is_over = step == "ending" and when == "after"
    is_unsent = step in BEFORE_SENT or (step, when) == ("noting that it is sent", "before")
    if name == READING or is_over or is_unsent:
        assert call.outcome == "answered", (call.outcome, call.last_error)
    else:
        assert call.outcome == "unknown" and done <= 1
    assert done <= (2 if name == READING else 1)
    assert MethodCall.objects.count() == 1
