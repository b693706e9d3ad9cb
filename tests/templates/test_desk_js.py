"""Our script in a real Chromium, under the real content security policy."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.test import override_settings
from django.urls import get_resolver, path
from django.utils import timezone

from dashboard.people.access import open_to_all, role_required
from dashboard.people.models import Role
from tests.support.beats import Beats, catch_up
from tests.support.browsers import opened
from tests.support.waiting import CEILING, wait_until

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = """
{% extends "base.html" %}
{% block title %}Trial{% endblock %}
{% block heading %}Trial{% endblock %}
{% block content %}
<input type="search" name="q" aria-label="Search trial"
  hx-get="/part/" hx-trigger="search" hx-swap="none">
{% copyable "search-me" "id" %}
<p id="search-me">not this text</p>
<input id="address" readonly value="https://desk.example/c/x">
<button class="btn" type="button" data-copy="address">Copy address</button>
<form method="post" action="/slow/" data-once>{% csrf_token %}
<button class="btn" type="submit" name="which" value="first">Send</button></form>
<button class="btn" type="button" hx-get="/broken/" hx-swap="none">Break</button>
<button class="btn" type="button" hx-get="/members/" hx-swap="none">Members</button>
<form method="post" hx-post="/form/" hx-target="#form" hx-swap="innerHTML"><div id="form"></div>
<button class="btn" type="submit">Check</button></form>
<div id="moving" hx-get="/moving/" hx-trigger="poll-1s from:body" hx-swap="outerHTML">0</div>
{% endblock %}
"""
LOOKING = """
{% extends "base.html" %}
{% block title %}Trial{% endblock %}
{% block heading %}Trial{% endblock %}
{% block content %}{% include part %}{% endblock %}
"""
PART = """
<section id="part"{% if not is_over %}
  hx-get="/part/" hx-trigger="look from:body" hx-swap="outerHTML"{% endif %}>
