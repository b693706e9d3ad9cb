"""When alarms open, which breaks are one alarm, and when they close: by the mirror alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard.alarms import tasks, watching
from dashboard.alarms.forgetting import forget
from dashboard.alarms.models import Alarm, AlarmMember, End, Trouble
from dashboard.alarms.watching import ask_about_doubted, watch
from dashboard.audit.models import Actor
from dashboard.connector_changes.handlers.losing import DEAUTHENTICATE
from dashboard.connectors.models import ConnectionTest
from dashboard.consoles.models import Console
from dashboard.links.models import LinkItem
from dashboard.mirror import writing, writing_accounts, writing_evidence
from dashboard.mirror.models import Account, AccountConnector, WhyBroken
from dashboard.notifications.models import Notification
from dashboard.operations.models import State
from tests.factories import (
    make_account,
    make_account_connector,
    make_console,
    make_link,
    make_operation,
    make_user,
)

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
Clock = Any


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock that stands still until it is moved."""
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def console(clock: Clock) -> Console:
    return make_console()


@pytest.fixture
def shopify(console: Console, clock: Clock) -> Callable[[int], list[AccountConnector]]:
    """Makes authenticated Shopify connectors, each in an account of its own, read an hour ago."""

    def make(count: int, **values: Any) -> list[AccountConnector]:
        made_up = {"connector_name": "Shopify", "name": "Shopify", "authenticated": True}
        return [
            make_account_connector(
                account=make_account(console=console, name=f"Shop {n}"),
                **made_up | values | {"changed_at": START - HOUR, "seen_at": START - HOUR},
            )
            for n in range(count)
        ]

    return make


def read(*connectors: AccountConnector, authenticated: bool | None) -> None:
    """A listing that began now says so of them."""
    moment = timezone.now()
    for one in connectors:
        one.refresh_from_db()
        writing.fill(one, {"authenticated": authenticated}, moment, moment)
        one.save()


def alarms(**values: Any) -> list[Alarm]:
    return list(Alarm.objects.shown().filter(**values).order_by("pk"))


def told() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("message", flat=True))


# ---- one connector ----


def test_a_connector_that_stops_being_authenticated_opens_one_alarm(
    shopify: Any, clock: Clock
) -> None:
    (shop,) = shopify(1)

    read(shop, authenticated=False)
    for _ in range(3):
        watch()

    (alarm,) = alarms()
    assert (alarm.state, alarm.open_count, str(alarm)) == ("Open", 1, "Shop 0: Shopify")
    assert alarm.account_connector == shop
    assert alarm.members.get().trouble == Trouble.NOT_AUTHENTICATED
    assert [event.message for event in alarm.events.all()] == ["Shop 0: Shopify: not authenticated"]


