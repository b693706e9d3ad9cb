"""Finish set-up: dynamic settings after the install, from the look-up to the saved value."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.connectors import lookups, tasks
from dashboard.connectors.models import LookUp, LookUpKind
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector
from dashboard.operations.models import Operation
from dashboard.people.models import Role
from tests.connectors.conftest import work
from tests.factories import make_user
from tests.installs.test_install_form import PASSWORD
from tests.pages import part, signed_in, text_of
from tests.simulated import Hands

LOOKS_THINGS_UP = 19016
TRIGGER = ("POST", "/account/connectors/{id}/triggers/{trigger}")


@pytest.fixture
def depot(cyclr: CyclrState, harbour: Account) -> AccountConnector:
    """A connector of which the setting Warehouse is looked up; installed and authenticated."""
    cyclr.install(
        harbour.cyclr_id,
        LOOKS_THINGS_UP,
        name="Depot",
        auth_value="key",
        properties={"Site": "north"},
    )
    sync.refresh_account(harbour)
    return AccountConnector.objects.get(account=harbour, name="Depot")


def url_of(depot: AccountConnector) -> str:
    return reverse("connector_setup", args=[depot.pk])


def looked_up(agent: Client, depot: AccountConnector) -> str:
    """Open the page, have the choices looked up; the page with them."""
    agent.post(reverse("connector_look_up", args=[depot.pk]))
    work()
    return text_of(agent.get(url_of(depot)))


def hidden(page: str) -> dict[str, str]:
    """The form's own fields."""
    return dict(re.findall(r'name="(submission|layout)" value="([^"]*)"', page))


def save(agent: Client, depot: AccountConnector, page: str, **values: str) -> Any:
    """Send the form that the page shows."""
    data = {key.replace("setting_", "setting-", 1): value for key, value in values.items()}
    return agent.post(url_of(depot), hidden(page) | data)


def value_in_cyclr(cyclr: CyclrState, depot: AccountConnector, name: str) -> list[str]:
    installed = cyclr.installed[depot.account.cyclr_id]
    one = next(one for one in installed if one.id == depot.cyclr_id)
    return [entry["Value"] for entry in one.properties if entry["Name"] == name]


def test_the_story_from_the_panel_to_the_saved_value(
    cyclr: CyclrState, depot: AccountConnector, agent: Client, hands: Hands
) -> None:
    panel = text_of(agent.get(depot.get_absolute_url()))
    assert "Finish set-up" in panel and "No value yet" in panel
    assert f'href="{url_of(depot)}"' in panel

    page = looked_up(agent, depot)
    assert '<option value="wh-2">Returns</option>' in page
    assert "Another value" in page

    answer = save(agent, depot, page, setting_0="wh-2", setting_0_other="")
    assert answer.status_code == 302 and answer["Location"] == depot.get_absolute_url()
    hands.work()

    assert value_in_cyclr(cyclr, depot, "Warehouse") == ["wh-2"]
    depot.refresh_from_db()
    assert "Warehouse" in depot.filled and "Site" in depot.filled
    after = text_of(agent.get(depot.get_absolute_url()))
    assert "Has a value" in after and "Set up Depot" in after
    operation = Operation.objects.get(kind="connectors.set_properties")
    assert operation.state_label == "Done" and operation.encrypted_input == ""


def test_the_page_waits_for_a_worker_and_shows_the_choices_by_itself(
    cyclr: CyclrState, depot: AccountConnector, agent: Client
) -> None:
    first = text_of(agent.get(url_of(depot)))
    assert 'hx-trigger="submit, load"' in first and "setting-0" not in first
    assert not LookUp.objects.exists()

    asked = agent.post(
        reverse("connector_look_up", args=[depot.pk]), headers={"HX-Request": "true"}
    )
    version = asked.context["version"]
    assert "poll-1s from:body" in text_of(asked)
    assert part(agent, url_of(depot), seen=version).status_code == 204
    work()
    found = text_of(part(agent, url_of(depot), seen=version))

    assert found.strip().startswith('<div class="stack l" id="setup-form"')
    assert "Main warehouse" in found and "poll-1s from" not in found


def test_another_value_than_those_offered_can_be_typed(
    cyclr: CyclrState, depot: AccountConnector, agent: Client, hands: Hands
) -> None:
    page = looked_up(agent, depot)

    save(agent, depot, page, setting_0="*", setting_0_other="wh-99")
    hands.work()

    assert value_in_cyclr(cyclr, depot, "Warehouse") == ["wh-99"]


def test_saving_again_changes_the_one_value_that_is_there(
    cyclr: CyclrState, depot: AccountConnector, agent: Client, hands: Hands
) -> None:
    for value in ("wh-1", "wh-3", "wh-3"):
        page = looked_up(agent, depot)
        save(agent, depot, page, setting_0=value, setting_0_other="")
        hands.work()

    assert value_in_cyclr(cyclr, depot, "Warehouse") == ["wh-3"]
    assert '<option value="" selected>Keep its value</option>' in looked_up(agent, depot)
    assert {one.state_label for one in Operation.objects.all()} == {"Done"}


