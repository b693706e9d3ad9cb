"""What was typed survives a closed tab; what is secret is never kept, nor even sent to be kept."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.installs.form import InstallForm
from dashboard.installs.models import Draft
from dashboard.installs.tasks import forget_drafts
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.operations.models import Operation
from dashboard.people.models import Role
from tests.factories import make_user
from tests.simulated import library

CANARY = "canary-that-nobody-may-keep"


def urls(account: Account, connector: CatalogueConnector) -> tuple[str, str, str]:
    """The form, its check, and how a draft is forgotten."""
    names = ("install_new", "install_check", "install_discard")
    form, check, discard = (reverse(n, args=[account.pk, connector.pk]) for n in names)
    return form, check, discard


def blank(connector: CatalogueConnector, account: Account) -> dict[str, Any]:
    """The form as it is drawn first."""
    form = InstallForm(connector, account)
    return {
        "submission": str(form.initial["submission"]),
        "release": str(connector.release_id),
        "name": connector.name,
        "method": form.method_key,
    }


def test_a_closed_tab_loses_nothing_but_secrets(agent: Client, harbour: Account) -> None:
    connector = library("Freshdesk")
    form, check, _ = urls(harbour, connector)
    typed = {"name": "Support", "parameter-0": "acme.freshdesk.com", "auth-key": CANARY}

    agent.post(check, blank(connector, harbour) | typed)
    page = unescape(agent.get(form).content.decode())

    assert "Your entries were restored" in page
    assert 'value="Support"' in page
    assert 'value="acme.freshdesk.com"' in page
    assert CANARY not in page
    assert CANARY not in str(list(Draft.objects.values()))


def test_the_page_does_not_send_secrets_to_be_checked(agent: Client, harbour: Account) -> None:
    connector = library("SFTP Private Key")
    form, _, _ = urls(harbour, connector)

    page = agent.get(form).content.decode()

    made = InstallForm(connector, harbour)
    secret = [name for name in made.fields if made.is_secret(name)]
    assert secret
    sent = page.split('hx-params="not ')[1].split('"')[0].split(",")
    assert set(secret) <= set(sent)


@pytest.mark.parametrize("name", ["Salesforce", "JIRA", "SugarCRM", "SFTP Private Key", "Shopify"])
def test_a_draft_of_any_connector_keeps_no_credential(
    agent: Client, harbour: Account, name: str
) -> None:
    connector = library(name)
    _, check, _ = urls(harbour, connector)
    made = InstallForm(connector, harbour)
    typed = {field: f"{CANARY}-{field}" for field in made.fields if made.is_secret(field)}

    agent.post(check, blank(connector, harbour) | typed | {"name": "Mine"})

    assert CANARY not in str(Draft.objects.get().values)


def test_nothing_typed_leaves_no_draft(agent: Client, harbour: Account) -> None:
    connector = library("Freshdesk")
    form, check, _ = urls(harbour, connector)
    agent.post(check, blank(connector, harbour) | {"name": "Mine"})

    agent.post(check, blank(connector, harbour))

    assert not Draft.objects.exists()
    assert "Your entries were restored" not in agent.get(form).content.decode()


def test_a_draft_ends_when_it_is_sent(agent: Client, harbour: Account) -> None:
    connector = library("Slack")
    form, check, _ = urls(harbour, connector)
    data = blank(connector, harbour) | {"name": "Chat"}
    agent.post(check, data)

    agent.post(form, data)

    assert Operation.objects.count() == 1
    assert not Draft.objects.exists()


def test_a_check_that_the_form_overtook_leaves_no_draft(agent: Client, harbour: Account) -> None:
    connector = library("Slack")
    form, check, _ = urls(harbour, connector)
    data = blank(connector, harbour) | {"name": "Chat"}

    agent.post(form, data)
    response = agent.post(check, data)

    assert response.status_code == 200
    assert not Draft.objects.exists()


def test_a_draft_can_be_thrown_away(agent: Client, harbour: Account) -> None:
    connector = library("Slack")
    form, check, discard = urls(harbour, connector)
    agent.post(check, blank(connector, harbour) | {"name": "Chat"})

    response = agent.post(discard)

    assert response.url == form  # type: ignore[attr-defined]
    assert "Chat" not in agent.get(form).content.decode()
    assert agent.get(discard).status_code == 405


def test_a_draft_is_its_writers_alone(agent: Client, harbour: Account) -> None:
    connector = library("Slack")
    form, check, _ = urls(harbour, connector)
    agent.post(check, blank(connector, harbour) | {"name": "Chat"})
    other = Client()
    other.force_login(make_user(Role.AGENT))

    assert "Your entries were restored" not in other.get(form).content.decode()


def test_a_field_says_what_is_wrong_as_it_is_left(agent: Client, harbour: Account) -> None:
    connector = library("Freshdesk")
    _, check, _ = urls(harbour, connector)
    data = blank(connector, harbour) | {"name": " ", "parameter-0": ""}

    said = agent.post(check, data).content.decode()

    assert 'data-for="name"' in said
    assert 'data-for="parameter-0"' in said
    assert "auth-key" not in said, "it was not sent, so nothing can be said of it"


@pytest.mark.parametrize("value", ["\0", "\ud800", "x" * 100_001, "<script>", "‮"])
def test_a_check_survives_bad_input(agent: Client, harbour: Account, value: str) -> None:
    connector = library("Freshdesk")
    form, check, _ = urls(harbour, connector)
    typed = {"name": value, "parameter-0": value, "method": value, "release": value}

    body = urlencode(blank(connector, harbour) | typed, errors="surrogatepass")
    response = agent.post(check, body, content_type="application/x-www-form-urlencoded")

    assert response.status_code == 200
    assert "<script>" not in response.content.decode()
    assert agent.get(form).status_code == 200


def test_an_old_draft_is_forgotten(agent: Client, harbour: Account) -> None:
    connector = library("Slack")
    _, check, _ = urls(harbour, connector)
    agent.post(check, blank(connector, harbour) | {"name": "Chat"})
    Draft.objects.update(saved_at=timezone.now() - timedelta(days=15))

    forget_drafts()

    assert not Draft.objects.exists()


def test_a_viewer_may_neither_check_nor_discard(client: Client, harbour: Account) -> None:
    client.force_login(make_user(Role.VIEWER))
    _, check, discard = urls(harbour, library("Slack"))

    assert client.post(check, {}).status_code == 403
    assert client.post(discard).status_code == 403
