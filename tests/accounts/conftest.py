"""Accounts as Leads change them: forms filled in as people do, and what Cyclr really has."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.consoles import pacing
from dashboard.mirror.models import Account
from dashboard.operations.models import Operation
from dashboard.people.models import Role
from tests.factories import make_user
from tests.pages import signed_in, text_of


@pytest.fixture(autouse=True)
def nobody_is_held_back() -> None:
    """A 429 of one test must not hold back the next one, whose console has the same number."""
    pacing.forget_holds()


@pytest.fixture
def lead(db: None) -> Client:
    """A browser in which a Lead of all consoles is signed in."""
    return signed_in(make_user(Role.LEAD))


def hidden(page: str) -> dict[str, str]:
    """The form's own fields."""
    pairs = re.findall(r'name="(submission|seen)"(?: value="([^"]*)")?', page)
    return {name: unescape(value) for name, value in pairs}


def new_url(account: Account | None = None, **query: Any) -> str:
    """The form of a new account, or of one below this."""
    below = f"?parent={account.pk}" if account else ""
    return reverse("account_new") + below


def url(page: str, account: Account) -> str:
    """A page of the account."""
    return reverse(page, args=[account.pk])


def as_drawn(answer: Any) -> dict[str, str]:
    """What a browser sends of the form if nobody types anything."""
    drawn = {}
    for bound in answer.context["form"]:
        value = bound.value()
        if value not in (None, "", False):
            drawn[bound.html_name] = "on" if value is True else str(value)
    return drawn | hidden(text_of(answer))


def send(browser: Client, address: str, **typed: str | None) -> Any:
    """Open the form, fill it in and send it; None takes a tick out."""
    values = as_drawn(browser.get(address)) | typed
    return browser.post(address, {name: text for name, text in values.items() if text is not None})


def last_operation() -> Operation:
    """The one that was asked for last."""
    operation: Operation = Operation.objects.order_by("-pk")[0]
    return operation


def effects(cyclr: CyclrState, kind: str) -> list[str | None]:
    """The accounts to which something of a kind really happened."""
    return [effect.account for effect in cyclr.ledger if effect.kind == kind]