<p id="news">{{ news }}</p>
<p id="read">Read and selected</p>
<details><summary>More</summary><p>Folded away</p></details>
<input aria-label="Typed" name="typed" value="drawn">
<textarea aria-label="Written">drawn</textarea>
<input type="checkbox" aria-label="Ticked">
<select aria-label="Chosen"><option>One</option><option>Two</option></select>
<input aria-label="Untouched" value="{{ news }}">
<ul>{% for row in rows %}
<li id="row-{{ row }}"><a href="#{{ row }}">Row {{ row }}</a></li>{% endfor %}
</ul>
<div role="alert" tabindex="-1">An old alert</div>
<form method="post" action="/slow/" data-once>{% csrf_token %}
<button class="btn" type="submit" name="which" value="part">Send part</button></form>
</section>
"""
TIMES = """
{% extends "base.html" %}
{% block title %}Trial{% endblock %}
{% block heading %}Trial{% endblock %}
{% block content %}
<p id="exact">{% at moment "exact" %}</p>
<p id="clock">{% at moment "clock" %}</p>
<p id="row">{% at moment "row" %}</p>
<p id="short">{% at moment "short" %}</p>
<p id="step">{% at moment "step" %}</p>
<p id="old">{% ago moment %}</p>
<p id="new">{% ago now %}</p>
<p id="sentence">{% timed sentence %}</p>
<p id="note">{% zone_note %}</p>
<p id="elsewhere">{% local_time "Africa/Casablanca" %}</p>
<p id="new-rules"><time data-offsets="0:-100 1:{{ offset }} 9999999999:0">00:00</time></p>
{% endblock %}
"""
looks: list[int] = []
sent: list[str] = []
ticks: list[str] = []
may_answer = threading.Event()
"""Until then /slow/ takes its time."""


class Trial(forms.Form):
    name = forms.CharField()


@open_to_all
def trial(request: HttpRequest) -> HttpResponse:
    if "m" in request.GET:
        messages.success(request, "Install Klaviyo is queued")
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


MOMENT = datetime(2026, 3, 10, 20, 31, 5, tzinfo=UTC)


@open_to_all
def times(request: HttpRequest) -> HttpResponse:
    context = {
        "moment": MOMENT,
        "now": timezone.now() - timedelta(minutes=4),
        "sentence": "Works until 10 Mar 2026, 20:31 UTC: not opened.",
        "offset": 3600 * 5 + 60 * 7,  # no zone has it
    }
    return HttpResponse(engines["django"].from_string(TIMES).render(context, request))


@open_to_all
def slow(request: HttpRequest) -> HttpResponse:
    sent.append(request.POST["which"])
    assert may_answer.wait(CEILING)
    return redirect("/trial/")


@open_to_all
def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError("canary")


@role_required(Role.VIEWER)
def members(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


@open_to_all
def moving(request: HttpRequest) -> HttpResponse:
    ticks.append(request.path)
    trigger = 'hx-get="/moving/" hx-trigger="poll-1s from:body" hx-swap="outerHTML"'
    return HttpResponse(f'<div id="moving" {trigger if len(ticks) < 2 else ""}>{len(ticks)}</div>')


@open_to_all
def looking(request: HttpRequest) -> HttpResponse:
    context = {"part": engines["django"].from_string(PART), "news": "Old", "rows": [2, 1]}
    return HttpResponse(engines["django"].from_string(LOOKING).render(context, request))


@open_to_all
def part(request: HttpRequest) -> HttpResponse:
    looks.append(len(looks))
    context = {"news": "New", "rows": [3, 2, 1], "is_over": len(looks) > 1}
    return HttpResponse(engines["django"].from_string(PART).render(context, request))


@open_to_all
def form(request: HttpRequest) -> HttpResponse:
    source = "{% error_summary form %}{% field form.name %}"
    html = engines["django"].from_string(source).render({"form": Trial(request.POST)})
    return HttpResponse(html, status=422)


urlpatterns = [
    path("trial/", trial),
    path("times/", times),
    path("slow/", slow),
    path("broken/", broken),
    path("members/", members),
    path("moving/", moving),
    path("looking/", looking),
    path("part/", part),
    path("form/", form),
    *get_resolver("dashboard.urls").url_patterns,
]
handler500 = "dashboard.common.errors.server_error"


@pytest.fixture
def tab(live_server: Any, context: Any) -> Any:
    """A tab for the trial; fails at the end if the policy was violated or a script broke."""
    sent.clear()
    ticks.clear()
    looks.clear()
    may_answer.clear()
    wrong: list[str] = []
    tab = context.new_page()
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda m: wrong.append(m.text) if "Content Security" in m.text else None)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)
    with override_settings(ROOT_URLCONF=__name__):
        yield tab
        may_answer.set()
        tab.goto("about:blank")
    assert wrong == []


@pytest.fixture
def page(live_server: Any, tab: Any) -> Any:
    """The trial page, open."""
    tab.goto(f"{live_server.url}/trial/")
    return tab


@pytest.fixture
def beats(live_server: Any, tab: Any) -> Beats:
    """The trial page, open, and its clock stands still."""
    beats = Beats(tab)
    tab.goto(f"{live_server.url}/trial/")
    return beats


def clipboard(page: Any) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_copying_works_and_shows_it_where_the_browser_offers_no_clipboard(page: Any) -> None:
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    button = page.locator("[data-copy=address]")

    button.click()

    playwright.expect(button).to_have_text("Copied")
    playwright.expect(button).to_be_focused()
    playwright.expect(button).to_have_text("Copy address")
    page.get_by_label("Search trial").focus()
    page.keyboard.press("Control+V")
    playwright.expect(page.get_by_label("Search trial")).to_have_value("https://desk.example/c/x")


def test_copying_takes_the_text_even_if_it_is_spelt_like_an_id(page: Any) -> None:
    page.get_by_role("button", name="Copy id search-me").click()
    playwright.expect(page.locator("#said")).to_have_text("Copied")
    assert clipboard(page) == "search-me"

    page.get_by_role("button", name="Copy address").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('https')")
    assert clipboard(page) == "https://desk.example/c/x"


def test_the_theme_is_remembered_and_goes_back_to_the_system_s(page: Any) -> None:
    page.emulate_media(color_scheme="light")
    root = page.locator("html")
    switch = "document.body.insertAdjacentHTML('beforeend', '<button data-theme-switch>T</button>')"

    page.evaluate(switch)
    page.get_by_role("button", name="T", exact=True).click()
    playwright.expect(root).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    playwright.expect(root).to_have_attribute("data-bs-theme", "dark")

    page.evaluate(switch)
    page.get_by_role("button", name="T", exact=True).click()
    page.reload()
    assert root.get_attribute("data-bs-theme") is None


def test_a_form_is_sent_once_however_often_it_is_pressed(page: Any) -> None:
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.post_data else None)
    # From a timer: what is evaluated does not come back while a form is on its way.
    page.evaluate("""() => {
      const button = document.querySelector("form[data-once] button");
      const press = () => { button.click(); button.click(); button.form.requestSubmit(); };
      setTimeout(press);
      setTimeout(press, 100);
    }""")
    wait_until(lambda: sent, "for the first to arrive")
    may_answer.set()

    playwright.expect(page.get_by_role("button", name="Send")).to_be_enabled()
    assert sent == ["first"]
    assert len(posts) == 1


def test_what_moves_is_asked_for_until_it_stands(beats: Beats) -> None:
    for count in ("1", "2"):
        beats.beat()
        playwright.expect(beats.page.locator("#moving")).to_have_text(count)

    beats.beat(5)

    assert len(ticks) == 2


@pytest.fixture
def looking_page(page: Any, live_server: Any) -> Any:
    page.goto(f"{live_server.url}/looking/")
    return page


def look(page: Any) -> None:
    """Have the moving part of the trial page look again, as a poll does."""
    page.evaluate("htmx.trigger(document.body, 'look')")
    playwright.expect(page.locator("#news")).to_have_text("New")
    playwright.expect(page.get_by_role("link", name="Row 3")).to_be_visible()


def test_what_moves_leaves_alone_what_a_person_did_to_it(looking_page: Any) -> None:
    page = looking_page
    page.get_by_text("More").click()
    page.get_by_label("Typed").fill("typed by hand")
    page.get_by_label("Written").fill("written by hand")
    page.get_by_label("Ticked").check()
    page.get_by_label("Chosen").select_option("Two")

    look(page)

    playwright.expect(page.get_by_text("Folded away")).to_be_visible()
    playwright.expect(page.get_by_label("Typed")).to_have_value("typed by hand")
    playwright.expect(page.get_by_label("Written")).to_have_value("written by hand")
    playwright.expect(page.get_by_label("Ticked")).to_be_checked()
    playwright.expect(page.get_by_label("Chosen")).to_have_value("Two")
    playwright.expect(page.get_by_label("Untouched")).to_have_value("New")


def test_what_moves_keeps_selection_focus_and_place(looking_page: Any) -> None:
    page = looking_page
    page.set_viewport_size({"width": 1000, "height": 300})
    page.get_by_role("link", name="Row 1").focus()
    before = page.evaluate("""() => {
      const range = document.createRange();
      range.selectNodeContents(document.getElementById("read"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      scrollTo({ top: 60, behavior: "instant" });
      return scrollY;
    }""")

    look(page)

    playwright.expect(page.get_by_role("link", name="Row 1")).to_be_focused()
    assert page.evaluate("getSelection().toString()").strip() == "Read and selected"
    assert page.evaluate("scrollY") >= before > 0  # more if a row came in above what is read


def test_what_moves_is_not_sent_again_while_it_is_on_its_way(looking_page: Any) -> None:
    page = looking_page
    with page.expect_request("**/healthz?pressed-again"):
        page.evaluate("""() => setTimeout(() => {
          const press = () => document.querySelector("#part form button").click();
          document.addEventListener("htmx:afterSettle", () => {
            press();
            fetch("/healthz?pressed-again");
          }, {once: true});
          press();
          htmx.trigger(document.body, "look");
        })""")
    may_answer.set()
    page.wait_for_url("**/trial/")

    assert sent == ["part"]


def test_a_moving_part_that_is_finished_does_not_look_again(looking_page: Any) -> None:
    page = looking_page
    look(page)
    page.evaluate("htmx.trigger(document.body, 'look')")
    playwright.expect(page.locator("#part[hx-trigger]")).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("htmx.trigger(document.body, 'look')")
    catch_up(page)

    assert not [url for url in asked if "/part/" in url]
    assert looks == [0, 1]


def test_only_the_bell_that_is_drawn_asks_and_seldom(beats: Beats) -> None:
    beats.page.evaluate("""() => {
      for (const name of ["drawn", "hidden"]) {
        const bell = document.createElement("a");
        bell.setAttribute("hx-get", `/moving/?bell=${name}`);
        bell.setAttribute("hx-trigger", "poll-10s");
        bell.setAttribute("hx-swap", "none");
        bell.hidden = name === "hidden";
        bell.textContent = name;
        document.body.append(bell);
      }
      htmx.process(document.body);
    }""")

    asked = [url.partition("?bell=")[2] for url in beats.beat(12)]

    assert [name for name in asked if name] == ["drawn"]


def test_nothing_moves_away_under_a_finger(beats: Beats) -> None:
    page = beats.page
    page.locator("#moving").hover()
    page.mouse.down()
    beats.beat(5)
    assert ticks == []

    page.mouse.up()
    beats.beat()

    playwright.expect(page.locator("#moving")).to_have_text("1")


def test_a_failed_swap_says_so_with_its_reference(page: Any) -> None:
    page.get_by_role("button", name="Break").click()

    toast = page.locator("#toasts .toast")
    playwright.expect(toast).to_contain_text("This page could not be shown")
    playwright.expect(toast).to_contain_text("Reference")
    toast.get_by_role("button", name="Dismiss").click()
    playwright.expect(toast).to_have_count(0)


def test_a_server_that_is_gone_says_so_once(beats: Beats) -> None:
    page = beats.page
    page.context.set_offline(True)
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Break").click()
    with page.expect_event("requestfailed", lambda request: "/moving/" in request.url):
        beats.beat(3)

    playwright.expect(page.locator("#toasts .toast")).to_have_count(1)
    playwright.expect(page.locator("#toasts")).to_contain_text("does not answer")
    page.context.set_offline(False)


def test_a_swap_without_a_session_takes_the_page_to_sign_in_and_back(page: Any) -> None:
    page.get_by_role("button", name="Members").click()

    page.wait_for_url("**/sign-in/?next=%2Ftrial%2F")
    assert page.get_by_role("heading", name="Sign in").is_visible()


def test_a_refused_form_is_drawn_and_takes_the_focus(page: Any) -> None:
    page.get_by_role("button", name="Check").click()

    alert = page.get_by_role("alert")
    playwright.expect(alert).to_be_focused()
    alert.get_by_role("link").click()
    assert page.evaluate("document.activeElement.id || location.hash") in {"id_name", "#id_name"}


TYPED_EARLY = """
document.addEventListener("DOMContentLoaded", () => {
  const field = document.querySelector("input[type=search]");
  if (field) field.value = "typed early";
});
"""


def test_what_was_typed_before_htmx_was_there_is_searched_for(page: Any) -> None:
    page.context.add_init_script(TYPED_EARLY)

    with page.expect_request(re.compile(r"/part/\?q=typed")):
        page.reload()


def test_a_slash_finds_the_search_but_not_while_typing(page: Any) -> None:
    page.keyboard.press("/")
    search = page.get_by_label("Search trial")
    playwright.expect(search).to_be_focused()
    page.keyboard.press("/")
    playwright.expect(search).to_have_value("/")


@pytest.fixture
def reader(live_server: Any, browser: Any) -> Any:
    """A person in Kathmandu, a day ahead of UTC at the moment in question."""
    there = opened(browser, timezone_id="Asia/Kathmandu")
    with override_settings(ROOT_URLCONF=__name__), there as context:
        page = context.new_page()
        page.goto(f"{live_server.url}/times/")
        yield page


def test_times_are_told_in_the_reader_s_zone_with_utc_in_the_title(reader: Any) -> None:
    expect = playwright.expect
    for ident, words in [
        ("exact", "11 Mar 2026, 02:16:05"),
        ("clock", "11 Mar 2026, 02:16"),
        ("row", "11 Mar 2026, 02:16"),
        ("short", "11 Mar, 02:16"),
        ("step", "11 Mar, 02:16:05"),
        ("old", "11 Mar 2026"),
        ("sentence", "Works until 11 Mar 2026, 02:16: not opened."),
        ("note", "Times in your zone"),
        ("new", "4 min ago"),
    ]:
        expect(reader.locator(f"#{ident}")).to_have_text(words)
    expect(reader.locator("#exact time")).to_have_attribute("title", "10 Mar 2026, 20:31:05 UTC")
    assert re.fullmatch(
        r"\d+ \w+ \d{4}, \d\d:\d\d:\d\d · \d+ \w+ \d{4}, \d\d:\d\d:\d\d UTC",
        reader.locator("#new time").get_attribute("title"),
    )


def test_a_clock_elsewhere_goes_by_the_server_s_rules_not_by_the_browser_s(reader: Any) -> None:
    there = timezone.now() + timedelta(hours=5, minutes=7)
    soon = there + timedelta(minutes=1)

    assert reader.locator("#new-rules").inner_text() in {f"{there:%H:%M}", f"{soon:%H:%M}"}


def test_without_script_times_say_that_they_are_utc(live_server: Any, browser: Any) -> None:
    there = opened(browser, java_script_enabled=False, timezone_id="Asia/Kathmandu")
    with override_settings(ROOT_URLCONF=__name__), there as context:
        page = context.new_page()
        page.goto(f"{live_server.url}/times/")

        playwright.expect(page.locator("#short")).to_have_text("10 Mar, 20:31 UTC")
        playwright.expect(page.locator("#note")).to_have_text("Times in UTC")
