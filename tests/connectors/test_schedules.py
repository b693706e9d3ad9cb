"""Connection tests that nobody asks for: when they come, how many, and what they leave alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import ActorKind, AuditEntry
from dashboard.connectors import schedules
from dashboard.connectors.answers import proposed
from dashboard.connectors.models import (
    ConnectionTest,
    ConnectionTestMethod,
    ConnectionTestPlan,
    TestEvery,
)
from dashboard.consoles import services as consoles
from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE
from dashboard.mirror.models import AccountConnector
from dashboard.people.models import Role
from tests.connectors.conftest import work
from tests.factories import make_user
from tests.pages import signed_in, text_of

HOUR = timedelta(hours=1)


@pytest.fixture
def daily(test_method: ConnectionTestMethod) -> ConnectionTestMethod:
    """MailChimp is tested each day."""
    schedules.set_for_kind(test_method, TestEvery.DAILY)
    return test_method


def turn(after: timedelta = timedelta()) -> int:
    """The dispatcher's turn when so much time has passed: how many tests are open then."""
    ConnectionTestPlan.objects.update(next_at=F("next_at") - after)
    schedules.plan_all()
    return int(ConnectionTest.objects.open().count())


def twins(connector: AccountConnector, count: int) -> list[AccountConnector]:
    """More connectors of the same kind in the same account, authenticated too."""
    return AccountConnector.objects.bulk_create(
        AccountConnector(
            account=connector.account,
            cyclr_id=880000 + n,
            name=f"Twin {n}",
            connector_name=connector.connector_name,
            connector_version=connector.connector_version,
            authenticated=True,
        )
        for n in range(count)
    )


