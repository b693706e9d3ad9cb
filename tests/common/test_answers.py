"""Page or partial, error pages, and the day the database is away."""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
from typing import Any

import psycopg
import pytest
from django.core.exceptions import BadRequest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import get_resolver, path

from dashboard.common import errors
from dashboard.common.htmx import render_page
from dashboard.people.access import open_to_all, role_required
from dashboard.people.models import Role
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@open_to_all
def both(request: HttpRequest) -> HttpResponse:
    return render_page(
        request, "errors/404.html", "_empty.html", {"layout": "_standalone.html"}, 202
    )


@open_to_all
def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError("canary-4711\nINFO forged line")


@open_to_all
def damaged(request: HttpRequest) -> HttpResponse:
    raise BadRequest("canary-4711")


@open_to_all
def reading(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.POST["table"])


@open_to_all
def away(request: HttpRequest) -> HttpResponse:
    raise OperationalError("could not connect to server: canary-4711")


@open_to_all
def full(request: HttpRequest) -> HttpResponse:
    raise full_sqlite()


@open_to_all
def full_elsewhere(request: HttpRequest) -> HttpResponse:
    raise OperationalError("canary-4711") from psycopg.errors.DiskFull("canary-4711")


def full_sqlite() -> OperationalError:
    """What a database says that may not grow."""
    with contextlib.closing(sqlite3.connect(":memory:")) as small:
        small.execute("CREATE TABLE one (text)")
        small.execute("PRAGMA max_page_count = 2")
        try:
            small.execute("INSERT INTO one VALUES (zeroblob(100000))")
        except sqlite3.OperationalError as error:
            found = OperationalError("canary-4711")
            found.__cause__ = error
            return found
    raise AssertionError("it grew")


@open_to_all
def wrapped(request: HttpRequest) -> HttpResponse:
    try:
        raise OperationalError("database is locked")
    except OperationalError as error:
        raise RuntimeError("canary-4711") from error


@role_required(Role.VIEWER)
def staff(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


urlpatterns = [
    path("both/", both),
    path("broken/", broken),
    path("damaged/", damaged),
    path("reading/", reading),
    path("away/", away),
    path("wrapped/", wrapped),
    path("full/", full),
    path("full-elsewhere/", full_elsewhere),
    path("staff/", staff),
    path("c/token-of-a-link/broken/", broken),
    path("c/token-of-a-link/away/", away),
    *get_resolver("dashboard.urls").url_patterns,
]
handler400 = "dashboard.common.errors.bad_request"
handler403 = "dashboard.common.errors.permission_denied"
handler404 = "dashboard.common.errors.page_not_found"
handler500 = "dashboard.common.errors.server_error"


@pytest.fixture(autouse=True)
def url_conf() -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.fixture
def browser() -> Client:
    """A client that shows error pages instead of raising."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("headers", "is_page"),
    [
        ({}, True),
        ({"HX-Request": "true"}, False),
        ({"HX-Request": "true", "HX-Boosted": "true"}, True),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, True),
    ],
)
def test_page_or_partial(browser: Client, headers: dict[str, str], is_page: bool) -> None:
    response = browser.get("/both/", headers=headers)

    assert response.status_code == 202
    assert ("<html" in response.text) is is_page
    for name in ("HX-Request", "HX-Boosted", "HX-History-Restore-Request"):
        assert name in response["Vary"]


def test_our_fault_has_a_reference_that_is_in_the_log(
    browser: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = browser.get("/broken/")

    assert response.status_code == 500
    assert response["X-Reference"] in response.text
    assert f"reference={response['X-Reference']}" in caplog.text
    assert "canary" not in response.text
    assert response.text.count("<h1") == 1
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", ["/away/", "/wrapped/"])
def test_without_a_database_the_page_says_so(browser: Client, address: str) -> None:
    response = browser.get(address)

    assert response.status_code == 503
    assert response["Retry-After"] == "10"
    assert "The database does not answer" in response.text
    assert "canary" not in response.text


@pytest.mark.parametrize("address", ["/full/", "/full-elsewhere/"])
def test_a_full_disk_is_said_on_the_page_and_in_the_log(
    browser: Client, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    response = browser.get(address)

    assert response.status_code == 503
    assert "The disk is full" in response.text
    assert "database away error=disk full" in caplog.text
    assert "canary" not in response.text + caplog.text


def test_a_session_that_cannot_be_read_is_the_same_page(browser: Client, monkeypatch: Any) -> None:
    browser.force_login(make_user())

    def gone(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", gone)
    response = browser.get("/staff/")
    monkeypatch.undo()

    assert response.status_code == 503
    assert "The database does not answer" in response.text


@pytest.mark.parametrize(
    ("error", "is_away"),
    [
        (OperationalError(), True),
        (InterfaceError(), True),
        (IntegrityError(), False),
        (DatabaseError(), False),
        (ValueError(), False),
        (None, False),
    ],
)
def test_what_counts_as_away(error: BaseException | None, is_away: bool) -> None:
    assert errors.is_database_away(error) is is_away


def test_a_stranger_s_404_shows_nothing_of_the_house(browser: Client) -> None:
    response = browser.get("/nothing/here/")

    assert response.status_code == 404
    assert "There is nothing at this address" in response.text
    assert "<nav" not in response.text


def test_a_colleague_s_404_stands_in_the_shell(browser: Client) -> None:
    browser.force_login(make_user())

    page = browser.get("/nothing/here/").text
    swap = browser.get("/nothing/here/", headers={"HX-Request": "true"}).text

    assert 'aria-label="Main"' in page
    assert page.count("<h1") == 1
    assert "<nav" not in swap
    assert "There is nothing at this address" in swap


def test_somebody_without_a_role_can_still_sign_out(browser: Client) -> None:
    browser.force_login(make_user(None))

    response = browser.get("/staff/")

    assert response.status_code == 403
    assert "Your role does not allow this" in response.text
    assert 'aria-label="Sign out"' in response.text


def test_a_form_that_is_too_large_says_so(browser: Client) -> None:
    response = browser.post("/reading/", {"table": "x" * 2_600_000})

    assert response.status_code == 400
    assert "This form is too large" in response.text


def test_a_broken_request_says_so(browser: Client) -> None:
    response = browser.get("/damaged/")

    assert response.status_code == 400
    assert "canary" not in response.text


@pytest.mark.parametrize("page", ["broken", "away", "nothing-here"])
def test_customers_read_nothing_of_our_rooms(browser: Client, page: str) -> None:
    browser.force_login(make_user())

    text = browser.get(f"/c/token-of-a-link/{page}/").text

    body = text.split("</head>")[1]
    words = re.sub(r"<[^>]+>", " ", body)
    for word in ("Cyclr", "Desk", "role", "console", "database", "overview"):
        assert word not in words
    assert 'aria-label="Main"' not in body


def test_when_even_the_error_page_fails_there_are_words(
    browser: Client, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(errors, "render_to_string", lambda *a, **k: 1 / 0)
    caplog.set_level(logging.CRITICAL, "dashboard.common.errors")

    response = browser.get("/nothing/here/")

    assert response.status_code == 404
    assert "could not be shown" in response.text
