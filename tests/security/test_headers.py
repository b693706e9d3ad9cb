"""What every answer says to the browser, also where something went wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from dashboard.people.models import Role
from tests.factories import make_user
from tests.pages import signed_in

pytestmark = pytest.mark.django_db

ADDRESSES = ["/", "/sign-in/", "/no/such/page/", "/c/nobody/", "/healthz", "/csp-report/"]
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "report-uri": "/csp-report/",
}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("is_staff", [True, False])
def test_every_answer_has_the_strict_policy_and_its_companions(
    client: Client, address: str, is_staff: bool
) -> None:
    browser = signed_in(make_user(Role.ADMIN)) if is_staff else client

    answer = browser.get(address)

    parts = [one.strip().partition(" ") for one in answer["Content-Security-Policy"].split(";")]
    assert {name: value for name, _, value in parts} == POLICY
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_page_may_use_what_a_device_has(client: Client, address: str) -> None:
    policy = client.get(address)["Permissions-Policy"]

    for feature in ("camera", "microphone", "geolocation", "usb", "payment", "display-capture"):
        assert f"{feature}=()" in policy
    assert not re.search(r"=\(?[^()]", policy)  # nothing is allowed to anybody
    assert "publickey" not in policy and "clipboard" not in policy


def test_https_is_kept_to_by_browsers_where_the_dashboard_is_public(
    client: Client, settings: Any
) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000

    assert client.get("/sign-in/", secure=True)["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in client.get("/sign-in/")


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_where_posts_are_wanted_nothing_else_is(client: Client, method: str) -> None:
    assert getattr(client, method)(reverse("csp_report")).status_code == 405


def test_a_form_of_too_many_fields_is_refused_in_words(client: Client) -> None:
    most = django_settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    assert most and most <= 1000

    answer = client.post("/sign-in/", {f"f{n}": "" for n in range(most + 2)})

    assert answer.status_code == 400
    assert "<h1" in answer.text
    assert "Traceback" not in answer.text


# ---- security.txt ----


def test_security_txt_names_whom_to_tell(client: Client, settings: Any) -> None:
    settings.SECURITY_CONTACT = "mailto:security@example.com"
    settings.PUBLIC_URL = "https://desk.example.com"

    answer = client.get("/.well-known/security.txt")

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:security@example.com"
    assert fields["Canonical"] == "https://desk.example.com/.well-known/security.txt"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", fields["Expires"])


def test_without_a_contact_there_is_no_such_file(client: Client) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404
