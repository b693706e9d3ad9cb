"""What holds of every class of jobs: a new one is in here by existing.

Who adds a class adds to `MAKE` how one of it is made; without that its tests fail.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import AccountReading
from dashboard.audit.models import Actor, HeadMail
from dashboard.celery import app
from dashboard.common import encryption
from dashboard.connectors.models import ConnectionTest, LookUp, LookUpKind
from dashboard.console_setup.models import CheckKind, ConsoleCheck
from dashboard.cycles.models import IncidentReading, PrerequisiteReading, TransactionReading
from dashboard.installs.models import MarkRemoval
from dashboard.jobs import checks, clock, messages
from dashboard.jobs.leases import Lease, LeaseLostError
from dashboard.jobs.messages import Message
from dashboard.jobs.policy import LONGEST_ASKED, Backoff, Schedule
from dashboard.jobs.registry import Worker, worker_of
from dashboard.jobs.working import dispatch, job_classes
from dashboard.launches.models import LaunchAttempt, LaunchMail
from dashboard.links import notification_kinds
from dashboard.links.models import AccountCheck, ConnectAttempt, LinkMail
from dashboard.methods.inputs import CallInput
from dashboard.methods.models import ChoiceLookUp, MethodCall, MethodReading
from dashboard.mirror.models import Icon, SyncHelper, SyncRun
from dashboard.notifications.models import Notification, NotificationMail, Webhook, WebhookDelivery
from dashboard.onboarding.models import OnboardingRun, RunState
from dashboard.operations.models import Operation
from dashboard.people.models import Role
from dashboard.releases.models import ReleaseReading
from dashboard.sign_in.models import PasswordMail, SecurityMail
from dashboard.team.models import Invitation, InvitationMail
from tests.factories import (
    make_account,
    make_account_connector,
    make_console,
    make_cycle,
    make_launch_link,
    make_link,
    make_operation,
    make_user,
)
from tests.simulated import Sent

pytestmark = pytest.mark.django_db
app.autodiscover_tasks(force=True)


def a_proof() -> ConnectionTest:
    run = ConnectionTest(account_connector=make_account_connector())
    run.actor = Actor.system()
    run.save()
    return run


def a_message_about_a_launch_link() -> LaunchMail:
    link = make_launch_link(recipient_email="ana@harbour.example")
    mail = LaunchMail(link=link, recipient=link.recipient_email)
    mail.actor = Actor.system()
    mail.save()
    return mail


def a_message_to_a_customer() -> LinkMail:
    link = make_link(recipient_email="ana@example.com")
    mail = LinkMail(link=link, kind="invitation", recipient=link.recipient_email)
    mail.actor = Actor.system()
    mail.save()
    return mail


def an_invitation() -> InvitationMail:
    invitation = Invitation.objects.create(
        token_hash="a" * 64,
        email="new@desk.example",
        role=Role.AGENT,
        invited_by=make_user(),
        expires_at=timezone.now() + timedelta(days=7),
    )
    mail = InvitationMail(invitation=invitation, token_hash=invitation.token_hash)
    mail.encrypted_token = encryption.encrypt("b" * 64, associated_data=mail.associated_data)
    mail.save()
    return mail


def a_notice() -> Notification:
    account = make_link().account
    return Notification.objects.create(
        console=account.console,
        account=account,
        kind=notification_kinds.LINK_CONNECTED,
        message="Connected",
        url="/links/1/",
    )


def a_delivery() -> WebhookDelivery:
    notification, user = a_notice(), make_user()
    webhook = Webhook.objects.create(
        console=notification.console, url="https://example.com/", created_by=user
    )
    return WebhookDelivery.objects.create(webhook=webhook, notification=notification)


def a_method_reading() -> MethodReading:
    connector = make_account_connector(release_id=7)
    return MethodReading.objects.create(
        console=connector.account.console, account_connector=connector, release_id=7
    )


def a_method_call() -> MethodCall:
    call = MethodCall(
        account_connector=make_account_connector(release_id=7),
        submission=uuid.uuid4(),
        release_id=7,
        method_key="a" * 32,
        method_id=7001,
        method_name="List contacts",
        is_writing=False,
    )
    call.actor = Actor.staff(make_user())
    call.encrypted_input = CallInput().encrypted(call)
    call.save()
    return call


def an_onboarding() -> OnboardingRun:
    run = OnboardingRun(console=make_console(), state=RunState.RUNNING, started_at=timezone.now())
    run.actor = Actor.system()
    run.save()
    return run


MAKE: dict[type, Callable[[], Any]] = {
    LookUp: lambda: LookUp.objects.create(
        account_connector=make_account_connector(), kind=LookUpKind.CHOICES
    ),
    ConnectionTest: a_proof,
    ConsoleCheck: lambda: ConsoleCheck.objects.create(
        submission=uuid.uuid4(),
        kind=CheckKind.ADD,
        requested_by=make_user(),
        api_url="https://api.cyclr.com",
        service_url="https://acme-h.cyclr.com",
    ),
    InvitationMail: an_invitation,
    ConnectAttempt: lambda: ConnectAttempt.objects.create(item=make_link().items.get()),
    MethodReading: a_method_reading,
    MethodCall: a_method_call,
    AccountReading: lambda: AccountReading.objects.create(account=make_account(), kind="users"),
    IncidentReading: lambda: IncidentReading.objects.create(cycle=make_cycle()),
    TransactionReading: lambda: TransactionReading.objects.create(cycle=make_cycle()),
    PrerequisiteReading: lambda: PrerequisiteReading.objects.create(cycle=make_cycle()),
    ChoiceLookUp: lambda: ChoiceLookUp.objects.create(
        account_connector=make_account_connector(), method_key="a" * 32
    ),
    LaunchAttempt: lambda: LaunchAttempt.objects.create(link=make_launch_link()),
    AccountCheck: lambda: AccountCheck.objects.create(account=make_link().account),
    LaunchMail: a_message_about_a_launch_link,
    LinkMail: a_message_to_a_customer,
    NotificationMail: lambda: NotificationMail.objects.create(
        notification=a_notice(), user=make_user()
    ),
    WebhookDelivery: a_delivery,
    ReleaseReading: lambda: ReleaseReading.objects.create(
        console=(account := make_account()).console, account=account, release_id=7
    ),
    PasswordMail: lambda: PasswordMail.objects.create(user=make_user()),
    HeadMail: lambda: HeadMail.objects.create(to="trail@auditor.example"),
    SecurityMail: lambda: SecurityMail.objects.create(
        user=(one := make_user()), action="added a passkey", to=one.email
    ),
    Icon: lambda: Icon.objects.create(source_digest="a" * 64, source=b"\x89PNG"),
    SyncRun: lambda: SyncRun.objects.create(console=make_console()),
    SyncHelper: lambda: SyncHelper.objects.create(
        run=SyncRun.objects.create(console=make_console())
    ),
    Operation: make_operation,
    OnboardingRun: an_onboarding,
    MarkRemoval: lambda: MarkRemoval.objects.create(account_connector=make_account_connector()),
}


@pytest.fixture(params=job_classes(), ids=lambda model: model.__name__)
def job(request: pytest.FixtureRequest, settings: Any) -> Any:
    """One of each class, due now."""
    settings.LEASE_FOR = 30.0  # as an installation has it; other tests wait for its end
    made = MAKE[request.param]()
    made.refresh_from_db()
    return made


@pytest.fixture
def worker(job: Any) -> Worker:
    """Who carries it out."""
    return worker_of(type(job))


@pytest.fixture
def after(job: Any) -> Iterator[Callable[[timedelta], None]]:
    """Lets some time pass since now."""
    now, travellers = timezone.now(), []

    def travel(span: timedelta) -> None:
        travellers.append(time_machine.travel(now + span, tick=True))
        travellers[-1].start()

    yield travel
    for traveller in reversed(travellers):
        traveller.stop()


def claim(job: Any) -> Lease[Any] | None:
    """What a worker does with a message."""
    policy = job.policy
    if policy.key == "pk":
        lease: Lease[Any] | None = type(job).objects.claim(job.pk)
        return lease
    leases = type(job).objects.claim_group(getattr(job, policy.key))
    return leases[0] if leases else None


def lease_of(job: Any) -> Lease[Any]:
    """The lease, which is there."""
    lease = claim(job)
    assert lease is not None
    return lease


def run(job: Any) -> None:
    """A message of it arrives at a worker."""
    job.refresh_from_db()
    app.tasks[job.policy.task](*job.message_arguments)
    job.refresh_from_db()


@pytest.mark.parametrize("model", job_classes(), ids=lambda model: model.__name__)
def test_it_is_known_how_one_is_made(model: type) -> None:
    assert model in MAKE


def test_a_duplicate_message_finds_it_taken(job: Any) -> None:
    first = lease_of(job)

    assert claim(job) is None
    first.finish(**ended(job))
    assert claim(job) is None


def ended(job: Any) -> dict[str, Any]:
    """What a class wants to be told with an end."""
    if isinstance(job, Operation):
        return {"state": "failed", "reason": "broken", "error": "It ended."}
    if isinstance(job, MethodCall):
        return {"outcome": "not-sent"}
    return {"state": "failed"} if hasattr(job, "state") else {}


def test_a_message_that_comes_too_early_does_nothing(job: Any) -> None:
    type(job).objects.update(not_before=timezone.now() + timedelta(seconds=20))

    assert claim(job) is None


def test_a_lost_message_is_sent_again_and_no_heap(
    job: Any, worker: Worker, sent_messages: Sent, after: Callable[[timedelta], None]
) -> None:
    for _ in range(3):
        dispatch(worker)
    assert len(sent_messages) == 1
    after(job.policy.republish_after + timedelta(seconds=1))
    for _ in range(3):
        dispatch(worker)

    name = job.policy.task.rpartition(".")[2]
    assert sent_messages == [(name, job.policy.queue, *job.message_arguments)] * 2


def test_while_the_broker_is_away_nothing_counts_as_sent(
    job: Any, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Message, "send", lambda *_: False)
    dispatch(worker)
    job.refresh_from_db()
    assert job.published_at is None
    monkeypatch.setattr(Message, "send", lambda *_: True)
    dispatch(worker)

    job.refresh_from_db()
    assert job.published_at is not None


def test_a_killed_worker_s_job_is_taken_up_and_counts(
    job: Any, worker: Worker, sent_messages: Sent, after: Callable[[timedelta], None]
) -> None:
    type(job).objects.update(published_at=timezone.now())
    first = lease_of(job)
    dispatch(worker)
    assert not sent_messages
    after(job.policy.lease_length + timedelta(seconds=1))
    dispatch(worker)

    second = lease_of(job)
    assert len(sent_messages) == 1
    assert (second.job.attempt, second.job.tries) == (first.job.attempt + 1, first.job.tries + 1)


def test_a_worker_that_lost_its_lease_writes_nothing(
    job: Any, after: Callable[[timedelta], None]
) -> None:
    late = lease_of(job)
    after(job.policy.lease_length + timedelta(seconds=1))
    now = lease_of(job)
    writes: list[Callable[[], object]] = [
        lambda: late.write(last_error="late"),
        lambda: late.finish(last_error="late", **ended(job)),
        lambda: late.postpone(timezone.now()),
        late.release,
        late.hold,
        lambda: late.retry(RuntimeError(), last_error="late"),
    ]
    for write in writes:
        with pytest.raises(LeaseLostError), transaction.atomic():
            write()

    assert late.renew() is False
    job.refresh_from_db()
    assert (job.attempt, job.finished_at, job.last_error) == (now.job.attempt, None, "")
    now.write(last_error="in time")


def test_what_has_ended_is_written_to_by_nobody(job: Any) -> None:
    lease = lease_of(job)
    lease.finish(**ended(job))

    with pytest.raises(LeaseLostError):
        lease.write(last_error="late")
    assert lease.renew() is False


def test_it_is_given_up_in_words_when_its_time_is_over(
    job: Any, worker: Worker, sent_messages: Sent, after: Callable[[timedelta], None]
) -> None:
    type(job).objects.update(published_at=timezone.now())
    after(job.policy.longest_age + timedelta(seconds=5))
    dispatch(worker)
    assert len(sent_messages) == 1
    run(job)

    assert job.finished_at is not None
    assert has_words(job)


def test_it_is_given_up_in_words_after_its_last_try(job: Any) -> None:
    type(job).objects.update(tries=job.policy.most_tries - 1)
    lease = lease_of(job)

    assert lease.retry(RuntimeError("what may have been typed")) is False

    job.refresh_from_db()
    assert job.finished_at is not None
    assert has_words(job)
    assert "typed" not in str(vars(job))


def has_words(job: Any) -> bool:
    """Whether somebody can read why nothing came of it: on the row, or where it was asked for."""
    match job:
        case ConnectionTest():
            return bool(job.message)
        case AccountCheck():
            return True  # its items' links tell
        case ConnectAttempt() | LaunchAttempt():
            return bool(job.why)
        case Operation():
            return bool(job.error)
        case _:
            return bool(job.last_error)


def test_whatever_kills_workers_does_not_live_for_ever(
    job: Any, after: Callable[[timedelta], None]
) -> None:
    killed = 0
    while (lease := claim(job)) and not lease.is_hopeless:
        killed += 1
        after((job.policy.lease_length + timedelta(seconds=1)) * killed)
        assert killed <= job.policy.most_tries
    after((job.policy.lease_length + timedelta(seconds=1)) * (killed + 2))
    run(job)

    assert job.finished_at is not None


def test_what_its_worker_raises_is_tried_again_and_not_at_once(
    job: Any, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("a fault of ours")

    from dashboard.jobs import working

    working.carry_out(replace(worker, work=broken), job.message_arguments[0])

    job.refresh_from_db()
    assert (job.finished_at, job.leased_until, job.tries) == (None, None, 1)
    assert job.not_before > timezone.now()


def test_what_is_only_paced_is_no_try(job: Any) -> None:
    class Paced(Exception):  # noqa: N818
        counts_as_try, retry_after = False, 2.0

    lease = lease_of(job)
    began = timezone.now()
    assert lease.retry(Paced())

    job.refresh_from_db()
    assert job.tries == 0
    assert timedelta(seconds=1.9) < job.not_before - began < timedelta(seconds=4)


def test_letting_go_is_no_failure(job: Any) -> None:
    lease_of(job).release()

    again = lease_of(job)
    assert again.job.tries == 0


# ---- clocks ----


JUMPS = [timedelta(minutes=10), timedelta(hours=9)]


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_clock_set_back_holds_none_up(
    job: Any, jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a worker had when it happened is free again no later than it was to be."""
    monkeypatch.setattr(clock, "_seen", None)
    with time_machine.travel(timezone.now() + jump) as traveller:
        clock.notice_jumps()
        moments = {"created_at": timezone.now(), "not_before": timezone.now()}
        type(job).objects.filter(pk=job.pk).update(**moments)
        lease_of(job)
        traveller.shift(-jump)
        clock.notice_jumps()
        traveller.shift(job.policy.lease_length + timedelta(seconds=1))

        assert claim(job) is not None


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_clock_set_ahead_leaves_none_behind(job: Any, jump: timedelta) -> None:
    """What a worker had is taken for lost, and taken up or ended; its late writes count no more."""
    with time_machine.travel(timezone.now()) as traveller:
        late = lease_of(job)
        traveller.shift(jump)

        assert claim(job) is not None
        with pytest.raises(LeaseLostError):
            late.write(last_error="late")


