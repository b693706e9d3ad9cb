"""Exactly one connector, whatever breaks: the install through the engine, against the simulator."""

from __future__ import annotations

import random
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.consoles import pacing
from dashboard.installs.handlers import setting_refused
from dashboard.links.models import Link
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector
from dashboard.operations.models import Operation, OperationEvent, State
from dashboard.operations.tasks import run_operation
from tests.factories import OAUTH, make_connector, make_operation
from tests.simulated import Hands, library

INSTALL = "/connectors/{id}/install"


def fill(account: Account, connector_name: str, **values: Any) -> tuple[str, dict[str, Any]]:
    """The form's address and its fields, filled in like a person who knows the answers."""
    connector = library(connector_name)
    from dashboard.installs.form import InstallForm

    form = InstallForm(connector, account, method=str(values.pop("method", "")))
    data: dict[str, Any] = {
        "submission": str(uuid.uuid4()),
        "release": connector.release_id,
        "name": connector_name,
        "method": form.method_key,
    }
    for bound in form.visible_fields():
        if bound.name.startswith("parameter-") and bound.field.required:
            data[bound.name] = "true"
    url = reverse("install_new", args=[account.pk, connector.pk])
    return url, data | values


def installed(cyclr: CyclrState, account: Account, name: str) -> list[Any]:
    """What Cyclr really has of this connector in the account."""
    return [c for c in cyclr.installed[account.cyclr_id] if c.connector_name == name]


