"""Installing a connector of the library into the accounts of chosen connectors."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.bulk.models import BulkRun
from dashboard.campaigns import choosing
from dashboard.consoles.models import Console
from dashboard.mirror.models import AccountConnector
from dashboard.people.models import Role
from tests.factories import (
    API_KEY,
    make_account,
    make_account_connector,
    make_connector,
    make_console,
    make_user,
)
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, signed_in, text_of

pytestmark = pytest.mark.django_db
URL = "/connectors/install/"


@pytest.fixture
def lead() -> Client:
    return signed_in(make_user(Role.LEAD))


@pytest.fixture
def here() -> Console:
    return make_console()


def install(console: Console, **values: Any) -> AccountConnector:
    return make_account_connector(account=make_account(console=console, **values))


def posted(client: Client, *picked: AccountConnector, **more: Any) -> Any:
    return client.post(URL, {"pick": [one.pk for one in picked]} | more)


def test_the_accounts_of_what_was_ticked_come_to_the_form_and_into_a_preview(
    lead: Client, here: Console
) -> None:
    one, other = install(here, cyclr_id='a, "b"'), install(here, cyclr_id="0012")
    second = make_account_connector(account=one.account)
    slack = make_connector(console=here, name="Slack", authentication=[API_KEY])

    page = posted(lead, one, other, second)
    form = lead.post(
        f"/library/{slack.pk}/install/", {"table": page.context["table"], "from-list": "1"}
    ).context["form"]
    entries = {name: form.initial.get(name, "") for name in ("submission", "release", "layout")}
    entries |= {"table": form["table"].value(), "name": "Slack", "auth-key": "k"}
    entries |= {"skips_existing": "on", "method": form.method_key}
    sent = lead.post(f"/library/{slack.pk}/install/", entries)

    assert page.context["accounts"] == 2
    assert sent.status_code == 302, sent.context["form"].errors
    run = BulkRun.objects.get()
    assert run.connector == slack
    assert {row.account for row in run.rows.filter(problem="")} == {one.account, other.account}
    lead.post(f"/bulk/{run.reference}/start/")
    assert AuditEntry.objects.filter(action="bulk.start", target=run.title).exists()


def test_all_that_match_are_chosen_by_the_search(lead: Client, here: Console) -> None:
    install(here)
    shop = make_account_connector(
        account=make_account(console=here), connector_name="Shopify", name="Shop"
    )

    page = lead.post(URL, {"scope": "filter", "q": "connector:shopify"})

    assert page.context["table"] == f"Account id\n{shop.account.cyclr_id}\n"


def test_accounts_that_are_gone_are_left_out_and_counted(lead: Client, here: Console) -> None:
    one, gone = install(here), install(here, gone_at=timezone.now())

    page = posted(lead, one, gone)

    assert (page.context["accounts"], page.context["gone"]) == (1, 1)
    assert "1 account is gone from Cyclr" in text_of(page)


def test_the_library_is_searched_without_what_cannot_be_installed(
    lead: Client, here: Console
) -> None:
    one = install(here)
    make_connector(console=here, name="Slack")
    make_connector(console=here, name="Slack draft", is_draft=True)
    make_connector(console=here, name="Slack own", account=one.account)
    make_connector(console=make_console(), name="Slack elsewhere")
    make_connector(console=here, name="HubSpot")

    every = posted(lead, one)
    typed = posted(lead, one, library="slack")
    swapped = lead.get(f"{URL}choices/?console={here.pk}&library=SLACK")
    none = lead.get(f"{URL}choices/?console={here.pk}&library=nowhere")

    assert [one.name for one in every.context["picks"]] == ["HubSpot", "Slack"]
    assert [one.name for one in typed.context["picks"]] == ["Slack"]
    assert [one.name for one in swapped.context["picks"]] == ["Slack"]
    assert text_of(swapped).strip().startswith('<div id="install-choices"')
    assert "No connector matches" in text_of(none)


def test_enter_in_the_search_box_searches_and_picks_nothing(lead: Client, here: Console) -> None:
    make_connector(console=here, name="Slack")

    page = text_of(posted(lead, install(here)))

    form = page[page.index('name="from-list"') :]
    [first, *_] = re.findall(r'formaction="([^"]*)"', form)
    assert first == URL


def test_of_several_consoles_one_is_chosen_first(lead: Client, here: Console) -> None:
    one, other = install(here), install(make_console())

    asked = posted(lead, one, other)
    answered = lead.post(URL, {"selection": asked.context["selection"], "console": here.pk})

    assert asked.status_code == 422
    assert answered.context["table"] == f"Account id\n{one.account.cyclr_id}\n"


def test_nothing_and_too_many_are_said(
    lead: Client, here: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Choose connectors first" in text_of(lead.get(URL))
    monkeypatch.setattr(choosing, "MOST", 1)

    response = posted(lead, install(here), install(here))

    assert response.status_code == 422
    assert "2 connectors are too many" in text_of(response)


def test_agents_may_not_and_leads_only_in_their_consoles(here: Console) -> None:
    one, foreign = install(here), install(make_console())
    agent = signed_in(make_user(Role.AGENT))
    lead = signed_in(make_user(Role.LEAD, console=here))

    assert posted(agent, one).status_code == 403
    assert agent.get(f"{URL}choices/").status_code == 403
    assert posted(lead, one, foreign).context["table"] == f"Account id\n{one.account.cyclr_id}\n"
    assert lead.get(f"{URL}choices/?console={foreign.account.console_id}").status_code == 404


def test_looking_changes_nothing(lead: Client, here: Console) -> None:
    one = install(here)
    slack = make_connector(console=here, name="Slack")

    with nothing_changes():
        posted(lead, one)
        lead.get(f"{URL}choices/?console={here.pk}")
        lead.post(f"/library/{slack.pk}/install/", {"table": "Account id\nx\n", "from-list": "1"})


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_letters(lead: Client, here: Console, name: str) -> None:
    one = install(here, cyclr_id=name)
    make_connector(console=here, name=name, version=name[:20])

    assert_only_letters(text_of(posted(lead, one, library=name[:50])))
    assert_only_letters(text_of(posted(lead, one)))
