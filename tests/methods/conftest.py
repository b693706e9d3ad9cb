"""A connector whose methods were read, and the workers' part in reading and calling."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import cyclr_api
from cyclr_api.simulator import CyclrState
from dashboard.consoles import pacing
from dashboard.consoles import services as consoles
from dashboard.methods import reading, tasks
from dashboard.methods.models import ChoiceLookUp, Method, MethodCall, MethodReading
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from dashboard.people.models import Role
from tests.factories import make_user
from tests.pages import signed_in, text_of


@pytest.fixture(autouse=True)
def nobody_is_held_back() -> None:
    """A 429 of one test must not hold back the next one, whose console has the same number."""
    pacing.forget_holds()


@pytest.fixture
def mailchimp(harbour: Account) -> AccountConnector:
    """MailChimp of Harbour Books, which is authenticated; its methods were read."""
    connector: AccountConnector = AccountConnector.objects.get(
        account=harbour, connector_name="MailChimp"
    )
    read(connector)
    return connector


@pytest.fixture
def lead(client: Client, db: None) -> Client:
    """A browser in which a Lead of all consoles is signed in."""
    return signed_in(make_user(Role.LEAD))


EVERY_TYPE, HOSTILE_ONE = 19002, 19019


def install(cyclr: CyclrState, account: Account, release: int) -> AccountConnector:
    """One of the demo's odd connectors, installed; its methods were read."""
    cyclr.install(account.cyclr_id, release, name="Odd one", auth_value="key")
    sync.refresh_account(account)
    connector: AccountConnector = AccountConnector.objects.get(account=account, name="Odd one")
    read(connector)
    return connector


class Wire:
    """What was sent last, as no log of the simulator's keeps it."""

    path, body = "", b""

    def listen(self, client: cyclr_api.Client) -> None:
        """Note what this client sends."""
        for adapter in client.session.adapters.values():
            adapter.send = partial(self._send, adapter.send)  # type: ignore[method-assign]

    def _send(self, send: Any, request: Any, **options: Any) -> Any:
        self.path, self.body = request.path_url, request.body or b""
        return send(request, **options)


@pytest.fixture
def wire(cyclr: CyclrState) -> Iterator[Wire]:
    """A look at what goes to Cyclr."""
    wire = Wire()
    consoles.on_new_client.append(wire.listen)
    yield wire
    consoles.on_new_client.remove(wire.listen)


def read(connector: AccountConnector) -> None:
    """Have its methods read."""
    reading.ask(connector)
    work()


def work() -> None:
    """Carry out the readings and calls that are due now."""
    moment = timezone.now()
    for pk in list(MethodReading.objects.due(moment).values_list("pk", flat=True)):
        tasks.read_methods(pk)
    for pk in list(ChoiceLookUp.objects.due(moment).values_list("pk", flat=True)):
        tasks.look_up_choices(pk)
    for pk in list(MethodCall.objects.due(moment).values_list("pk", flat=True)):
        tasks.call_method(pk)


def method(connector: AccountConnector, name: str) -> Method:
    """A method of the installed release, by name."""
    found: Method = Method.objects.of(connector).get(name=name)
    return found


def url_of(connector: AccountConnector, name: str) -> str:
    """The page of a method."""
    return reverse("method_detail", args=[connector.pk, method(connector, name).key])


def hidden(page: str) -> dict[str, str]:
    """The form's own fields."""
    return dict(re.findall(r'name="(submission|layout|mode)" value="([^"]*)"', page))


def names(page: str) -> dict[str, str]:
    """The names of the form's fields, by label."""
    labels = re.findall(r'<label for="id_(value-\d+)[^"]*"><bdi>([^<]*)</bdi>', page)
    return {label: name for name, label in labels}


def send(browser: Client, connector: AccountConnector, name: str, **values: str) -> Any:
    """Open the form, fill it in by labels, press Call."""
    url = url_of(connector, name)
    page = text_of(browser.get(url))
    fields = names(page)
    data = hidden(page)
    for label, value in values.items():
        data[fields.get(label.replace("_", " "), label)] = value
    return browser.post(url, data)


def call_of() -> MethodCall:
    """The one call that there is."""
    found: MethodCall = MethodCall.objects.get()
    return found


def say(cyclr: CyclrState, connector: AccountConnector, answer: Any) -> None:
    """Have the third party answer every method of the connector so."""
    installed = cyclr.installed[connector.account.cyclr_id]
    next(one for one in installed if one.id == connector.cyclr_id).answers["*"] = answer


def calls_at_third_party(cyclr: CyclrState) -> list[Any]:
    """The calls that reached the third party."""
    return [effect for effect in cyclr.ledger if effect.kind == "call"]