def test_an_install_appears_in_cyclr_and_in_the_mirror(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    url, data = fill(harbour, "Slack")
    answer = agent.post(url, data)
    hands.work()

    assert answer.status_code == 302 and answer["Location"] == harbour.get_absolute_url()
    operation = Operation.objects.get(kind="installs.install")
    assert operation.state == State.DONE, operation.error
    there = installed(cyclr, harbour, "Slack")
    assert len(there) == 1
    assert there[0].name == "Slack" and "[desk:" not in (there[0].description or "")
    assert operation.account_connector is not None
    assert operation.account_connector.state == "Not authenticated"
    assert operation.encrypted_input == ""


def test_a_link_is_made_right_after_when_that_was_ticked(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    url, data = fill(harbour, "Slack", wants_link="on")
    agent.post(url, data)
    hands.work()

    link = Link.objects.get(account=harbour)
    assert [item.account_connector.connector_name for item in link.items.all()] == ["Slack"]
    assert link.actor_user is not None


def test_the_same_form_sent_twice_installs_once(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    url, data = fill(harbour, "Slack")
    agent.post(url, data)
    agent.post(url, data)
    hands.work()
    agent.post(url, data)
    hands.work()

    assert len(installed(cyclr, harbour, "Slack")) == 1


def test_a_used_form_with_other_entries_is_told_so(harbour: Account, agent: Client) -> None:
    url, data = fill(harbour, "Slack")
    agent.post(url, data)
    answer = agent.post(url, data | {"description": "something else"})

    assert answer.status_code == 409
    assert b"This form was already sent, with different entries" in answer.content
    assert b"something else" in answer.content


def test_a_second_agent_sees_the_first_ones_install(harbour: Account, agent: Client) -> None:
    url, data = fill(harbour, "Slack")
    agent.post(url, data)
    answer = agent.post(url, data | {"submission": str(uuid.uuid4())})

    assert answer.status_code == 409
    assert b"is installing" in answer.content
    assert Operation.objects.filter(kind="installs.install").count() == 1


def test_a_second_agent_sees_the_install_of_a_connector_whose_name_no_index_takes(
    harbour: Account, agent: Client
) -> None:
    letters = random.Random(7).choices([chr(n) for n in range(0x4E00, 0x9000)], k=10_000)
    for end in "ab":
        make_connector(console=harbour.console, name="".join(letters) + end, authentication=[OAUTH])
        url, data = fill(harbour, "".join(letters) + end, name=f"Long {end}")
        assert agent.post(url, data).status_code == 302
        assert agent.post(url, data | {"submission": str(uuid.uuid4())}).status_code == 409

    assert Operation.objects.filter(kind="installs.install").count() == 2


@pytest.mark.parametrize("fault", ["drop_after_effect", "drop_before_effect", "truncate", "html"])
def test_a_lost_answer_installs_once(
    fault: str, cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands, settings: Any
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30
    getattr(cyclr.faults, fault)("POST", INSTALL, times=1)
    url, data = fill(harbour, "Slack")
    agent.post(url, data)
    hands.work()
    for seconds in (3, 60, 125, 160, 170):
        hands.later(seconds)
        hands.work()

    operation = Operation.objects.get(kind="installs.install")
    assert operation.state == State.DONE, (operation.error, operation.cyclr_message)
    assert len(installed(cyclr, harbour, "Slack")) == 1
    events = set(OperationEvent.objects.filter(operation=operation).values_list("event", flat=True))
    assert "unsure" in events


def test_an_install_committed_long_after_the_time_out_is_found(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands, settings: Any
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30
    cyclr.faults.commit_late("POST", INSTALL, seconds=90, times=1)
    url, data = fill(harbour, "Slack")
    agent.post(url, data)
    hands.work()
    for seconds in (5, 40, 80):
        hands.later(seconds)
        hands.work()
    assert installed(cyclr, harbour, "Slack") == []
    hands.later(95)
    hands.work()
    hands.later(130)
    hands.work()

    operation = Operation.objects.get(kind="installs.install")
    assert operation.state == State.DONE
    assert len(installed(cyclr, harbour, "Slack")) == 1


def test_a_strangers_install_of_the_same_name_is_never_adopted(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands, settings: Any
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30
    cyclr.faults.drop_before_effect("POST", INSTALL, times=1)
    url, data = fill(harbour, "Slack")
    agent.post(url, data)
    hands.work()
    slack = library("Slack")
    cyclr.install(harbour.cyclr_id, slack.release_id, name="Slack")
    hands.later(200)
    hands.work()

    operation = Operation.objects.get(kind="installs.install")
    assert operation.state == State.FAILED and operation.reason == "needs-a-person"
    assert operation.account_connector is None
    assert len(installed(cyclr, harbour, "Slack")) == 1


def test_a_name_taken_at_the_last_moment_leads_to_the_next_free_one(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    slack = library("Slack")
    url, data = fill(harbour, "Slack")
    agent.post(url, data)
    cyclr.install(harbour.cyclr_id, slack.release_id, name="Slack")
    hands.work()

    operation = Operation.objects.get(kind="installs.install")
    assert operation.state == State.DONE
    assert sorted(c.name for c in installed(cyclr, harbour, "Slack")) == ["Slack", "Slack 2"]


def test_a_refusal_names_the_field_and_keeps_no_secret(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    message = "There is not a connector property that matches name 'Region'."
    cyclr.faults.respond("POST", INSTALL, status=400, body={"Message": message}, times=1)
    url, data = fill(harbour, "Slack")
    agent.post(url, data)
    hands.work()

    operation = Operation.objects.get(kind="installs.install")
    assert operation.state == State.FAILED
    assert operation.error_field == "property:Region"
    assert message in operation.cyclr_message
    assert operation.encrypted_input == ""


def test_cyclr_away_waits_and_then_does_it(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    cyclr.faults.unreachable()
    url, data = fill(harbour, "Slack")
    agent.post(url, data)
    hands.work()
    operation = Operation.objects.get(kind="installs.install")
    assert operation.state == State.QUEUED and operation.waits
    cyclr.faults.clear()
    hands.later(100)
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert len(installed(cyclr, harbour, "Slack")) == 1


def test_the_key_reaches_cyclr_and_stays_nowhere_else(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands, caplog: Any
) -> None:
    secret = "canary-7f3a91c2-key"
    url, data = fill(harbour, "Klaviyo", **{"auth-key": secret, "name": "Klaviyo again"})
    answer = agent.post(url, data)
    assert answer.status_code == 302, answer.content.decode()
    operation = Operation.objects.get(kind="installs.install")
    assert secret not in operation.encrypted_input
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert operation.account_connector is not None
    assert operation.account_connector.authenticated
    for model in (Operation, OperationEvent, AccountConnector):
        for values in model.objects.values():
            assert secret not in str(values)
    assert secret not in caplog.text


def test_fix_and_retry_marks_the_field_and_wipes_what_the_first_try_kept(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    from dashboard.installs.form import InstallForm

    connector = next(
        row
        for row in type(library("Slack")).objects.installable()
        if len(row.asked_parameters) == 1 and not row.asked_parameters[0].is_sensitive
    )
    target = connector.asked_parameters[0].target_name
    message = f"There is not a connector property that matches name '{target}'."
    cyclr.faults.respond("POST", INSTALL, status=400, body={"Message": message}, times=1)
    url, data = fill(harbour, connector.name)
    form = InstallForm(connector, harbour)
    data |= {name: "canary-typed" for name in form.fields if name.startswith("auth-")}
    agent.post(url, data)
    hands.work()
    failed = Operation.objects.get(kind="installs.install")
    assert failed.error_field == f"property:{target}", failed.error
    page = agent.get(f"{url}?from={failed.reference}").content.decode()

    assert 'aria-invalid="true"' in page
    assert "The last attempt failed" in page and "canary-typed" not in page
    data["submission"] = str(uuid.uuid4())
    agent.post(f"{url}?from={failed.reference}", data)
    failed.refresh_from_db()
    assert failed.is_superseded and failed.encrypted_input == ""


def test_a_mark_that_stays_in_cyclr_is_not_shown_here(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    cyclr.faults.respond("PUT", "/account/connectors/{id}", status=405)
    url, data = fill(harbour, "Slack", description="Mine <b>")
    agent.post(url, data)
    hands.work()
    row = AccountConnector.objects.get(account=harbour, connector_name="Slack")
    page = agent.get(row.get_absolute_url()).content.decode()

    assert "[desk:" in str(installed(cyclr, harbour, "Slack")[0].description)
    assert row.description == "Mine <b>"
    assert "[desk:" not in page


@pytest.mark.parametrize(
    ("target", "said", "field"),
    [
        ("Shop", "Shop", "parameter-0"),
        ("Two\n lines", "Two lines", "parameter-0"),
        ("it's", "it's", "parameter-0"),
        ("x" * 400, "x" * 400, "parameter-0"),
        ("Shop domain", "*** domain", "parameter-0"),
        ("Other", "***", ""),
        ("Region", "Gone since", ""),
    ],
)
def test_a_refused_setting_is_recognised_however_cyclrs_words_were_cut(
    target: str, said: str, field: str
) -> None:
    """The client makes spaces single, hides what was typed and cuts long messages."""
    from cyclr_api import RefusedError
    from cyclr_api.errors import MESSAGE_LENGTH
    from dashboard.installs.form import InstallForm
    from dashboard.installs.handlers import InstallConnector

    names = [target, "Region", "Password"]
    connector = CatalogueConnector(
        name="Parcel Desk",
        release_id=1,
        parameters=[{"TargetName": n, "IsAccountConnectorProperty": True} for n in names],
    )
    message = f"There is not a connector property that matches name '{said}'."
    if len(message) > MESSAGE_LENGTH:
        message = message[: MESSAGE_LENGTH - 1] + "…"

    refusal = InstallConnector().refused(
        Operation(connector=connector), RefusedError("POST", 400, message)
    )

    form = InstallForm(connector, None)
    assert form.field_named(refusal.field.removeprefix("property:")) == field


def test_an_install_that_no_listing_shows_for_a_minute_is_found_and_not_repeated(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands, settings: Any
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30
    cyclr.faults.drop_after_effect("POST", INSTALL, times=1)
    cyclr.faults.lag_listing(60)
    url, data = fill(harbour, "Slack")
    agent.post(url, data)
    hands.work()
    for seconds in (2, 5, 10, 20, 40):
        hands.later(seconds)
        hands.work()
    operation = Operation.objects.get(kind="installs.install")
    assert operation.state == State.UNSURE
    hands.later(125)
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert len(installed(cyclr, harbour, "Slack")) == 1
    assert [call.fault for call in cyclr.requests if call.path.endswith("/install")] == [
        "drop_after_effect"
    ]


@pytest.mark.parametrize(
    "message",
    [
        "There is not a connector property that matches name 'Region'.",
        "Connector property name 'Region' is not an account connector property.",
        "Value is not valid for connector property 'Region'.",
        'value is not valid for connector property "region".',
        "VALUE IS NOT VALID FOR CONNECTOR PROPERTY 'REGION'",
        "Value is not valid for connector property “Region”",
        "Value is not valid for connector property 'Region' of connector 'Klaviyo'.",
    ],
)
def test_every_sentence_about_a_setting_names_it(message: str, harbour: Account) -> None:
    connector = make_connector(
        console=harbour.console,
        parameters=[
            {"Name": name, "TargetName": name, "IsAccountConnectorProperty": True, "Id": n}
            for n, name in enumerate(["Region", "Domain"], 1)
        ],
    )
    operation = make_operation(account=harbour, connector=connector)

    assert setting_refused(message, operation) == "Region"


@pytest.mark.parametrize("name", ["Nobody", "<script>", "a'b", ""])
def test_an_unknown_setting_is_named_as_it_was_quoted(name: str, harbour: Account) -> None:
    operation = make_operation(account=harbour, connector=make_connector(console=harbour.console))
    message = f"Value is not valid for connector property '{name}'"

    assert setting_refused(message, operation) in {name, "'"}


def test_an_install_that_met_two_rate_limits_without_a_time_is_done_within_seconds(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    cyclr.faults.rate_limit("POST", INSTALL, retry_after=None, times=2)
    url, data = fill(harbour, "Slack")
    agent.post(url, data)
    operation = Operation.objects.get()
    waits = []
    for _ in range(2):
        moment = timezone.now()
        run_operation(operation.pk)
        operation.refresh_from_db()
        waits.append((operation.not_before - moment).total_seconds())
        hands.later(sum(waits) + 1)
        pacing._alone.held.clear()  # ends by a clock of its own
    run_operation(operation.pk)

    operation.refresh_from_db()
    assert operation.state == State.DONE, operation.error
    assert sum(waits) < 10