# ---- policies ----


@pytest.fixture(params=job_classes(), ids=lambda model: model.__name__)
def model(request: pytest.FixtureRequest) -> Any:
    """Each class."""
    return request.param


def test_its_policy_holds(model: Any) -> None:
    assert checks.faults_of(model, model.policy) == []


def test_a_lease_that_is_not_longer_than_its_task_is_refused(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = checks.hard_limit(app.tasks[model.policy.task])
    short = replace_policy(model.policy, lease=limit, is_renewed=False)
    monkeypatch.setattr(model, "policy", short)

    assert [error.id for error in checks.check_policies(None)] == ["jobs.E001"]
    with pytest.raises(ImproperlyConfigured, match="two workers"):
        checks.refuse_faults()


@pytest.mark.parametrize(
    "fault",
    [{"task": "dashboard.none"}, {"queue": "none"}, {"most_tries": 0}]
    + [{"give_up_after": timedelta()}],
    ids=lambda fault: next(iter(fault)),
)
def test_another_policy_that_cannot_hold_is_refused(model: Any, fault: dict[str, Any]) -> None:
    known = set(messages.MESSAGES)

    assert checks.faults_of(model, replace_policy(model.policy, **fault))
    messages.MESSAGES.intersection_update(known)


def replace_policy(policy: Any, **changes: Any) -> Any:
    return replace(policy, **changes)


def test_every_message_s_name_is_a_task_and_its_queue_is_read() -> None:
    app.autodiscover_tasks(force=True)

    assert len(messages.MESSAGES) > 10
    for message in messages.MESSAGES:
        assert message.task in app.tasks, message
        assert message.queue in app.amqp.queues, message


def test_no_two_classes_share_a_task() -> None:
    tasks = [model.policy.task for model in job_classes()]

    assert len(tasks) == len(set(tasks)) > 5


def test_pauses_grow_and_are_spread() -> None:
    backoff = Backoff(first=2, most=16)
    longest = [max(backoff.pause(tries) for _ in range(300)) for tries in (1, 2, 3, 4, 9)]

    assert all(a < b for a, b in zip(longest[:3], longest[1:4], strict=True))
    assert longest[-1] <= 16
    assert len({backoff.pause(4) for _ in range(20)}) > 10
    assert [Schedule((timedelta(1), timedelta(2))).pause(n) for n in (1, 2, 3)] == [
        *(86400, 172800, 172800),
    ]


def test_no_retry_after_holds_a_job_for_longer_than_an_hour(model: Any) -> None:
    class Asked(Exception):  # noqa: N818
        retry_after = 10.0**6

    pause = model.policy.pause_after(Asked(), 1)

    assert pause == timedelta(seconds=LONGEST_ASKED)