def test_nothing_is_tested_that_nobody_put_on_a_schedule(
    mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    assert turn() == 0 and turn(48 * HOUR) == 0
    assert not ConnectionTestPlan.objects.exists()


def test_a_kind_is_tested_soon_and_then_about_once_a_day(
    cyclr: CyclrState, mailchimp: AccountConnector, daily: ConnectionTestMethod
) -> None:
    assert turn() == 0, "it is planned first"
    assert turn(schedules.FIRST_WITHIN) == 1
    run = ConnectionTest.objects.get()
    assert run.account_connector == mailchimp and run.is_scheduled
    work()
    mailchimp.refresh_from_db()
    assert mailchimp.proven_at is not None

    planned = ConnectionTestPlan.objects.get().next_at
    assert planned is not None and 20 * HOUR < planned - timezone.now() < 24 * HOUR
    assert turn(19 * HOUR) == 0 and turn(5 * HOUR) == 1


def test_what_is_not_authenticated_or_gone_is_left_alone(
    mailchimp: AccountConnector, daily: ConnectionTestMethod
) -> None:
    off, gone = twins(mailchimp, 2)
    turn()
    AccountConnector.objects.filter(pk=off.pk).update(authenticated=False)
    AccountConnector.objects.filter(pk=gone.pk).update(gone_at=timezone.now())

    turn(HOUR)

    assert [run.account_connector for run in ConnectionTest.objects.all()] == [mailchimp]
    assert not ConnectionTestPlan.objects.filter(account_connector=gone).exists()


def test_a_connector_can_have_a_schedule_of_its_own(
    mailchimp: AccountConnector, daily: ConnectionTestMethod
) -> None:
    (other,) = twins(mailchimp, 1)
    schedules.set_for_connector(mailchimp, TestEvery.NEVER)
    schedules.set_for_connector(other, TestEvery.SIX_HOURS)

    turn()
    assert turn(HOUR) == 1
    assert ConnectionTest.objects.get().account_connector == other
    assert schedules.described(mailchimp, daily) == (TestEvery.NEVER, "Daily")
    plan = ConnectionTestPlan.objects.get(account_connector=other)
    assert plan.next_at is not None and plan.next_at < timezone.now() + 9 * HOUR

    schedules.set_for_connector(mailchimp, None)
    schedules.set_for_kind(daily, TestEvery.NEVER)
    turn()
    assert list(ConnectionTestPlan.objects.values_list("account_connector", flat=True)) == [
        other.pk
    ]


def test_a_schedule_outlives_the_method_and_goes_on_with_the_next(
    mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    schedules.set_for_connector(mailchimp, TestEvery.DAILY)
    turn()
    kept = ConnectionTestMethod.objects.get()
    ConnectionTestMethod.objects.all().delete()
    assert turn(HOUR) == 0 and ConnectionTestPlan.objects.exists()
    kept.pk = None
    kept.save()

    assert turn(40 * HOUR) == 1


def test_no_more_are_begun_than_the_spare_share(
    settings: Any, mailchimp: AccountConnector, daily: ConnectionTestMethod
) -> None:
    settings.CYCLR_CALLS_PER_SECOND = 0.5
    twins(mailchimp, 9)
    assert schedules.a_minute(mailchimp.account.console) == 3
    turn()

    assert turn(4 * HOUR) == 3
    assert turn() == 3, "those that are open count"
    ConnectionTest.objects.update(finished_at=timezone.now(), worked=True)
    assert turn() == 3
    assert ConnectionTest.objects.count() == 6


def test_a_kind_rests_while_its_third_party_asks_for_a_pause(
    cyclr: CyclrState, mailchimp: AccountConnector, daily: ConnectionTestMethod
) -> None:
    turn()
    turn(HOUR)
    cyclr.faults.respond(
        "POST", "/account/connectors/{id}/methods/{method}", status=429, after_effect=True
    )
    work()
    assert ConnectionTest.objects.get().tries == 1
    twins(mailchimp, 3)
    turn()

    assert turn(HOUR) == 1
    ConnectionTest.objects.update(finished_at=timezone.now())
    assert turn() == 3


def test_people_go_first(
    mailchimp: AccountConnector, daily: ConnectionTestMethod, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def listen(console: Any, priority: str = INTERACTIVE) -> Any:
        asked.append(priority)
        return consoles.asking(console, priority)

    monkeypatch.setattr("dashboard.connectors.connection_tests.asking", listen)
    turn()
    turn(HOUR)
    work()
    person = signed_in(make_user(Role.AGENT))
    person.post(reverse("connector_test", args=[mailchimp.pk]))
    work()

    assert asked == [BACKGROUND, INTERACTIVE]


def test_the_trail_tells_only_what_is_new(
    cyclr: CyclrState, mailchimp: AccountConnector, daily: ConnectionTestMethod
) -> None:
    def test(status: int | None = None) -> None:
        cyclr.faults.clear()
        if status:
            cyclr.faults.respond(
                "POST",
                "/account/connectors/{id}/methods/{method}",
                status=status,
                after_effect=True,
            )
        turn(48 * HOUR)
        work()

    turn()
    for status in (None, None, 401, 401, None, None, 404):
        test(status)

    entries = AuditEntry.objects.filter(action="connectors.test").order_by("pk")
    assert [entry.result for entry in entries] == ["works", "does not work", "works"]
    assert {entry.actor_kind for entry in entries} == {ActorKind.SYSTEM}
    mailchimp.refresh_from_db()
    assert mailchimp.test_failed_at is None


# ---- pages ----


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    """A browser in which an administrator is signed in."""
    return signed_in(make_user(Role.ADMIN))


def test_an_administrator_schedules_a_kind(
    admin: Client, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    page = reverse("test_method_choose", args=[mailchimp.pk])
    assert "Save schedule" in text_of(admin.get(page))

    answer = admin.post(
        reverse("test_method_schedule", args=[mailchimp.pk]), {"every_hours": "6"}, follow=True
    )

    assert "about 4 tests a day" in text_of(answer)
    test_method.refresh_from_db()
    assert test_method.every_hours == 6
    assert AuditEntry.objects.get(action="connectors.schedule_tests").details["every"]


@pytest.mark.parametrize("value", ["", "7", "-6", "x", "٦", "6" * 40])
def test_a_schedule_that_does_not_exist_is_refused(
    admin: Client, mailchimp: AccountConnector, test_method: ConnectionTestMethod, value: str
) -> None:
    url = reverse("test_method_schedule", args=[mailchimp.pk])

    assert "Choose how often" in text_of(admin.post(url, {"every_hours": value}, follow=True))
    test_method.refresh_from_db()
    assert test_method.every_hours == TestEvery.NEVER


def test_without_a_method_nothing_can_be_scheduled(
    admin: Client, mailchimp: AccountConnector
) -> None:
    url = reverse("test_method_schedule", args=[mailchimp.pk])

    assert "Choose a method first" in text_of(admin.post(url, {"every_hours": "6"}, follow=True))


def test_a_lead_schedules_one_connector_and_an_agent_does_not(
    agent: Client, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    lead, url = signed_in(make_user(Role.LEAD)), reverse("connector_schedule", args=[mailchimp.pk])

    assert agent.post(url, {"every_hours": "6"}).status_code == 403
    lead.post(url, {"every_hours": "6"})
    assert ConnectionTestPlan.objects.get().every_hours == TestEvery.SIX_HOURS
    lead.post(url, {"every_hours": "5"})
    assert ConnectionTestPlan.objects.get().every_hours == TestEvery.SIX_HOURS
    lead.post(url, {"every_hours": ""})
    assert not ConnectionTestPlan.objects.exists()


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (["List Orders", "Get Account", "Get Order Notes"], "Get Account"),
        (["Get Account", "Who am I", "List Users"], "Who am I"),
        (["List Users", "List Orders"], "List Users"),
        (["Search Things", "Export"], "Search Things"),
        (["Show Fields"], "Show Fields"),
        (["Get Own Profile", "Get Me"], "Get Me"),
        (["Get Metadata", "List Contacts"], "Get Metadata"),
        ([], ""),
    ],
)
def test_a_test_method_is_proposed_by_its_name(names: list[str], best: str) -> None:
    assert proposed({name: name for name in names}) == best


def test_the_proposed_method_comes_first_and_is_preselected(
    admin: Client, cyclr: CyclrState, mailchimp: AccountConnector
) -> None:
    admin.post(reverse("test_method_look_up", args=[mailchimp.pk]))
    work()

    page = text_of(admin.get(reverse("test_method_choose", args=[mailchimp.pk])))

    assert page.count("Proposed.") == 1 and page.count("checked") == 1


def test_the_connectors_page_tells_its_schedule(
    agent: Client, mailchimp: AccountConnector, daily: ConnectionTestMethod
) -> None:
    lead = signed_in(make_user(Role.LEAD))

    told, asked = (text_of(one.get(mailchimp.get_absolute_url())) for one in (agent, lead))

    assert "Scheduled tests" in told and "Daily" in told and "every_hours" not in told
    assert "As its kind: daily" in asked


def test_a_refusal_of_our_address_has_a_message_for_cyclrs_support(
    settings: Any,
    cyclr: CyclrState,
    agent: Client,
    mailchimp: AccountConnector,
    test_method: ConnectionTestMethod,
) -> None:
    settings.EGRESS_ADDRESSES = ["203.0.113.7"]
    words = "Unknown client IP Address: contact support to request access for this IP address"
    path = "/account/connectors/{id}/methods/{method}"
    cyclr.faults.respond("POST", path, status=403, body={"Message": words})
    agent.post(reverse("connector_test", args=[mailchimp.pk]))
    work()

    page = text_of(agent.get(mailchimp.get_absolute_url()))

    assert "Message for Cyclr’s support" in page and "203.0.113.7" in page
    assert f"account connector {mailchimp.cyclr_id} in the account" in page
    settings.EGRESS_ADDRESSES = []
    assert "DESK_EGRESS_ADDRESSES" in text_of(agent.get(mailchimp.get_absolute_url()))
