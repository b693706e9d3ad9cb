"""Bulk runs: each target once, at a pace that delays nobody, with an end in words for every row."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor, AuditEntry
from dashboard.bulk import feeding, services
from dashboard.bulk.input import RowInput
from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.bulk.progress import progress_of
from dashboard.bulk.services import RunRequest, Target
from dashboard.bulk.tasks import feed_runs, wipe_rows
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account
from dashboard.operations.models import Operation, State
from dashboard.people.models import Membership, Role, User
from tests.factories import make_account, make_console, make_user
from tests.simulated import Hands, library, read_cyclr


@pytest.fixture
def lead(db: None) -> User:
    """A lead of all consoles."""
    return make_user(Role.LEAD)


@pytest.fixture
def accounts(console: Console, cyclr: CyclrState) -> list[Account]:
    """The accounts of the simulated Cyclr, and its library."""
    read_cyclr(console, cyclr)
    return list(Account.objects.filter(console=console).order_by("pk"))


def target(
    number: int,
    account: Account | None,
    name: str = "Own hook",
    *,
    leaves_out_done: bool = False,
    **more: Any,
) -> Target:
    """One line that installs Generic Webhook."""
    connector = library("Generic Webhook")
    values = {
        "release_id": connector.release_id,
        "name": name,
        "description": "",
        "authentication_id": None,
        "auth_value": None,
        "properties": [],
        "is_native": False,
    }
    key = f"install:{account.pk}:{connector.name}:" if account else ""
    entered = RowInput(
        values=values,
        shown={"initial": {"name": name, "description": ""}},
        exclusivity_key=key,
        leaves_out_done=leaves_out_done,
    )
    return Target(number, str(account or "?"), account, input=entered, **more)


def make_run(lead: User, console: Console, targets: list[Target], **more: Any) -> BulkRun:
    """A preview of installs."""
    order = RunRequest(
        kind="installs.install",
        title="Install Generic Webhook",
        actor=Actor.staff(lead),
        console=console,
        targets=targets,
        connector=library("Generic Webhook"),
        **{"submission": uuid.uuid4()} | more,
    )
    return services.draft(order)


def carry_out(run: BulkRun, hands: Hands, rounds: int = 30) -> None:
    """Feed and work until the run is through."""
    for _ in range(rounds):
        feed_runs()
        hands.work()
        run.refresh_from_db()
        if run.state != RunState.RUNNING:
            return


def of_webhook(cyclr: CyclrState, account: Account) -> list[Any]:
    """What Cyclr has of it in an account."""
    return [c for c in cyclr.installed[account.cyclr_id] if c.name.startswith("Own hook")]


def test_a_fault_of_ours_pauses_a_run_in_words_and_stops_no_other(
    cyclr: CyclrState,
    lead: User,
    accounts: list[Account],
    hands: Hands,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, sound = (
        make_run(lead, accounts[0].console, [target(1, account)]) for account in accounts[:2]
    )
    for run in (broken, sound):
        services.start(run, Actor.staff(lead))
    hand_over = feeding._hand_over

    def faulty(run: BulkRun, row: BulkRow) -> bool:
        if run == broken:
            raise ValueError("canary-in-the-message")
        return hand_over(run, row)

    monkeypatch.setattr(feeding, "_hand_over", faulty)
    carry_out(sound, hands)

    broken.refresh_from_db()
    assert (sound.state, broken.state) == (RunState.ENDED, RunState.PAUSED)
    assert "for a reason of its own" in broken.halted
    assert "canary" not in caplog.text


def test_a_preview_changes_nothing(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts[:3])])

    feed_runs()
    hands.work()

    assert run.state == RunState.DRAFT
    assert not Operation.objects.exists()
    assert not cyclr.ledger


def test_a_run_installs_into_each_account_once(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts)])

    assert services.start(run, Actor.staff(lead))
    carry_out(run, hands)

    assert run.state == RunState.ENDED
    assert [len(of_webhook(cyclr, account)) for account in accounts] == [1] * len(accounts)
    progress = progress_of(run)
    assert (progress.done, progress.failed, progress.waiting) == (len(accounts), 0, 0)
    assert progress.percent == 100
    actions = AuditEntry.objects.filter(action__startswith="bulk.").values_list("action", flat=True)
    assert sorted(actions) == ["bulk.end", "bulk.start"]


def test_the_same_form_sent_twice_is_one_run(lead: User, accounts: list[Account]) -> None:
    submission = uuid.uuid4()
    targets = [target(1, accounts[0])]

    first = make_run(lead, accounts[0].console, targets, submission=submission)
    second = make_run(lead, accounts[0].console, targets, submission=submission)

    assert first == second
    with pytest.raises(services.OtherRunError) as caught:
        make_run(lead, accounts[0].console, [target(1, accounts[1])], submission=submission)
    assert caught.value.run == first


def test_an_account_twice_in_the_table_is_done_once(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    run = make_run(
        lead, accounts[0].console, [target(1, accounts[0]), target(2, accounts[0], "Own hook 2")]
    )

    services.start(run, Actor.staff(lead))
    carry_out(run, hands)

    assert [row.problem for row in run.rows.all()] == ["", "This account is already on line 1."]
    assert [c.name for c in of_webhook(cyclr, accounts[0])] == ["Own hook"]


def test_a_line_with_a_problem_is_left_out(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    targets = [target(1, None, problem="No such account."), target(2, accounts[0])]
    run = make_run(lead, accounts[0].console, targets)

    services.start(run, Actor.staff(lead))
    carry_out(run, hands)

    progress = progress_of(run)
    assert (progress.left_out, progress.done, progress.to_do) == (1, 1, 1)
    assert run.rows.get(number=1).encrypted_input == ""


def test_a_few_rows_at_a_time_are_handed_over(
    cyclr: CyclrState, lead: User, accounts: list[Account]
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts)])
    services.start(run, Actor.staff(lead))

    feed_runs()
    feed_runs()

    assert Operation.objects.count() == feeding.AT_ONCE
    operation = Operation.objects.first()
    assert operation is not None
    assert operation.is_bulk
    assert operation.message.queue == "bulk"


def test_a_paused_run_hands_over_nothing_and_goes_on_when_resumed(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts)])
    services.start(run, Actor.staff(lead))
    feed_runs()

    assert services.pause(run, Actor.staff(lead))
    hands.work()
    feed_runs()

    assert Operation.objects.count() == feeding.AT_ONCE
    assert progress_of(run).waiting == len(accounts) - feeding.AT_ONCE
    assert services.resume(run, Actor.staff(lead))
    carry_out(run, hands)
    assert progress_of(run).done == len(accounts)


def test_an_ended_run_takes_back_what_waits(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts)])
    services.start(run, Actor.staff(lead))
    feed_runs()

    assert services.end(run, Actor.staff(lead))
    hands.work()
    feed_runs()

    progress = progress_of(run)
    assert (progress.done, progress.taken_back) == (feeding.AT_ONCE, len(accounts) - 16)
    assert not run.rows.filter(is_taken_back=True).exclude(encrypted_input="").exists()
    assert not services.resume(run, Actor.staff(lead))


def test_only_the_failed_rows_are_retried(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    bad = accounts[1]
    run = make_run(lead, bad.console, [target(n, a) for n, a in enumerate(accounts[:3])])
    fault = cyclr.faults.respond(
        "POST", "/connectors/{id}/install", 400, {"Message": "Not today."}, times=1
    )
    services.start(run, Actor.staff(lead))
    carry_out(run, hands)
    assert (fault.met, progress_of(run).failed) == (1, 1)

    assert services.retry_failed(run, Actor.staff(lead)) == 1
    carry_out(run, hands)

    progress = progress_of(run)
    assert (progress.done, progress.failed) == (3, 0)
    assert [len(of_webhook(cyclr, account)) for account in accounts[:3]] == [1, 1, 1]
    assert Operation.objects.filter(is_superseded=True).count() == 1


def test_what_may_have_happened_is_not_retried(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    run = make_run(lead, accounts[0].console, [target(1, accounts[0])])
    services.start(run, Actor.staff(lead))
    feed_runs()
    Operation.objects.update(
        state=State.FAILED, reason="needs-a-person", error="Look.", finished_at=timezone.now()
    )

    assert services.retry_failed(run, Actor.staff(lead)) == 0


def test_what_somebody_tried_anew_is_not_retried(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    run = make_run(lead, accounts[0].console, [target(1, accounts[0])])
    cyclr.faults.respond("POST", "*install", 400, {"Message": "No."}, times=1)
    services.start(run, Actor.staff(lead))
    carry_out(run, hands)

    Operation.objects.update(is_superseded=True)

    assert services.retry_failed(run, Actor.staff(lead)) == 0


def test_a_paused_run_does_not_go_on_by_a_retry(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts)])
    cyclr.faults.respond("POST", "*install", 400, {"Message": "No."}, times=1)
    services.start(run, Actor.staff(lead))
    feed_runs()
    hands.work()
    services.pause(run, Actor.staff(lead))

    assert progress_of(run).failed == 1
    assert services.retry_failed(run, Actor.staff(lead)) == 0
    run.refresh_from_db()
    assert run.state == "paused"


def test_a_row_waits_while_somebody_else_works_in_its_account(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    first = make_run(lead, accounts[0].console, [target(1, accounts[0])])
    second = make_run(lead, accounts[0].console, [target(1, accounts[0], "Own hook two")])
    services.start(first, Actor.staff(lead))
    services.start(second, Actor.staff(lead))

    feed_runs()
    assert Operation.objects.count() == 1
    hands.work()
    feed_runs()
    assert Operation.objects.count() == 1, "it comes back a little later"
    hands.later(feeding.COME_BACK_AFTER.total_seconds() + 1)
    carry_out(second, hands)

    assert [c.name for c in of_webhook(cyclr, accounts[0])] == ["Own hook", "Own hook two"]


def test_a_run_stops_when_its_starter_may_not_any_more(
    cyclr: CyclrState, lead: User, accounts: list[Account]
) -> None:
    run = make_run(lead, accounts[0].console, [target(1, accounts[0])])
    services.start(run, Actor.staff(lead))
    Membership.objects.filter(user=lead).update(role=Role.AGENT)

    feed_runs()

    run.refresh_from_db()
    assert run.state == "paused"
    assert f"{run.actor_name} no longer has permission for this." in run.halted
    assert not Operation.objects.exists()


def test_another_lead_takes_a_run_over_by_resuming_it(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    run = make_run(lead, accounts[0].console, [target(1, accounts[0])])
    services.start(run, Actor.staff(lead))
    Membership.objects.filter(user=lead).update(role=Role.AGENT)
    feed_runs()

    other = make_user(Role.LEAD)
    assert services.resume(run, Actor.staff(other))
    carry_out(run, hands)

    assert (run.state, run.halted, run.actor_user) == ("ended", "", other)
    assert Operation.objects.get().actor_user == other


def test_a_run_in_which_all_fail_pauses_and_goes_on_when_resumed(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts)])
    cyclr.faults.respond("POST", "*install", 400, {"Message": "Quota reached."}, times=None)
    services.start(run, Actor.staff(lead))

    carry_out(run, hands)

    progress = progress_of(run)
    assert run.state == "paused"
    assert f"The last {feeding.PAUSES_AFTER} accounts all failed." in run.halted
    assert progress.failed < feeding.PAUSES_AFTER + feeding.AT_ONCE
    assert progress.waiting
    cyclr.faults.clear()
    services.resume(run, Actor.staff(lead))
    carry_out(run, hands)
    assert (run.state, progress_of(run).failed) == ("ended", progress.failed)


def test_of_two_runs_of_the_same_the_second_leaves_out_what_the_first_did(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    runs = []
    for name in ("Own hook", "Own hook two"):
        one = target(1, accounts[0], name, leaves_out_done=True)
        runs.append(make_run(lead, accounts[0].console, [one]))
    for run in runs:
        services.start(run, Actor.staff(lead))

    carry_out(runs[0], hands)
    hands.later(feeding.COME_BACK_AFTER.total_seconds() + 1)
    carry_out(runs[1], hands)

    assert [c.name for c in of_webhook(cyclr, accounts[0])] == ["Own hook"]
    assert runs[1].rows.get().problem == "It has Generic Webhook already."
    assert runs[1].rows.get().encrypted_input == ""


def test_a_row_whose_key_was_dropped_is_left_out_in_words(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands, settings: Any
) -> None:
    run = make_run(lead, accounts[0].console, [target(1, accounts[0])])
    services.start(run, Actor.staff(lead))
    settings.CREDENTIAL_KEYS = ["quite-another-key-quite-another-key-quite"]

    carry_out(run, hands)

    assert run.state == RunState.ENDED
    assert "key was removed" in run.rows.get().problem


def test_a_rows_entries_cannot_be_moved_to_another(lead: User, accounts: list[Account]) -> None:
    run = make_run(lead, accounts[0].console, [target(1, accounts[0]), target(2, accounts[1])])
    one, two = run.rows.all()
    services.start(run, Actor.staff(lead))

    BulkRow.objects.filter(pk=two.pk).update(encrypted_input=one.encrypted_input)
    feed_runs()

    two.refresh_from_db()
    assert "can no longer be decrypted" in two.problem
    assert two.operation is None


def test_entries_are_wiped_when_done_and_a_day_after_the_end(
    cyclr: CyclrState, lead: User, accounts: list[Account], hands: Hands
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts[:2])])
    cyclr.faults.respond("POST", "*install", 400, {"Message": "No."}, times=1)
    services.start(run, Actor.staff(lead))
    carry_out(run, hands)

    wipe_rows()
    assert run.rows.exclude(encrypted_input="").count() == 1, "the failed one can be tried again"
    BulkRun.objects.update(ended_at=timezone.now() - timedelta(days=2))
    wipe_rows()

    assert not run.rows.exclude(encrypted_input="").exists()
    assert services.retry_failed(run, Actor.staff(lead)) == 0


def test_a_preview_and_a_paused_run_end_when_nobody_goes_on_for_a_day(
    lead: User, accounts: list[Account]
) -> None:
    draft, paused = (make_run(lead, a.console, [target(1, a)]) for a in accounts[:2])
    services.start(paused, Actor.staff(lead))
    services.pause(paused, Actor.staff(lead))
    wipe_rows()
    assert BulkRun.objects.exclude(state=RunState.ENDED).count() == 2

    yesterday = timezone.now() - timedelta(days=2)
    BulkRun.objects.filter(pk=draft.pk).update(created_at=yesterday)
    BulkRun.objects.filter(pk=paused.pk).update(started_at=yesterday)
    wipe_rows()

    assert not BulkRun.objects.exclude(state=RunState.ENDED).exists()
    assert not BulkRow.objects.exclude(encrypted_input="").exists()
    assert not services.start(draft, Actor.staff(lead))


def test_the_database_keeps_one_row_for_an_account(lead: User, accounts: list[Account]) -> None:
    run = make_run(lead, accounts[0].console, [target(1, accounts[0])])

    with pytest.raises(IntegrityError), transaction.atomic():
        BulkRow.objects.create(run=run, number=2, account=accounts[0], label="again")


def test_the_work_of_feeding_does_not_grow_with_the_run(lead: User, db: None) -> None:
    console = make_console()
    accounts = [make_account(console=console) for _ in range(60)]

    def queries(count: int) -> int:
        rows = [Target(n, str(a), a, input=RowInput()) for n, a in enumerate(accounts[:count])]
        order = RunRequest("x.y", "Try", Actor.staff(lead), console, uuid.uuid4(), rows)
        run = services.draft(order)
        services.start(run, Actor.staff(lead))
        with CaptureQueriesContext(
            connection,
        ) as caught:
            feeding.feed(run.pk)
            progress_of(run)
        return len(caught)

    assert queries(20) == queries(60)
