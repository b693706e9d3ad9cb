"""LAUNCH, ORBIT and Marketplace links: durable, harmless to open, a token only at the press."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState, mount
from dashboard.audit.models import AuditEntry
from dashboard.common import encryption
from dashboard.launches import services, tasks
from dashboard.launches.models import LaunchAttempt, LaunchEvent, LaunchLink, Product
from dashboard.links.attempts.starting import STARTS_IN_TEN_MINUTES
from dashboard.links.models import AttemptState
from dashboard.mirror.models import Account
from dashboard.people.models import Role
from tests.factories import make_account, make_launch_link, make_link, make_user
from tests.links.steps import PERSON
from tests.pages import signed_in, text_of

NASTY = "<b>Hello</b>{{ 7 }}"


@pytest.fixture
def lead(db: None) -> Client:
    """A browser of a lead."""
    return signed_in(make_user(Role.LEAD))


@pytest.fixture
def customer() -> Client:
    """A customer's browser."""
    return Client(headers=PERSON, enforce_csrf_checks=True)


def new_url(account: Account) -> str:
    """The form."""
    return reverse("launch_link_new", args=[account.pk])


def send(browser: Client, account: Account, **values: str) -> Any:
    """Send the form as a browser does."""
    data = {"submission": str(uuid.uuid4()), "product": "launch", "expires": "604800"}
    return browser.post(new_url(account), data | values)


def address(link: LaunchLink) -> str:
    """The link's address as a path."""
    return urlsplit(link.url()).path


def press(customer: Client, link: LaunchLink) -> Any:
    """Open the page, press Continue."""
    page = text_of(customer.get(address(link)))
    action = re.search(r'action="(/c/[^"]+/continue)"', page)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert action and token, page
    return customer.post(action[1], {"csrfmiddlewaretoken": token[1]})


def work() -> None:
    """The workers' part."""
    for pk in LaunchAttempt.objects.due(timezone.now()).values_list("pk", flat=True):
        tasks.request_launch(pk)


def to_cyclr(customer: Client, link: LaunchLink) -> str:
    """From the page to the address at Cyclr that the browser is sent to."""
    wait = press(customer, link)["Location"]
    work()
    assert customer.get(wait).status_code == 200, "the first load is drawn"
    answer = customer.get(wait)
    assert answer.status_code == 302, text_of(answer)
    assert answer["Cache-Control"] == "no-store, max-age=0"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert customer.get(wait).status_code == 200, "one redirect, once"
    return str(answer["Location"])