def test_a_lost_answer_saves_it_once(
    cyclr: CyclrState, depot: AccountConnector, agent: Client, hands: Hands
) -> None:
    page = looked_up(agent, depot)
    cyclr.faults.drop_after_effect("POST", "/account/connectors/{id}/properties")

    save(agent, depot, page, setting_0="wh-1", setting_0_other="")
    hands.work()
    hands.later(3)
    hands.work()

    assert value_in_cyclr(cyclr, depot, "Warehouse") == ["wh-1"]
    assert Operation.objects.get().state_label == "Done"


def test_a_lost_request_is_sent_again(
    cyclr: CyclrState, depot: AccountConnector, agent: Client, hands: Hands
) -> None:
    page = looked_up(agent, depot)
    cyclr.faults.drop_before_effect("POST", "/account/connectors/{id}/properties")

    save(agent, depot, page, setting_0="wh-1", setting_0_other="")
    for seconds in (0, 3, 10, 20, 40):
        hands.later(seconds)
        hands.work()

    assert value_in_cyclr(cyclr, depot, "Warehouse") == ["wh-1"]
    assert Operation.objects.get().state_label == "Done"


def test_a_look_up_that_fails_leaves_typing(
    cyclr: CyclrState, depot: AccountConnector, agent: Client, hands: Hands
) -> None:
    cyclr.faults.respond(*TRIGGER, status=400, body='{"Message": "Third party says no"}')

    page = looked_up(agent, depot)
    assert "Not everything could be looked up" in page and "Third party says no" in page
    assert 'type="text" name="setting-0"' in page
    save(agent, depot, page, setting_0="wh-7")
    hands.work()

    assert value_in_cyclr(cyclr, depot, "Warehouse") == ["wh-7"]


def test_while_cyclr_is_away_it_tries_again_and_then_says_so(
    cyclr: CyclrState, depot: AccountConnector, agent: Client, hands: Hands
) -> None:
    agent.post(reverse("connector_look_up", args=[depot.pk]))
    cyclr.faults.rate_limit(*TRIGGER, retry_after="40")
    work()
    assert not LookUp.objects.get().is_finished
    for seconds in (41, 82, 123):
        hands.later(seconds)
        work()

    page = text_of(agent.get(url_of(depot)))

    assert "could" in page and "looked up" in page
    assert 'name="setting-0"' in page


def test_what_was_typed_is_kept_when_the_choices_came_or_went_meanwhile(
    cyclr: CyclrState, depot: AccountConnector, agent: Client
) -> None:
    typed = text_of(agent.get(f"{url_of(depot)}?type=1"))
    looked_up(agent, depot)
    hidden_fields = hidden(typed) | {"layout": "of another release"}

    came = agent.post(url_of(depot), hidden_fields | {"setting-0": "wh-typed"})
    LookUp.objects.all().delete()
    went = agent.post(url_of(depot), hidden_fields | {"setting-0": "wh-2", "setting-0_other": ""})

    assert came.status_code == went.status_code == 422
    assert 'value="wh-typed"' in text_of(came)
    assert '<option value="wh-2" selected>' in text_of(went)
    assert "A new release of the connector" in text_of(went)
    assert not Operation.objects.exists()


def test_nothing_filled_in_is_said_and_nothing_is_sent(
    cyclr: CyclrState, depot: AccountConnector, agent: Client
) -> None:
    page = looked_up(agent, depot)

    answer = save(agent, depot, page, setting_0="", setting_0_other="")

    assert answer.status_code == 422 and "nothing to save" in text_of(answer)
    assert not Operation.objects.exists()


def test_pressed_twice_it_is_saved_once_and_a_colleague_sees_the_first(
    cyclr: CyclrState, depot: AccountConnector, agent: Client
) -> None:
    page = looked_up(agent, depot)
    save(agent, depot, page, setting_0="wh-1", setting_0_other="")
    save(agent, depot, page, setting_0="wh-1", setting_0_other="")
    other = signed_in(make_user(Role.AGENT))

    second = save(other, depot, looked_up(other, depot), setting_0="wh-2", setting_0_other="")

    assert Operation.objects.count() == 1
    assert second.status_code == 409 and "saving settings here right now" in text_of(second)
    assert '<option value="wh-2" selected>' in text_of(second)


