"""What holds for every change of a connector: each answer of Cyclr ends it in the right words.

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
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.models import Operation, Reason, State
from dashboard.people.models import Role
from tests.connector_changes.conftest import (
    effects,
    hidden,
    in_cyclr,
    last_operation,
    named,
    properties,
    send,
    url,
)
from tests.factories import make_console, make_user
from tests.installs.test_bad_input import BAD, assert_harmless
from tests.operations.breaking import FAULTS, STEPS, Killed, killed, pass_time
from tests.pages import nothing_changes, signed_in, text_of
from tests.simulated import Hands

CONNECTOR = "/account/connectors/{id}"
SECRET = "canary-secret-4711"  # noqa: S105 - typed by the tests alone


@dataclass(frozen=True)
class Change:
    """A change as somebody asks for it, the call that does it, and its effect in Cyclr."""

    page: str
    kind: str
    call: tuple[str, str]
    effect: str
    doing: str
    role: Role = Role.AGENT
    typed: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.page.removeprefix("connector_")


CHANGES = [
    Change(
        "connector_edit",
        "connectors.edit",
        ("PUT", CONNECTOR),
        "update",
        "change name or description of",
        typed={"name": "Web shop", "description": "New"},
    ),
    Change(
        "connector_settings",
        "connectors.change_settings",
        ("POST", f"{CONNECTOR}/properties"),
        "update",
        "change settings of",
        typed={"new-name": "Tenant", "new-value": SECRET},
    ),
    Change(
        "connector_credentials",
        "connectors.replace_credentials",
        ("PUT", CONNECTOR),
        "update",
        "replace the credentials of",
        typed={"auth-key": SECRET},
    ),
    Change(
        "connector_native",
        "connectors.set_native",
        ("PUT", CONNECTOR),
        "update",
        "change the own-product mark of",
    ),
    Change(
        "connector_deauthenticate",
        "connectors.deauthenticate",
        ("PUT", f"{CONNECTOR}/deauthenticate"),
        "deauthenticate",
        "de-authenticate",
        Role.LEAD,
        {"confirm": "Shopify"},
    ),
    Change(
        "connector_delete",
        "connectors.delete",
        ("DELETE", CONNECTOR),
        "delete",
        "delete",
        Role.LEAD,
        {"confirm": "Shopify"},
    ),
]
every_change = pytest.mark.parametrize("change", CHANGES, ids=str)


@pytest.fixture
def shopify(harbour: Account) -> AccountConnector:
    """Shopify of Harbour Books: authenticated by a key, used by a running cycle."""
    return named(harbour, "Shopify")


@pytest.fixture(autouse=True)
def looks_soon(settings: Any) -> None:
    """What was lost is looked for within minutes."""
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30


def ask(browser: Client, change: Change, connector: AccountConnector) -> Operation:
    """Fill in its form and send it."""
    answer = send(browser, change.page, connector, **change.typed)
    assert answer.status_code == 302, text_of(answer)
    return last_operation()


def is_done(cyclr: CyclrState, change: Change, connector: AccountConnector) -> bool:
    """Whether Cyclr is as it was asked to be."""
    there = in_cyclr(cyclr, connector)
    if there is None:
        return change.effect == "delete"
    return bool(
        {
            "connector_edit": there.name == "Web shop" and there.description == "New",
            "connector_settings": "Tenant" in properties(cyclr, connector),
            "connector_credentials": there.auth_value == SECRET,
            "connector_native": there.is_partner,
            "connector_deauthenticate": not there.authenticated,
            "connector_delete": False,
        }[change.page]
    )


# ---- every answer of Cyclr ----


@every_change
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Cyclr refused to {doing} Shopify: “Because.” Nothing was changed."),
        (403, "Cyclr does not allow this console to {doing} Shopify: “Because.” Nothing was"),
        (409, "Cyclr does not {doing} Shopify now, because something else is under way there"),
        (418, "Cyclr refused to {doing} Shopify: “Because.” Nothing was changed."),
    ],
)
def test_a_refusal_ends_it_in_words(
    change: Change,
    status: int,
    words: str,
    cyclr: CyclrState,
    shopify: AccountConnector,
    lead: Client,
    hands: Hands,
) -> None:
    cyclr.faults.respond(*change.call, status=status, body={"Message": "Because."})
    operation = ask(lead, change, shopify)
    pass_time(hands, 5, 60)

    operation.refresh_from_db()
    assert operation.state == State.FAILED and operation.reason == Reason.REFUSED
    assert words.format(doing=change.doing) in operation.error
    assert not is_done(cyclr, change, shopify) and not effects(cyclr, shopify, change.effect)
    assert operation.encrypted_input == ""
    page = text_of(lead.get(operation.get_absolute_url()))
    assert f"{url(change.page, shopify)}?from={operation.reference}" in page
    assert "Because." in page


@every_change
def test_one_that_is_gone_is_said_and_marked(
    change: Change,
    cyclr: CyclrState,
    shopify: AccountConnector,
    lead: Client,
    hands: Hands,
) -> None:
    operation = ask(lead, change, shopify)
    cyclr.delete(shopify.cyclr_id)
    hands.work()

    operation.refresh_from_db()
    shopify.refresh_from_db()
    assert shopify.state == "Gone"
    if change.effect == "delete":
        assert operation.state == State.DONE
        return
    assert operation.state == State.FAILED
    assert "Cyclr does not know Shopify any more. Nothing was changed." in operation.error


@every_change
def test_a_404_of_something_else_does_not_make_it_gone(
    change: Change,
    cyclr: CyclrState,
    shopify: AccountConnector,
    lead: Client,
    hands: Hands,
) -> None:
    cyclr.faults.respond(*change.call, status=404)
    operation = ask(lead, change, shopify)
    hands.work()

    operation.refresh_from_db()
    shopify.refresh_from_db()
    assert operation.state == State.FAILED and shopify.state == "Authenticated"


@every_change
def test_an_account_that_is_gone_is_said(
    change: Change,
    cyclr: CyclrState,
    shopify: AccountConnector,
    lead: Client,
    hands: Hands,
) -> None:
    cyclr.faults.respond("*", "/account/*", status=401)
    cyclr.faults.respond("*", "/cycles*", status=401)
    operation = ask(lead, change, shopify)
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.FAILED
    assert "refuses access to this account" in operation.error


@every_change
def test_after_a_429_it_waits_as_long_as_cyclr_says(
    change: Change,
    cyclr: CyclrState,
    shopify: AccountConnector,
    lead: Client,
    hands: Hands,
) -> None:
    cyclr.faults.rate_limit(*change.call, retry_after="40", times=1)
    operation = ask(lead, change, shopify)
    pass_time(hands, 20)
    operation.refresh_from_db()
    assert operation.state == State.QUEUED and not is_done(cyclr, change, shopify)

    pacing.forget_holds()  # they end by a clock of their own
    pass_time(hands, 45)
    operation.refresh_from_db()
    assert operation.state == State.DONE, operation.error
    assert effects(cyclr, shopify, change.effect) == 1


@every_change
@pytest.mark.parametrize("fault", FAULTS)
def test_what_says_nothing_is_found_out_and_done_once(
    change: Change,
    fault: str,
    cyclr: CyclrState,
    shopify: AccountConnector,
    lead: Client,
    hands: Hands,
) -> None:
    FAULTS[fault](cyclr, change.call)
    operation = ask(lead, change, shopify)
    pass_time(hands, 3, 60, 125, 160, 170)

    operation.refresh_from_db()
    assert operation.state == State.DONE, (operation.error, operation.cyclr_message)
    assert is_done(cyclr, change, shopify)
    assert effects(cyclr, shopify, change.effect) == 1


@every_change
def test_a_cyclr_that_never_answers_is_given_up_in_words(
    change: Change,
    cyclr: CyclrState,
    shopify: AccountConnector,
    lead: Client,
    hands: Hands,
) -> None:
    cyclr.faults.unreachable()
    operation = ask(lead, change, shopify)
    pass_time(hands, 60, 7 * 3600, 7 * 3600 + 600)

    operation.refresh_from_db()
    assert operation.state == State.FAILED and operation.reason == Reason.GAVE_UP
    assert "Nothing was changed." in operation.error and operation.is_retryable

    cyclr.faults.clear()
    lead.post(f"{operation.get_absolute_url()}retry/")
    pass_time(hands, 8 * 3600)
    operation.refresh_from_db()
    assert operation.state == State.DONE and is_done(cyclr, change, shopify)


# ---- killed workers ----


@every_change
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_is_killed_at_any_step_leaves_it_done_once(
    change: Change,
    step: str,
    when: str,
    cyclr: CyclrState,
    shopify: AccountConnector,
    lead: Client,
    hands: Hands,
) -> None:
    operation = ask(lead, change, shopify)
    with killed(change.kind, step, when):
        with pytest.raises(Killed):
            hands.work()
        pass_time(hands, 120, 250, 400, 550, 700)

    operation.refresh_from_db()
    assert operation.state == State.DONE, (operation.error, operation.cyclr_message)
    assert is_done(cyclr, change, shopify)
    assert effects(cyclr, shopify, change.effect) == 1


# ---- roles, bad input, secrets ----


@every_change
def test_only_who_may_sees_and_sends_it(change: Change, shopify: AccountConnector) -> None:
    console = shopify.account.console
    allowed = {role for role in Role if role >= change.role}
    people = {role: make_user(role, console=console) for role in Role}
    people_elsewhere = make_user(Role.ADMIN, console=make_console())
    address = url(change.page, shopify)

    for role, user in people.items():
        browser = signed_in(user)
        assert (browser.get(address).status_code == 200) is (role in allowed), role
        if role not in allowed:
            with nothing_changes():
                assert browser.post(address, change.typed).status_code == 403
    assert signed_in(people_elsewhere).get(address).status_code == 404


@every_change
def test_looking_changes_nothing(change: Change, shopify: AccountConnector, lead: Client) -> None:
    address = url(change.page, shopify)
    with nothing_changes():
        lead.get(address)
        lead.head(address)
        for rubbish in ("?from=op1", "?from=%00", "?method=9", "?method=x", "?from=" + "y" * 3000):
            assert lead.get(address + rubbish).status_code == 200


TYPED = [change for change in CHANGES if change.role == Role.AGENT and change.typed]


@pytest.mark.parametrize("change", TYPED, ids=str)
@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_taken_to_the_letter_or_refused_in_words(
    change: Change, kind: str, shopify: AccountConnector, lead: Client
) -> None:
    address = url(change.page, shopify)
    answer = lead.get(address)
    drawn = [bound.name for bound in answer.context["form"].visible_fields()]
    names = [name for name in drawn if not name.endswith("-clear")]
    own = hidden(text_of(answer))
    for value in BAD[kind]:
        typed = dict.fromkeys(names, value) | {f"{name}_other": value for name in names}
        answer = lead.post(address, own | {"submission": str(uuid.uuid4())} | typed)
        assert answer.status_code in {302, 409, 422}, value[:40]
        assert_harmless(text_of(answer))


@every_change
def test_bad_input_in_its_own_fields_sends_nothing(
    change: Change, shopify: AccountConnector, lead: Client
) -> None:
    address = url(change.page, shopify)
    own = hidden(text_of(lead.get(address)))
    for name in own:
        for value in ("", "rubbish", "a\0b", "\u202e", "9" * 5000, "<script>alert(1)</script>"):
            answer = lead.post(address, own | change.typed | {name: value})
            assert answer.status_code == 422, (name, value[:40])
            assert_harmless(text_of(answer))
    assert not Operation.objects.exists()


SECRET_ONES = [change for change in CHANGES if SECRET in change.typed.values()]


@pytest.mark.parametrize("change", SECRET_ONES, ids=str)
@pytest.mark.parametrize("is_refused", [False, True])
def test_no_secret_is_anywhere_but_in_cyclr(
    change: Change,
    is_refused: bool,
    cyclr: CyclrState,
    shopify: AccountConnector,
    lead: Client,
    hands: Hands,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if is_refused:
        said = {"Message": f"Bad value {SECRET}"}
        cyclr.faults.respond(*change.call, status=400, body=said)
    operation = ask(lead, change, shopify)
    hands.work()
    operation.refresh_from_db()
    stored = str(list(Operation.objects.values())) + str(list(operation.events.values()))
    addresses = [
        operation.get_absolute_url(),
        shopify.get_absolute_url(),
        f"{url(change.page, shopify)}?from={operation.reference}",
        "/operations/",
        "/audit/",
        "/audit/export/",
    ]
    pages = "".join(
        b"".join(getattr(answer, "streaming_content", [answer.content])).decode()
        if getattr(answer, "streaming", False)
        else text_of(answer)
        for answer in map(lead.get, addresses)
    )

    assert "canary" not in stored + pages + caplog.text
    assert operation.encrypted_input == ""
    shopify.refresh_from_db()
    assert "canary" not in str(shopify.__dict__)
