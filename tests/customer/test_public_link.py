"""The customer's way, and the machines that come before: against the simulator."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.links import opening, services, tasks
from dashboard.links.attempts import sign_in_tokens, starting
from dashboard.links.models import AttemptState, ConnectAttempt, Link, LinkEvent
from dashboard.mirror.models import Account, AccountConnector
from tests.factories import make_link
from tests.links.steps import address, consent, press_continue, to_cyclr
from tests.simulated import Hands


def test_a_customer_connects(cyclr: CyclrState, link: Link, customer: Client, hands: Hands) -> None:
    url = to_cyclr(customer, link, hands)
    assert url.startswith("https://service.cyclr.test/connectorauth/updateaccountconnectoroauth?")
    back = consent(cyclr, url, "Approve")
    page = customer.get(urlsplit(back).path)
    assert b"Checking whether" in page.content
    tasks.check_account(link.account_id)
    page = customer.get(urlsplit(back).path)

    assert b"Connected" in page.content and page["Cache-Control"] == "no-store"
    link.refresh_from_db()
    assert link.state_label == "Connected"
    row = link.items.get().account_connector
    assert row.state == "Authenticated"
    events = list(
        LinkEvent.objects.filter(link=link).order_by("pk").values_list("event", flat=True)
    )
    assert events == ["created", "opened", "started", "returned", "connected", "all-connected"]
    assert b"Everything is connected" in customer.get(address(link)).content


def test_a_refusal_at_the_provider_is_never_called_connected(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    url = to_cyclr(customer, link, hands)
    ended_at = consent(cyclr, url, "Deny")
    assert "service.cyclr.test" in ended_at
    hands.later(10)
    tasks.check_account(link.account_id)
    assert b"Connected" not in customer.get(address(link)).content
    hands.later(16 * 60)
    tasks.check_account(link.account_id)

    assert LinkEvent.objects.filter(link=link, event="unfinished").exists()
    assert press_continue(customer, link).status_code == 303


def test_a_customer_who_closes_the_tab_after_consenting_is_found(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    consent(cyclr, to_cyclr(customer, link, hands), "Approve")
    hands.later(6)
    tasks.check_account(link.account_id)

    link.refresh_from_db()
    assert link.state_label == "Connected"


def test_scanners_change_nothing_and_the_person_after_them_succeeds(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    scanner = Client(enforce_csrf_checks=True, headers={"User-Agent": "SafeLinks scanner"})
    before = (ConnectAttempt.objects.count(), len(cyclr.ledger))
    for _ in range(15):
        scanner.get(address(link))
        scanner.head(address(link))
        scanner.options(address(link))
        customer.get(address(link), headers={"Sec-Purpose": "prefetch"})
    assert (ConnectAttempt.objects.count(), len(cyclr.ledger)) == before
    link.refresh_from_db()
    assert link.state_label == "Created"
    for _ in range(5):
        press_continue(scanner, link)
    hands.work()

    to_cyclr(customer, link, hands)
    assert ConnectAttempt.objects.filter(state=AttemptState.USED).count() == 1


def test_a_head_or_a_preview_of_the_wait_page_uses_nothing_up(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    wait = press_continue(customer, link)["Location"]
    hands.work()
    assert customer.head(wait).status_code == 200
    assert customer.get(wait, headers={"Sec-Purpose": "prefetch"}).status_code == 200
    assert customer.get(wait).status_code == 200

    assert customer.get(wait).status_code == 302
    assert b"This step is over" in customer.get(wait).content


def test_starts_are_capped_and_the_page_says_until_when(
    link: Link, customer: Client, cyclr: CyclrState
) -> None:
    for _ in range(12):
        assert press_continue(customer, link).status_code == 303
    answer = press_continue(customer, link)

    assert answer.status_code == 429
    assert b"10 minutes" in answer.content
    assert 0 < int(answer["Retry-After"]) <= 600


@pytest.mark.parametrize("ending", ["revoke", "expire"])
def test_a_link_that_ends_between_reading_and_pressing_requests_nothing(
    ending: str, cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    page = customer.get(address(link)).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    if ending == "revoke":
        services.revoke(link, Actor.system())
    else:
        Link.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    path = reverse("link_continue", args=[link.token(), link.items.get().pk])
    answer = customer.post(path, {"csrfmiddlewaretoken": token.group(1)})
    hands.work()

    assert answer.status_code == 410
    assert not [entry for entry in cyclr.requests if "signintoken" in entry.path]


def test_a_link_revoked_while_the_wait_page_stands_leads_nowhere(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    wait = press_continue(customer, link)["Location"]
    hands.work()
    services.revoke(link, Actor.system())

    assert customer.get(wait).status_code == 410
    assert ConnectAttempt.objects.get().encrypted_url == ""


def test_the_sign_in_token_stands_nowhere_in_clear(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands, caplog: Any
) -> None:
    wait = press_continue(customer, link)["Location"]
    hands.work()
    encrypted = ConnectAttempt.objects.get().encrypted_url
    customer.get(wait)
    url = customer.get(wait)["Location"]
    token = parse_qs(urlsplit(url).query)["token"][0]

    assert token not in encrypted and ConnectAttempt.objects.get().encrypted_url == ""
    assert token not in caplog.text
    for event in LinkEvent.objects.values():
        assert token not in str(event)


def test_an_attempt_that_nobody_fetches_is_wiped(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    press_continue(customer, link)
    hands.work()
    assert ConnectAttempt.objects.get().encrypted_url
    hands.later(50)
    tasks.wipe_attempts()

    assert ConnectAttempt.objects.get().encrypted_url == ""


GLUED = [
    *(
        "",
        ".",
        ">",
        "&gt;",
        ").",
        "%20",
        "/",
        "//",
        "/.",
        "Note",
        "note",
        "a",
        "&nbsp;",
        "%7CConnect",
    ),
    *(
        "%C2%A0",
        "\u200b",
        "%E2%80%8B",
        "]",
        "%5D",
        '"',
        "%22",
        "'",
        "”",
        "…",
        "*",
        "_",
        "%3E%3E",
        "%2F",
    ),
    *(
        "#_=_",
        "%23x",
        "&data=05%7C02%7Cana",
        "%26data%3D05",
        "=3D",
        "=",
        ",",
        ";",
        "\uff0e",
        "!",
        "~",
    ),
    *("/Note", "/wp-login.php", "/%20Connect", "%3Cbr%3E", "<br>", "/?", "/index.html"),
]


@pytest.mark.parametrize("glued", GLUED)
def test_what_is_glued_to_an_address_is_forgiven(glued: str, link: Link, customer: Client) -> None:
    answer = customer.get(address(link) + glued, follow=True)

    assert answer.status_code == 200
    assert answer.redirect_chain == [] or answer.redirect_chain[-1][0] == address(link)


@pytest.mark.parametrize(
    "written",
    [
        "see{token}",
        "<{token}>",
        "%3C{token}%3E",
        "{half}=%0A{rest}",
        "{half}=\n{rest}",
        "{half}%3D%0D%0A{rest}",
        "{half}%0A{rest}",
        "{half}%20{rest}",
        "{half}\u200b{rest}",
        "{half}%C2%AD{rest}",
        "{upper}",
        "{upper}%253E",
        "Note{token}Note",
    ],
)
def test_a_token_is_found_however_it_is_written(written: str, link: Link) -> None:
    token = link.token()
    text = written.format(token=token, upper=token.upper(), half=token[:30], rest=token[30:])

    assert opening.find(text) == link


@pytest.mark.parametrize("front", ["/C/{}", "/c//{}", "/c/c/{}", "/c/https:%2F%2Fx%2Fc%2F{}"])
def test_the_path_before_the_token_may_be_written_otherwise(
    front: str, link: Link, customer: Client
) -> None:
    answer = customer.get(front.format(link.token()), follow=True)

    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0] == address(link)


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ("{path}/reminders.", "{path}/reminders"),
        ("{path}/reminders/", "{path}/reminders"),
        ("{path}/Reminders%3E", "{path}/reminders"),
        ("{path}./reminders", "{path}/reminders"),
        ("{path}/{item}/form)", "{path}/{item}/form"),
        ("{path}/{item}/entry/", "{path}/{item}/entry"),
        ("{path}/{item}/continue/", "{path}"),
        ("{path}/ask.", "{path}"),
        ("{path}?utm_source=x", None),
        ("{path}.?utm_source=x", "{path}?utm_source=x"),
    ],
)
def test_the_pages_of_a_link_are_found_as_well(
    written: str, there: str | None, link: Link, customer: Client
) -> None:
    parts = {"path": address(link), "item": str(link.items.get().pk)}
    answer = customer.get(written.format(**parts))

    assert answer.headers.get("Location") == (there and there.format(**parts))


def test_a_start_s_pages_are_found_too(link: Link, customer: Client, hands: Hands) -> None:
    wait = press_continue(customer, link)["Location"]
    for glued in ("/", ".", "%C2%A0", "x", "%3E"):
        assert customer.get(wait + glued, follow=True).status_code == 200
        back = wait.replace("/c/m/", "/c/r/")
        assert customer.get(back + glued, follow=True).status_code == 200


@pytest.mark.parametrize(
    "path", ["/c/", "/c/x", "/c/x/y/z", "/c/m/x", "/c/r/x/", f"/c/{'a' * 64}/", f"/c/{'a' * 200}."]
)
def test_what_holds_no_token_is_the_one_neutral_page(path: str, db: None, customer: Client) -> None:
    answer = customer.get(path)

    assert answer.status_code == 404
    assert path == "/c/" or b"This address does not work" in answer.content


def test_no_other_token_finds_a_link_and_each_costs_the_same(
    db: None, django_assert_num_queries: Any
) -> None:
    link = make_link()
    good = link.token()
    bad = [
        good[:-1],
        good[:-1] + ("a" if good[-1] != "a" else "b"),
        "a" * 64,
        "",
        "../../etc",
        "x" * 8000,
    ]
    bad += [
        good[::-1],
        ("c" if good[0] == "b" else "b") + good[1:],
        good[: len(good) // 2],
        "\x00" * 64,
        "é" * 64,
    ]
    for token in bad:
        with django_assert_num_queries(1):
            assert opening.find(token) is None


def test_the_database_alone_makes_no_link(db: None, settings: Any) -> None:
    link = make_link()
    token = link.token()
    settings.CREDENTIAL_KEYS = ["another-key-another-key-another-key-another"]

    assert opening.find(token) is None


def test_a_429_at_the_token_waits_and_succeeds(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    cyclr.faults.rate_limit("POST", "/accounts/{id}/signintoken", retry_after="5", times=1)
    wait = press_continue(customer, link)["Location"]
    hands.work()
    assert b"Preparing your sign-in" in customer.get(wait).content
    hands.later(8)
    hands.work()

    assert customer.get(wait).status_code == 302


def test_a_refusal_that_comes_after_the_revocation_counts_for_nothing(
    cyclr: CyclrState, link: Link, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    cyclr.faults.respond("POST", "/v1.0/accounts/{id}/signintoken", status=422)
    starting.start(link.items.get())
    request_one = sign_in_tokens._request_token

    def slow(attempt: ConnectAttempt, client: Any) -> str | None:
        services.revoke(link, Actor.system())
        return request_one(attempt, client)

    monkeypatch.setattr(sign_in_tokens, "_request_token", slow)
    hands.work()

    assert link.items.get().failures == 0
    assert not link.events.filter(event="refused").exists()


def test_a_reconnect_is_not_called_connected_without_a_test(
    cyclr: CyclrState, harbour: Account, customer: Client, hands: Hands
) -> None:
    hubspot = AccountConnector.objects.get(account=harbour, connector_name="HubSpot")
    cyclr.authenticate(hubspot.cyclr_id)
    AccountConnector.objects.filter(pk=hubspot.pk).update(authenticated=True)
    hubspot.refresh_from_db()
    link = services.create_link(Actor.system(), harbour, [hubspot])
    back = consent(cyclr, to_cyclr(customer, link, hands), "Approve")
    customer.get(urlsplit(back).path)
    tasks.check_account(harbour.pk)

    link.refresh_from_db()
    assert link.state_label == "Returned"
    assert b'data-state="connected"' not in customer.get(urlsplit(back).path).content


def test_one_listing_serves_all_links_of_an_account(
    cyclr: CyclrState, harbour: Account, customer: Client, hands: Hands
) -> None:
    hubspot = AccountConnector.objects.get(account=harbour, connector_name="HubSpot")
    for _ in range(3):
        link = services.create_link(Actor.system(), harbour, [hubspot])
        to_cyclr(customer, link, hands)
    hands.later(6)
    before = len(cyclr.requests)
    tasks.check_account(harbour.pk)
    tasks.check_account(harbour.pk)

    listings = [r for r in list(cyclr.requests)[before:] if r.path.endswith("/account/connectors")]
    assert len(listings) <= 2  # one listing is a page and the empty one after it


def test_the_forms_own_last_hop_never_leads_to_cyclr(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    """`form-action 'self'` holds for every hop: a redirect would spend the token for nothing."""
    wait = press_continue(customer, link)["Location"]
    hands.work()
    first = customer.get(wait)

    assert first.status_code == 200
    assert first["Refresh"]
    assert ConnectAttempt.objects.get().state == AttemptState.READY


@pytest.mark.parametrize(
    ("waited", "words", "again"),
    [(0, "This takes a second or two", "1"), (11, "This is taking longer than usual", "3")],
)
def test_who_waits_long_is_told_so_and_the_page_looks_less_often(
    cyclr: CyclrState, link: Link, customer: Client, waited: int, words: str, again: str
) -> None:
    page = press_continue(customer, link)["Location"]
    ConnectAttempt.objects.update(created_at=timezone.now() - timedelta(seconds=waited))

    answer = customer.get(page)

    assert words in answer.content.decode()
    assert answer["Refresh"] == again
