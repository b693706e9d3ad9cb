"""The customers' pages when two press at once, something broke, or somebody means ill."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.customer import pages
from dashboard.links import opening, services, tasks
from dashboard.links.attempts import confirming
from dashboard.links.models import (
    AttemptState,
    ConnectAttempt,
    Link,
    LinkEvent,
    LinkItem,
    LinkState,
)
from dashboard.mirror.models import Account, AccountConnector
from tests.factories import make_account_connector, make_console, make_link, make_user
from tests.links.steps import PERSON, address, consent, press_continue, to_cyclr
from tests.simulated import Hands

IS_CONNECTED = ('data-state="connected"', "<title>Connected")


def text(response: Any) -> str:
    """What an answer holds."""
    return str(response.content.decode())


def another() -> Client:
    """A second customer's browser."""
    return Client(enforce_csrf_checks=True, headers=PERSON)


@pytest.fixture
def two(harbour: Account) -> Link:
    """A link over two apps of one account."""
    rows = list(AccountConnector.objects.filter(account=harbour, authenticated=False)[:1])
    rows.append(make_account_connector(account=harbour, name="Second app"))
    return services.create_link(Actor.system(), harbour, rows)


# ---- a start that comes to nothing ----


@pytest.mark.parametrize("is_wiped", [False, True])
def test_a_start_whose_worker_died_ends_in_a_kind_page(
    is_wiped: bool, cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    wait = press_continue(customer, link)["Location"]
    ConnectAttempt.objects.update(leased_until=timezone.now() + ConnectAttempt.policy.lease_length)
    assert customer.get(wait)["Refresh"] == "1"
    hands.later(20)
    assert customer.get(wait)["Refresh"] == "3"
    hands.later(46)
    if is_wiped:
        tasks.wipe_attempts()
    page = customer.get(wait)

    assert "Refresh" not in page
    assert "The sign-in could not be prepared in time." in text(page)
    assert "This step is over" not in text(page)
    assert "Try again" in text(page) and "/continue" in text(page)


def test_a_start_whose_worker_died_is_taken_up_by_another_one(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    wait = press_continue(customer, link)["Location"]
    customer.get(wait)
    ConnectAttempt.objects.update(leased_until=timezone.now() + ConnectAttempt.policy.lease_length)
    hands.later(36)
    tasks.request_sign_in_token(ConnectAttempt.objects.get().pk)

    assert customer.get(wait).status_code == 302


def test_an_address_that_cannot_be_opened_is_a_page_in_words(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands, settings: Any
) -> None:
    wait = press_continue(customer, link)["Location"]
    hands.work()
    customer.get(wait)
    settings.CREDENTIAL_KEYS = ["another-key-another-key-another-key-another"]
    page = customer.get(wait)

    assert page.status_code == 200
    assert "could not be prepared" in text(page)


# ---- two at once ----


def test_two_customers_at_once_both_get_a_sensible_page(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    other = another()
    waits = [press_continue(who, link)["Location"] for who in (customer, other)]
    hands.work()
    for who, wait in zip((customer, other), waits, strict=True):
        assert who.get(wait).status_code == 200
    back = consent(cyclr, customer.get(waits[0])["Location"], "Approve")
    assert other.get(waits[1]).status_code == 302  # the other one goes on at Cyclr
    customer.get(urlsplit(back).path)
    tasks.check_account(link.account_id)

    for who, attempt in zip((customer, other), ConnectAttempt.objects.order_by("pk"), strict=True):
        page = text(who.get(reverse("link_return", args=[attempt.public_id])))
        assert "is connected" in page and IS_CONNECTED[0] in page
        assert "Everything is connected" in text(who.get(address(link)))


def test_one_who_waits_while_the_other_finishes_sees_connected(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    other = another()
    wait = press_continue(other, link)["Location"]
    consent(cyclr, to_cyclr(customer, link, hands), "Approve")
    hands.later(6)
    tasks.check_account(link.account_id)

    for _ in range(2):  # the first is always drawn, the second would lead to Cyclr
        page = other.get(wait)
        assert page.status_code == 200
        assert "is connected" in text(page)


def test_two_browsers_on_one_wait_page_get_one_redirect(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    wait = press_continue(customer, link)["Location"]
    hands.work()
    customer.get(wait)
    assert customer.get(wait).status_code == 302

    second = another().get(wait)
    assert second.status_code == 200
    assert "This step is over" in text(second) and "Open the link that you were sent" in text(
        second
    )


def press(customer: Client, link: Link, item: LinkItem, page: str) -> Any:
    """Press the Continue button of one app on a page that was loaded before."""
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token, page
    path = reverse("link_continue", args=[link.token(), item.pk])
    return customer.post(path, {"csrfmiddlewaretoken": token.group(1)}, follow=True)


def test_continue_on_what_is_connected_meanwhile_shows_connected(
    cyclr: CyclrState, two: Link, customer: Client
) -> None:
    page = text(customer.get(address(two)))
    rows = list(two.items.select_related("link__account", "link__console", "account_connector"))
    confirming.confirm(rows[0], is_authenticated=True)
    answer = press(customer, two, rows[0], page)
    assert answer.redirect_chain == [(address(two), 303)]  # loading it again sends nothing
    assert answer.status_code == 200
    assert "You are done here" in text(answer) and IS_CONNECTED[0] in text(answer)
    confirming.confirm(rows[1], is_authenticated=True)
    answer = press(customer, two, rows[1], page)

    assert answer.status_code == 200
    assert "Everything is connected" in text(answer)
    assert not ConnectAttempt.objects.exists()


def test_a_start_of_what_is_connected_already_says_that_more_is_left(
    cyclr: CyclrState, two: Link, customer: Client, hands: Hands
) -> None:
    item = two.items.select_related("account_connector").first()
    assert item is not None
    cyclr.authenticate(item.account_connector.cyclr_id)
    page = press(customer, two, item, text(customer.get(address(two))))
    hands.work()
    page = text(customer.get(page.redirect_chain[0][0]))

    assert "is connected" in page
    assert "There is more to connect" in page


# ---- what the pages call it ----


def back_page(customer: Client) -> str:
    """The page of the one start, as the browser that came back sees it now."""
    return text(customer.get(reverse("link_return", args=[ConnectAttempt.objects.get().public_id])))


def test_nothing_is_called_connected_before_a_worker_has_read_it(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    consent(cyclr, to_cyclr(customer, link, hands), "Approve")
    pages = [back_page(customer), text(customer.get(address(link)))]
    assert "Checking whether" in pages[0]
    hands.later(40)  # no worker works
    pages += [back_page(customer), text(customer.get(address(link)))]
    assert "Not checked yet" in pages[2]
    assert "is not connected" not in pages[2]
    hands.later(20 * 60)
    pages += [back_page(customer), text(customer.get(address(link)))]
    for page in pages:
        assert not any(words in page for words in IS_CONNECTED)

    hands.later(30)
    tasks.check_account(link.account_id)
    assert all(words in back_page(customer) for words in IS_CONNECTED)


def test_not_finished_is_said_only_after_cyclr_said_no(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, link, hands)
    back_page(customer)
    hands.later(3)
    tasks.check_account(link.account_id)
    hands.later(40)
    page = back_page(customer)

    assert "Not finished" in page and "Try again" in page
    assert not any(words in page for words in IS_CONNECTED)


def test_a_reconnect_that_is_not_proven_says_what_is_known(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    item = link.items.get()
    cyclr.authenticate(item.account_connector.cyclr_id)
    link.items.update(was_authenticated=True)
    consent(cyclr, to_cyclr(customer, link, hands), "Approve")
    back_page(customer)
    hands.later(40)
    assert "Not checked yet" in back_page(customer)
    tasks.check_account(link.account_id)
    page = back_page(customer)

    assert "<title>You are back" in page
    assert not any(words in page for words in IS_CONNECTED)


def test_pages_stop_loading_themselves_when_no_worker_works(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, link, hands)
    path = reverse("link_return", args=[ConnectAttempt.objects.get().public_id])
    assert customer.get(path)["Refresh"] == "2"
    hands.later(60)
    assert customer.get(path)["Refresh"] == "10"
    assert customer.get(address(link))["Refresh"] == "4"
    hands.later(16 * 60)

    assert "Refresh" not in customer.get(path)
    assert "Refresh" not in customer.get(address(link))


# ---- who asks ----


@pytest.mark.parametrize(("name", "shown"), [("", False), ("Ann Carter", True)])
def test_the_customer_reads_a_name_and_never_a_colleagues_address(
    name: str, shown: bool, db: None, customer: Client
) -> None:
    user = make_user(name=name, email="ann.carter@desk.example")
    page = text(customer.get(address(make_link(actor=Actor.staff(user), message="Please do."))))

    assert "ann.carter@desk.example" not in page
    assert ("Ann Carter" in page) is shown
    assert "Larkfield" in page


def test_what_the_dashboard_made_by_itself_is_asked_by_the_partner(
    db: None, customer: Client
) -> None:
    page = text(customer.get(address(make_link(message="Please do."))))

    assert "Cyclr Desk" not in page


# ---- limits and logs ----


def test_starts_are_limited_by_network_not_by_address(
    cyclr: CyclrState, link: Link, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "STARTS_PER_ADDRESS_AND_MINUTE", 1)
    hands.later(61 - time.time() % 60)  # not across the end of a minute
    answers = []
    for place in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", "2001:db8:1:3::1"):
        customer = Client(REMOTE_ADDR=place, headers=PERSON)
        path = reverse("link_continue", args=[link.token(), link.items.get().pk])
        answers.append(customer.post(path).status_code)

    assert answers == [303, 429, 303]


def opens(link: Link) -> list[bool]:
    """For each logged opening whether it was a machine's, oldest first."""
    rows = LinkEvent.objects.filter(link=link, event="opened").order_by("pk")
    return [event.is_robot for event in rows]


def test_scanners_cannot_fill_the_log_so_that_a_person_is_missed(
    db: None, customer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "OPENS_KEPT", 5)
    link = make_link()
    for number in range(8):
        customer.head(address(link), headers={"User-Agent": f"Scanner {number}"})
    customer.get(address(link))

    link.refresh_from_db()
    assert opens(link) == [True] * 5 + [False]
    assert link.state_label == "Opened"


def test_a_full_log_does_not_keep_the_state_back(
    db: None, customer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "OPENS_KEPT", 0)
    link = make_link()
    customer.get(address(link))

    link.refresh_from_db()
    assert link.state_label == "Opened"
    assert opens(link) == []


def test_a_preview_by_the_same_browser_does_not_hide_the_visit(db: None, customer: Client) -> None:
    link = make_link()
    customer.get(address(link), headers={"Sec-Purpose": "prefetch"})
    customer.get(address(link))

    link.refresh_from_db()
    assert opens(link) == [True, False]
    assert link.state_label == "Opened"


def test_a_page_that_loads_itself_again_is_one_visit(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    consent(cyclr, to_cyclr(customer, link, hands), "Approve")
    back_page(customer)
    before = len(opens(link))
    for seconds in (35, 70, 105):
        hands.later(seconds)
        customer.get(address(link))

    assert len(opens(link)) == before


def test_a_scanners_start_is_labelled_and_a_persons_is_not(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    scanner = Client(enforce_csrf_checks=True, headers={"User-Agent": "SafeLinks scanner"})
    for who in (scanner, customer):
        to_cyclr(who, link, hands)

    starts = LinkEvent.objects.filter(link=link, event="started").order_by("pk")
    assert [event.is_robot for event in starts] == [True, False]


@pytest.mark.parametrize("pk", [0, 10**12, 10**30])
def test_an_app_that_is_not_on_the_link_is_the_neutral_page(
    pk: int, db: None, customer: Client
) -> None:
    link = make_link()
    text_of_page = text(customer.get(address(link)))
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text_of_page)
    assert token
    path = f"{address(link)}/{pk}/continue"

    assert customer.post(path, {"csrfmiddlewaretoken": token.group(1)}).status_code == 404


# ---- a console that is not in use any more ----


def test_a_link_of_a_retired_console_has_ended(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, link, hands)
    wait = press_continue(customer, link)["Location"]
    used = ConnectAttempt.objects.get(state=AttemptState.USED)
    page = text(customer.get(address(link)))
    link.console.retired_at = timezone.now()
    link.console.save()
    item = link.items.get()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    data = {"csrfmiddlewaretoken": token.group(1)}
    answers = [
        customer.get(address(link)),
        customer.get(wait),
        customer.get(reverse("link_return", args=[used.public_id])),
        customer.post(reverse("link_continue", args=[link.token(), item.pk]), data),
    ]

    for answer in answers:
        assert answer.status_code == 410
        assert "This link has ended" in text(answer)
        assert "Ask for a new link" not in text(answer)
    customer.post(reverse("link_ask", args=[link.token()]), data)
    link.refresh_from_db()
    assert not link.is_new_link_asked
    assert ConnectAttempt.objects.count() == 2
    assert link.items.get().returned_at is None


def test_only_links_of_current_consoles_are_open(db: None) -> None:
    link = make_link(console=make_console(retired_at=timezone.now()))

    assert not link.is_usable and not link.poll_event
    assert not Link.objects.open().exists()


# ---- asking, extending ----


def test_extending_answers_the_customer_who_asked(db: None, customer: Client) -> None:
    link = make_link(expires_at=timezone.now() - timedelta(days=1), is_new_link_asked=True)
    services.extend(link, Actor.system())

    link.refresh_from_db()
    assert link.is_usable and not link.is_new_link_asked


def test_extend_pressed_twice_extends_once(db: None) -> None:
    link = make_link(expires_at=timezone.now() + timedelta(hours=1))
    assert services.extend(link, Actor.system())
    assert not services.extend(link, Actor.system())

    assert LinkEvent.objects.filter(link=link, event="extended").count() == 1


def test_staff_see_what_is_under_way_when_the_time_is_over(db: None) -> None:
    link = make_link(expires_at=timezone.now() - timedelta(seconds=1), state=LinkState.STARTED)
    assert link.state_label == "Expired" and link.poll_event == "poll-5s"
    link.moved_at = timezone.now() - timedelta(hours=1)

    assert link.poll_event == ""


@pytest.mark.parametrize("act", ["{item}/continue", "ask"])
def test_a_tab_that_asks_again_for_what_was_pressed_there_is_led_to_the_link(
    act: str, link: Link, customer: Client
) -> None:
    there = address(link)

    for method in (customer.get, customer.head):
        answer = method(f"{there}/{act.format(item=link.items.get().pk)}")
        assert (answer.status_code, answer["Location"]) == (303, there)

    assert not ConnectAttempt.objects.exists()
    link.refresh_from_db()
    assert not link.is_new_link_asked


def test_more_than_any_form_holds_is_refused_in_words(
    link: Link, customer: Client, settings: Any
) -> None:
    there = address(link)
    customer.get(there)
    much = "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)

    answer = customer.post(
        f"{there}/{link.items.get().pk}/continue",
        much,
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 400
    assert "too long" in text(answer)
