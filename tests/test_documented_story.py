"""The documentation's story, through the dashboard's pages, against a Cyclr made of it alone."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.consoles import pacing
from dashboard.consoles import services as consoles
from dashboard.consoles.models import Console
from dashboard.cycles.models import PrerequisiteReading
from dashboard.cycles.tasks import read_prerequisites
from dashboard.links import tasks as link_tasks
from dashboard.links.models import AccountCheck, Link
from dashboard.methods import tasks as method_tasks
from dashboard.methods.models import Method, MethodCall, MethodReading
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector, Cycle, Template
from dashboard.operations.models import Operation, State
from dashboard.people.models import Role
from tests.factories import make_console, make_user
from tests.links.steps import PERSON, to_cyclr
from tests.pages import signed_in, text_of
from tests.simulated import Hands
from tests.support import documented_cyclr, documented_examples
from tests.support.documented_cyclr import DocumentedCyclr

pytestmark = pytest.mark.django_db
KEY = "shop-1042.example"


@pytest.fixture
def other(settings: Any) -> Iterator[DocumentedCyclr]:
    """That Cyclr, and clients that talk to it."""
    cyclr = DocumentedCyclr()
    settings.CYCLR_API_URL = documented_cyclr.API
    settings.CYCLR_SERVICE_URL = documented_cyclr.SERVICE
    settings.CYCLR_CLIENT_ID = documented_cyclr.CLIENT_ID
    settings.CYCLR_CLIENT_SECRET = documented_cyclr.CLIENT_SECRET
    settings.CYCLR_CALLS_PER_SECOND = 10_000
    pacing.forget_holds()
    prepare: documented_cyclr.Mount = lambda client: cyclr.mount(client.session)  # noqa: E731
    consoles.on_new_client.append(prepare)
    consoles.forget_clients()
    yield cyclr
    consoles.on_new_client.remove(prepare)
    consoles.forget_clients()


@pytest.fixture
def console(other: DocumentedCyclr, db: None) -> Console:
    """Its console."""
    return make_console(
        name="Documented",
        api_url=documented_cyclr.API,
        service_url=documented_cyclr.SERVICE,
        client_id=documented_cyclr.CLIENT_ID,
    )


@pytest.fixture
def lead(db: None) -> Client:
    """A browser of a lead."""
    return signed_in(make_user(Role.LEAD))


def drawn(page: str) -> dict[str, str]:
    """What a browser sends of a form's hidden fields."""
    inputs = re.findall(r'<input[^>]+type="hidden"[^>]*>', page)
    found = {}
    for one in inputs:
        name, value = re.search(r'name="([^"]+)"', one), re.search(r'value="([^"]*)"', one)
        if name:
            found[name[1]] = unescape(value[1]) if value else ""
    found.pop("csrfmiddlewaretoken", None)
    return found


def send(browser: Client, address: str, **typed: str) -> Any:
    """Open a form, fill it in, send it."""
    answer = browser.get(address)
    assert answer.status_code == 200, answer
    data = drawn(text_of(answer)) | typed
    sent = browser.post(address, data)
    assert sent.status_code in {302, 303}, text_of(sent)
    return sent


def operations_are_done() -> None:
    """No operation failed."""
    assert [(one.kind, one.error) for one in Operation.objects.exclude(state=State.DONE)] == []


def refreshed(account: Account) -> None:
    """What a reading of the account brings."""
    sync.refresh_account(account)
    account.refresh_from_db()


def create_account(console: Console, lead: Client, hands: Hands) -> Account:
    typed = {"name": "Harbour Books", "id": KEY, "timezone": "Europe/London"}
    typed |= {"errored_retention_hours": "72", "is_error_webhook_enabled": "on"}
    send(lead, reverse("account_new"), **typed, error_webhook_url="hooks.shop.example/cyclr")
    hands.work()
    account: Account = Account.objects.get(console=console, cyclr_id=KEY)
    sync.refresh_library(console)
    sync.refresh_templates(console)
    refreshed(account)
    return account


