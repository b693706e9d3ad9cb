"""What each page and part of a page says to the browser, and what its fields say about secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from dashboard.people.models import Role
from tests.factories import make_user
from tests.pages import signed_in
from tests.support.every_address import Address, every_address
from tests.support.world import World

pytestmark = pytest.mark.django_db

SAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
MARKUP = re.compile(
    r"""<script(?![^>]*\bsrc=)[^>]*>      # a script of the page's own
    |<style\b|\sstyle\s*=\s*["']         # a style of its own
    |\son[a-z]+\s*=\s*["']|\shx-on       # handlers
    |javascript:""",
    re.X | re.I,
)
FRAMED = {"link_letter", "launch_link_letter"}
"""A message as its reader gets it, in a frame without rights of our own page; it has style of its
own, as messages must, which the policy of the answer lets nobody run or reach out from."""
BY_HASH = {"email_text_edit", "email_text_preview"}
"""The same in the page itself: each style of ours is named by its digest, and no other counts."""
KEEPS_NOTHING = {"off", "new-password", "current-password", "one-time-code"}
SECRET = re.compile(r"password|secret|token|api.?key|auth-(?!ClientId|expires|username)", re.I)


class _Inputs(HTMLParser):
    """The fields into which somebody types, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "input" and told.get("type", "text") not in {
            *("hidden", "checkbox", "radio", "submit", "button", "file"),
        }:
            self.found.append(told)


def inputs(html: str) -> list[dict[str, str]]:
    parser = _Inputs()
    parser.feed(html)
    return parser.found


def pages(world: World) -> Iterator[tuple[Address, str, Any]]:
    """Each of staff's pages, whole and as a part."""
    of_all, own = signed_in(make_user(Role.ADMIN)), signed_in(world.owner)
    for address in every_address():
        if address.is_of_staff and address.reads:
            url = world.url(address)
            for browser in (of_all, own):
                for headers in ({}, {"HX-Request": "true"}):
                    answer = browser.get(url, headers=headers)
                    if answer.status_code == 200:
                        yield address, f"{url} {headers}", answer


def test_every_page_and_part_of_staff_is_closed_up() -> None:
    wrong: dict[str, Any] = {}
    seen: set[str] = set()
    asked_for_secrets: set[str] = set()
    for address, where, answer in pages(World()):
        seen.add(address.name)
        policy = answer["Content-Security-Policy"]
        said = {name: answer.get(name) for name in SAYS}
        if address.name in FRAMED:
            assert said.pop("X-Frame-Options") == "SAMEORIGIN"
            parts = {one.strip() for one in policy.split(";")}
            assert {"sandbox", "default-src 'none'"} < parts and "script-src" not in policy
            policy = policy.replace("style-src 'unsafe-inline'", "")
        if address.name in BY_HASH:
            policy = policy.replace("'unsafe-hashes'", "")
        text = "" if answer.streaming else answer.content.decode()
        is_page = "text/html" in answer["Content-Type"]
        unsafe = MARKUP.findall(text) if is_page and address.name not in FRAMED else []
        careless = []
        for one in inputs(text) if is_page else []:
            if one.get("type") == "password" or SECRET.search(one.get("name", "")):
                asked_for_secrets.add(address.name)
                if one.get("autocomplete") not in KEEPS_NOTHING:
                    careless.append(one)
                if one.get("value"):
                    careless.append(one)
        if (
            said != {name: SAYS[name] for name in said}
            or "unsafe" in policy
            or "default-src 'none'" not in policy
            or "camera=()" not in answer["Permissions-Policy"]
            or unsafe
            or careless
        ):
            wrong[where] = said, policy, unsafe, careless

    assert wrong == {}
    assert len(seen) > 115
    assert {"install_new", "password_change", "connector_credentials", "console_new"} < (
        asked_for_secrets
    )


def test_every_page_of_customers_and_of_signing_in_is_closed_up_too() -> None:
    world = World()
    token, launch = world.link.token(), world.launch_link.token()
    paths = ["/sign-in/", "/sign-in/forgotten/", f"/c/{token}", f"/c/l/{launch}", "/c/nobody"]
    paths += [f"/c/{token}/ask", f"/c/{token}/reminders", f"/invitation/{world.invitation_token}/"]
    for path in paths:
        answer = Client().get(path, follow=True)
        assert answer.status_code in {200, 404}, path
        text = answer.content.decode()
        said = {name: answer[name] for name in SAYS if name != "Referrer-Policy"}

        assert said == {name: SAYS[name] for name in said}, path
        assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}, path
        assert "unsafe" not in answer["Content-Security-Policy"] and not MARKUP.search(text), path
        for one in inputs(text):
            if one.get("type") == "password":
                assert one.get("autocomplete") in KEEPS_NOTHING, path