def test_a_setting_with_a_value_may_stay_as_it_is(
    cyclr: CyclrState, depot: AccountConnector, agent: Client
) -> None:
    CatalogueConnector.objects.filter(name="Looks Things Up").update(
        parameters=[
            {
                "Id": 1,
                "Name": name,
                "TargetName": name,
                "IsAccountConnectorProperty": True,
                "TriggerName": "List warehouses",
            }
            for name in ("Warehouse", "Site")
        ]
    )
    page = text_of(agent.get(f"{url_of(depot)}?type=1"))

    answer = agent.post(url_of(depot), hidden(page) | {"setting-0": "", "setting-1": ""})

    html = text_of(answer)
    assert "It already has a value. Leave this empty to keep it." in html
    assert html.count("Fill this in.") >= 1 and "One field needs another look" in html


def test_a_secret_one_is_typed_hidden_and_shown_to_nobody(
    cyclr: CyclrState, depot: AccountConnector, agent: Client, hands: Hands
) -> None:
    CatalogueConnector.objects.filter(name="Looks Things Up").update(
        parameters=[
            {
                "Id": 1,
                "Name": "Signing key",
                "TargetName": "SigningKey",
                "IsAccountConnectorProperty": True,
                "IsSensitive": True,
                "TriggerName": "No such trigger",
            }
        ]
    )
    page = looked_up(agent, depot)
    assert 'type="password"' in page and "Cyclr has no look-up of this name" in page

    save(agent, depot, page, setting_0="canary-secret")
    operation = Operation.objects.get()
    shown = text_of(agent.get(operation.get_absolute_url()))
    hands.work()

    assert "canary" not in shown + str(operation.display_input) + operation.encrypted_input
    assert value_in_cyclr(cyclr, depot, "SigningKey") == ["canary-secret"]


def test_choices_are_encrypted_and_gone_after_an_hour(
    cyclr: CyclrState, depot: AccountConnector, agent: Client, hands: Hands
) -> None:
    looked_up(agent, depot)
    kept = LookUp.objects.get()
    assert "warehouse" not in kept.encrypted_answer.casefold()
    assert lookups.latest(depot, LookUpKind.CHOICES) == kept

    hands.later(3601)
    assert lookups.latest(depot, LookUpKind.CHOICES) is None
    tasks.forget()

    assert not LookUp.objects.exists()


def test_the_triggers_are_read_from_the_library_where_the_connector_came_without(
    cyclr: CyclrState, depot: AccountConnector, agent: Client
) -> None:
    def without(value: dict[str, Any]) -> dict[str, Any]:
        return {**value, "Connector": {**value["Connector"], "Triggers": None}}

    cyclr.faults.rewrite("GET", "/account/connectors/{id}", without)

    assert "Main warehouse" in looked_up(agent, depot)


def test_it_is_offered_only_once_it_is_authenticated(
    cyclr: CyclrState, depot: AccountConnector, agent: Client
) -> None:
    AccountConnector.objects.filter(pk=depot.pk).update(authenticated=False)

    assert "Finish set-up" not in text_of(agent.get(depot.get_absolute_url()))
    page = text_of(agent.get(url_of(depot)))
    assert "It is not authenticated yet" in page and 'name="setting-0"' in page


def test_viewers_see_what_is_left_and_change_nothing(depot: AccountConnector) -> None:
    viewer = signed_in(make_user(Role.VIEWER))

    panel = text_of(viewer.get(depot.get_absolute_url()))

    assert "Finish set-up" in panel and "Choose values" not in panel
    assert viewer.get(url_of(depot)).status_code == 403
    assert viewer.post(url_of(depot)).status_code == 403
    assert viewer.post(reverse("connector_look_up", args=[depot.pk])).status_code == 403


@pytest.mark.parametrize("is_in", [True, False])
def test_saved_user_name_and_password_are_tried_and_what_cyclr_says_is_shown(
    cyclr: CyclrState, depot: AccountConnector, agent: Client, hands: Hands, is_in: bool
) -> None:
    page = text_of(agent.get(f"{url_of(depot)}?type="))
    AccountConnector.objects.filter(pk=depot.pk).update(
        authenticated=False, authentication=[PASSWORD]
    )

    def said(value: Any) -> Any:
        return {**value, "Authenticated": is_in}

    cyclr.faults.rewrite("PUT", "/account/connectors/{id}", change=said)
    save(agent, depot, page, setting_0="wh-2")
    hands.work()

    depot.refresh_from_db()
    assert depot.state == ("Authenticated" if is_in else "Not authenticated")
    depot.account.refresh_from_db()
    broken = depot.account.connectors.there().exclude(authenticated=True).count()
    assert depot.account.unauthenticated_count == broken


def test_what_customers_sign_in_to_is_not_tried(
    cyclr: CyclrState, depot: AccountConnector, agent: Client, hands: Hands
) -> None:
    page = looked_up(agent, depot)
    cyclr.faults.respond("PUT", "/account/connectors/{id}", status=500)
    save(agent, depot, page, setting_0="wh-2", setting_0_other="")
    hands.work()

    assert Operation.objects.get(kind="connectors.set_properties").state_label == "Done"