def page_at(cyclr: CyclrState, url: str) -> str:
    """What Cyclr shows there."""
    browser = requests.Session()
    mount(cyclr, browser)
    return browser.get(url).text


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({"product": "launch", "tags": "Sales, Shop ,Sales", "wizard": "on"}, "LAUNCH"),
        ({"product": "orbit"}, "ORBIT"),
        ({"product": "marketplace", "marketplace_id": "8"}, "Marketplace 8"),
    ],
)
def test_it_leads_to_cyclrs_page(
    cyclr: CyclrState,
    harbour: Account,
    lead: Client,
    customer: Client,
    values: dict[str, str],
    title: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = send(lead, harbour, **values)
    link = LaunchLink.objects.get()
    assert answer["Location"] == f"{link.get_absolute_url()}?new=1"
    assert link.url() in text_of(lead.get(answer["Location"]))

    url = to_cyclr(customer, link)

    shown = page_at(cyclr, url)
    assert title in shown and "is signed in to" in shown
    token = re.search(r"token=([^&]+)", url)
    assert token is not None
    kept = str([*LaunchAttempt.objects.values(), *LaunchEvent.objects.values()])
    assert token[1] not in kept + str([*AuditEntry.objects.values()]) + caplog.text
    link.refresh_from_db()
    assert (link.state, link.starts) == ("started", 1)
    detail = text_of(lead.get(link.get_absolute_url()))
    assert "Led on to" in detail and token[1] not in detail
    assert AuditEntry.objects.filter(action="launches.start").count() == 1
    assert "forbidden" in page_at(cyclr, url).lower(), "it works once"
    assert title in page_at(cyclr, to_cyclr(customer, link)), "and the link goes on working"


def test_scanners_use_nothing_up(cyclr: CyclrState, harbour: Account, customer: Client) -> None:
    link = make_launch_link(account=harbour)
    scanner = Client(headers={"User-Agent": "Mozilla/5.0 (compatible; Safe Links scanner)"})
    before = len(cyclr.requests)
    for _ in range(5):
        assert scanner.get(address(link)).status_code == 200
        assert scanner.head(address(link)).status_code == 200
        assert scanner.get(f"{address(link)}/continue").status_code == 303
        assert Client(enforce_csrf_checks=True).post(f"{address(link)}/continue").status_code == 403
    assert len(cyclr.requests) == before and not LaunchAttempt.objects.exists()
    link.refresh_from_db()
    assert link.state == "created" and link.events.count() == 1

    for _ in range(5):  # robots press, too
        press(scanner, link)
    work()
    assert "LAUNCH" in page_at(cyclr, to_cyclr(customer, link))


def test_a_prefetch_and_a_head_do_not_take_the_redirect(
    cyclr: CyclrState, harbour: Account, customer: Client
) -> None:
    link = make_launch_link(account=harbour)
    wait = press(customer, link)["Location"]
    work()
    customer.get(wait)

    assert customer.head(wait).status_code == 200
    assert customer.get(wait, headers={"Sec-Purpose": "prefetch"}).status_code == 200
    assert customer.get(wait).status_code == 302


def test_an_account_that_is_gone_is_not_made_by_accident(
    cyclr: CyclrState, harbour: Account, customer: Client, lead: Client
) -> None:
    link = make_launch_link(account=harbour)
    cyclr.delete_account(cyclr.accounts[harbour.cyclr_id])

    wait = press(customer, link)["Location"]
    work()

    page = text_of(customer.get(wait))
    assert "cannot be opened at the moment" in page
    assert harbour.cyclr_id not in cyclr.accounts
    assert "does not know this account" in text_of(lead.get(link.get_absolute_url()))


def test_it_is_made_anew_where_a_lead_said_so(
    cyclr: CyclrState, harbour: Account, customer: Client, lead: Client
) -> None:
    cyclr.delete_account(cyclr.accounts[harbour.cyclr_id])
    Account.objects.filter(pk=harbour.pk).update(gone_at=timezone.now())
    assert "creates it anew" in text_of(lead.get(new_url(harbour)))
    assert send(lead, harbour).status_code == 422
    send(lead, harbour, creates_account="on")
    link = LaunchLink.objects.get()
    assert "An account is created for" in text_of(customer.get(address(link)))

    to_cyclr(customer, link)

    assert cyclr.accounts[harbour.cyclr_id].name == harbour.name


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/account/signinwithtoken?token=x",
        "{service}@evil.example/x?token=x",
        "{service}.evil.example/x?token=x",
        "http://[::1/x",
    ],
)
def test_an_address_elsewhere_is_not_followed(
    cyclr: CyclrState, harbour: Account, customer: Client, lead: Client, url: str
) -> None:
    link = make_launch_link(account=harbour)
    named = url.format(service=harbour.console.service_url)
    body = {"LaunchUrl": named, "Token": "x", "ExpiresAtUtc": "2099-01-01T00:00:00Z"}
    cyclr.faults.respond("POST", "/accounts/{id}/launch", status=200, body=body, times=1)

    wait = press(customer, link)["Location"]
    work()

    customer.get(wait)
    assert customer.get(wait).status_code == 200
    assert "evil" not in text_of(customer.get(wait))
    assert "not on this console" in text_of(lead.get(link.get_absolute_url()))


@pytest.mark.parametrize(("status", "words"), [(403, "refused"), (500, "did not answer")])
def test_a_refusal_is_told_to_both(
    cyclr: CyclrState,
    harbour: Account,
    customer: Client,
    lead: Client,
    status: int,
    words: str,
) -> None:
    link = make_launch_link(account=harbour)
    cyclr.faults.respond("POST", "/accounts/{id}/launch", status=status, body={}, times=50)
    wait = press(customer, link)["Location"]
    with time_machine.travel(timezone.now() + timedelta(seconds=1)) as clock:
        for _ in range(15):
            work()
            clock.shift(timedelta(seconds=6))
        page = text_of(customer.get(wait))

    assert "The sign-in could not be prepared" in page and "Try again" in page
    assert words in text_of(lead.get(link.get_absolute_url()))


@pytest.mark.django_db
def test_revoked_and_expired_lead_nowhere(customer: Client, lead: Client) -> None:
    link = make_launch_link()
    wait = press(customer, link)["Location"]
    attempt = LaunchAttempt.objects.get()
    lease = LaunchAttempt.objects.claim(attempt.pk)
    url = f"{link.console.service_url}/account/signinwithtoken?token=planted"
    secret = encryption.encrypt(url, associated_data=attempt.associated_data)
    assert lease is not None
    lease.finish(state=AttemptState.READY, encrypted_url=secret, ready_at=timezone.now())
    customer.get(wait)

    assert lead.post(reverse("launch_link_revoke", args=[link.pk])).status_code == 302

    assert not LaunchAttempt.objects.exclude(encrypted_url="").exists()
    ended = customer.get(wait)
    assert ended.status_code == 410 and "planted" not in text_of(ended)
    page = customer.get(address(link))
    assert page.status_code == 410 and "withdrawn" in text_of(page)
    assert LaunchLink.objects.get().state_label == "Revoked"
    expired = make_launch_link(expires_at=timezone.now() - timedelta(minutes=1))
    assert "has expired" in text_of(customer.get(address(expired)))
    lead.post(reverse("launch_link_extend", args=[expired.pk]))
    assert customer.get(address(expired)).status_code == 200
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert actions >= {"launches.revoke", "launches.extend"}


