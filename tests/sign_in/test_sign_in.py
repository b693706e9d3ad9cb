"""Signing in and out, and what it takes from people who try."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.common.checks import check_proxies
from dashboard.common.searching import nfkc_casefold
from dashboard.people.address import client_address, network_of
from dashboard.people.models import Membership, Role, SignInFailure, User
from dashboard.people.services import ensure_administrator
from dashboard.sign_in import attempts, familiar
from tests.factories import PASSWORD, make_console, make_user

pytestmark = pytest.mark.django_db

WRONG = "Email or password is wrong"
TOO_MANY = "Too many tries"


@pytest.fixture
def person() -> User:
    return make_user(Role.AGENT, email="Mara@Desk.example")


def attempt(client: Client, email: str, password: str = "wrong", **extra: Any) -> Any:
    data = {"email": email, "password": password}
    return client.post("/sign-in/", data | extra.pop("data", {}), **extra)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_address_may_be_typed_in_any_case(client: Client, person: User) -> None:
    response = attempt(client, "mARA@desk.EXAMPLE", PASSWORD)

    assert response.status_code == 302
    assert response["Location"] == "/"
    assert is_in(client)
    assert SignInFailure.objects.count() == 0


def test_the_page_says_what_people_rely_on(client: Client) -> None:
    page = client.get("/sign-in/").text

    assert '<label for="email">Email</label>' in page
    assert '<label for="password">Password</label>' in page
    assert ">Sign in</button>" in page
    assert page.count("<h1") == 1


def test_two_people_cannot_share_an_address_in_another_case(person: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_user(email="MARA@desk.example")


def test_signing_in_changes_the_session(client: Client, person: User) -> None:
    attempt(client, person.email, PASSWORD)
    first = client.session.session_key
    client.post("/sign-out/")
    attempt(client, person.email, PASSWORD)

    assert client.session.session_key != first


def test_every_failure_reads_the_same(client: Client, person: User) -> None:
    leaver = make_user(Role.ADMIN, is_active=False)
    pages = {
        attempt(client, email, password).text.replace(email, "")
        for email, password in [
            (person.email, "wrong"),
            ("nobody@desk.example", PASSWORD),
            (leaver.email, PASSWORD),
        ]
    }

    assert len({page.split("csrfmiddlewaretoken")[0] for page in pages}) == 1
    assert all(WRONG in page for page in pages)
    assert not is_in(client)


def test_an_unknown_address_costs_a_hash_too(client: Client, monkeypatch: Any) -> None:
    hashed = []
    monkeypatch.setattr(User, "set_password", lambda self, raw: hashed.append(raw))

    attempt(client, "nobody@desk.example", "guess")

    assert hashed == ["guess"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}}{% debug %}",
        "a\x00b",
        "\ud83d",
        "\u202egro.elpmaxe@a",
        "a\r\nBcc: b@c.example",
        "'; DROP TABLE people_user; --",
        "%_%",
        "é" * 300,
        "x" * 100_000,
        "İ@ı.example",
    ],
)
def test_whatever_is_typed_the_page_answers_in_words(
    client: Client, person: User, text: str
) -> None:
    for email, password in [(text, "p"), (person.email, text), (text, text)]:
        body = urlencode({"email": email, "password": password}, errors="surrogatepass")
        response = client.post("/sign-in/", body, "application/x-www-form-urlencoded")
        assert response.status_code == 200
        assert WRONG in response.text
        assert "<script>alert" not in response.text
        assert "<img src=x" not in response.text


def test_the_password_is_never_sent_back_or_logged(
    client: Client, person: User, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "canary-4711-secret"

    page = attempt(client, person.email, secret).text + attempt(client, secret, secret).text

    assert page.count(secret) == 1  # as the e-mail address that it was typed as
    assert secret not in caplog.text
    assert secret not in str(list(SignInFailure.objects.values_list()))


def fail(client: Client, times: int, email: str, **extra: Any) -> None:
    """So many wrong passwords, each from another network unless told otherwise."""
    for number in range(times):
        attempt(client, email, **{"REMOTE_ADDR": f"10.{number}.0.1"} | extra)


def test_the_eleventh_try_for_one_account_is_refused_unseen(client: Client, person: User) -> None:
    fail(client, 10, person.email)

    refused = attempt(client, person.email.upper(), PASSWORD, REMOTE_ADDR="10.99.1.1")

    assert refused.status_code == 429
    assert TOO_MANY in refused.text
    assert "an hour" in refused.text
    assert not is_in(client)
    assert SignInFailure.objects.count() == 10


def test_in_a_familiar_browser_the_right_password_always_passes(person: User) -> None:
    own, stranger = Client(), Client()
    attempt(own, person.email, PASSWORD)
    own.post("/sign-out/")
    fail(stranger, 10, person.email)
    fail(stranger, 20, "nobody@x.example", REMOTE_ADDR="127.0.0.1")

    assert attempt(stranger, person.email, PASSWORD).status_code == 429
    assert attempt(own, person.email, PASSWORD).status_code == 302


def test_a_familiar_browser_is_familiar_for_its_own_person_only(person: User) -> None:
    own, other = Client(), make_user(Role.AGENT)
    attempt(own, other.email, PASSWORD)
    own.post("/sign-out/")
    fail(Client(), 10, person.email)

    assert attempt(own, person.email, PASSWORD).status_code == 429


@pytest.mark.parametrize("forged", ["x", "", "e30:1abc:def", '{"1": "x"}'])
def test_nobody_makes_a_browser_familiar_by_themselves(person: User, forged: str) -> None:
    client = Client()
    fail(client, 10, person.email)
    client.cookies[familiar.COOKIE] = forged

    assert attempt(client, person.email, PASSWORD).status_code == 429


def test_a_stolen_familiar_browser_may_guess_ten_times_an_hour(person: User) -> None:
    own = Client()
    attempt(own, person.email, PASSWORD)
    own.post("/sign-out/")
    fail(own, 10, person.email)

    assert attempt(own, person.email, PASSWORD).status_code == 429
    assert attempt(Client(), person.email, PASSWORD).status_code == 302


def test_a_person_may_try_again_after_an_hour_and_twenty_times_a_day(
    client: Client, person: User
) -> None:
    for _ in range(2):
        fail(client, 10, person.email)
        assert attempt(client, person.email, PASSWORD).status_code == 429
        SignInFailure.objects.update(at=timezone.now() - timedelta(hours=1, seconds=1))

    assert attempt(client, person.email, PASSWORD).status_code == 429
    SignInFailure.objects.update(at=timezone.now() - timedelta(days=1, seconds=1))
    assert attempt(client, person.email, PASSWORD).status_code == 302
    assert SignInFailure.objects.count() == 0


def test_one_network_gets_twenty_tries_over_all_accounts(client: Client, person: User) -> None:
    for number in range(20):
        attempt(client, f"n{number}@x.example", REMOTE_ADDR=f"2001:db8:0:1::{number:x}")

    refused = attempt(client, person.email, PASSWORD, REMOTE_ADDR="2001:db8:0:1::ffff")
    elsewhere = attempt(client, person.email, PASSWORD, REMOTE_ADDR="2001:db8:0:2::1")

    assert refused.status_code == 429
    assert elsewhere.status_code == 302


def test_what_the_owner_does_gives_strangers_no_more_tries(person: User) -> None:
    own, stranger = Client(), Client()
    fail(stranger, 10, person.email)
    assert attempt(stranger, person.email, PASSWORD).status_code == 429
    with_cookie = Client()
    SignInFailure.objects.all().delete()
    attempt(own, person.email, PASSWORD)
    with_cookie.cookies[familiar.COOKIE] = own.cookies[familiar.COOKIE].value
    fail(stranger, 10, person.email)
    attempt(with_cookie, person.email, PASSWORD)

    assert attempt(stranger, person.email, PASSWORD).status_code == 429


def test_failures_and_blocks_are_recorded_without_what_was_typed(
    client: Client, person: User
) -> None:
    for email in (person.email, "nobody@x.example"):
        attempt(client, email, "canary-secret")
    fail(client, 12, person.email)
    entries = AuditEntry.objects.order_by("pk").values_list("action", "target", "result")

    assert entries[0] == ("refused a sign-in", person.display_name, "failed")
    assert entries[1] == ("refused a sign-in", "Unknown address", "failed")
    assert ("blocked sign-ins for a while", person.display_name, "failed") in entries
    said = str(list(AuditEntry.objects.values()))
    assert "canary-secret" not in said and "nobody@x" not in said


def test_a_tls_proxy_that_is_not_counted_is_refused_before_it_serves(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER, settings.TRUSTED_PROXIES = ("X", "https"), 0
    assert [error.id for error in check_proxies(None)] == ["common.E001"]

    settings.TRUSTED_PROXIES = 1
    assert check_proxies(None) == []


def test_many_at_once_do_not_slip_under_the_limit(monkeypatch: Any, person: User) -> None:
    """Both of two last tries look before either writes: the second look refuses them."""
    key = attempts._key("email", nfkc_casefold(person.email))
    address = attempts._key("address", "127.0.0.1")
    for _ in range(9):
        SignInFailure.objects.create(email_key=key, address_key="other")
    monkeypatch.setattr(
        attempts._Try,
        "is_over_limit",
        _with_a_rival(attempts._Try.is_over_limit, key, address),
    )

    with pytest.raises(attempts.TooManyTriesError):
        attempts.owner(RequestFactory().post("/"), person.email, "wrong")


def _with_a_rival(look: Any, key: str, address: str) -> Any:
    def looking(self: Any, *, allowance: int = 0) -> bool:
        answer: bool = look(self, allowance=allowance)
        if not allowance:
            SignInFailure.objects.create(email_key=key, address_key=address)
        return answer

    return looking


@pytest.mark.parametrize(
    ("asked", "goes_to"),
    [
        ("/accounts/?q=a", "/accounts/?q=a"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("http:evil.example", "/"),
        ("https://good@evil.example/", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("/\t/evil.example", "/"),
        ("http://[", "/"),
        ("/" + "x" * 1000, "/" + "x" * 1000),
        ("accounts/", "/"),
        ("/" + "x" * 5000, "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_only_our_own_addresses_follow(
    client: Client, person: User, asked: str, goes_to: str
) -> None:
    response = attempt(client, person.email, PASSWORD, data={"next": asked})

    assert response["Location"] == goes_to


def test_reading_the_page_never_signs_in_or_out(client: Client, person: User) -> None:
    client.get("/sign-in/", {"email": person.email, "password": PASSWORD})
    assert not is_in(client)

    client.force_login(person)
    assert client.get("/sign-out/").status_code == 405
    assert client.get("/sign-in/").status_code == 302
    assert is_in(client)


def test_signing_out_empties_the_browser(client: Client, person: User) -> None:
    client.force_login(person)

    response = client.post("/sign-out/")

    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert response["Location"] == "/sign-in/"
    assert not is_in(client)


def test_signing_in_needs_the_token_of_the_form(person: User) -> None:
    strict = Client(enforce_csrf_checks=True)

    response = attempt(strict, person.email, PASSWORD)

    assert response.status_code == 403
    assert "The page was open too long" in response.text
    assert not is_in(strict)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "", "10.0.0.1"),
        (2, "203.0.113.9", "10.0.0.1"),
        (1, "not-an-address\n", "10.0.0.1"),
    ],
)
def test_only_our_own_proxies_are_believed(
    settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get(
        "/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": forwarded}
    )

    assert client_address(request) == address


def test_networks() -> None:
    assert network_of("203.0.113.9") == "203.0.113.9"
    assert network_of("::ffff:203.0.113.9") == "203.0.113.9"
    assert network_of("2001:db8::1:2:3") == network_of("2001:db8::9")
    assert network_of("") == ""


def test_the_first_administrator_is_made_once() -> None:
    assert ensure_administrator("First@desk.example", PASSWORD) is True
    assert ensure_administrator("second@desk.example", PASSWORD) is False

    first = User.objects.get()
    assert first.check_password(PASSWORD)
    assert first.role_in(make_console()) is Role.ADMIN


def test_nobody_is_made_of_nothing() -> None:
    assert ensure_administrator("", PASSWORD) is False
    assert ensure_administrator("a@desk.example", "") is False
    assert not User.objects.exists()


def test_roles_are_held_once(person: User) -> None:
    console = make_console()
    Membership.objects.create(user=person, console=console, role=Role.VIEWER)

    for where in (console, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(user=person, console=where, role=Role.LEAD)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=person, console=make_console(), role=9)


def test_a_password_can_be_set_from_the_command_line(person: User, monkeypatch: Any) -> None:
    said = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO("  brand new password \n"))

    call_command("set_password", "mara@desk.example", stdout=said)

    person.refresh_from_db()
    assert person.check_password("  brand new password ")
    assert "is set" in said.getvalue()


@pytest.mark.parametrize(
    ("email", "password"), [("nobody@desk.example", PASSWORD), ("mara@desk.example", "short")]
)
def test_the_command_says_what_is_wrong(
    person: User, monkeypatch: Any, email: str, password: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))

    with pytest.raises(CommandError):
        call_command("set_password", email)
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
