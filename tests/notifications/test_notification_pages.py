"""The bell and the list of notifications: who sees what, and what counts as seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.links import notification_kinds
from dashboard.notifications import services
from dashboard.notifications.models import Notification
from dashboard.notifications.services import COUNTED_AT_MOST
from dashboard.people.models import Role
from tests.factories import make_console, make_user
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, part, signed_in, text_of

pytestmark = pytest.mark.django_db
LIST, BELL, SEEN = "/notices/", "/notices/bell/", "/notices/seen/"


@pytest.fixture
def viewer(console: Console) -> Client:
    """A viewer of this console alone."""
    return signed_in(make_user(Role.VIEWER, console=console))


def bell_words(client: Client) -> str:
    found = re.search(r'id="bell-side"[^>]*aria-label="([^"]*)"', text_of(client.get(LIST)))
    assert found
    return found.group(1)


def newest(client: Client) -> dict[str, str]:
    found = re.search(r'name="up_to" value="(\d+)"', text_of(client.get(LIST)))
    assert found
    return {"up_to": found.group(1)}


def test_a_notification_says_what_happened_and_leads_to_it(
    viewer: Client, tell: Callable[..., Notification]
) -> None:
    tell(message="Harbour Books: HubSpot is connected", details="1 of 2 apps left.")

    page = text_of(viewer.get(LIST))

    assert '<a class="name wrap" href="/links/7/"><bdi>Harbour Books: HubSpot is connected' in page
    assert "1 of 2 apps left." in page
    assert re.search(r'<span\s+class="tag"\s*>New</span>', page)


def test_the_bell_counts_what_is_new(viewer: Client, tell: Callable[..., Notification]) -> None:
    before = bell_words(viewer)
    tell()
    tell()

    assert (before, bell_words(viewer)) == ("Notifications", "Notifications, 2 new")


def test_the_bell_is_in_the_navigation_and_in_the_phone_s_top_bar(viewer: Client) -> None:
    page = text_of(viewer.get(LIST))

    top, side = page.split("</header>")[0], page.split("</header>")[1].split("</nav>")[0]

    assert 'id="bell-top"' in top
    assert 'id="bell-side"' in side


def test_reading_pages_marks_nothing_as_seen(
    viewer: Client, tell: Callable[..., Notification]
) -> None:
    tell()

    with nothing_changes():
        for url in (LIST, BELL, reverse("notification_preferences")):
            assert viewer.get(url).status_code == 200
        assert viewer.get(SEEN).status_code == 405

    assert bell_words(viewer) == "Notifications, 1 new"


def test_marked_as_seen_they_are_no_longer_new(
    viewer: Client, tell: Callable[..., Notification]
) -> None:
    tell()

    response = viewer.post(SEEN, newest(viewer))

    assert response["Location"] == LIST
    assert bell_words(viewer) == "Notifications"
    assert "New</span>" not in text_of(viewer.get(LIST))


def test_what_came_after_the_page_was_drawn_stays_new(
    viewer: Client, tell: Callable[..., Notification]
) -> None:
    tell()
    shown = newest(viewer)
    tell()

    viewer.post(SEEN, shown)

    assert bell_words(viewer) == "Notifications, 1 new"


def test_an_older_page_does_not_make_seen_notifications_new_again(
    viewer: Client, tell: Callable[..., Notification]
) -> None:
    tell()
    old_page = newest(viewer)
    tell()

    viewer.post(SEEN, newest(viewer))
    viewer.post(SEEN, old_page)

    assert bell_words(viewer) == "Notifications"


@pytest.mark.parametrize("up_to", ["", "x", "-1", "9" * 18, "9" * 5000, "１２", "\x00"])
def test_rubbish_hides_nothing_that_is_yet_to_come(
    viewer: Client, tell: Callable[..., Notification], up_to: str
) -> None:
    tell()

    assert viewer.post(SEEN, {"up_to": up_to}).status_code == 302
    tell()

    assert bell_words(viewer) in {"Notifications, 1 new", "Notifications, 2 new"}


def test_each_person_sees_for_themselves(
    viewer: Client, console: Console, tell: Callable[..., Notification]
) -> None:
    colleague = signed_in(make_user(Role.AGENT, console=console))
    tell()

    viewer.post(SEEN, newest(viewer))

    assert bell_words(colleague) == "Notifications, 1 new"


def test_what_happened_before_somebody_came_is_not_new_to_them(
    console: Console, tell: Callable[..., Notification]
) -> None:
    Notification.objects.filter(pk=tell().pk).update(at=timezone.now() - timedelta(days=1))

    newcomer = signed_in(make_user(Role.AGENT, console=console))

    assert bell_words(newcomer) == "Notifications"
    assert "everything is connected" in text_of(newcomer.get(LIST))


def test_other_consoles_are_not_told_of(viewer: Client, tell: Callable[..., Notification]) -> None:
    there = make_console()
    tell(console=there, account=None, message="Somebody else's customer")

    page = text_of(viewer.get(LIST))

    assert "Somebody else" not in page
    assert bell_words(viewer) == "Notifications"


def test_the_bell_asks_again_and_gets_nothing_while_nothing_is_new(
    viewer: Client, tell: Callable[..., Notification], django_assert_max_num_queries: Any
) -> None:
    tell()
    found = re.search(r'hx-get="([^"]*at=top[^"]*)"', text_of(viewer.get(LIST)))
    assert found
    url = found.group(1).replace("&amp;", "&")

    with django_assert_max_num_queries(5):
        nothing = viewer.get(url, headers={"HX-Request": "true"})
    tell()
    again = viewer.get(url, headers={"HX-Request": "true"})

    assert nothing.status_code == 204
    assert text_of(again).startswith('<a class="btn plain only small bell" id="bell-top"')
    assert "2 new" in text_of(again)


def test_many_are_counted_no_further_than_needed(viewer: Client, console: Console) -> None:
    Notification.objects.bulk_create(
        Notification(
            console=console, kind=notification_kinds.LINK_CONNECTED, message="x", url="/links/"
        )
        for _ in range(COUNTED_AT_MOST + 20)
    )

    assert bell_words(viewer) == "Notifications, 99+ new"


def test_a_kind_can_be_shown_alone(viewer: Client, tell: Callable[..., Notification]) -> None:
    tell(message="Finished")
    tell(message="Asked", kind=notification_kinds.NEW_LINK_ASKED)

    page = text_of(viewer.get(LIST, {"kind": "new-link-asked"}))

    assert "Asked" in page
    assert "Finished" not in page
    assert 'aria-label="Remove filter: New link asked for"' in page


def test_the_list_brings_what_is_new_by_itself(
    viewer: Client, tell: Callable[..., Notification]
) -> None:
    found = re.search(r'"X-Seen": "([0-9a-f]+)"', text_of(part(viewer, LIST, "notification-table")))
    assert found

    nothing = part(viewer, LIST, "notification-table", seen=found.group(1))
    tell()
    something = part(viewer, LIST, "notification-table", seen=found.group(1))

    assert nothing.status_code == 204
    assert text_of(something).startswith('<div id="notification-table"')


def test_the_list_is_paged_and_costs_the_same_for_many(
    viewer: Client, console: Console, django_assert_num_queries: Any
) -> None:
    Notification.objects.bulk_create(
        Notification(
            console=console, kind=notification_kinds.LINK_CONNECTED, message=f"w{n}", url="/links/"
        )
        for n in range(120)
    )

    with django_assert_num_queries(7):
        page = text_of(viewer.get(LIST, {"page": "2"}))

    assert "51–100 of 120" in page


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_letters(
    viewer: Client, tell: Callable[..., Notification], text: str
) -> None:
    tell(message=text, details=text)

    assert_only_letters(text_of(viewer.get(LIST)))


def test_text_that_no_database_holds_is_told_all_the_same(
    tell: Callable[..., Notification],
) -> None:
    notification = tell(message="a\x00b\ud800", details="x" * 10_000)

    notification.refresh_from_db()
    assert notification.message == "a\ufffdb\ufffd"
    assert len(notification.details) == services.LONGEST_WORDS


def test_the_same_key_is_told_once(console: Console, tell: Callable[..., Notification]) -> None:
    tell(dedupe_key="link-expires:1")

    again = services.post(
        notification_kinds.LINK_EXPIRES,
        console,
        "again",
        url="/links/1/",
        dedupe_key="link-expires:1",
    )

    assert again is None
    assert Notification.objects.count() == 1
