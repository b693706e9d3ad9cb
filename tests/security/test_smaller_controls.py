"""Controls of `docs/security.md` that belong to no package: what is not there, and stays so."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.core import signing
from django.test import Client
from django.urls import reverse

from dashboard.common import limits
from dashboard.people.models import Role
from dashboard.sign_in import familiar
from tests.factories import PASSWORD, make_user
from tests.pages import signed_in
from tests.support.check import PRODUCTION
from tests.support.environment import outer_environment

ROOT = Path(settings.BASE_DIR)


def test_there_is_no_admin_site() -> None:
    """It would have limits, factors and a trail of its own: none."""
    assert not [app for app in settings.INSTALLED_APPS if "admin" in app]
    assert not settings.DEBUG


@pytest.mark.django_db
def test_a_field_that_a_form_does_not_have_changes_nothing() -> None:
    person = make_user(Role.VIEWER)
    more = {
        "is_superuser": "on",
        "is_active": "",
        "email": "x@evil.example",
        "role": "4",
        "pk": "1",
    }

    answer = signed_in(person).post(reverse("profile"), {"name": "Another name", **more})

    assert answer.status_code == 302
    before = {"email": person.email, "highest_role": Role.VIEWER, "is_active": True}
    found = type(person).objects.get(pk=person.pk)
    assert {name: getattr(found, name) for name in before} == before
    assert found.name == "Another name"
    models = r"\bModelForm\b|\bmodelform_factory\b|fields\s*=\s*[\"']__all__"
    made = [p for p in (ROOT / "dashboard").rglob("*.py") if re.search(models, p.read_text())]
    assert made == []  # forms name their fields one by one


@pytest.mark.parametrize(
    "path", sorted((ROOT / "static" / "js").glob("*.js")), ids=lambda p: p.name
)
def test_no_script_of_ours_talks_to_other_windows(path: Path) -> None:
    assert not re.search(r"postMessage|\bopener\b|[\"']message[\"']", path.read_text())


SALTS = re.compile(
    r"""(?:\bsalt=|\bkey_salt\s*=\s*|\bSALT\s*=\s*|salted_hmac\(\s*f?)["']([^"']+)["']"""
)


def test_no_two_signatures_share_a_salt() -> None:
    found = Counter(
        salt
        for path in (ROOT / "dashboard").rglob("*.py")
        for salt in SALTS.findall(path.read_text())
    )

    assert len(found) >= 4
    assert {salt for salt, count in found.items() if count > 1} == set()


@pytest.mark.django_db
def test_what_was_signed_for_one_purpose_opens_no_other() -> None:
    """The very content of a familiar browser's cookie, signed by us for something else."""
    limits._counts.clear()
    person, own = make_user(), Client()
    right = {"email": person.email, "password": PASSWORD}
    own.post("/sign-in/", right)
    good = own.cookies[familiar.COOKIE].value
    kept = signing.loads(good, salt=familiar.SALT)
    own.post("/sign-out/")
    for number in range(11):
        wrong = {"email": person.email, "password": "wrong wrong wrong"}
        Client().post("/sign-in/", wrong, REMOTE_ADDR=f"10.{number}.0.1")

    def tried(cookie: str) -> int:
        browser = Client()
        browser.cookies[familiar.COOKIE] = cookie
        return browser.post("/sign-in/", right, REMOTE_ADDR="10.99.0.1").status_code

    for salt in ("django.core.signing", "django.contrib.messages", "dashboard.sign_in.passwords"):
        assert tried(signing.dumps(kept, salt=salt)) == 429
    assert tried(good) == 302


def test_cookies_are_of_this_host_alone_where_the_dashboard_is_public() -> None:
    tell = (
        "from dashboard import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_ENDS_COOKIE_NAME,"
        " s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY,"
        " s.SESSION_COOKIE_SAMESITE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 0)"
    )

    said = subprocess.run(
        [sys.executable, "-c", tell],
        cwd=ROOT,
        env={**outer_environment(), **PRODUCTION},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert said[:3] == ["__Host-session", "__Host-csrf", "__Host-session-ends"]
    assert said[3:] == ["True", "True", "True", "Lax", "True", "True"]
