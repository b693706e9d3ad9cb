"""A link's whole way: what machines may not change on it, and where its address may not stand."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor, AuditEntry
from dashboard.links import services, tasks
from dashboard.links.attempts import confirming
from dashboard.links.handlers import CreateLink
from dashboard.links.mail import mailing
from dashboard.links.models import ConnectAttempt, Link, LinkMail
from dashboard.notifications import payloads, webhooks
from dashboard.notifications.models import Notification, WebhookDelivery
from dashboard.people.models import Role
from tests.factories import API_KEY, make_account_connector, make_operation, make_user
from tests.links.postbox import outbox
from tests.links.steps import address, consent, press_continue, to_cyclr
from tests.pages import nothing_changes
from tests.simulated import Hands
from tests.support.tables import rows_of_all

PREFETCH = {"Sec-Purpose": "prefetch;prerender"}


def all_but_the_open_log() -> dict[str, list[Any]]:
    """Every row of every table, without what an opening may write."""
    rows = {model._meta.label: found for model, found in rows_of_all().items()}
    rows["links.LinkEvent"] = [
        one for one in rows.get("links.LinkEvent", []) if one["event"] != "opened"
    ]
    rows["links.Link"] = [one | {"moved_at": None} for one in rows["links.Link"]]
    return rows


@pytest.fixture
def both(link: Link) -> Link:
    """A link over HubSpot, which is signed in to, and over one whose key is typed."""
    parcels = make_account_connector(account=link.account, name="Parcels", authentication=[API_KEY])
    return services.create_link(
        Actor.system(),
        link.account,
        [link.items.get().account_connector, parcels],
        recipient_email="ana@customer.example",
        has_reminders=True,
    )


def test_fifty_looks_at_every_page_change_nothing_but_the_open_log(
    cyclr: CyclrState, both: Link, customer: Client, hands: Hands
) -> None:
    wait = press_continue(customer, both)["Location"]
    hands.work()
    key = both.items.last()
    assert key is not None
    token = both.token()
    pages = [
        address(both),
        wait,
        wait.replace("/c/m/", "/c/r/"),
        reverse("link_reminders", args=[token]),
        reverse("link_ask", args=[token]),
        *(reverse(name, args=[token, key.pk]) for name in ("entry_new", "entry_wait")),
        reverse("link_continue", args=[token, key.pk]),
    ]
    before, calls = all_but_the_open_log(), len(cyclr.requests)
    for _ in range(50):
        for page in pages:
            customer.head(page)
            customer.options(page)
            customer.get(page, headers=PREFETCH)
    hands.work()

    assert all_but_the_open_log() == before
    assert len(cyclr.requests) == calls


def test_a_start_that_is_replayed_does_nothing_more(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    url = to_cyclr(customer, link, hands)
    back = urlsplit(consent(cyclr, url, "Approve")).path
    customer.get(back)
    tasks.check_account(link.account_id)
    wait = back.replace("/c/r/", "/c/m/")

    with nothing_changes():
        for page in (wait, back, wait, back):
            answer = customer.get(page)
            assert answer.status_code == 200
            assert b"Connected" in answer.content


def test_the_address_of_a_link_stands_in_mails_and_on_its_own_pages_alone(
    cyclr: CyclrState,
    both: Link,
    customer: Client,
    hands: Hands,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    admin = make_user(Role.ADMIN)
    webhooks.create(both.console, "https://hooks.example.com/", admin)
    mail = mailing.queue_mail(both, Actor.staff(admin))
    tasks.send_mail(mail.pk)
    assert both.token() in outbox()[0].body
    to_cyclr(customer, both, hands)
    confirming.accept(both.items.select_related("link__account").get(position=1))
    services.revoke(both, Actor.staff(admin))
    page = customer.get(address(both))
    services.ask_for_new(both)
    delivery = WebhookDelivery.objects.latest("pk")

    assert {page["Referrer-Policy"], page["X-Robots-Tag"]} == {"same-origin", "noindex, nofollow"}
    assert (
        LinkMail.objects.exists()
        and Notification.objects.count() > 1
        and AuditEntry.objects.exists()
    )
    kept = f"{all_but_the_open_log()} {payloads.body_of(delivery)!r} {caplog.text}"
    token = both.token()
    assert both.public_id in kept
    for place in range(16, 64, 8):
        assert token[place : place + 8] not in kept


def test_the_way_to_cyclr_names_the_start_and_not_the_link(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    wait = press_continue(customer, link)
    hands.work()
    customer.get(wait["Location"])
    answer = customer.get(wait["Location"])

    assert answer.status_code == 302
    assert answer["Referrer-Policy"] == "no-referrer"
    assert link.token() not in wait["Location"] + answer["Location"]


def test_sixty_starts_a_day_are_enough_and_the_page_says_until_when(
    cyclr: CyclrState, link: Link, customer: Client
) -> None:
    item = link.items.get()
    for number in range(59):
        ConnectAttempt.objects.create(
            item=item, created_at=timezone.now() - timedelta(hours=22, minutes=-number)
        )
    assert press_continue(customer, link).status_code == 303
    answer = press_continue(customer, link)

    assert answer.status_code == 429
    assert b"2 hours" in answer.content


@pytest.mark.parametrize("name", ["next", "targetOrigin", "url", "lang"])
def test_nothing_in_an_address_leads_elsewhere(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands, name: str
) -> None:
    evil = f"?{name}=https://evil.example/"
    page = customer.get(address(link) + evil).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    start = reverse("link_continue", args=[link.token(), link.items.get().pk])
    wait = customer.post(start + evil, {"csrfmiddlewaretoken": token, name: "//evil.example"})
    hands.work()
    customer.get(wait["Location"] + evil)
    way = urlsplit(customer.get(wait["Location"] + evil)["Location"])

    assert wait["Location"].startswith("/c/m/")
    assert f"{way.scheme}://{way.netloc}" == link.console.service_url
    assert parse_qs(way.query)["targetOrigin"][0].startswith(f"{settings.PUBLIC_URL}/c/r/")
    assert "evil" not in way.query
    back = customer.get(wait["Location"].replace("/c/m/", "/c/r/") + evil).content.decode()
    assert not re.findall(r'(?:action|href)="(?:https?:)?//evil', page + back)


@pytest.mark.django_db
def test_a_link_that_follows_an_install_is_for_whoever_was_named() -> None:
    connector = make_account_connector()
    operation = make_operation(
        kind="links.create", account=connector.account, account_connector=connector
    )
    named = {"recipient_email": "kim@shop.example", "recipient_name": "Kim Larsen"}

    CreateLink().finish(operation, {"wanted": named})

    link = Link.objects.get()
    assert (link.recipient_email, link.recipient_name) == tuple(named.values())