def test_it_closes_by_itself_and_says_how_long_it_lasted(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    read(shop, authenticated=False)
    watch()
    clock.shift(2 * HOUR)

    read(shop, authenticated=True)
    watch()

    (alarm,) = alarms()
    assert (alarm.state, alarm.end, alarm.lasted) == ("Closed", End.RECOVERED, 2 * HOUR)
    assert "Closed after 2 h" in [event.message for event in alarm.events.all()]


def test_a_scheduled_test_that_finds_it_dead_opens_one_and_a_good_one_closes_it(
    shopify: Any, clock: Clock
) -> None:
    (shop,) = shopify(1)
    run = ConnectionTest(account_connector=shop, began_at=START, worked=False, finished_at=START)
    run.actor = Actor.system()
    run.save()
    writing_evidence.write_test_failed(shop, START, "Refused.", WhyBroken.CREDENTIALS)

    watch()

    (alarm,) = alarms()
    assert alarm.members.get().trouble == Trouble.NOT_WORKING
    writing_evidence.write_test_passed(shop, START + MINUTE, "")
    watch()
    alarm.refresh_from_db()
    assert alarm.end == End.RECOVERED


@pytest.mark.parametrize("is_staff", [True, False])
def test_a_test_that_somebody_made_or_a_call_tells_who_made_it(
    shopify: Any, clock: Clock, is_staff: bool
) -> None:
    (shop,) = shopify(1)
    if is_staff:
        run = ConnectionTest(
            account_connector=shop, began_at=START, worked=False, finished_at=START
        )
        run.actor = Actor.staff(make_user())
        run.save()
    writing_evidence.write_test_failed(shop, START, "Refused.", WhyBroken.PERMISSION)

    watch()

    assert alarms() == []


def test_what_never_worked_or_is_not_told_of_is_no_alarm(shopify: Any, clock: Clock) -> None:
    (never,), (untold,) = shopify(1, authenticated=None), shopify(1)

    read(never, authenticated=False)
    read(untold, authenticated=None)
    watch()

    assert alarms() == []


def test_a_listing_that_does_not_say_hides_no_break(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    since = shop.authenticated_since

    read(shop, authenticated=None)
    watch()
    shop.refresh_from_db()
    assert alarms() == []
    assert (shop.authenticated, shop.authenticated_since) == (True, since)
    read(shop, authenticated=False)
    watch()

    assert len(alarms()) == 1


def test_what_broke_before_there_were_alarms_is_none(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    read(shop, authenticated=False)
    clock.shift(timedelta(days=8))

    watch()

    assert alarms() == []


def test_what_was_deleted_is_over_and_said_to_be(shopify: Any, clock: Clock) -> None:
    first, second, third = shopify(3)
    read(first, second, third, authenticated=False)
    watch()

    writing.write_deleted(first)
    writing.mark_connector_gone(second, timezone.now() + MINUTE)
    writing_accounts.write_account_deleted(third.account)
    watch()

    assert {alarm.end for alarm in alarms()} == {End.GONE}
    assert told() == []


# ---- what colleagues do themselves ----


def deauthenticate(shop: AccountConnector, state: State) -> Any:
    return make_operation(
        kind=DEAUTHENTICATE,
        account=shop.account,
        account_connector=shop,
        state=state,
        finished_at=timezone.now() if state == State.DONE else None,
    )


def test_what_a_colleague_takes_away_is_no_alarm(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    writing.write_authenticated(shop, authenticated=False, is_wanted=True)
    deauthenticate(shop, State.DONE)

    watch()

    assert alarms() == []


def test_nor_is_it_where_a_listing_saw_it_before_the_operation_ended(
    shopify: Any, clock: Clock
) -> None:
    (shop,) = shopify(1)
    operation = deauthenticate(shop, State.SENT)
    read(shop, authenticated=False)
    watch()
    clock.shift(MINUTE)

    operation.state, operation.finished_at = State.DONE, timezone.now()
    operation.save()
    writing.write_authenticated(shop, authenticated=False, is_wanted=True)
    watch()

    assert alarms() == []


def test_one_that_was_dead_and_is_taken_away_is_over(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    run = ConnectionTest(account_connector=shop, began_at=START, worked=False, finished_at=START)
    run.actor = Actor.system()
    run.save()
    writing_evidence.write_test_failed(shop, START, "Refused.", WhyBroken.CREDENTIALS)
    watch()
    clock.shift(MINUTE)

    writing.write_authenticated(shop, authenticated=False, is_wanted=True)
    deauthenticate(shop, State.DONE)
    watch()

    assert [alarm.end for alarm in alarms()] == [End.WANTED]


# ---- many of one kind ----


def test_fifty_of_a_kind_are_one_alarm_and_one_notification(shopify: Any, clock: Clock) -> None:
    shops = shopify(50)
    read(*shops, authenticated=False)

    watch()

    (alarm,) = alarms()
    assert (str(alarm), alarm.is_group, alarm.open_count) == ("Shopify: 50 accounts", True, 50)
    for _ in range(3):
        clock.shift(5 * MINUTE)
        watch()
    assert told() == ["Shopify: 50 accounts, probably not the customers"]


def test_fifty_that_break_over_several_readings_are_one_alarm_in_the_end(
    shopify: Any, clock: Clock
) -> None:
    shops = shopify(50)

    for n in range(10):
        read(*shops[n * 5 : n * 5 + 5], authenticated=False)
        watch()
        clock.shift(MINUTE)

    (alarm,) = alarms()
    assert (alarm.open_count, alarm.is_group) == (50, True)
    assert told() == ["Shopify: 15 accounts, probably not the customers"]
    merged = Alarm.objects.exclude(merged_into=None)
    assert {one.get_absolute_url() for one in merged} == {alarm.get_absolute_url()}


def test_eleven_are_told_together_once_it_is_known_that_no_more_come(
    shopify: Any, clock: Clock
) -> None:
    read(*shopify(11), authenticated=False)
    watch()
    clock.shift(5 * MINUTE)
    watch()
    assert (len(alarms()), told()) == (11, [])

    clock.shift(6 * MINUTE)
    watch()

    assert told() == ["Shopify: 11 connections broke"]


def test_others_of_another_kind_or_console_or_time_stay_apart(shopify: Any, clock: Clock) -> None:
    many, other = shopify(12), shopify(1, connector_name="HubSpot", name="HubSpot")
    elsewhere = make_account_connector(
        connector_name="Shopify", authenticated=True, changed_at=START - HOUR
    )
    late = shopify(1)
    read(*many, *other, elsewhere, authenticated=False)
    watch()
    clock.shift(11 * MINUTE)
    read(*late, authenticated=False)
    watch()

    assert sorted(alarm.member_count for alarm in alarms()) == [1, 1, 1, 12]


def test_connectors_without_a_kind_are_never_one(shopify: Any, clock: Clock) -> None:
    read(*shopify(12, connector_name=""), authenticated=False)

    watch()

    assert len(alarms()) == 12


def test_each_closes_alone_and_the_alarm_with_the_last(shopify: Any, clock: Clock) -> None:
    shops = shopify(12)
    read(*shops, authenticated=False)
    watch()
    clock.shift(HOUR)

    read(*shops[:11], authenticated=True)
    watch()
    (alarm,) = alarms()
    assert (alarm.state, alarm.open_count) == ("Open", 1)
    read(shops[11], authenticated=True)
    watch()

    alarm.refresh_from_db()
    assert alarm.state == "Closed"
    assert told() == [
        "Shopify: 12 accounts, probably not the customers",
        "Shopify: 12 accounts work again after 1 h",
    ]
    lines = [event.message for event in alarm.events.all()]
    assert "Shop 0, Shop 1, Shop 2 and 8 more: works again" in lines


def test_who_had_taken_one_of_them_has_the_whole(shopify: Any, clock: Clock) -> None:
    shops, anna = shopify(12), make_user(name="Anna")
    read(shops[0], authenticated=False)
    watch()
    Alarm.objects.update(owner=anna, owned_since=START, snoozed_until=START + HOUR)
    clock.shift(MINUTE)
    read(*shops[1:], authenticated=False)

    watch()

    (alarm,) = alarms()
    assert (alarm.owner, alarm.state) == (anna, "Taken")


def test_of_two_who_had_taken_some_who_did_so_first_has_the_whole(
    shopify: Any, clock: Clock
) -> None:
    shops, (anna, bert) = shopify(12), (make_user(name="Anna"), make_user(name="Bert"))
    read(*shops[:3], authenticated=False)
    watch()
    first, second, third = alarms()
    for alarm, owner, since in ((first, bert, 3), (second, bert, 2), (third, anna, 1)):
        Alarm.objects.filter(pk=alarm.pk).update(owner=owner, owned_since=START + since * MINUTE)
    clock.shift(4 * MINUTE)
    read(*shops[3:], authenticated=False)

    watch()

    (alarm,) = alarms()
    assert (alarm.owner, alarm.owned_since) == (anna, START + MINUTE)


def test_many_connections_of_one_customer_are_said_to_be_that(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    others = [
        make_account_connector(
            account=shop.account,
            connector_name="Shopify",
            authenticated=True,
            changed_at=START - HOUR,
            seen_at=START - HOUR,
        )
        for _ in range(11)
    ]
    read(shop, *others, authenticated=False)

    watch()

    assert told() == ["Shopify: 12 connections of one account broke"]


def test_one_console_whose_look_fails_holds_up_no_other(
    shopify: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(*shopify(1), authenticated=False)
    elsewhere = make_account_connector(authenticated=True, changed_at=START - HOUR)
    read(elsewhere, authenticated=False)
    asked: list[Console] = []

    def fails_first(console: Console) -> None:
        asked.append(console)
        if len(asked) == 1:
            raise ValueError("a fault of ours")

    monkeypatch.setattr(watching, "bring_up_to_date", fails_first)
    watch()

    assert len(asked) == 2


# ---- told ----


def test_a_break_is_told_after_a_minute_and_its_end_with_how_long(
    shopify: Any, clock: Clock
) -> None:
    (shop,) = shopify(1)
    read(shop, authenticated=False)
    watch()
    assert told() == []
    clock.shift(MINUTE)
    watch()
    clock.shift(HOUR)
    read(shop, authenticated=True)
    watch()
    watch()

    assert told() == ["Shop 0: Shopify: not authenticated", "Shop 0: Shopify works again after 1 h"]


def test_what_works_again_within_the_minute_is_not_told(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    read(shop, authenticated=False)
    watch()
    read(shop, authenticated=True)
    clock.shift(MINUTE)
    watch()
    clock.shift(MINUTE)
    watch()

    assert told() == []


def test_what_breaks_again_soon_is_the_same_alarm_and_later_another_one(
    shopify: Any, clock: Clock
) -> None:
    (shop,) = shopify(1)
    for pause in (5 * MINUTE, 11 * MINUTE, MINUTE):
        read(shop, authenticated=False)
        watch()
        clock.shift(MINUTE)
        read(shop, authenticated=True)
        watch()
        clock.shift(pause)

    assert [alarm.members.get().times for alarm in alarms()] == [2, 1]


def test_what_is_told_to_work_again_and_does_not_is_told_once_more(
    shopify: Any, clock: Clock
) -> None:
    (shop,) = shopify(1)
    for authenticated in (False, True, False):
        read(shop, authenticated=authenticated)
        watch()
        clock.shift(MINUTE)
        watch()

    assert len(told()) == 3


def test_what_breaks_again_after_days_is_told_again(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    read(shop, authenticated=False)
    for pause in (MINUTE, timedelta(days=2)):
        watch()
        clock.shift(pause)
    watch()
    read(shop, authenticated=True)
    watch()
    clock.shift(5 * MINUTE)
    read(shop, authenticated=False)
    watch()
    clock.shift(MINUTE)
    watch()

    assert told() == [
        "Shop 0: Shopify: not authenticated",
        "Shop 0: Shopify works again after 2 d",
        "Shop 0: Shopify: not authenticated",
    ]


def test_the_end_of_what_was_never_told_is_not_told(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    read(shop, authenticated=False)
    clock.shift(timedelta(days=2))
    watch()
    clock.shift(MINUTE)
    watch()
    read(shop, authenticated=True)

    watch()

    assert [alarm.end for alarm in alarms()] == [End.RECOVERED]
    assert told() == []


def test_of_many_that_are_back_one_that_breaks_again_is_told_as_one(
    shopify: Any, clock: Clock
) -> None:
    shops = shopify(12)
    read(*shops, authenticated=False)
    watch()
    clock.shift(HOUR)
    read(*shops, authenticated=True)
    watch()
    clock.shift(MINUTE)
    read(shops[0], authenticated=False)
    watch()

    assert told()[2:] == ["Shopify: 1 of 12 connections broken again"]


def test_what_was_deleted_is_told_as_cyclr_is_written(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    read(shop, authenticated=False)
    watch()
    writing.write_deleted(shop)
    watch()

    lines = [event.message for event in alarms()[0].events.all()]
    assert "Shop 0: deleted in Cyclr" in lines


# ---- listings that are not to be believed yet ----


def test_a_listing_that_lags_behind_a_customers_connecting_is_no_break(
    shopify: Any, clock: Clock
) -> None:
    (shop,) = shopify(1)
    item = LinkItem.objects.get(link=make_link(connectors=[shop], account=shop.account))
    item.connected_at = timezone.now()
    item.save()
    clock.shift(MINUTE)
    read(shop, authenticated=False)

    watch()
    assert alarms() == []
    clock.shift(4 * MINUTE)
    ask_about_doubted()
    shop.account.refresh_from_db()
    assert shop.account.refresh_asked_at == timezone.now()
    clock.shift(MINUTE)
    ask_about_doubted()
    read(shop, authenticated=True)
    watch()

    assert alarms() == []


def test_one_that_still_says_so_later_is_believed(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    make_operation(
        account=shop.account,
        account_connector=shop,
        state=State.DONE,
        finished_at=timezone.now(),
    )
    clock.shift(MINUTE)
    read(shop, authenticated=False)
    clock.shift(3 * MINUTE)
    read(shop, authenticated=False)

    watch()

    assert len(alarms()) == 1


def test_a_connector_that_a_lagging_listing_left_out_goes_on_with_its_alarm(
    shopify: Any, clock: Clock
) -> None:
    (shop,) = shopify(1)
    read(shop, authenticated=False)
    watch()
    writing.mark_connector_gone(shop, timezone.now() + MINUTE)
    watch()
    clock.shift(HOUR)

    read(shop, authenticated=False)
    watch()

    (alarm,) = alarms()
    assert alarm.state == "Open"


# ---- kept by the database ----


def test_a_connector_has_one_open_break(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    read(shop, authenticated=False)
    watch()
    member = AlarmMember.objects.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        AlarmMember.objects.create(
            alarm=member.alarm,
            account_connector=shop,
            trouble=member.trouble,
            began_at=START,
        )


def test_what_a_look_costs_does_not_grow_with_what_is_broken(
    shopify: Any, clock: Clock, django_assert_num_queries: Any
) -> None:
    read(*shopify(20), authenticated=False)
    watch()

    with django_assert_num_queries(6):
        watch()


def test_an_account_is_named_by_its_id_where_it_has_no_name(console: Console) -> None:
    account = Account(console=console, cyclr_id="acme-1", name=" ")
    nameless = AccountConnector(account=account, name=" ", connector_name="HubSpot")

    assert str(Alarm(account_connector=nameless)) == "acme-1: No name"


def test_the_dispatcher_looks_only_where_something_may_be_broken(
    shopify: Any, django_assert_num_queries: Any
) -> None:
    (connector,) = shopify(1)
    tasks.watch_connections()
    with django_assert_num_queries(4):
        tasks.watch_connections()
    read(connector, authenticated=False)
    tasks.watch_connections()
    (alarm,) = alarms()
    read(connector, authenticated=True)
    tasks.watch_connections()
    alarm.refresh_from_db()
    assert alarm.end == End.RECOVERED


def test_an_alarm_follows_how_it_is_broken_and_why(shopify: Any, clock: Clock) -> None:
    (shop,) = shopify(1)
    run = ConnectionTest(account_connector=shop, began_at=START, worked=False, finished_at=START)
    run.actor = Actor.system()
    run.save()
    writing_evidence.write_test_failed(shop, START, "Refused.", WhyBroken.CREDENTIALS)
    watch()

    read(shop, authenticated=False)
    watch()
    watch()

    (alarm,) = alarms()
    member = alarm.members.get()
    assert member.trouble == Trouble.NOT_AUTHENTICATED
    events = list(alarm.events.filter(event="changed").values_list("message", flat=True))
    assert len(events) == 1 and "not authenticated" in events[0]


def test_alarms_that_have_been_over_for_half_a_year_are_forgotten(
    shopify: Any, clock: Clock
) -> None:
    shops = shopify(2)
    read(*shops, authenticated=False)
    watch()
    read(shops[0], authenticated=True)
    watch()
    old = alarms(end=End.RECOVERED)[0]

    clock.shift(timedelta(days=179))
    assert forget() == 0
    clock.shift(timedelta(days=2))

    assert forget() == 1
    assert not Alarm.objects.filter(pk=old.pk).exists()
    assert len(alarms()) == 1
