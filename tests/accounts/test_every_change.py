"""What holds for every change of an account: each answer of Cyclr ends it in the right words.

And exactly once, whatever is killed; roles; no secret anywhere; nothing typed becomes markup.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from cyclr_api.simulator import CyclrState
from dashboard.consoles import pacing
from dashboard.mirror.models import Account
from dashboard.operations.models import Operation, Reason, State
from dashboard.people.models import Role
from tests.accounts.conftest import (
    as_drawn,
    effects,
    hidden,
    last_operation,
    new_url,
    send,
    url,
)
from tests.factories import make_console, make_user
from tests.installs.test_bad_input import BAD, assert_harmless
from tests.operations.breaking import FAULTS, STEPS, Killed, killed, pass_time
from tests.pages import nothing_changes, signed_in, text_of
from tests.simulated import Hands

SECRET = "https://hooks.example/canary-4711"  # noqa: S105 - typed by the tests alone
ONE = "/accounts/{id}"


@dataclass(frozen=True)
class Change:
    """A change as somebody asks for it, the call that does it, and its effect in Cyclr."""

    page: str
    kind: str
    call: tuple[str, str]
    effect: str
    doing: str
    so_far: str = "Nothing was changed."
    typed: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.page.removeprefix("account_")

    def address(self, account: Account) -> str:
        """The form."""
        return new_url() if self.page == "account_new" else url(self.page, account)


WEBHOOK = {"is_error_webhook_enabled": "on", "error_webhook_url": SECRET}
CHANGES = [
    Change(
        "account_new",
        "accounts.create",
        ("POST", "/accounts"),
        "account",
        "create the account",
        "Nothing was created.",
        {"name": "Copper Kettle", "id": "kettle-1", "timezone": "Europe/Oslo", **WEBHOOK},
    ),
    Change(
        "account_edit",
        "accounts.update",
        ("PUT", ONE),
        "account_update",
        "change the account",
        typed={"name": "Harbour Books & Maps", **WEBHOOK},
    ),
    Change(
        "account_delete",
        "accounts.delete",
        ("DELETE", ONE),
        "account_delete",
        "delete the account",
        typed={"confirm": "harbour books"},
    ),
]
every_change = pytest.mark.parametrize("change", CHANGES, ids=str)
of_one = pytest.mark.parametrize("change", CHANGES[1:], ids=str)


@pytest.fixture(autouse=True)
def looks_soon(settings: Any) -> None:
    """What was lost is looked for within minutes."""
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30


def ask(browser: Client, change: Change, account: Account) -> Operation:
    """Fill in its form and send it."""
    answer = send(browser, change.address(account), **change.typed)
    assert answer.status_code == 302, text_of(answer)
    return last_operation()


def is_done(cyclr: CyclrState, change: Change, account: Account) -> bool:
    """Whether Cyclr is as it was asked to be."""
    if change.page == "account_new":
        return "kettle-1" in cyclr.accounts
    if change.page == "account_delete":
        return account.cyclr_id not in cyclr.accounts
    document = cyclr.accounts[account.cyclr_id].document
    return bool(document["Name"] == "Harbour Books & Maps")


# ---- every answer of Cyclr ----


@every_change
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Cyclr refused to {doing}: “Because.” {so_far}"),
        (403, "Cyclr does not allow this console to {doing}: “Because.” {so_far} Do it in the"),
        (409, "Cyclr does not {doing} now, because something else is under way there: “Because.”"),
        (418, "Cyclr refused to {doing}: “Because.” {so_far}"),
    ],
)
def test_a_refusal_ends_it_in_words(
    change: Change,
    status: int,
    words: str,
    cyclr: CyclrState,
    harbour: Account,
    lead: Client,
    hands: Hands,
) -> None:
    cyclr.faults.respond(*change.call, status=status, body={"Message": "Because."})
    operation = ask(lead, change, harbour)
    pass_time(hands, 5, 60)

    operation.refresh_from_db()
    assert operation.state == State.FAILED and operation.reason == Reason.REFUSED
    assert words.format(doing=change.doing, so_far=change.so_far) in operation.error
    assert not is_done(cyclr, change, harbour) and not effects(cyclr, change.effect)
    assert operation.encrypted_input == ""
    page = text_of(lead.get(operation.get_absolute_url()))
    assert change.address(harbour) in page and "Because." in page


@every_change
@pytest.mark.parametrize("fault", ["429", "token refused", "nowhere"])
def test_what_surely_did_not_happen_is_done_later_and_once(
    change: Change, fault: str, cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    method, path = change.call
    {
        "429": lambda: cyclr.faults.respond(
            method, path, 429, headers={"Retry-After": "20"}, times=1
        ),
        "token refused": lambda: cyclr.faults.respond(method, path, 401, times=1),
        "nowhere": lambda: cyclr.faults.unreachable(),
    }[fault]()
    operation = ask(lead, change, harbour)
    hands.work()
    cyclr.faults.clear()
    pacing.forget_holds()
    pass_time(hands, 45, 120)

    operation.refresh_from_db()
    assert operation.state == State.DONE, operation.error
    assert is_done(cyclr, change, harbour) and len(effects(cyclr, change.effect)) == 1


@every_change
@pytest.mark.parametrize("fault", FAULTS)
def test_what_says_nothing_is_found_out_and_done_once(
    change: Change, fault: str, cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    FAULTS[fault](cyclr, change.call)
    operation = ask(lead, change, harbour)
    pass_time(hands, 3, 60, 125, 160, 170)

    operation.refresh_from_db()
    assert operation.state == State.DONE, (operation.error, operation.cyclr_message)
    assert is_done(cyclr, change, harbour)
    is_repeated = change.page == "account_edit" and ("after" in fault or fault == "lost")
    assert len(effects(cyclr, change.effect)) == 1 + is_repeated  # the same again does no harm


@of_one
def test_one_that_is_gone_is_said_and_marked(
    change: Change, cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    operation = ask(lead, change, harbour)
    cyclr.delete_account(cyclr.accounts[harbour.cyclr_id])
    hands.work()

    operation.refresh_from_db()
    if change.page == "account_delete":
        assert operation.state == State.DONE
        assert "deleted in Cyclr already" in text_of(lead.get(operation.get_absolute_url()))
    else:
        assert "Cyclr does not know the account any more." in operation.error
    harbour.refresh_from_db()
    assert harbour.gone_at is not None or harbour.is_refreshing


@every_change
def test_a_cyclr_that_never_answers_is_given_up_in_words(
    change: Change, cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    cyclr.faults.unreachable()
    operation = ask(lead, change, harbour)
    pass_time(hands, 60, 7 * 3600, 7 * 3600 + 600)

    operation.refresh_from_db()
    assert operation.state == State.FAILED and operation.reason == Reason.GAVE_UP
    assert operation.is_retryable

    cyclr.faults.clear()
    lead.post(f"{operation.get_absolute_url()}retry/")
    pass_time(hands, 8 * 3600)
    operation.refresh_from_db()
    assert operation.state == State.DONE and is_done(cyclr, change, harbour)


# ---- killed workers ----


@every_change
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_is_killed_at_any_step_leaves_it_done_once(
    change: Change,
    step: str,
    when: str,
    cyclr: CyclrState,
    harbour: Account,
    lead: Client,
    hands: Hands,
) -> None:
    operation = ask(lead, change, harbour)
    with killed(change.kind, step, when):
        with pytest.raises(Killed):
            hands.work()
        pass_time(hands, 120, 250, 400, 550, 700)

    operation.refresh_from_db()
    assert operation.state == State.DONE, (operation.error, operation.cyclr_message)
    assert is_done(cyclr, change, harbour)
    is_repeated = change.page == "account_edit" and (step, when) == ("act", "after")
    assert len(effects(cyclr, change.effect)) == 1 + is_repeated


# ---- roles, bad input, secrets ----


@every_change
def test_only_leads_see_and_send_it(change: Change, harbour: Account) -> None:
    people = {role: make_user(role, console=harbour.console) for role in Role}
    elsewhere = make_user(Role.ADMIN, console=make_console())
    address = change.address(harbour)

    for role, user in people.items():
        browser, may = signed_in(user), role >= Role.LEAD
        assert (browser.get(address).status_code == 200) is may, role
        if not may:
            with nothing_changes():
                assert browser.post(address, change.typed).status_code == 403
    if change.page != "account_new":
        assert signed_in(elsewhere).get(address).status_code == 404


@every_change
def test_who_lost_the_role_meanwhile_changes_nothing(
    change: Change, cyclr: CyclrState, harbour: Account, hands: Hands
) -> None:
    user = make_user(Role.LEAD)
    operation = ask(signed_in(user), change, harbour)
    user.memberships.update(role=Role.AGENT)
    hands.work()

    operation.refresh_from_db()
    assert operation.reason == Reason.NOT_ALLOWED and not effects(cyclr, change.effect)


@every_change
def test_looking_changes_nothing(change: Change, harbour: Account, lead: Client) -> None:
    address = change.address(harbour)
    with nothing_changes():
        lead.get(address)
        lead.head(address)
        for rubbish in ("?from=op1", "?from=%00", "?console=x", "?from=" + "y" * 3000):
            assert lead.get(address + rubbish).status_code == 200


@pytest.mark.parametrize("change", CHANGES[:2], ids=str)
@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_taken_to_the_letter_or_refused_in_words(
    change: Change, kind: str, harbour: Account, lead: Client
) -> None:
    address = change.address(harbour)
    answer = lead.get(address)
    names = [bound.html_name for bound in answer.context["form"].visible_fields()]
    own = hidden(text_of(answer))
    for value in BAD[kind]:
        typed = own | {"submission": str(uuid.uuid4())} | dict.fromkeys(names, value)
        alone = typed | {"timezone": "UTC", "error_webhook_url": "", "id": str(uuid.uuid4())}
        alone |= dict.fromkeys(["success_retention_hours", "errored_retention_hours"], "")
        for values in (typed, alone | {"submission": str(uuid.uuid4())}):
            answer = lead.post(address, values)
            assert answer.status_code in {302, 409, 422}, value[:40]
            assert_harmless(text_of(answer))


@every_change
def test_bad_input_in_its_own_fields_sends_nothing(
    change: Change, harbour: Account, lead: Client
) -> None:
    address = change.address(harbour)
    drawn = as_drawn(lead.get(address))
    for name in ("submission", "seen"):
        for value in ("", "rubbish", "a\0b", "\u202e", "9" * 5000, "<script>alert(1)</script>"):
            if name == "seen" and not drawn.get("seen") and not value:
                continue
            answer = lead.post(address, drawn | change.typed | {name: value})
            assert answer.status_code == 422, (name, value[:40])
            assert_harmless(text_of(answer))
    assert not Operation.objects.exists()


@pytest.mark.parametrize("change", CHANGES[:2], ids=str)
@pytest.mark.parametrize("is_refused", [False, True])
def test_the_webhooks_address_is_nowhere_but_in_cyclr(
    change: Change,
    is_refused: bool,
    cyclr: CyclrState,
    harbour: Account,
    lead: Client,
    hands: Hands,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if is_refused:
        body = {"Message": f"{SECRET} is not a valid URL"}
        cyclr.faults.respond(*change.call, status=400, body=body)
    address = change.address(harbour)
    wrong = send(lead, address, **change.typed | {"success_retention_hours": "x"})
    operation = ask(lead, change, harbour)
    hands.work()
    operation.refresh_from_db()
    account = operation.account or harbour
    stored = str(list(Operation.objects.values())) + str(list(operation.events.values()))
    addresses = [
        operation.get_absolute_url(),
        f"{address}?from={operation.reference}",
        url("account_settings", account),
        url("account_edit", account),
        "/operations/",
        "/audit/",
    ]
    pages = text_of(wrong) + "".join(text_of(lead.get(one)) for one in addresses)

    assert "canary" not in stored + pages + caplog.text
    assert "canary" not in str(Account.objects.get(pk=account.pk).__dict__)
