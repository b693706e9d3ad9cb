"""One installed connector: two facts, its history, and who may do what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.audit.services import record
from dashboard.links.models import LinkItem
from dashboard.mirror.models import AccountConnector
from dashboard.people.models import Role
from tests.factories import (
    make_account,
    make_account_connector,
    make_connector,
    make_console,
    make_cycle,
    make_link,
    make_operation,
    make_template,
    make_user,
)
from tests.pages import (
    HOSTILE,
    assert_only_letters,
    nothing_changes,
    part,
    queries_of,
    signed_in,
    text_of,
)

pytestmark = pytest.mark.django_db
FACTS = "connector-facts"
QUERIES = 16
"""Whatever there is of cycles, templates, links and operations."""


def parameter(target: str, **values: Any) -> dict[str, Any]:
    """A setting that a connector asks for."""
    made_up = {"Id": 1, "Name": target, "TargetName": target, "IsAccountConnectorProperty": True}
    return made_up | values


def shown(browser: Client, connector: AccountConnector) -> str:
    return text_of(browser.get(connector.get_absolute_url()))


def test_two_facts_stand_apart(agent: Client) -> None:
    never = make_account_connector(authenticated=True)
    proven = make_account_connector(proven_at=timezone.now() - timedelta(hours=3))

    assert 'data-state="authenticated">Authenticated<' in shown(agent, never)
    assert "Not tested yet" in shown(agent, never)
    assert 'data-state="not-authenticated">Not authenticated<' in shown(agent, proven)
    assert "3 h ago" in shown(agent, proven)


def test_who_may_choose_a_test_method_is_led_there(agent: Client) -> None:
    account = make_account()
    entry = make_connector(console=account.console, name="HubSpot", version="1.0")
    connector = make_account_connector(account=account, authenticated=True)
    address = reverse("test_method_choose", args=[entry.pk])

    assert address in shown(signed_in(make_user(Role.ADMIN)), connector)
    assert address not in shown(agent, connector)


def test_header_and_about_lead_to_where_it_belongs(agent: Client) -> None:
    account = make_account(name="Harbour Books")
    entry = make_connector(console=account.console, name="HubSpot", version="1.0")
    connector = make_account_connector(account=account, name="CRM (sales)", cyclr_id=418207)

    html = shown(agent, connector)

    assert "<h1><bdi>CRM (sales)</bdi></h1>" in html
    assert f'href="{account.get_absolute_url()}"' in html
    assert f'href="{entry.get_absolute_url()}"' in html
    assert 'data-copy-text="418207"' in html


def test_a_link_can_be_created_where_one_helps() -> None:
    oauth = make_account_connector()
    agent = signed_in(make_user(Role.AGENT))
    url = f"/accounts/{oauth.account_id}/links/new/?connector={oauth.pk}"

    assert f'href="{url}"' in shown(agent, oauth)
    for browser, connector in (
        (signed_in(make_user(Role.VIEWER)), oauth),
        (agent, make_account_connector(authentication=[{"Id": "n", "AuthType": "None"}])),
        (agent, make_account_connector(gone_at=timezone.now())),
        (agent, make_account_connector(account=make_account(gone_at=timezone.now()))),
    ):
        assert "Create link" not in shown(browser, connector)


def test_a_connector_on_an_open_link_leads_there_instead_of_to_another(agent: Client) -> None:
    connector = make_account_connector()
    link = make_link(connectors=[connector])

    html = shown(agent, connector)

    assert f'href="/links/{link.pk}/"' in html
    assert "Create link" not in html


def test_history_holds_its_operations_and_audit_lines(agent: Client) -> None:
    connector = make_account_connector()
    operation = make_operation(
        account=connector.account, account_connector=connector, title="Install HubSpot"
    )
    make_operation(account=connector.account, title="Install Elsewhere")
    record(
        Actor.staff(make_user(name="Mara")),
        "renamed",
        console=connector.account.console,
        target_url=connector.get_absolute_url(),
    )

    html = shown(agent, connector)

    assert f'href="{operation.get_absolute_url()}"' in html
    assert "Renamed" in html
    assert "by Mara" in html
    assert "Install Elsewhere" not in html


def test_its_state_changes_by_itself_while_a_link_moves(agent: Client) -> None:
    connector = make_account_connector()
    make_link(connectors=[connector])
    url = connector.get_absolute_url()
    still = part(agent, url, FACTS)
    LinkItem.objects.update(started_at=timezone.now())
    first = part(agent, url, FACTS)
    same = part(agent, url, FACTS, seen=first.context["version"])
    connector.authenticated = True
    connector.save()
    LinkItem.objects.update(connected_at=timezone.now())
    then = part(agent, url, FACTS, seen=first.context["version"])

    assert "poll-1s" not in text_of(still)
    assert text_of(first).strip().startswith('<section class="stack" id="connector-facts"')
    assert "poll-1s from:body" in text_of(first)
    assert same.status_code == 204
    assert ">Authenticated<" in text_of(then)
    assert "poll-1s" not in text_of(then)
    assert "connector-changed" in then["HX-Trigger"]


def test_history_is_asked_for_by_its_id(agent: Client) -> None:
    html = text_of(
        part(agent, make_account_connector().get_absolute_url(), "connector-history")
    ).strip()

    assert html.startswith('<section class="stack" id="connector-history"')


def test_a_stale_page_asks_by_a_post_of_its_own_and_leads_back(agent: Client) -> None:
    connector = make_account_connector(account=make_account(read_at=None))

    html = shown(agent, connector)

    assert f'hx-post="/accounts/{connector.account_id}/refresh/" hx-trigger="submit, load"' in html
    assert f'name="next" value="{connector.get_absolute_url()}"' in html


def test_what_cyclr_does_not_say_is_not_made_up(agent: Client) -> None:
    html = shown(agent, make_account_connector(authenticated=None))

    assert ">Not authenticated<" in html
    assert "Cyclr does not say" in html


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_letters(agent: Client, name: str) -> None:
    account = make_account(name=name, cyclr_id=name)
    connector = make_account_connector(
        account=account,
        name=name,
        connector_name=name,
        connector_version=name,
        description=name,
        authentication=[{"AuthName": name, "AuthType": name}],
    )
    make_operation(account=account, account_connector=connector, title=name)
    make_connector(
        console=account.console,
        name=name,
        version=name,
        parameters=[parameter(name, Name=name), parameter("open", Name=name)],
    )
    AccountConnector.objects.update(
        filled=[name, "open"],
        setting_values={"open": name},
        set_by={name: ["2026-01-02T03:04:05+00:00", name]},
        proven_at=timezone.now(),
        proven_by=name,
        identity=name,
    )
    make_cycle(connector, name=name, status=name)
    make_template((name, name), console=account.console, name=name)
    make_link(connectors=[connector], recipient_name=name[:200])
    connector.refresh_from_db()

    assert_only_letters(shown(agent, connector))


def make_more(connector: AccountConnector) -> None:
    """One more of each thing that its page shows."""
    make_operation(account=connector.account, account_connector=connector)
    make_cycle(connector)
    make_template((connector.connector_name, "1.0"), console=connector.account.console)
    make_link(connectors=[connector], recipient_name="Robin")


def test_looking_changes_nothing_and_takes_few_queries(agent: Client) -> None:
    connector = make_account_connector(account=make_account(read_at=None))
    url = connector.get_absolute_url()
    with_nothing = queries_of(agent, url)
    make_more(connector)
    few = queries_of(agent, url)
    for _ in range(30):
        make_more(connector)

    with nothing_changes():
        assert queries_of(agent, url) == few == QUERIES
        assert with_nothing <= QUERIES + 1  # nothing is under way: one question more asks for it
        part(agent, url, FACTS)
        part(agent, url, "connector-history")


def test_only_people_of_its_console_see_it() -> None:
    connector = make_account_connector()
    url = reverse("connector_detail", args=[connector.pk])

    def status(user: Any) -> int:
        return int(signed_in(user).get(url).status_code)

    assert Client().get(url)["Location"].startswith("/sign-in/")
    assert status(make_user(None)) == 403
    assert status(make_user(Role.ADMIN, console=make_console())) == 404
    for role in Role:
        assert status(make_user(role, console=connector.account.console)) == 200
    assert signed_in(make_user(Role.VIEWER)).post(url).status_code == 405
    assert signed_in(make_user(Role.VIEWER)).get("/connectors/0/").status_code == 404
