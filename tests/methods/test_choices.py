"""Dynamic values: looked up at the third party before the form is filled in, or typed."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.methods.models import ChoiceLookUp, MethodCall
from dashboard.mirror.models import Account, AccountConnector
from tests.methods.conftest import Wire, hidden, install, method, url_of, work
from tests.pages import part, text_of

LOOKS_THINGS_UP = 19016
TRIGGER = ("POST", "/account/connectors/{id}/triggers/{trigger}")
NAME = "List Records"


@pytest.fixture
def depot(cyclr: CyclrState, harbour: Account) -> AccountConnector:
    """A connector with triggers; a method of it takes a value that one of them lists."""
    connector = install(cyclr, harbour, LOOKS_THINGS_UP)
    trigger = cyclr.connectors[LOOKS_THINGS_UP].document["Triggers"][0]["Name"]
    one = method(connector, NAME)
    one.inputs[0] |= {"trigger_name": trigger, "data_type": "Text", "name": "Depot"}
    one.save()
    return connector


def test_choices_are_looked_up_and_one_is_sent(
    wire: Wire, depot: AccountConnector, agent: Client
) -> None:
    url, one = url_of(depot, NAME), method(depot, NAME)
    first = text_of(agent.get(url))
    assert "submit, load" in first and not ChoiceLookUp.objects.exists()

    agent.post(reverse("method_choices", args=[depot.pk, one.key]))
    waiting = agent.get(url)
    assert part(agent, url, seen=waiting.context["version"]).status_code == 204
    work()
    page = text_of(part(agent, url, seen=waiting.context["version"]))
    assert "<select" in page and "Another value" in page and "poll-1s" not in page
    value = next(iter(agent.get(url).context["form"]["value-0"].field.values))
    agent.post(url, hidden(page) | {"value-0": value, "value-0_other": ""})
    work()

    assert json.loads(wire.body) == {"Parameters": {str(one.inputs[0]["id"]): value}}
    assert MethodCall.objects.get().outcome == "answered"
    assert value not in str(ChoiceLookUp.objects.values().get())


def test_a_look_up_that_fails_leaves_typing(
    cyclr: CyclrState, depot: AccountConnector, agent: Client
) -> None:
    cyclr.faults.respond(*TRIGGER, status=400)
    agent.post(reverse("method_choices", args=[depot.pk, method(depot, NAME).key]))
    work()

    page = text_of(agent.get(url_of(depot, NAME)))

    assert "Not everything could be looked up" in page and 'type="text" name="value-0"' in page


def test_who_does_not_want_to_wait_types(depot: AccountConnector, agent: Client) -> None:
    page = text_of(agent.get(url_of(depot, NAME), {"type": "1"}))

    assert 'name="value-0"' in page and "Looking up" not in page
