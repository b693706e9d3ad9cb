"""What holds for every kind of operation that asks Cyclr: ends in words, and happens exactly once.

A new kind is in here by being registered: without a way to ask for it (`DEEDS`, or the changes of
connectors and accounts, which have these tests beside more of their own) a test fails.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from cyclr_api.simulator import CyclrState
from dashboard.accounts.handlers.users import ADD_USER, REMOVE_USER
from dashboard.audit.models import Actor
from dashboard.connectors.handlers import TEST_INSTALLED
from dashboard.consoles import pacing
from dashboard.cycles import installing
from dashboard.cycles.handlers import ACTIVATE, DEACTIVATE, DELETE
from dashboard.installs.services import KIND as INSTALL
from dashboard.links.models import ENTER, Link, LinkItem
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector, Cycle, Template
from dashboard.operations import handlers
from dashboard.operations.models import Operation, OperationEvent, Reason, State
from dashboard.operations.submitting import OperationRequest, submit
from dashboard.people.models import Role, User
from tests.accounts.test_every_change import CHANGES as OF_ACCOUNTS
from tests.connector_changes.test_every_change import CHANGES as OF_CONNECTORS
from tests.connectors.conftest import choose
from tests.factories import make_link, make_user
from tests.operations.breaking import FAULTS, STEPS, Call, Killed, killed, pass_time
from tests.simulated import Hands, library

SECRET = "canary-of-every-kind"  # noqa: S105 - typed by the tests alone


@dataclass(frozen=True)
class Deed:
    """A kind of operation: how it is asked for, the call that does it, and its effect in Cyclr."""

    kind: str
    call: Call
    effect: str
    asked: Callable[[Account, CyclrState], dict[str, Any]]
    is_repeatable: bool = False
    """Whether the ledger may have it twice: the same again does no harm."""

    def __str__(self) -> str:
        return self.kind


def _of(account: Account, **cycles: Any) -> Cycle:
    found: Cycle = Cycle.objects.filter(account=account, gone_at=None, **cycles)[0]
    return found


def _stopped(account: Account, cyclr: CyclrState) -> Cycle:
    """A cycle that lacks nothing and does not run."""
    cycle = _of(account, is_active=True)
    cyclr.cycles.one(account.cyclr_id, cycle.cyclr_id).document["Status"] = "Paused"
    Cycle.objects.filter(pk=cycle.pk).update(status="Paused", is_active=False)
    return cycle


def _installed(account: Account, name: str) -> AccountConnector:
    found: AccountConnector = AccountConnector.objects.get(account=account, connector_name=name)
    return found


def _install(account: Account, cyclr: CyclrState) -> dict[str, Any]:
    slack = library("Slack")
    values = {"release_id": slack.release_id, "name": "Slack", "properties": []}
    return {"connector": slack, "values": values}


def _enter(account: Account, cyclr: CyclrState) -> dict[str, Any]:
    shopify = _installed(account, "Shopify")
    link = make_link(connectors=[shopify])
    values = {"way": "api-key", "auth_value": SECRET, "properties": []}
    return {"account_connector": shopify, "actor": Actor.link(link.pk), "values": values}


def _set(account: Account, cyclr: CyclrState) -> dict[str, Any]:
    values = {"properties": [{"Name": "Tenant", "Value": "eu"}]}
    return {"account_connector": _installed(account, "Shopify"), "values": values}


def _test(account: Account, cyclr: CyclrState) -> dict[str, Any]:
    mailchimp = _installed(account, "MailChimp")
    choose(mailchimp, "List Subscribers")
    return {"account_connector": mailchimp, "values": {}}


def _template(account: Account, cyclr: CyclrState) -> dict[str, Any]:
    sync.refresh_templates(account.console)
    template = Template.objects.filter(connectors__isnull=False).distinct()[0]
    return {"values": {"template": template.pk, "name": "Ours"}}


def _activate(account: Account, cyclr: CyclrState) -> dict[str, Any]:
    cycle = _stopped(account, cyclr)
    return {"values": {"cycle": cycle.pk, "interval": 60, "start_at": "", "run_once": False}}


def _deactivate(account: Account, cyclr: CyclrState) -> dict[str, Any]:
    return {"values": {"cycle": _of(account, is_active=True).pk, "finish_queued": True}}


def _delete(account: Account, cyclr: CyclrState) -> dict[str, Any]:
    return {"values": {"cycle": _stopped(account, cyclr).pk}}


def _add_user(account: Account, cyclr: CyclrState) -> dict[str, Any]:
    return {"values": {"username": "robin@books.example", "password": SECRET}}


def _remove_user(account: Account, cyclr: CyclrState) -> dict[str, Any]:
    cyclr.users.add(account.cyclr_id, "robin@books.example")
    return {"values": {"username": "robin@books.example"}}


METHOD = "/account/connectors/{id}/methods/{method}"
CONNECTOR, USERS = "/account/connectors/{id}", "/accounts/{id}/users"
DEEDS = [
    Deed(ADD_USER, ("PUT", USERS), "user", _add_user),
    Deed(REMOVE_USER, ("DELETE", USERS), "user_remove", _remove_user),
    Deed(INSTALL, ("POST", "/connectors/{id}/install"), "install", _install),
    Deed(ENTER, ("PUT", CONNECTOR), "update", _enter, is_repeatable=True),
    Deed("connectors.set_properties", ("POST", f"{CONNECTOR}/properties"), "update", _set),
    Deed(TEST_INSTALLED, ("POST", METHOD), "call", _test, is_repeatable=True),
    Deed(installing.INSTALL, ("POST", "/templates/{id}/install"), "template_install", _template),
    Deed(ACTIVATE, ("PUT", "/cycles/{id}/activate"), "cycle_activate", _activate),
    Deed(DEACTIVATE, ("PUT", "/cycles/{id}/deactivate"), "cycle_deactivate", _deactivate),
    Deed(DELETE, ("DELETE", "/cycles/{id}"), "cycle_delete", _delete),
]
every_deed = pytest.mark.parametrize("deed", DEEDS, ids=str)
WITHOUT_CYCLR = {"links.create", "defaults.install"}


@pytest.fixture(autouse=True)
def looks_soon(settings: Any) -> None:
    """What was lost is looked for within minutes; a 429 of another test holds nobody back."""
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30
    pacing.forget_holds()


@pytest.fixture
def lead(db: None) -> User:
    """Who asks for it."""
    return make_user(Role.LEAD)


def ask(deed: Deed, account: Account, cyclr: CyclrState, lead: User) -> Operation:
    """Ask for it, as its page does."""
    asked: dict[str, Any] = {"actor": Actor.staff(lead)} | deed.asked(account, cyclr)
    operation = submit(
        OperationRequest(
            kind=deed.kind,
            title=f"Do {deed.kind}",
            console=account.console,
            account=account,
            submission=uuid.uuid4(),
            **asked,
        )
    )
    if deed.kind == ENTER:
        LinkItem.objects.update(entry=operation)
    return operation


def effects(cyclr: CyclrState, deed: Deed) -> int:
    """How often Cyclr really did it."""
    return len([effect for effect in cyclr.ledger if effect.kind == deed.effect])


def test_every_kind_has_these_tests() -> None:
    covered = {deed.kind for deed in DEEDS} | WITHOUT_CYCLR
    covered |= {one.kind for one in OF_CONNECTORS} | {one.kind for one in OF_ACCOUNTS}

    assert covered == set(handlers.kinds())
    assert {one for one in covered if not handlers.handler_for(one).calls_cyclr} == WITHOUT_CYCLR


@every_deed
@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_a_refusal_ends_it_in_words(
    deed: Deed, status: int, cyclr: CyclrState, harbour: Account, lead: User, hands: Hands
) -> None:
    operation = ask(deed, harbour, cyclr, lead)
    cyclr.faults.respond(*deed.call, status=status, body={"Message": "Because."})
    pass_time(hands, 5, 60, 200, 300, 400)

    operation.refresh_from_db()
    assert operation.state == State.FAILED, (operation.state, operation.error)
    assert operation.error.endswith((".", "!", "”")) and operation.error[0].isupper()
    assert not effects(cyclr, deed)
    assert operation.is_retryable or operation.encrypted_input == ""


@every_deed
def test_after_a_429_it_waits_and_is_done_once(
    deed: Deed, cyclr: CyclrState, harbour: Account, lead: User, hands: Hands
) -> None:
    operation = ask(deed, harbour, cyclr, lead)
    cyclr.faults.rate_limit(*deed.call, retry_after="40", times=1)
    pass_time(hands, 20)
    operation.refresh_from_db()
    assert operation.state == State.QUEUED and not effects(cyclr, deed)

    pacing.forget_holds()  # they end by a clock of their own
    pass_time(hands, 45, 90)

    operation.refresh_from_db()
    assert operation.state == State.DONE, operation.error
    assert effects(cyclr, deed) == 1


@every_deed
@pytest.mark.parametrize("fault", FAULTS)
def test_what_says_nothing_is_found_out_and_done_once(
    deed: Deed, fault: str, cyclr: CyclrState, harbour: Account, lead: User, hands: Hands
) -> None:
    operation = ask(deed, harbour, cyclr, lead)
    FAULTS[fault](cyclr, deed.call)
    pass_time(hands, 3, 60, 125, 160, 170, 300, 400)

    assert_done_once(operation, cyclr, deed, is_sent_again="after" in fault or fault == "lost")


@every_deed
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_is_killed_at_any_step_leaves_it_done_once(
    deed: Deed,
    step: str,
    when: str,
    cyclr: CyclrState,
    harbour: Account,
    lead: User,
    hands: Hands,
) -> None:
    operation = ask(deed, harbour, cyclr, lead)
    with killed(deed.kind, step, when):
        with pytest.raises(Killed):
            hands.work()
        pass_time(hands, 120, 250, 400, 550, 700)

    assert_done_once(operation, cyclr, deed, is_sent_again=(step, when) == ("act", "after"))


def assert_done_once(
    operation: Operation, cyclr: CyclrState, deed: Deed, *, is_sent_again: bool
) -> None:
    """It is done; what was asked for happened once, or again where that changes nothing."""
    operation.refresh_from_db()
    assert operation.state == State.DONE, (operation.error, operation.cyclr_message)
    assert effects(cyclr, deed) == 1 + (deed.is_repeatable and is_sent_again)
    assert operation.encrypted_input == ""
    stored = str(list(Operation.objects.values())) + str(list(OperationEvent.objects.values()))
    assert SECRET not in stored and SECRET not in str(list(Link.objects.values()))


@every_deed
def test_a_cyclr_that_never_answers_is_given_up_in_words(
    deed: Deed, cyclr: CyclrState, harbour: Account, lead: User, hands: Hands
) -> None:
    operation = ask(deed, harbour, cyclr, lead)
    cyclr.faults.unreachable()
    pass_time(hands, 60, 7 * 3600, 7 * 3600 + 600)

    operation.refresh_from_db()
    assert operation.state == State.FAILED and operation.reason == Reason.GAVE_UP
    assert operation.error.endswith(".") and not effects(cyclr, deed)