def install(account: Account, lead: Client, hands: Hands, **typed: str) -> AccountConnector:
    one = CatalogueConnector.objects.get(name="Parcel Desk")
    address = reverse("install_new", args=[account.pk, one.pk])
    method = typed.pop("method")
    page = f"{address}?method={method}"
    form = text_of(lead.get(page))
    sent = lead.post(address, drawn(form) | {"method": method} | typed)
    assert sent.status_code in {200, 302, 303}, text_of(sent)
    hands.work()
    refreshed(account)
    found: AccountConnector = AccountConnector.objects.get(account=account, name=typed["name"])
    return found


def test_the_documented_story(
    other: DocumentedCyclr, console: Console, lead: Client, hands: Hands
) -> None:
    account = create_account(console, lead, hands)
    (created,) = other.of("POST", "/v1.0/accounts")
    documented = {
        "Id": KEY,
        "Name": "Harbour Books",
        "Timezone": "Europe/London",
        "StepDataErroredRetentionHours": 72,
        "TransactionErrorWebhookEnabled": True,
    }
    assert created.body.items() >= documented.items()
    assert created.body["TransactionErrorWebhookUrl"].endswith("hooks.shop.example/cyclr")

    assert "Parcel Desk" in text_of(lead.get(reverse("library_list"), {"q": "parcel"}))
    settings = {"parameter-0": "eu", "parameter-2": "not-a-real-key"}
    oauth = {"name": "Parcel Desk (EU shop)", "method": documented_examples.OAUTH}
    shop = install(account, lead, hands, **oauth, **settings)
    (by_id,) = other.of("POST", "/v1.0/connectors/17301/install")
    assert by_id.account == KEY and by_id.body["AuthenticationId"] == documented_examples.OAUTH
    assert by_id.body["Properties"] == [
        {"Name": "Region", "Value": "eu", "Id": 880101},
        {"Name": "SigningKey", "Value": "not-a-real-key", "Id": 880103},
    ]
    assert by_id.body["Name"] == "Parcel Desk (EU shop)" and not by_id.body.get("AuthValue")

    keyed = install(
        account,
        lead,
        hands,
        name="Parcel Desk key",
        method=documented_examples.API_KEY,
        installs_by="version",
        another="on",
        **{"auth-key": "a-key", **settings},
    )
    (by_version,) = other.of("POST", "/v1.0/connectors/Parcel%20Desk/2.0/install")
    assert by_version.body["AuthValue"] == "a-key" and keyed.authenticated is True
    assert {one["Name"] for one in by_version.body["Properties"]} == {"Region", "SigningKey"}

    template = Template.objects.get(console=console)
    assert str(template) in text_of(lead.get(reverse("template_list")))
    address = reverse("template_install", args=[account.pk, template.pk])
    send(lead, address, name="Orders to parcels")
    hands.work()
    refreshed(account)
    cycle = Cycle.objects.get(account=account)
    (installed,) = other.of("POST", f"/v1.0/templates/{documented_examples.TEMPLATE}/install")
    assert installed.account == KEY and installed.body in ({}, {"Name": "Orders to parcels"})

    assert "is not authenticated." in checklist(cycle, lead)
    authenticate(other, account, shop, lead, hands)
    assert "Nothing is lacking" in checklist(cycle, lead)
    send(lead, reverse("cycle_activate", args=[cycle.pk]), interval="15")
    hands.work()
    (activated,) = other.of("PUT", f"/v1.0/cycles/{cycle.cyclr_id}/activate")
    assert activated.body["Interval"] == 15 and other.cycles[KEY][0]["Status"] == "Active"
    cycle.refresh_from_db()
    assert cycle.is_active

    call_method(other, shop, lead)
    operations_are_done()
    assert other.complaints == []


def checklist(cycle: Cycle, lead: Client) -> str:
    """What the cycle's page says that it lacks, read anew."""
    lead.post(reverse("cycle_check", args=[cycle.pk]))
    for one in PrerequisiteReading.objects.open().due(timezone.now()):
        read_prerequisites(one.pk)
    return text_of(lead.get(cycle.get_absolute_url()))


