"""Default connectors: each new account gets them, each once, whatever breaks."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.defaults import services
from dashboard.defaults.models import DefaultConnector
from dashboard.defaults.services import install_defaults, planned
from dashboard.installs.naming import By
from dashboard.mirror.models import Account, InstallRefusal
from dashboard.operations.models import Operation, Reason, State
from dashboard.operations.submitting import submit
from tests.accounts.conftest import as_drawn, effects, new_url
from tests.defaults.conftest import make_default
from tests.operations.breaking import Killed, killed, pass_time
from tests.pages import text_of
from tests.simulated import Hands, library

POST = ("POST", "/accounts")
INSTALL = ("POST", "/connectors/{id}/install")
INSTALLS = "installs.install"
TYPED = {"name": "Copper Kettle", "id": "kettle-1", "timezone": "Europe/Oslo"}


def create(browser: Client, **typed: str | None) -> Operation:
    """A new account, as a Lead makes one."""
    values: dict[str, Any] = as_drawn(browser.get(new_url())) | TYPED | typed
    sent = {name: text for name, text in values.items() if text is not None}
    assert browser.post(new_url(), sent).status_code == 302
    return Operation.objects.get(kind="accounts.create")


def installed(cyclr: CyclrState, account: str = "kettle-1") -> list[str]:
    """What Cyclr has in the account, in the order in which it came."""
    return [one.name for one in cyclr.installed[account]]


def test_a_new_account_gets_the_set_the_own_product_first(
    cyclr: CyclrState, two: list[DefaultConnector], lead: Client, hands: Hands
) -> None:
    page = text_of(lead.get(new_url()))
    made = create(lead)
    hands.work()

    assert page.index("Pipedrive") < page.index("Freshdesk") and "Own product" in page
    asked = Operation.objects.filter(kind=INSTALLS).order_by("pk")
    assert [one.title for one in asked] == ["Install Pipedrive", "Install Freshdesk"]
    own, other = sorted(cyclr.installed["kettle-1"], key=lambda one: not one.is_partner)
    assert (own.is_partner, other.is_partner) == (True, False)
    assert [(one["Name"], one["Value"]) for one in other.properties] == [
        ("FreshdeskDomain", "acme")
    ]
    assert not other.authenticated and not Operation.objects.filter(kind="links.create").exists()
    after = made.follow_ups.get()
    assert (after.state, after.account) == (State.DONE, Account.objects.get(cyclr_id="kettle-1"))
    assert {one.kind for one in after.follow_ups.all()} == {INSTALLS}
    story = text_of(lead.get(after.get_absolute_url()))
    assert "Installing Pipedrive 1.0, Freshdesk 2.0" in story and "Install Freshdesk" in story
    account = text_of(lead.get(reverse("account_detail", args=[after.account_id])))
    assert "Pipedrive" in account and "Freshdesk" in account


def test_who_takes_the_tick_out_gets_an_empty_account(
    cyclr: CyclrState, two: list[DefaultConnector], lead: Client, hands: Hands
) -> None:
    made = create(lead, installs_defaults=None)
    hands.work()

    assert installed(cyclr) == [] and not made.follow_ups.exists()
    assert ["Default connectors", "None"] in made.display_input["entries"]


def test_a_console_without_a_set_says_nothing_of_it(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    assert "Default connectors" not in text_of(lead.get(new_url()))
    create(lead)
    hands.work()

    assert not Operation.objects.filter(kind="defaults.install").exists()


@pytest.mark.parametrize("fault", ["drop_after_effect", "drop_before_effect"])
@pytest.mark.parametrize("call", [POST, INSTALL])
def test_a_lost_answer_installs_each_once(
    fault: str,
    call: tuple[str, str],
    cyclr: CyclrState,
    two: list[DefaultConnector],
    lead: Client,
    hands: Hands,
    settings: Any,
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 20, 5
    getattr(cyclr.faults, fault)(*call, times=1)
    create(lead)
    pass_time(hands, 3, 30, 40, 50, 60)

    assert sorted(installed(cyclr)) == ["Freshdesk", "Pipedrive"]
    assert effects(cyclr, "account") == ["kettle-1"]
    assert set(Operation.objects.values_list("state", flat=True)) == {State.DONE}


@pytest.mark.parametrize("step", ["prepare", "act", "finalize", "finish"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["accounts.create", "defaults.install"])
def test_a_worker_that_is_killed_at_any_step_installs_each_once(
    kind: str,
    step: str,
    when: str,
    cyclr: CyclrState,
    two: list[DefaultConnector],
    lead: Client,
    hands: Hands,
) -> None:
    create(lead)
    with killed(kind, step, when):
        with pytest.raises(Killed):
            hands.work()
        pass_time(hands, 120, 250, 400, 550, 700)

    assert sorted(installed(cyclr)) == ["Freshdesk", "Pipedrive"]
    assert Operation.objects.filter(kind=INSTALLS).count() == 2


def test_a_worker_that_is_killed_between_two_installs_asks_for_each_once(
    cyclr: CyclrState,
    two: list[DefaultConnector],
    lead: Client,
    hands: Hands,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, asked = submit, []

    def dying(requested: Any) -> Operation:
        asked.append(requested)
        if len(asked) == 2:
            raise Killed
        return real(requested)

    monkeypatch.setattr(services, "submit", dying)
    create(lead)
    with pytest.raises(Killed):
        hands.work()
    pass_time(hands, 120, 250, 400)

    assert sorted(installed(cyclr)) == ["Freshdesk", "Pipedrive"] and len(asked) == 3


def test_one_that_cyclr_refuses_stops_no_other(
    cyclr: CyclrState, two: list[DefaultConnector], lead: Client, hands: Hands
) -> None:
    cyclr.faults.respond(*INSTALL, status=400, body={"Message": "No."}, times=1)
    create(lead)
    hands.work()

    failed = Operation.objects.get(state=State.FAILED)
    assert failed.kind == INSTALLS and len(installed(cyclr)) == 1
    assert failed.title not in (f"Install {name}" for name in installed(cyclr))
    form = lead.get(reverse("install_new", args=[failed.account_id, failed.connector_id]))
    assert form.status_code == 200
    mend = text_of(lead.get(f"{form.request['PATH_INFO']}?from={failed.reference}"))
    assert (
        f'value="{failed.title.removeprefix("Install ")}"' in mend
        and "The last attempt failed" in mend
    )


def test_one_whose_release_was_replaced_is_told_and_stops_no_other(
    cyclr: CyclrState, two: list[DefaultConnector], lead: Client, hands: Hands
) -> None:
    DefaultConnector.objects.filter(pk=two[0].pk).update(release_id=1)
    shown = text_of(lead.get(new_url()))
    create(lead)
    hands.work()
    operation = Operation.objects.get(kind="defaults.install")

    assert "Release 1 is live no longer. The live release of Pipedrive 1.0 is 16830." in shown
    assert installed(cyclr) == ["Freshdesk"]
    assert (operation.state, operation.reason) == (State.FAILED, Reason.REFUSED)
    assert "The other one is installed." in operation.error and "16830" in operation.error
    page = text_of(lead.get(operation.get_absolute_url()))
    assert reverse("install_pick", args=[operation.account_id]) in page


def test_by_name_and_by_version_what_is_live_then_is_installed(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    make_default(library("Pipedrive"), installs_by=By.VERSION, release_id=1)
    make_default(library("Klaviyo"), installs_by=By.NAME, release_id=2)
    create(lead)
    hands.work()

    assert sorted(installed(cyclr)) == ["Klaviyo", "Pipedrive"]
    paths = [call.path for call in cyclr.requests if call.path.endswith("/install")]
    assert sorted(paths) == [
        "/v1.0/connectors/Klaviyo/install",
        "/v1.0/connectors/Pipedrive/1.0/install",
    ]


def test_a_name_that_has_two_versions_by_now_is_not_guessed(harbour: Account) -> None:
    row = make_default(library("Klaviyo"), installs_by=By.NAME)
    twin = library("Klaviyo")
    twin.pk, twin.version, twin.release_id = None, "v2", 99
    twin.save()

    (one,) = planned(row.console)

    assert one.connector is None and "Klaviyo has several versions" in one.problem


def test_a_setting_that_a_newer_release_does_not_ask_is_left_out_and_told(
    cyclr: CyclrState, two: list[DefaultConnector], lead: Client, hands: Hands
) -> None:
    DefaultConnector.objects.filter(pk=two[1].pk).update(values={"Gone": "x"})
    shown = text_of(lead.get(new_url()))
    create(lead)
    hands.work()

    assert "Not asked any more, so left out: Gone." in shown
    assert sorted(installed(cyclr)) == ["Freshdesk", "Pipedrive"]


def test_a_value_that_is_none_any_more_is_a_problem(harbour: Account) -> None:
    row = make_default(library("Itris"), values={"Port": "many"})

    (one,) = planned(row.console)

    assert one.problem == "Port: Enter a whole number, such as 25."


def test_what_cyclr_refused_everywhere_is_not_asked_again(harbour: Account) -> None:
    row = make_default(library("Pipedrive"))
    connector = library("Pipedrive")
    InstallRefusal.objects.create(
        connector=connector, release_id=connector.release_id, why="It is a draft."
    )

    assert [one.problem for one in planned(row.console)] == ["It is a draft."]


def test_into_an_account_that_is_there_only_what_is_missing_is_installed(
    cyclr: CyclrState, two: list[DefaultConnector], harbour: Account, hands: Hands
) -> None:
    submission, actor = uuid.uuid4(), Actor.system()
    first = install_defaults(harbour, actor, submission)
    again = install_defaults(harbour, actor, submission)
    hands.work()
    later = install_defaults(harbour, actor, uuid.uuid4())

    assert [one.operation for one in first] == [one.operation for one in again]
    assert all(one.operation is None and one.is_needless for one in later)
    assert later[0].problem == "It has Pipedrive already."
    assert Operation.objects.filter(kind=INSTALLS).count() == 2
