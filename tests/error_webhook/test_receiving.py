"""What Cyclr posts: a hint which account to read, whatever else stands in it."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from cyclr_api.simulator.server.error_webhook import failed_step
from dashboard.accounts.handlers.updating import UPDATE
from dashboard.alarms.models import Alarm
from dashboard.alarms.watching import watch
from dashboard.common import limits
from dashboard.error_webhook import reading, services, tasks
from dashboard.error_webhook.models import AccountHint, ErrorWebhook
from dashboard.error_webhook.reading import forget_read, read_named
from dashboard.error_webhook.receiving import A_MINUTE, MOST_BYTES
from dashboard.error_webhook.tokens import make_token
from dashboard.jobs.periodic import PERIODIC
from dashboard.mirror.models import Account, AccountConnector
from dashboard.mirror.tasks import refresh_account
from dashboard.operations.models import Operation
from dashboard.operations.tasks import run_operation
from dashboard.people.models import Role, User
from tests.factories import make_account, make_console, make_user
from tests.simulated import Sent

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def nobody_has_posted(settings: Any) -> None:
    """What one test posts does not count in the next."""
    limits._counts.clear()


@pytest.fixture
def admin() -> User:
    return make_user(Role.ADMIN)


@pytest.fixture
def account() -> Account:
    return make_account(cyclr_id="acme/eu 1")


@pytest.fixture
def webhook(account: Account, admin: User) -> ErrorWebhook:
    return services.make(account.console, admin)


def path_of(webhook: ErrorWebhook) -> str:
    return "/" + webhook.url().split("/", 3)[3]


def post(path: str, body: Any, **headers: Any) -> int:
    """As Cyclr does: no cookie, no token of a form."""
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    client = Client(enforce_csrf_checks=True)
    response = client.post(path, data, content_type="application/json", **headers)
    assert response.content == b""
    assert not response.cookies
    return response.status_code


def named(account: Account) -> dict[str, Any]:
    return {"AccountId": account.cyclr_id, "Message": "Failed to authenticate the connector"}


# ---- the whole way ----


def test_a_connector_that_broke_is_an_alarm_as_soon_as_cyclr_tells_of_the_account(
    harbour: Account, cyclr: CyclrState, admin: User, sent_messages: Sent
) -> None:
    Account.objects.update(read_at=timezone.now() - timedelta(hours=1), refresh_asked_at=None)
    webhook = services.make(harbour.console, admin)
    operation = services.set_on(webhook, harbour, admin, submission())
    run_operation(operation.pk)
    cycle = next(one for one in cyclr.cycles.of(harbour.cyclr_id) if one.account_connector_ids)
    number = next(
        one
        for one in cycle.account_connector_ids
        if AccountConnector.objects.get(cyclr_id=one).authenticated
    )
    cyclr.deauthenticate(number)

    url, body = failed_step(cyclr, number)
    assert url == webhook.url()
    assert post(path_of(webhook), body) == 204
    read_named()
    refresh_account(harbour.pk)
    watch()

    alarm = Alarm.objects.get()
    assert alarm.account_connector is not None
    assert alarm.account_connector.cyclr_id == number
    harbour.refresh_from_db()
    assert list(services.accounts_with(webhook, "ours")) == [harbour]


def submission() -> uuid.UUID:
    """As a form carries it."""
    return uuid.uuid4()


# ---- which account, and how often ----


@pytest.mark.parametrize("name", ["AccountId", "AccountExternalId"])
def test_the_account_is_asked_for_once_and_again_after_ten_seconds(
    webhook: ErrorWebhook, account: Account, sent_messages: Sent, name: str
) -> None:
    path, body = path_of(webhook), {name: account.cyclr_id}
    for _ in range(5):
        assert post(path, body) == 204
        read_named()
    account.refresh_from_db()
    assert account.is_refreshing
    first = AccountHint.objects.get().asked_at

    Account.objects.update(refresh_asked_at=None)
    post(path, body)
    read_named()
    assert AccountHint.objects.get().asked_at == first
    AccountHint.objects.update(asked_at=timezone.now() - 11 * SECOND)
    read_named()

    account.refresh_from_db()
    assert account.is_refreshing


def test_what_is_being_read_is_read_once_more_afterwards(
    webhook: ErrorWebhook, account: Account, sent_messages: Sent
) -> None:
    Account.objects.update(refresh_asked_at=timezone.now(), read_at=None)
    post(path_of(webhook), named(account))

    read_named()
    assert AccountHint.objects.get().asked_at is None
    Account.objects.update(refresh_asked_at=None)
    read_named()

    assert AccountHint.objects.get().asked_at is not None


def test_two_dispatchers_ask_once(
    webhook: ErrorWebhook, account: Account, sent_messages: Sent
) -> None:
    post(path_of(webhook), named(account))

    read_named()
    Account.objects.update(refresh_asked_at=None)
    read_named()

    account.refresh_from_db()
    assert not account.is_refreshing


def test_who_dies_before_asking_leaves_the_hint_waiting(
    webhook: ErrorWebhook, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: Account) -> bool:
        raise SystemExit

    post(path_of(webhook), named(account))
    with monkeypatch.context() as patch:
        patch.setattr(reading, "ask_for_refresh", die)
        with pytest.raises(SystemExit):
            read_named()

    read_named()

    account.refresh_from_db()
    assert account.is_refreshing


def test_what_was_read_is_forgotten(webhook: ErrorWebhook, account: Account) -> None:
    old = timezone.now() - timedelta(days=2)
    AccountHint.objects.create(account=account, heard_at=old, asked_at=old)
    forget_read()

    assert not AccountHint.objects.exists()


def test_an_account_that_fails_all_the_time_leaves_room_for_others(
    webhook: ErrorWebhook, account: Account
) -> None:
    other = make_account(console=account.console, cyclr_id="quiet")

    with time_machine.travel(timezone.now(), tick=False):
        for _ in range(2 * A_MINUTE):
            post(path_of(webhook), named(account))
        post(path_of(webhook), named(other))

    assert AccountHint.objects.filter(account=other).exists()


def test_in_an_outage_of_many_accounts_none_is_missed(
    webhook: ErrorWebhook, account: Account
) -> None:
    many = [make_account(console=account.console, cyclr_id=f"shop-{n}") for n in range(150)]

    with time_machine.travel(timezone.now(), tick=False):
        for one in many * 2:
            post(path_of(webhook), named(one))
        post(path_of(webhook), named(account))

    assert AccountHint.objects.count() == len(many) + 1


def test_what_is_told_beyond_the_limit_is_read_when_its_ten_seconds_are_over(
    webhook: ErrorWebhook, account: Account, sent_messages: Sent
) -> None:
    began = timezone.now().replace(second=0, microsecond=0)
    asked = []
    with time_machine.travel(began, tick=False) as clock:
        for posts in [3, 0, 0, 0, 1, *[0] * 30]:  # each second; the fourth is not looked at
            for _ in range(posts):
                post(path_of(webhook), named(account))
            read_named()
            asked.append(AccountHint.objects.get().asked_at)
            Account.objects.update(refresh_asked_at=None)
            clock.shift(SECOND)

    assert set(asked) == {began, began + 10 * SECOND}


def test_an_id_that_is_a_number_is_taken(webhook: ErrorWebhook, account: Account) -> None:
    numbered = make_account(console=account.console, cyclr_id="100042")

    post(path_of(webhook), {"AccountId": True, "AccountExternalId": 100042})

    assert AccountHint.objects.get().account == numbered


def test_both_accounts_are_read_where_two_are_named(
    webhook: ErrorWebhook, account: Account
) -> None:
    other = make_account(console=account.console, cyclr_id="their-own-id")

    post(path_of(webhook), {"AccountId": account.cyclr_id, "AccountExternalId": other.cyclr_id})

    assert {hint.account for hint in AccountHint.objects.all()} == {account, other}


def test_accounts_that_are_being_read_hold_up_no_others(
    webhook: ErrorWebhook, account: Account, sent_messages: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 1)
    busy = make_account(console=account.console, cyclr_id="busy")
    Account.objects.filter(pk=busy.pk).update(refresh_asked_at=timezone.now(), read_at=None)
    for one in (busy, account):
        post(path_of(webhook), named(one))

    read_named()

    assert AccountHint.objects.get(account=account).asked_at is not None
    assert AccountHint.objects.get(account=busy).asked_at is None


# ---- what changes nothing ----

BODIES: list[Any] = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b"[" * 60_000,
    b'{"AccountId":' * 4_000,
    b'{"AccountId": 1' + b"0" * 5_000 + b"}",
    {"AccountId": None},
    {"AccountId": 7},
    {"AccountId": ["acme/eu 1"]},
    {"AccountId": {"$ne": ""}},
    {"AccountId": ""},
    {"AccountId": "a" * 60_000},
    {"AccountId": "\ud800"},
    {"AccountId": "nul\x00"},
    {"AccountId": "somebody else's"},
    {"accountid": "acme/eu 1"},
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body)[:30])
def test_odd_bodies_are_answered_alike_and_change_nothing(
    webhook: ErrorWebhook, account: Account, body: Any
) -> None:
    assert post(path_of(webhook), body) == 204

    assert not AccountHint.objects.exists()
    assert ErrorWebhook.objects.get().heard_at is None


def test_another_consoles_account_is_not_read(webhook: ErrorWebhook, account: Account) -> None:
    other = make_account(console=make_console())

    post(path_of(webhook), named(other))

    assert not AccountHint.objects.exists()


def test_nothing_else_in_a_body_is_believed(webhook: ErrorWebhook, account: Account) -> None:
    before = Account.objects.values().get()
    body = named(account) | {"AccountName": "<b>Other</b>", "IncidentLevel": "Error", "Id": 1}

    post(path_of(webhook), body)

    assert Account.objects.values().get() == before


def forged(webhook: ErrorWebhook) -> list[str]:
    token = path_of(webhook).split("/")[3]
    other_key = make_token("00" * 8, webhook.key_id)
    turned = ("b" if token[0] == "a" else "a") + token[1:]
    return [
        f"/hooks/cyclr/{one}/"
        for one in (turned, other_key, token[:-1], token + "a", token.upper(), "x", "ü" * 64)
    ]


def test_a_made_up_address_is_answered_alike_and_nothing_is_looked_up(
    webhook: ErrorWebhook, account: Account
) -> None:
    for path in forged(webhook):
        with CaptureQueriesContext(connection) as asked:
            assert post(path, named(account)) == 204, path
        assert len(asked) <= 1, path  # an id with a code of ours that is nobody's is looked up

    assert not AccountHint.objects.exists()


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 200_000])
def test_what_is_too_long_is_refused_unread(
    webhook: ErrorWebhook, account: Account, size: int
) -> None:
    body = json.dumps(named(account) | {"Detail": "x" * size})

    with CaptureQueriesContext(connection) as asked:
        assert post(path_of(webhook), body) == 413

    assert len(asked) == 0


class Unread(io.BytesIO):
    """A body that must not be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise AssertionError("read")

    readline = readlines = read  # type: ignore[assignment]


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 2_000_000, 10_000_000, 10**12])
def test_of_ten_megabytes_not_one_byte_is_asked_for(webhook: ErrorWebhook, size: int) -> None:
    unread: dict[str, Any] = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(size)}

    with CaptureQueriesContext(connection) as asked:
        response = Client().post(path_of(webhook), "{}", content_type="application/json", **unread)

    assert response.status_code == 413
    assert len(asked) == 0


