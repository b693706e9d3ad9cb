"""The shell around every staff page, and the customers' page without it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib import messages
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client, override_settings
from django.urls import get_resolver, path
from django.utils import timezone

from dashboard.links.languages import LanguageOption
from dashboard.people.access import open_to_all, role_required
from dashboard.people.context import Shell
from dashboard.people.models import Role
from tests.factories import make_console, make_user

pytestmark = pytest.mark.django_db
TEMPLATES = settings.BASE_DIR / "templates"
NAMES = [
    "Overview",
    "Alarms",
    "Accounts",
    "Connectors",
    "Library",
    "Links",
    "Templates",
    "Cycles",
    "Operations",
    "Audit",
    "Settings",
]


@role_required(Role.VIEWER)
def shelled(request: HttpRequest) -> HttpResponse:
    messages.error(request, "<b>Refused</b>")
    return render(request, "base.html", {"age_of": timezone.now(), "refresh_url": "/x/"})


@open_to_all
def guest(request: HttpRequest) -> HttpResponse:
    options = [
        LanguageOption("en", "English", "?lang=en"),
        LanguageOption("de", "Deutsch", "?lang=de"),
    ]
    return render(request, "guest.html", {"partner": "<Lark>", "languages": options})


urlpatterns = [
    path("page/", shelled, name="install_new"),
    path("c/guest/", guest),
    *get_resolver("dashboard.urls").url_patterns,
]


@pytest.fixture(autouse=True)
def url_conf() -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.fixture
def page(client: Client) -> str:
    make_console(name="EU <live>", trouble="Cyclr does not answer.", trouble_since=timezone.now())
    client.force_login(make_user(Role.LEAD, name="Mara \u202e<i>Lindqvist"))
    return client.get("/page/").text


def test_the_navigation_is_what_people_know(page: str) -> None:
    nav = page[page.index("<nav") : page.index("</nav>")]

    assert re.findall(r"</svg>\s*([A-Z][a-z]+)</a>", nav) == NAMES
    assert 'aria-label="Main"' in nav
    assert nav.count("aria-current") == 1
    assert re.search(r'href="/accounts/" aria-current="true"', nav)


def test_it_says_who_where_and_what_is_wrong(page: str) -> None:
    assert "Lead" in page
    assert "EU &lt;live&gt;" in page
    assert "Mara <span" in page or "Mara <bdi" in page or "U+202E" in page
    assert "<i>" not in page
    assert "Cyclr does not answer." in page
    assert "&lt;b&gt;Refused&lt;/b&gt;" in page
    assert 'aria-label="Sign out"' in page
    assert page.count("<h1") == 1


def test_nothing_inline_and_nothing_from_elsewhere(page: str) -> None:
    assert not re.search(r"<[^>]+\s(?:style|on[a-z]+)=", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert "<style" not in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


def test_htmx_may_do_little(page: str) -> None:
    found = re.search(r"name=\"htmx-config\"\s+content='([^']+)'", page)
    assert found
    config = json.loads(found[1])

    assert config["includeIndicatorStyles"] is False
    assert config["allowEval"] is False
    assert config["allowScriptTags"] is False
    assert config["selfRequestsOnly"] is True
    assert config["historyCacheSize"] == 0
    assert config["refreshOnHistoryMiss"] is True
    assert re.search(r"<body hx-headers='\{\"X-CSRFToken\": \"\w{64}\"\}'>", page)


def test_parts_that_are_drawn_once_have_nothing_in_them_that_varies() -> None:
    sources = {path: path.read_text("utf-8") for path in TEMPLATES.rglob("*.html")}
    named = {name for text in sources.values() for name in re.findall(r'{% fixed "(.+?)" %}', text)}

    assert named == {"_head.html", "_htmx.html"}
    for name in named:
        text = sources[TEMPLATES / name]
        assert "{{" not in text
        assert set(re.findall(r"{% *(\w+)", text)) == {"load", "static"}


def test_the_shell_costs_three_queries(client: Client, django_assert_num_queries: Any) -> None:
    client.force_login(make_user(Role.ADMIN))
    make_console()

    # the session with the person and their roles; their consoles; the bell
    with django_assert_num_queries(3):
        client.get("/page/")


def test_the_console_of_the_address_is_the_one_in_view(client: Client, rf: Any) -> None:
    one, two = make_console(name="A"), make_console(name="B")
    user = make_user(Role.VIEWER)

    def shell(query: str) -> Shell:
        request = rf.get(f"/?{query}")
        request.user = user
        return Shell(request)

    assert shell(f"console={two.pk}").console == two
    assert shell("console=999").console is None
    assert shell("console=%00x").console is None
    assert shell("").console is None
    assert shell("").consoles == [one, two]


def test_the_shell_never_raises(rf: Any, monkeypatch: Any) -> None:
    request = rf.get("/")
    request.user = make_user(Role.ADMIN)

    def gone(*args: Any, **kwargs: Any) -> None:
        raise OperationalError

    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", gone)
    shell = Shell(request)
    request.resolver_match = None

    assert (shell.role, shell.consoles, shell.trouble) == ("", [], None)
    assert [entry.place.label for entry in shell.nav] == NAMES
    monkeypatch.undo()
    assert Shell(rf.get("/")).person is None


def test_customers_get_a_page_without_us(client: Client) -> None:
    response = client.get("/c/guest/")

    page = response.text
    assert '<html lang="en"' in page
    assert "noindex" in page
    assert "&lt;Lark&gt;" in page
    assert 'href="?lang=de"' in page
    assert "Cyclr" not in page
    assert "htmx" not in page
    assert "sessionid" not in response.cookies