def authenticate(
    other: DocumentedCyclr, account: Account, shop: AccountConnector, lead: Client, hands: Hands
) -> None:
    """A link, the customer's way to Cyclr and back, and the worker's look at what came of it."""
    page = reverse("link_new", args=[account.pk])
    typed = {"connectors": str(shop.pk), "expires": "604800"}
    send(lead, f"{page}?connector={shop.pk}", **typed)
    link = Link.objects.latest("pk")
    customer = Client(headers=PERSON, enforce_csrf_checks=True)
    there = to_cyclr(customer, link, hands)
    (asked,) = other.of("POST", f"/v1.0/accounts/{KEY}/signintoken")
    assert set(asked.body) == {"Username"}
    back = urlsplit(other.consent(there))
    assert customer.get(back.path, dict(part.split("=") for part in back.query.split("&") if part))
    for check in AccountCheck.objects.all():
        link_tasks.check_account(check.pk)
    AccountCheck.objects.begin(None)
    for check in AccountCheck.objects.open().due(timezone.now()):
        link_tasks.check_account(check.pk)
    refreshed(account)
    shop.refresh_from_db()
    assert shop.authenticated is True


def call_method(other: DocumentedCyclr, shop: AccountConnector, lead: Client) -> None:
    """List the methods, call one by its unique id, and get the third party's bytes."""
    listed = reverse("method_list", args=[shop.pk])
    lead.post(reverse("method_read", args=[shop.pk]))
    for one in MethodReading.objects.open().due(timezone.now()):
        method_tasks.read_methods(one.pk)
    page = text_of(lead.get(listed))
    found = re.search(rf'href="({re.escape(listed)}[^"/]+/)"', page)
    assert found and "Get Parcel" in page
    send(lead, found[1], **{"value-0": "p-77", "value-1": "gift"})
    call = MethodCall.objects.get()
    method_tasks.call_method(call.pk)
    number = shop.cyclr_id
    (asked,) = other.of(
        "POST", f"/v1.0/account/connectors/{number}/methods/{documented_examples.METHOD}"
    )
    assert asked.body == {"Parameters": {"881500": "p-77"}, "Fields": {"7120044": "gift"}}
    answer = lead.get(reverse("method_call_download", args=[shop.pk, call.pk]))
    assert answer.content == documented_examples.THIRD_PARTYS_ANSWER
    assert json.loads(answer.content)["parcel"]["id"] == "p-77"


def test_a_connector_without_a_version_is_installed_by_name_and_called_without_values(
    other: DocumentedCyclr, console: Console, lead: Client, hands: Hands
) -> None:
    account = create_account(console, lead, hands)
    entry = CatalogueConnector.objects.get(name="Till Cloud")
    address = reverse("install_new", args=[account.pk, entry.pk])
    typed = {"name": "Till Cloud", "installs_by": "name"}
    typed |= {"auth-user": "user", "auth-password": "pass"}
    sent = lead.post(address, drawn(text_of(lead.get(address))) | typed)
    assert sent.status_code in {200, 302, 303}, text_of(sent)
    hands.work()
    refreshed(account)
    till = AccountConnector.objects.get(account=account)
    (asked,) = other.of("POST", "/v1.0/connectors/Till%20Cloud/install")
    assert asked.body["AuthValue"] == "dXNlcjpwYXNz" and till.authenticated is True

    lead.post(reverse("method_read", args=[till.pk]))
    for one in MethodReading.objects.open().due(timezone.now()):
        method_tasks.read_methods(one.pk)
    method = Method.objects.of(till).get(name="List Tills")
    send(lead, reverse("method_detail", args=[till.pk, method.key]))
    method_tasks.call_method(MethodCall.objects.get().pk)
    path = f"/v1.0/account/connectors/{till.cyclr_id}/methods/{documented_examples.LIST_METHOD}"
    (called,) = other.of("POST", path)
    assert called.body == {} and MethodCall.objects.get().outcome == "answered"
    assert other.complaints == []


def test_an_account_that_is_there_is_not_made_twice(
    other: DocumentedCyclr, console: Console, lead: Client, hands: Hands
) -> None:
    create_account(console, lead, hands)
    typed = {"name": "Again", "id": KEY.upper(), "timezone": "Europe/London"}
    data = drawn(text_of(lead.get(reverse("account_new")))) | typed
    assert lead.post(reverse("account_new"), data).status_code == 422
    assert len(other.of("POST", "/v1.0/accounts")) == 1
    assert uuid.UUID(data["submission"])