@pytest.mark.parametrize("length", ["-1", "1e9", "x", "9" * 30])
def test_a_length_that_is_none_is_refused(webhook: ErrorWebhook, length: str) -> None:
    response = Client().post(
        path_of(webhook), "{}", content_type="application/json", CONTENT_LENGTH=length
    )

    assert response.status_code in {204, 413}
    assert not AccountHint.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options"])
def test_only_posts_are_taken(webhook: ErrorWebhook, method: str) -> None:
    assert getattr(Client(), method)(path_of(webhook)).status_code == 405


def test_a_thousand_posts_a_minute_cost_next_to_nothing(
    webhook: ErrorWebhook,
    account: Account,
    sent_messages: Sent,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    path = path_of(webhook)

    with time_machine.travel(timezone.now(), tick=False):
        with django_capture_on_commit_callbacks(execute=True):
            asked = _thousand(path, account)
        with CaptureQueriesContext(connection) as one_more:
            post(path, named(account))

    assert asked <= 60
    assert [name for name, *_ in sent_messages].count("refresh_account") == 1
    assert len(one_more) == 0


def _thousand(path: str, account: Account) -> int:
    """How many queries a thousand posts take, and the dispatcher meanwhile."""
    with CaptureQueriesContext(connection) as asked:
        for number in range(1000):
            post(path, named(account))
            if number % 100 == 0:
                tasks.read_named()
    return len(asked)


def test_in_a_minute_of_posts_each_account_is_read_once_in_ten_seconds_at_most(
    webhook: ErrorWebhook, account: Account, sent_messages: Sent
) -> None:
    accounts = [account, *(make_account(console=account.console) for _ in range(3))]
    read: dict[int, list[datetime]] = {one.pk: [] for one in accounts}
    path, began = path_of(webhook), timezone.now()

    with (
        time_machine.travel(began, tick=False) as clock,
        CaptureQueriesContext(connection) as asked,
    ):
        for number in range(1000):
            clock.move_to(began + number * timedelta(minutes=1) / 1000)
            post(path, named(accounts[number % len(accounts)]))
            if number % 17 == 0:  # about each second, as the dispatcher does
                tasks.read_named()
                asked_for = Account.objects.exclude(refresh_asked_at=None)
                for pk in asked_for.values_list("pk", flat=True):
                    read[pk].append(timezone.now())
                asked_for.update(refresh_asked_at=None)  # a worker is that quick

    for moments in read.values():
        assert 5 <= len(moments) <= 7
        assert all(later - earlier >= reading.PAUSE for earlier, later in pairwise(moments))
    assert len(asked) <= 1000


def test_the_dispatcher_has_named_accounts_read(
    webhook: ErrorWebhook, account: Account, sent_messages: Sent
) -> None:
    names = {one.name for one in PERIODIC}
    tasks.read_named()
    post(path_of(webhook), named(account))
    tasks.read_named()

    account.refresh_from_db()
    assert account.is_refreshing
    assert "dashboard.error_webhook.tasks.read_named" in names


# ---- rotation ----


def test_the_address_before_answers_for_a_day(
    webhook: ErrorWebhook, account: Account, admin: User
) -> None:
    before = path_of(webhook)
    services.rotate(webhook, admin)
    services.rotate(webhook, admin)  # the same press twice
    now = path_of(ErrorWebhook.objects.get())

    for path in (before, now):
        AccountHint.objects.all().delete()
        assert (path == before) or now != before
        post(path, named(account))
        assert AccountHint.objects.exists(), path
    AccountHint.objects.all().delete()
    ErrorWebhook.objects.update(previous_until=timezone.now() - SECOND)
    post(before, named(account))

    assert not AccountHint.objects.exists()


def test_a_console_that_is_no_longer_in_use_has_nothing_read(
    webhook: ErrorWebhook, account: Account
) -> None:
    type(account.console).objects.update(retired_at=timezone.now())

    post(path_of(webhook), named(account))

    assert not AccountHint.objects.exists()


def test_the_row_alone_makes_no_address(webhook: ErrorWebhook, settings: Any) -> None:
    path = path_of(webhook)
    settings.CREDENTIAL_KEYS = ["another key, thirty-two letters long"]

    assert post(path, {"AccountId": "acme/eu 1"}) == 204
    assert not AccountHint.objects.exists()


def test_setting_it_is_one_ordinary_change_of_the_account(
    webhook: ErrorWebhook, account: Account, admin: User
) -> None:
    operation = services.set_on(webhook, account, admin, submission())

    assert operation.kind == UPDATE
    assert webhook.url() not in json.dumps(operation.display_input)
    assert webhook.url() not in str(Operation.objects.values().get())
