"""A customer's steps, as a browser takes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from django.test import Client

from cyclr_api.simulator import CyclrState, mount
from dashboard.links.models import Link
from tests.simulated import Hands

PERSON = {
    "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/605.1",
    "Accept-Language": "en",
}


def address(link: Link) -> str:
    """The link's address as a path."""
    return urlsplit(link.url()).path


def press_continue(customer: Client, link: Link) -> Any:
    """Open the page and press the only Continue button."""
    page = customer.get(address(link)).content.decode()
    action = re.search(r'action="(/c/[^"]+/continue)"', page)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert action and token, page
    return customer.post(action.group(1), {"csrfmiddlewaretoken": token.group(1)})


def to_cyclr(customer: Client, link: Link, hands: Hands) -> str:
    """From the page to the address at Cyclr that the browser is sent to."""
    wait = press_continue(customer, link)
    assert wait.status_code == 303
    hands.work()
    assert customer.get(wait["Location"]).status_code == 200
    answer = customer.get(wait["Location"])
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def consent(cyclr: CyclrState, url: str, button: str) -> str:
    """Follow Cyclr to the provider, press a button there; the address the browser ends at."""
    return open_consent(cyclr, url)(button)


def open_consent(cyclr: CyclrState, url: str) -> Callable[[str], str]:
    """Follow Cyclr to the provider's page; pressing a button there leads to where it ends."""
    browser = requests.Session()
    mount(cyclr, browser)
    page = browser.get(url)
    state = re.search(r'name="state" value="([^"]+)"', page.text)
    assert state, page.text
    fields = {"state": state.group(1)}

    def press(button: str) -> str:
        target = urljoin(page.url, "/authorize")
        typed = {**fields, "decision": button.lower()}
        answer = browser.post(target, data=typed, allow_redirects=False)
        while answer.is_redirect:
            there = answer.headers["Location"]
            if there.startswith("http://127.0.0.1"):
                return there
            answer = browser.get(there, allow_redirects=False)
        return str(answer.url)

    return press
