"""The pages of alarms: who sees what, who has one, snoozing, what is next, and what it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.alarms.models import Alarm
from dashboard.alarms.watching import watch
from dashboard.audit.models import AuditEntry
from dashboard.consoles.models import Console
from dashboard.mirror.models import AccountConnector, SyncRun, WhyBroken
from dashboard.people.models import Role
from tests.factories import (
    API_KEY,
    make_account,
    make_account_connector,
    make_console,
    make_link,
    make_user,
)
from tests.pages import HOSTILE, assert_only_letters, queries_of, signed_in, text_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SWAP = {"HX-Request": "true"}


@pytest.fixture
def console() -> Console:
    """A console that was read a moment ago."""
    console = make_console()
    moment = timezone.now()
    SyncRun.objects.create(console=console, listed_at=moment, finished_at=moment)
    return console


def broken(
    console: Console, account_name: str = "Harbour Books", **values: Any
) -> AccountConnector:
    """A HubSpot of an account that stopped being authenticated an hour ago."""
    before = timezone.now() - HOUR
    made_up = {
        "name": "HubSpot EU",
        "authenticated_since": before,
        "why_broken": WhyBroken.UNKNOWN,
        "changed_at": before - HOUR,
    }
    account = make_account(console=console, name=account_name)
    return make_account_connector(account=account, **made_up | values)


def alarm_of(console: Console, **values: Any) -> Alarm:
    connector = broken(console, **values)
    watch()
    return Alarm.objects.get(account_connector=connector)


@pytest.fixture
def agent() -> Client:
    return signed_in(make_user(Role.AGENT, name="Anna"))


def post(client: Client, alarm: Alarm, verb: str, **values: Any) -> Any:
    return client.post(f"/alarms/{alarm.pk}/{verb}/", values)


def events(alarm: Alarm) -> list[str]:
    return [event.message for event in alarm.events.order_by("pk")]


# ---- the list ----


def test_the_list_shows_what_is_open_and_leads_to_it(console: Console, agent: Client) -> None:
    alarm = alarm_of(console)

    html = text_of(agent.get("/alarms/"))

    assert "<h1>Alarms</h1>" in html
    assert f'href="/alarms/{alarm.pk}/"' in html
    assert 'data-state="open">Open<' in html
    assert "Harbour Books" in html


def test_an_empty_list_says_when_there_would_be_one(console: Console, agent: Client) -> None:
    html = text_of(agent.get("/alarms/"))

    assert "No open alarms" in html
    assert "No alarm matches" in text_of(agent.get("/alarms/?q=nothing"))


@pytest.mark.parametrize(
    ("show", "shown"),
    [
        ("", {"free", "mine"}),
        ("free", {"free"}),
        ("mine", {"mine"}),
        ("snoozed", {"snoozed"}),
        ("closed", {"closed"}),
        ("all", {"free", "mine", "snoozed", "closed"}),
        ("rubbish", {"free", "mine"}),
    ],
)
def test_each_list_holds_its_own(console: Console, show: str, shown: set[str]) -> None:
    user, now = make_user(Role.VIEWER), timezone.now()
    made = {
        name: alarm_of(console, connector_name=name)
        for name in ("free", "mine", "snoozed", "closed")
    }
    Alarm.objects.filter(pk=made["mine"].pk).update(owner=user, owned_since=now)
    Alarm.objects.filter(pk=made["snoozed"].pk).update(snoozed_until=now + HOUR)
    Alarm.objects.filter(pk=made["closed"].pk).update(ended_at=now, end="recovered")

    response = signed_in(user).get("/alarms/", {"show": show})

    assert {alarm.connector_name for alarm in response.context["page"]} == shown


def test_it_is_searched_by_connector_and_account_also_of_many(
    console: Console, agent: Client
) -> None:
    for n in range(12):
        broken(console, f"Shop {n}", connector_name="Shopify", name="Shopify")
    alarm_of(console)

    def found(text: str) -> list[str]:
        return [str(one) for one in agent.get("/alarms/", {"q": text}).context["page"]]

    assert found("shopify") == ["Shopify: 12 accounts"]
    assert found("shop 7") == ["Shopify: 12 accounts"]
    assert found("harbour hubspot") == ["Harbour Books: HubSpot EU"]
    assert found("nobody") == []


def test_other_consoles_alarms_are_not_there(console: Console) -> None:
    alarm = alarm_of(make_console())
    client = signed_in(make_user(Role.ADMIN, console=console))

    assert client.get(f"/alarms/{alarm.pk}/").status_code == 404
    assert post(client, alarm, "take").status_code == 404
    assert "No open alarms" in text_of(client.get("/alarms/"))


def test_what_the_list_costs_does_not_grow(console: Console, agent: Client) -> None:
    alarm_of(console)
    few = queries_of(agent, "/alarms/")
    for n in range(5):
        alarm_of(console, connector_name=f"Other {n}")

    assert queries_of(agent, "/alarms/") == few


def test_the_list_is_not_drawn_again_while_nothing_is_new(console: Console, agent: Client) -> None:
    alarm = alarm_of(console)
    version = agent.get("/alarms/").context["version"]

    assert agent.get("/alarms/", headers=SWAP | {"X-Seen": version}).status_code == 204
    post(agent, alarm, "take")
    assert agent.get("/alarms/", headers=SWAP | {"X-Seen": version}).status_code == 200


# ---- who has it ----


def test_one_of_two_takes_it(console: Console, agent: Client) -> None:
    alarm, ben = alarm_of(console), signed_in(make_user(Role.AGENT, name="Ben"))

    post(agent, alarm, "take")
    late = ben.post(f"/alarms/{alarm.pk}/take/", follow=True)

    assert "Anna was quicker and has it." in text_of(late)
    alarm.refresh_from_db()
    assert (str(alarm.owner), alarm.state) == ("Anna", "Taken")
    assert events(alarm)[-1] == "Anna took it"
    entry = AuditEntry.objects.get(action="alarms.take")
    assert (entry.target, entry.account_name) == ("Harbour Books: HubSpot EU", "Harbour Books")


def test_it_is_handed_over_and_released(console: Console, agent: Client) -> None:
    alarm, ben = alarm_of(console), make_user(Role.AGENT, name="Ben")
    post(agent, alarm, "take")

    post(agent, alarm, "hand-over", to=ben.pk)
    alarm.refresh_from_db()
    assert alarm.owner == ben
    post(agent, alarm, "release")

    alarm.refresh_from_db()
    assert alarm.state == "Open"
    assert events(alarm)[-3:] == ["Anna took it", "Anna handed it over to Ben", "Anna released it"]


@pytest.mark.parametrize("who", ["viewer", "elsewhere", "gone", "nobody", "rubbish"])
def test_only_a_colleague_who_may_act_can_have_it(
    console: Console, agent: Client, who: str
) -> None:
    alarm = alarm_of(console)
    people = {
        "viewer": make_user(Role.VIEWER).pk,
        "elsewhere": make_user(Role.AGENT, console=make_console()).pk,
        "gone": make_user(Role.AGENT, is_active=False).pk,
        "nobody": "",
        "rubbish": "x' or 1",
    }

    response = post(agent, alarm, "hand-over", to=people[who])

    assert response.status_code == 422
    alarm.refresh_from_db()
    assert alarm.owner is None


@pytest.mark.parametrize("verb", ["take", "release", "hand-over", "snooze", "wake"])
def test_a_viewer_sees_it_and_changes_nothing(console: Console, verb: str) -> None:
    alarm, viewer = alarm_of(console), signed_in(make_user(Role.VIEWER))

    assert post(viewer, alarm, verb).status_code == 403
    html = text_of(viewer.get(f"/alarms/{alarm.pk}/"))

    assert f"/alarms/{alarm.pk}/{verb}/" not in html
    assert "Create link" not in html


# ---- snoozing ----


def test_a_snoozed_one_leaves_the_open_ones_until_then(console: Console, agent: Client) -> None:
    alarm = alarm_of(console)

    post(agent, alarm, "snooze", duration="14400")

    alarm.refresh_from_db()
    assert alarm.state == "Snoozed"
    assert "No open alarms" in text_of(agent.get("/alarms/"))
    Alarm.objects.update(snoozed_until=timezone.now() - timedelta(seconds=1))
    assert "Harbour Books" in text_of(agent.get("/alarms/"))


def test_it_is_snoozed_until_a_moment_and_woken(console: Console, agent: Client) -> None:
    alarm, until = alarm_of(console), timezone.now() + 30 * HOUR

    post(agent, alarm, "snooze", until=f"{until:%Y-%m-%dT%H:%M}", duration="3600")
    alarm.refresh_from_db()
    assert alarm.snoozed_until == until.replace(second=0, microsecond=0)
    post(agent, alarm, "wake")

    alarm.refresh_from_db()
    assert alarm.state == "Open"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"until": "2020-01-01T10:00"}, "That time is over."),
        ({"until": "9999-12-31T23:59"}, "That is more than 90 days ahead."),
        ({"until": "soon"}, "Enter a valid date/time."),
        ({"duration": "1"}, "Select a valid choice."),
    ],
)
def test_what_is_no_moment_is_said_beside_the_field(
    console: Console, agent: Client, values: dict[str, str], said: str
) -> None:
    alarm = alarm_of(console)

    response = post(agent, alarm, "snooze", **values)

    assert response.status_code == 422
    assert said in response.content.decode()
    alarm.refresh_from_db()
    assert alarm.snoozed_until is None


# ---- what is next ----


def step_of(client: Client, alarm: Alarm) -> Any:
    return client.get(f"/alarms/{alarm.pk}/").context["lines"][0].step


def test_the_next_step_follows_the_links(console: Console, agent: Client) -> None:
    alarm = alarm_of(console)
    connector = alarm.account_connector
    assert connector is not None

    step = step_of(agent, alarm)
    assert (step.message, step.action) == ("Send the customer a connection link.", "Create link")
    assert step.url.endswith(f"/links/new/?connector={connector.pk}")

    link = make_link(account=connector.account, connectors=[connector])
    step = step_of(agent, alarm)
    assert step.message.startswith("Waits for the customer until ")
    assert (step.action, step.url) == ("Open link", link.get_absolute_url())

    link.expires_at = timezone.now() - HOUR
    link.save()
    assert step_of(agent, alarm).message.startswith("Call the customer: their link ended")


def test_what_no_link_mends_is_said(console: Console, agent: Client) -> None:
    unknown = {**API_KEY, "AuthType": "Something"}
    by_hand = alarm_of(console, connector_name="One", authentication=[unknown])
    address = alarm_of(console, connector_name="Two", why_broken=WhyBroken.ADDRESS)

    assert "no link can connect" in step_of(agent, by_hand).message
    assert "allow the address" in step_of(agent, address).message


def test_names_from_outside_stay_text(console: Console, agent: Client) -> None:
    for name in HOSTILE:
        broken(console, name, connector_name=name, name=name)
    for n in range(12):
        broken(console, f"{HOSTILE[0]} {n}", connector_name=HOSTILE[1], name=HOSTILE[1])
    watch()

    for path in ("/alarms/", "/", *(f"/alarms/{one.pk}/" for one in Alarm.objects.shown())):
        assert_only_letters(text_of(agent.get(path)))


# ---- many, merged, closed ----


def test_one_over_many_says_that_it_is_probably_not_the_customers(
    console: Console, agent: Client
) -> None:
    alone = alarm_of(console, connector_name="Shopify")
    for n in range(59):
        broken(console, f"Shop {n}", connector_name="Shopify", name="Shopify")
    watch()

    html = text_of(agent.get(f"/alarms/{alone.pk}/"))

    assert "Shopify: 60 accounts" in html
    assert "Probably not the customers" in html
    assert len(agent.get(f"/alarms/{alone.pk}/?page=2").context["lines"]) == 10


def test_one_that_became_part_of_another_leads_there(console: Console, agent: Client) -> None:
    first = alarm_of(console, connector_name="Shopify")
    second = alarm_of(console, connector_name="Shopify", account_name="Other")
    for n in range(10):
        broken(console, f"Shop {n}", connector_name="Shopify")
    watch()

    response = agent.get(f"/alarms/{second.pk}/")
    post(agent, second, "take")

    assert response["Location"] == f"/alarms/{first.pk}/"
    first.refresh_from_db()
    assert str(first.owner) == "Anna"


def test_a_closed_one_is_told_and_offers_nothing(console: Console, agent: Client) -> None:
    alarm = alarm_of(console)
    AccountConnector.objects.update(authenticated=True)
    watch()

    html = text_of(agent.get(f"/alarms/{alarm.pk}/"))

    assert "Lasted 1 h" in html
    assert "Works again" in html
    assert "/take/" not in html
    post(agent, alarm, "take")
    alarm.refresh_from_db()
    assert alarm.owner is None


# ---- elsewhere ----


def test_the_overview_lists_the_alarm_instead_of_its_connectors(
    console: Console, agent: Client
) -> None:
    alarm = alarm_of(console)

    html = text_of(agent.get("/"))

    assert f'href="/alarms/{alarm.pk}/"' in html
    assert "Alarm: open" in html
    assert f"/links/new/?connector={alarm.account_connector_id}" not in html
    assert "Create link" in text_of(agent.get("/?show=not-authenticated"))


def test_the_connectors_page_names_its_alarm_and_who_has_it(
    console: Console, agent: Client
) -> None:
    alarm = alarm_of(console)
    connector = alarm.account_connector
    assert connector is not None
    path = connector.get_absolute_url()
    assert "Nobody has taken" in text_of(agent.get(path))

    post(agent, alarm, "take")

    html = text_of(agent.get(path))
    assert f'href="/alarms/{alarm.pk}/"' in html
    assert "Anna has taken it" in html
