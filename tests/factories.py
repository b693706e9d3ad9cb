"""Made-up things for tests: say what matters, the rest is made up."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.common.searching import search_text, sort_name
from dashboard.consoles.models import Console
from dashboard.launches.models import LaunchLink, Product
from dashboard.links.models import Link, LinkItem
from dashboard.mirror.models import (
    Account,
    AccountConnector,
    CatalogueConnector,
    Cycle,
    CycleConnector,
    Template,
    TemplateConnector,
)
from dashboard.operations.models import Operation
from dashboard.people.models import Membership, Role, User

_number = itertools.count(1)

PASSWORD = "a good long password"

OAUTH = {
    "Id": "6f0d3b52-7c1e-4b8a-9e55-0b6a3c1f2d10",
    "AuthName": "OAuth 2.0",
    "AuthType": "OAuth2",
    "OAuth2Type": "AuthorisationCode",
}
API_KEY = {
    "Id": "1b9e7a44-2f35-4d0c-8a71-5c2de9a04f33",
    "AuthName": "API Key",
    "AuthType": "ApiKey",
    "OAuth2Type": "Unknown",
    "AuthScheme": "Authorization",
}


def make_console(**values: Any) -> Console:
    """A console at an address of its own."""
    n = next(_number)
    made_up = {
        "name": f"Console {n}",
        "api_url": f"http://cyclr-{n}.localhost",
        "service_url": f"http://service-{n}.localhost",
        "client_id": f"client-{n}",
        "is_from_environment": True,
        "partner_name": "Larkfield",
        "answered_at": timezone.now(),
    }
    return Console.objects.create(**made_up | values)


def make_user(
    role: Role | None = Role.AGENT, *, console: Console | None = None, **values: Any
) -> User:
    """A colleague with a role in all consoles, or in the one given."""
    n = next(_number)
    made_up = {"email": f"person{n}@desk.example", "name": f"Person {n}", "password": PASSWORD}
    user = User.objects.create_user(**made_up | values)
    if role is not None:
        Membership.objects.create(user=user, console=console, role=role)
    return user


def make_account(**values: Any) -> Account:
    """An account, read a moment ago."""
    n = next(_number)
    made_up = {
        "cyclr_id": f"account-{n}",
        "name": f"Customer {n}",
        "timezone": "Europe/London",
        "read_at": timezone.now(),
    }
    values = made_up | values
    if "console" not in values:
        values["console"] = make_console()
    account = Account(**values)
    account.search_text = search_text(account.name, account.cyclr_id)
    account.sort_name = sort_name(account.name)
    account.save()
    return account


def make_connector(**values: Any) -> CatalogueConnector:
    """A connector of the library with one API key method and no parameters."""
    n = next(_number)
    made_up = {"name": f"Connector {n}", "release_id": 1000 + n, "authentication": [API_KEY]}
    values = made_up | values
    if "console" not in values:
        values["console"] = make_console()
    connector = CatalogueConnector(**values)
    connector.search_text = search_text(connector.name)
    connector.sort_name = sort_name(connector.name)
    connector.save()
    return connector


def make_account_connector(**values: Any) -> AccountConnector:
    """An installed OAuth connector that is not authenticated; counts on the account follow."""
    from dashboard.mirror.counting import recount

    n = next(_number)
    made_up = {
        "cyclr_id": 9000 + n,
        "name": f"HubSpot {n}",
        "connector_name": "HubSpot",
        "connector_version": "1.0",
        "authentication": [OAUTH],
        "authenticated": False,
    }
    values = made_up | values
    if "account" not in values:
        values["account"] = make_account()
    installed = AccountConnector(**values)
    installed.search_text = search_text(installed.name, installed.connector_name)
    installed.sort_name = sort_name(installed.name or installed.connector_name)
    installed.save()
    recount([installed.account_id])
    return installed


def make_cycle(*needed: AccountConnector, **values: Any) -> Cycle:
    """A running cycle of an account; it needs these installed connectors."""
    n = next(_number)
    made_up = {"cyclr_id": str(uuid.UUID(int=n)), "name": f"Cycle {n}", "status": "Active"}
    values = made_up | values
    if "account" not in values:
        values["account"] = needed[0].account if needed else make_account()
    cycle = Cycle(**values)
    cycle.is_active = cycle.status == "Active"
    cycle.search_text, cycle.sort_name = search_text(cycle.name), sort_name(cycle.name)
    cycle.save()
    for connector in needed:
        CycleConnector.objects.create(
            cycle=cycle,
            account_connector_cyclr_id=connector.cyclr_id,
            connector_name=connector.connector_name,
            connector_version=connector.connector_version,
        )
    return cycle


def make_template(*kinds: tuple[str, str], **values: Any) -> Template:
    """A template that needs connectors of these names and versions."""
    n = next(_number)
    values = {"cyclr_id": str(uuid.UUID(int=n)), "name": f"Template {n}"} | values
    if "console" not in values:
        values["console"] = make_console()
    template = Template(**values)
    template.search_text, template.sort_name = search_text(template.name), sort_name(template.name)
    template.save()
    for name, version in kinds:
        TemplateConnector.objects.create(
            template=template, connector_name=name, connector_version=version
        )
    return template


def make_operation(**values: Any) -> Operation:
    """A queued operation that nobody has touched."""
    n = next(_number)
    actor = values.pop("actor", None) or Actor.system()
    made_up = {
        "kind": "installs.install",
        "title": f"Install Connector {n}",
        "submission": uuid.uuid4(),
    }
    values = made_up | values
    if "account" not in values and "console" not in values:
        values["account"] = make_account()
    values.setdefault("console", getattr(values.get("account"), "console", None))
    operation = Operation(**values)
    operation.actor = actor
    operation.save()
    return operation


def make_link(**values: Any) -> Link:
    """A link over one OAuth connector, valid for a week; `connectors` says over which."""
    connectors = values.pop("connectors", None)
    actor = values.pop("actor", None) or Actor.system()
    if connectors is None:
        account = values.get("account")
        connectors = [make_account_connector(**({"account": account} if account else {}))]
    account = values.setdefault("account", connectors[0].account)
    values.setdefault("console", account.console)
    values.setdefault("expires_at", timezone.now() + timedelta(days=7))
    link = Link(**values)
    link.actor = actor
    link.save()
    for position, connector in enumerate(connectors):
        LinkItem.objects.create(link=link, account_connector=connector, position=position)
    return link


def make_launch_link(**values: Any) -> LaunchLink:
    """A LAUNCH link into an account, valid for a week."""
    actor = values.pop("actor", None) or Actor.system()
    account = values.setdefault("account", None) or make_account()
    made_up = {
        "submission": uuid.uuid4(),
        "product": Product.LAUNCH,
        "expires_at": timezone.now() + timedelta(days=7),
    }
    link = LaunchLink(**made_up | values | {"account": account, "console": account.console})
    link.actor = actor
    link.save()
    return link
