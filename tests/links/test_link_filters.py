"""The lists of links by what is the matter with them, their counts, and why a link fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.links import timeline
from dashboard.links.filters import SHOW, counted
from dashboard.links.mail.mailing import queue_mail
from dashboard.links.models import Link, LinkItem, LinkMail, LinkState, MailState
from dashboard.people.models import Role
from tests.factories import make_account, make_console, make_link, make_user
from tests.pages import HOSTILE, assert_only_letters, queries_of, signed_in, text_of

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIST = "/links/"


def named(name: str, **values: Any) -> Link:
    return make_link(account=make_account(name=name), **values)


def failed(link: Link, failures: int = 1, why: str = "Started and not finished") -> Link:
    link.items.update(failures=failures, failure=why)
    return link


def mailed(link: Link, *states: MailState) -> Link:
    """Messages about the link that ended like this, the newest last."""
    Link.objects.filter(pk=link.pk).update(recipient_email="pat@harbour.example")
    link.refresh_from_db()
    for age, state in zip(range(len(states), 0, -1), states, strict=True):
        mail = queue_mail(link, Actor.system())
        at = timezone.now() - age * HOUR
        LinkMail.objects.filter(pk=mail.pk).update(
            state=state,
            created_at=at,
            finished_at=None if state == MailState.WAITING else at,
            last_error="No such mailbox." if state == MailState.BOUNCED else "",
        )
    return link


def names(browser: Client, show: str, **query: str) -> list[str]:
    """The accounts of the links that a list shows."""
    page = text_of(browser.get(LIST, {"show": show, **query}))
    return re.findall(r'title="Link for ([^"]*)"', page)


def counts(browser: Client, **query: str) -> dict[str, int]:
    """The counts on the chips, by their words."""
    page = text_of(browser.get(LIST, query))
    chips = re.findall(r'class="chip[^>]*>([^<]+) <span class="num">([0-9,]+)</span>', page)
    return {words: int(number.replace(",", "")) for words, number in chips}


MADE: dict[str, Callable[[], Link]] = {
    "waiting": lambda: named("fresh"),
    "opened": lambda: named("opened", state=LinkState.OPENED),
    "failing": lambda: failed(named("failing", state=LinkState.STARTED)),
    "bounced": lambda: mailed(named("bounced"), MailState.SENT, MailState.BOUNCED),
    "mended": lambda: mailed(named("mended"), MailState.BOUNCED, MailState.SENT),
    "unsent": lambda: mailed(named("unsent"), MailState.FAILED),
    "soon": lambda: named("soon", expires_at=timezone.now() + 23 * HOUR),
    "asked": lambda: named("asked", expires_at=timezone.now() - HOUR, is_new_link_asked=True),
    "connected": lambda: failed(
        named("connected", state=LinkState.CONNECTED, connected_at=timezone.now())
    ),
    "gone": lambda: named("gone", emptied_at=timezone.now()),
    "expired": lambda: failed(named("expired", expires_at=timezone.now() - HOUR)),
    "revoked": lambda: failed(named("revoked", revoked_at=timezone.now())),
}
IN = {
    "waiting": ["soon", "unsent", "mended", "bounced", "failing", "opened", "fresh"],
    "unfinished": ["failing", "opened"],
    "failing": ["unsent", "bounced", "failing"],
    "expiring": ["soon"],
    "asked": ["asked"],
    "connected": ["connected"],
    "gone": ["gone"],
    "expired": ["expired", "asked"],
    "revoked": ["revoked"],
}


@pytest.fixture
def every_kind(db: None) -> None:
    for make in MADE.values():
        make()


@pytest.mark.parametrize("show", SHOW)
def test_each_list_shows_its_links_and_no_others(
    agent: Client, every_kind: None, show: str
) -> None:
    assert names(agent, show) == IN[show]


def test_each_chip_says_how_many_its_list_has(agent: Client, every_kind: None) -> None:
    assert counts(agent) == {words: len(IN[show]) for show, words in SHOW.items()}


def test_the_counts_follow_the_search(agent: Client, every_kind: None) -> None:
    found = counts(agent, q="failing")

    assert found["Failing"] == found["Waiting"] == 1
    assert found["Revoked"] == 0
    assert names(agent, "failing", q="failing") == ["failing"]


def test_other_consoles_links_are_not_counted(every_kind: None) -> None:
    stranger = signed_in(make_user(Role.VIEWER, console=make_console()))

    assert set(counts(stranger).values()) == {0}


def test_all_counts_are_one_query(every_kind: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert counted(Link.objects.all())["failing"] == 3


def test_a_list_costs_the_same_for_many(agent: Client) -> None:
    failed(named("one"))
    agent.get(f"{LIST}?show=failing")  # that addresses were shown is recorded now
    few = queries_of(agent, f"{LIST}?show=failing")
    for n in range(20):
        failed(mailed(named(f"more {n}"), MailState.BOUNCED))
    agent.get(f"{LIST}?show=failing")

    assert queries_of(agent, f"{LIST}?show=failing") == few


def test_an_app_that_is_connected_does_not_make_its_link_fail(agent: Client) -> None:
    link = failed(named("partly", state=LinkState.PARTLY))
    link.items.update(connected_at=timezone.now())

    assert names(agent, "failing") == []


def test_the_row_says_why_it_fails(agent: Client) -> None:
    link = failed(named("Harbour"), 2, "Cyclr refused the key.")
    mailed(link, MailState.BOUNCED)

    page = text_of(agent.get(LIST, {"show": "failing"}))

    name = link.items.get().account_connector.name
    assert (
        f"{name}: Cyclr refused the key, 2 times. The message came back: No such mailbox." in page
    )


def test_a_link_that_has_ended_says_no_more_why(agent: Client) -> None:
    failed(named("Harbour", expires_at=timezone.now() - HOUR), 2, "Cyclr refused the key")

    assert "refused the key" not in text_of(agent.get(LIST))


def test_a_failure_reaches_the_open_list(agent: Client) -> None:
    link = named("Harbour")
    headers = {"HX-Request": "true"}
    seen = re.search(r'"X-Seen": "(\w+)"', text_of(agent.get(LIST, headers=headers)))
    assert seen

    timeline.record(failed(link), "unfinished", "Started and not finished", link.items.get())
    answer = agent.get(LIST, headers=headers | {"X-Seen": seen.group(1)})

    assert answer.status_code == 200
    assert "Started and not finished" in text_of(answer)


@pytest.mark.parametrize("show", ["", "nothing", "waiting'--", "\x00", "a" * 5000])
def test_a_list_that_is_none_shows_all(agent: Client, every_kind: None, show: str) -> None:
    assert len(names(agent, show)) == len(MADE)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_reasons_are_only_letters(agent: Client, text: str) -> None:
    link = failed(named(text), 1, text)

    assert_only_letters(text_of(agent.get(LIST)))
    page = text_of(agent.get(link.get_absolute_url()))
    assert_only_letters(page.replace('<img class="qr"', ""))  # the only picture that is ours


# ---- the link's page ----


def ticket_of(browser: Client, link: Link) -> str:
    page = text_of(browser.get(reverse("link_detail", args=[link.pk])))
    found = re.search(r'<textarea[^>]*id="ticket-text"[^>]*>(.*?)</textarea>', page, re.S)
    assert found
    return found.group(1)


def test_the_page_says_why_each_app_fails(agent: Client) -> None:
    link = failed(named("Harbour"), 3, "Cyclr refused the key")

    page = text_of(agent.get(link.get_absolute_url()))

    assert re.search(r'<div class="why">\s*<bdi>Cyclr refused the key, 3 times</bdi>', page)


def test_a_ticket_gets_the_state_and_the_newest_events(agent: Client, settings: Any) -> None:
    settings.DESK_URL = "https://desk.example"
    link = failed(named("Harbour", state=LinkState.STARTED), 2, "Cyclr refused the key")
    item = link.items.get()
    at = timezone.now().replace(2026, 3, 10, 14, 31, 5)
    LinkItem.objects.filter(pk=item.pk).update(started_at=at, state=LinkState.STARTED)
    for n in range(7):
        timeline.record(link, "started", f"Start {n}", item)

    text = ticket_of(agent, link)

    lines = text.splitlines()
    assert lines[0] == "Link for Harbour: Started"
    assert lines[1] == f"Account Harbour, id {link.account.cyclr_id}"
    assert (
        f"- {item.account_connector.name}: Started, last started 10 Mar 2026, 14:31:05 UTC, "
        "Cyclr refused the key, 2 times" in lines
    )
    assert [line.split("UTC: ")[1] for line in lines if "UTC: " in line] == [
        f"Start {n}" for n in (6, 5, 4, 3, 2)
    ]
    assert lines[-1] == f"https://desk.example{link.get_absolute_url()}"


def test_a_ticket_never_holds_the_link_s_address(agent: Client) -> None:
    link = named("Harbour", message="The secret is in the mail", recipient_email="p@h.example")

    text = ticket_of(agent, link)

    assert link.token() not in text
    assert link.token() in text_of(agent.get(link.get_absolute_url()))


def test_a_name_that_cannot_be_seen_is_said_to_be_none(agent: Client) -> None:
    text = ticket_of(agent, make_link(account=make_account(name="   ", cyclr_id="shop-7")))

    assert text.startswith("Link for No name: Created\nAccount No name, id shop-7\n")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_on_their_line_of_a_ticket(agent: Client, name: str) -> None:
    link = named(name)
    before = len(ticket_of(agent, named("plain")).splitlines())

    text = ticket_of(agent, link)

    assert len(text.splitlines()) == before
    assert "\u202e" not in text


def test_the_ticket_s_address_is_a_link_that_tells_nothing(agent: Client) -> None:
    link = named("Harbour", ticket_url="https://tickets.example/browse/SUP-7?a=1&b=2")

    page = text_of(agent.get(link.get_absolute_url()))

    assert (
        '<a href="https://tickets.example/browse/SUP-7?a=1&amp;b=2" rel="noreferrer noopener"'
        in page
    )


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JaVa\tscript:alert(1)", "data:text/html,x"]
)
def test_an_address_that_acts_is_not_a_link(agent: Client, url: str) -> None:
    link = named("Harbour", ticket_url=url)

    assert f'href="{url}"' not in text_of(agent.get(link.get_absolute_url()))
