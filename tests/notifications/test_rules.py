"""Notification rules: who is told of what, of which accounts, and when not."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.accounts.tags import set_tags
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.links.notification_kinds import APP_CONNECTED, LINK_CONNECTED
from dashboard.mirror.models import Account
from dashboard.notifications import mailing, preferences, services, webhooks
from dashboard.notifications.models import NotificationMail, NotificationRule, WebhookDelivery
from dashboard.notifications.rules import quiet_until
from dashboard.people.models import Role, User
from tests.factories import make_account, make_console, make_user

pytestmark = pytest.mark.django_db
PAGE = "/settings/notifications/"


@pytest.fixture
def console() -> Console:
    return make_console()


@pytest.fixture
def account(console: Console) -> Account:
    return make_account(console=console)


def rule(console: Console, *people: User, **values: Any) -> NotificationRule:
    made = NotificationRule.objects.create(console=console, **values)
    made.people.set(people)
    return made


def tell(console: Console, **values: Any) -> Any:
    return services.post(LINK_CONNECTED, console, "Done", url="/links/", **values)


def told() -> set[str]:
    return set(NotificationMail.objects.values_list("user__email", flat=True))


def admin(console: Console) -> Client:
    client = Client()
    client.force_login(make_user(Role.ADMIN, console=console))
    return client


def test_a_rule_tells_people_who_chose_nothing_themselves(console: Console) -> None:
    ann, ben = make_user(Role.AGENT), make_user(Role.AGENT)
    rule(console, ann)
    preferences.set_preferences(ben, [None], [(None, str(LINK_CONNECTED))])

    tell(console)

    assert told() == {ann.email, ben.email}


def test_a_rule_of_other_kinds_or_another_console_tells_nobody(console: Console) -> None:
    rule(console, make_user(Role.AGENT), kinds=[str(APP_CONNECTED)])
    rule(make_console(), make_user(Role.AGENT))

    tell(console)

    assert told() == set()


def test_a_rule_about_a_tag_looks_at_every_account_it_is_about(
    console: Console, account: Account
) -> None:
    ann = make_user(Role.AGENT)
    rule(console, ann, tag="VIP")
    other = make_account(console=console)
    tell(console, account=other)
    tell(console)
    assert told() == set()

    set_tags(Actor.system(), account, ["vip"])
    tell(console, accounts=[other.pk, account.pk])

    assert told() == {ann.email}


def test_the_webhook_is_told_of_everything_until_a_rule_names_it(
    console: Console, account: Account
) -> None:
    ann = make_user(Role.ADMIN)
    webhooks.create(console, "https://hooks.example.com/x", ann)
    rule(console, ann, kinds=[str(APP_CONNECTED)])
    tell(console)
    assert WebhookDelivery.objects.count() == 1

    rule(console, is_for_webhook=True, tag="vip")
    tell(console, account=account)
    assert WebhookDelivery.objects.count() == 1

    set_tags(Actor.system(), account, ["vip"])
    tell(console, account=account)
    assert WebhookDelivery.objects.count() == 2


@pytest.mark.parametrize(
    ("clock", "until"),
    [
        ("2026-11-29 21:30", "2026-11-30 06:00"),
        ("2026-11-29 02:00", "2026-11-29 06:00"),
        ("2026-11-29 06:00", "2026-11-29 06:00"),
        ("2026-11-29 12:00", "2026-11-29 12:00"),
    ],
)
def test_quiet_hours_over_midnight_end_in_the_morning(
    console: Console, clock: str, until: str
) -> None:
    one = rule(console, quiet_from=time(22), quiet_to=time(7), time_zone="Europe/Berlin")
    moment, expected = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (clock, until))

    assert quiet_until(one, moment) == expected


def test_quiet_hours_hold_back_mail_by_rule_and_not_what_somebody_chose(
    console: Console,
) -> None:
    ann, ben = make_user(Role.AGENT), make_user(Role.AGENT)
    now = timezone.now()
    begins, ends = (now - timedelta(hours=1)).time(), (now + timedelta(hours=2)).time()
    rule(console, ann, ben, quiet_from=begins, quiet_to=ends)
    preferences.set_preferences(ben, [None], [(None, str(LINK_CONNECTED))])

    tell(console)

    due = dict(NotificationMail.objects.values_list("user", "not_before"))
    assert due[ann.pk] > now + timedelta(minutes=110)
    assert due[ben.pk] < now + timedelta(minutes=5)


def test_mail_that_waits_is_not_sent_when_its_rule_is_gone_or_its_person_left_it(
    console: Console,
) -> None:
    ann, ben = make_user(Role.AGENT), make_user(Role.AGENT)
    one, other = rule(console, ann), rule(console, ben)
    tell(console)
    of_ann, of_ben = (NotificationMail.objects.get(user=user) for user in (ann, ben))
    assert mailing._is_wanted(of_ann, ann)

    one.delete()
    other.people.clear()

    for mail, user in ((of_ann, ann), (of_ben, ben)):
        mail.refresh_from_db()
        assert not mailing._is_wanted(mail, user)


# ---- the pages ----


def test_an_administrator_adds_changes_and_removes_a_rule(
    console: Console, account: Account
) -> None:
    set_tags(Actor.system(), account, ["vip"])
    ann, browser = make_user(Role.AGENT, console=console), admin(console)
    values = {
        "kinds": [str(LINK_CONNECTED)],
        "tag": "vip",
        "people": [ann.pk],
        "quiet_from": "22:00",
        "quiet_to": "07:00",
        "time_zone": "Europe/Berlin",
    }

    browser.post(f"{PAGE}{console.pk}/new/", values)

    made = NotificationRule.objects.get()
    page = browser.get(PAGE).content.decode()
    assert "Link finished" in page and "vip" in page and "22:00" in page
    assert list(made.people.all()) == [ann]

    browser.post(f"{PAGE}{made.pk}/", values | {"kinds": [], "is_for_webhook": "on"})
    made.refresh_from_db()
    assert made.kinds == [] and made.is_for_webhook

    browser.post(f"{PAGE}{made.pk}/remove/")
    assert not NotificationRule.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"people": []}, "Choose who is told"),
        ({"quiet_from": "22:00"}, "Say until when it is quiet"),
        ({"quiet_to": "22:00"}, "Say from when it is quiet"),
        ({"quiet_from": "07:00", "quiet_to": "07:00"}, "no time, or always"),
        ({"time_zone": "../etc/passwd"}, "No time zone has this name"),
        ({"kinds": ["no-such"]}, "Select a valid choice"),
        ({"tag": "no-such"}, "Select a valid choice"),
        ({"quiet_from": "25:99", "quiet_to": "07:00"}, "Enter a valid time"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    console: Console, wrong: dict[str, Any], message: str
) -> None:
    ann = make_user(Role.AGENT, console=console)
    values = {"people": [ann.pk], "time_zone": "Europe/Paris"} | wrong

    response = admin(console).post(f"{PAGE}{console.pk}/new/", values)

    assert response.status_code == 422
    assert message in response.content.decode()
    if "time_zone" not in wrong:
        assert "Europe/Paris" in response.content.decode()
    assert not NotificationRule.objects.exists()


def test_rules_of_other_consoles_are_not_found(console: Console) -> None:
    other = rule(make_console())
    browser = admin(console)

    assert browser.get(f"{PAGE}{other.pk}/").status_code == 404
    assert browser.get(f"{PAGE}{other.console_id}/new/").status_code == 404
    assert browser.post(f"{PAGE}{other.pk}/remove/").status_code == 404