@pytest.mark.django_db
def test_an_address_that_nobody_fetched_is_wiped(customer: Client) -> None:
    press(customer, make_launch_link())

    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        tasks.wipe_launch_attempts()

    assert LaunchAttempt.objects.get().state == AttemptState.OVER


@pytest.mark.django_db
def test_too_many_starts_rest(customer: Client) -> None:
    link = make_launch_link()
    answers = [press(customer, link) for _ in range(STARTS_IN_TEN_MINUTES + 1)]

    assert [one.status_code for one in answers] == [303] * STARTS_IN_TEN_MINUTES + [429]
    assert "Retry-After" in answers[-1] and "started too often" in text_of(answers[-1])
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert press(customer, link).status_code == 303


@pytest.mark.django_db
def test_a_token_is_of_its_kind_and_forgiven_what_is_glued_to_it(customer: Client) -> None:
    link, other = make_launch_link(), make_link()

    unknown = customer.get(f"/c/l/{'a' * 64}")
    assert unknown.status_code == 404
    assert customer.get(f"/c/l/{other.token()}").status_code == 404
    assert customer.get(f"/c/{link.token()}").status_code == 404
    assert text_of(customer.get(f"/c/l/{other.token()}")) == text_of(unknown)
    glued = customer.get(f"{address(link)}.?utm=1")
    assert glued.status_code == 302 and glued["Location"] == f"{address(link)}?utm=1"
    assert customer.get("/c/s/nothing").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"),
    [("de", "einzurichten"), ("fr", "vos intégrations"), ("es", "sus integraciones")],
)
def test_it_speaks_the_customers_language(customer: Client, language: str, words: str) -> None:
    link = make_launch_link(language=language, message=NASTY)

    page = text_of(customer.get(address(link)))

    assert words in page and f'lang="{language}"' in page
    assert "<b>Hello" not in page and "&lt;b&gt;Hello" in page
    assert customer.get(address(link))["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        {"product": "else"},
        {"product": "marketplace"},
        {"product": "marketplace", "marketplace_id": "0"},
        {"product": "marketplace", "marketplace_id": str(2**31)},
        {"product": "launch", "marketplace_id": "3"},
        {"tags": ",".join(str(n) for n in range(21))},
        {"tags": "x" * 101},
        {"message": "a\x00b"},
        {"ticket_url": "javascript:alert(1)"},
        {"expires": "1"},
        {"submission": "x"},
    ],
)
def test_what_cannot_be_is_refused(lead: Client, values: dict[str, str]) -> None:
    assert send(lead, make_account(), **values).status_code == 422
    assert not LaunchLink.objects.exists()


@pytest.mark.django_db
def test_the_same_form_sent_twice_is_one_link(lead: Client) -> None:
    account, same = make_account(), str(uuid.uuid4())

    first, second = (send(lead, account, submission=same)["Location"] for _ in range(2))
    other = send(lead, account, submission=same, product="orbit")

    assert first == second and other.status_code == 409
    assert LaunchLink.objects.count() == 1
    assert AuditEntry.objects.filter(action="launches.create").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
def test_it_is_for_leads(role: Role) -> None:
    link = make_launch_link()
    browser = signed_in(make_user(role))

    assert browser.get(new_url(link.account)).status_code == 403
    for name in ("launch_link_revoke", "launch_link_extend"):
        assert browser.post(reverse(name, args=[link.pk])).status_code == 403
    detail = text_of(browser.get(link.get_absolute_url()))
    assert link.token() not in detail and "Revoke" not in detail
    assert str(link.account) in text_of(browser.get(reverse("launch_link_list")))


@pytest.mark.django_db
def test_the_list_is_searched_and_of_what_one_may_see(lead: Client) -> None:
    link = make_launch_link(account=make_account(name="Harbour Books"))
    url = reverse("launch_link_list")
    stranger = signed_in(make_user(Role.LEAD, console=make_account().console))

    assert "Harbour" in text_of(lead.get(url, {"q": "harbour"}))
    assert "No link matches" in text_of(lead.get(url, {"q": "else\x00where"}))
    own = text_of(lead.get(url, {"account": str(link.account.pk)}))
    assert new_url(link.account) in own
    assert "Harbour" in text_of(lead.get(url, {"account": "²"}))
    assert "Harbour" not in text_of(stranger.get(url))
    assert stranger.get(link.get_absolute_url()).status_code == 404
    assert reverse("launch_link_list") in text_of(lead.get(reverse("link_list")))


@pytest.mark.django_db
def test_a_dropped_key_is_told(lead: Client, customer: Client) -> None:
    link = make_launch_link()
    path = address(link)
    LaunchLink.objects.filter(pk=link.pk).update(key_id="deadbeef")

    assert "no longer available" in text_of(lead.get(link.get_absolute_url()))
    assert customer.get(path).status_code == 404
    assert services.address_of(LaunchLink.objects.get()) == ""


def test_products_are_all_known() -> None:
    assert set(Product.values) == {"launch", "orbit", "marketplace"}
