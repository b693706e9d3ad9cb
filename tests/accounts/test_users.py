"""Who may sign in to an account: read when somebody looks, changed by Leads, exactly once."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.accounts import reading
from dashboard.accounts.models import AccountReading, ReadingKind
from dashboard.accounts.read_views import link_username
from dashboard.accounts.tasks import forget_readings, read_account
from dashboard.audit.models import AuditEntry
from dashboard.mirror.models import Account
from dashboard.operations.models import Operation, Reason, State
from dashboard.people.models import Role
from tests.accounts.conftest import as_drawn, effects, last_operation, url
from tests.factories import make_account, make_console, make_user
from tests.operations.breaking import Killed, killed, pass_time
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, part, signed_in, text_of
from tests.simulated import Hands

USERS = "/accounts/{id}/users"
SECRET = "canary-4711 "  # noqa: S105 - typed by the tests alone


@pytest.fixture(autouse=True)
def soon(settings: Any) -> None:
    """A lost answer is looked for soon."""
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 20, 5


def look(browser: Client, account: Account, kind: ReadingKind = ReadingKind.USERS) -> str:
    """Have it read, by a worker, and look at the page."""
    page = "account_users" if kind == ReadingKind.USERS else "account_usage"
    browser.post(url(f"{page}_read", account))
    for row in AccountReading.objects.open():
        read_account(row.pk)
    return text_of(browser.get(url(page, account)))


def add(browser: Client, account: Account, **typed: str) -> Any:
    address = url("account_user_add", account)
    values = as_drawn(browser.get(address)) | {"username": "ada@kettle.example", "password": SECRET}
    return browser.post(address, values | typed)


def remove(browser: Client, account: Account, username: str, typed: str = "") -> Any:
    address = f"{url('account_user_remove', account)}?user={username.replace('+', '%2B')}"
    values = as_drawn(browser.get(address)) | {"confirm": typed or username}
    return browser.post(address, values)


def test_a_worker_reads_them_when_somebody_looks(cyclr: CyclrState, harbour: Account) -> None:
    cyclr.users.add(harbour.cyclr_id, "ada@kettle.example")
    cyclr.users.add(harbour.cyclr_id, link_username(harbour))
    viewer = signed_in(make_user(Role.VIEWER))
    before = len(cyclr.requests)
    first = text_of(viewer.get(url("account_users", harbour)))
    asked = len(cyclr.requests)
    page = look(viewer, harbour)
    row = AccountReading.objects.get()

    assert "has not been asked in the last hour" in first and asked == before
    assert "ada@kettle.example" in page and "Customers on connection links" in page
    assert "Remove" not in page and "Add user" not in page and "ada@" not in str(row.__dict__)
    version = reading.latest(harbour, ReadingKind.USERS)
    assert version == row


def test_a_reading_under_way_serves_everybody_and_is_live(harbour: Account, lead: Client) -> None:
    address = url("account_users", harbour)
    lead.post(url("account_users_read", harbour))
    lead.post(url("account_users_read", harbour))
    page = lead.get(address)
    row = AccountReading.objects.get()

    assert "Asking Cyclr" in text_of(page) and "poll-1s" in text_of(page)
    seen = page.context["version"]
    assert part(lead, address, "account-users", seen=seen).status_code == 204
    read_account(row.pk)
    assert "poll-1s" not in text_of(part(lead, address, "account-users", seen=seen))


def test_what_was_read_is_forgotten_after_an_hour(
    harbour: Account, lead: Client, hands: Hands
) -> None:
    look(lead, harbour)
    hands.later(3700)
    assert "has not been asked" in text_of(lead.get(url("account_users", harbour)))
    forget_readings()

    assert not AccountReading.objects.exists()


def test_an_account_that_is_gone_is_told(cyclr: CyclrState, harbour: Account, lead: Client) -> None:
    cyclr.delete_account(cyclr.accounts[harbour.cyclr_id])

    assert "Cyclr does not know this account any more" in look(lead, harbour)


def test_a_user_is_added_and_the_password_is_nowhere(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    answer = add(lead, harbour)
    operation = last_operation()
    kept = str(operation.__dict__) + text_of(lead.get(answer["Location"]))
    hands.work()
    operation.refresh_from_db()
    page = look(lead, harbour)

    assert cyclr.users[harbour.cyclr_id][-1] == "ada@kettle.example" and "ada@kettle" in page
    assert operation.state == State.DONE and operation.encrypted_input == ""
    told = text_of(lead.get(answer["Location"])) + str(AuditEntry.objects.values())
    assert "can sign in to this account" in told and "canary" not in kept + told
    (sent,) = [call for call in cyclr.requests if call.method == "PUT"]
    assert sent.path.endswith("/users")


@pytest.mark.parametrize("fault", ["drop_after_effect", "drop_before_effect"])
def test_a_lost_answer_adds_and_removes_once(
    fault: str, cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    getattr(cyclr.faults, fault)("PUT", USERS, times=1)
    add(lead, harbour)
    pass_time(hands, 10, 60)
    getattr(cyclr.faults, fault)("DELETE", USERS, times=1)
    remove(lead, harbour, "ada@kettle.example")
    pass_time(hands, 70, 130, 140, 150)

    assert len(effects(cyclr, "user")) == len(effects(cyclr, "user_remove")) == 1
    assert set(Operation.objects.values_list("state", flat=True)) == {State.DONE}


@pytest.mark.parametrize("step", ["prepare", "act", "finish"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_is_killed_at_any_step_removes_once(
    step: str, when: str, cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    cyclr.users.add(harbour.cyclr_id, "ada@kettle.example")
    remove(lead, harbour, "ada@kettle.example")
    with killed("accounts.remove_user", step, when):
        with pytest.raises(Killed):
            hands.work()
        pass_time(hands, 120, 250, 400, 550)

    assert last_operation().state == State.DONE and len(effects(cyclr, "user_remove")) == 1


def test_who_came_back_meanwhile_is_not_removed_again(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    cyclr.users.add(harbour.cyclr_id, "ada@kettle.example")
    cyclr.faults.drop_after_effect("DELETE", USERS, times=1)
    remove(lead, harbour, "ada@kettle.example")
    pass_time(hands, 5, 30)

    assert last_operation().state == State.DONE
    cyclr.users.add(harbour.cyclr_id, "ada@kettle.example")
    pass_time(hands, 60)
    assert len(effects(cyclr, "user_remove")) == 1


def test_one_who_is_gone_already_is_told(harbour: Account, lead: Client, hands: Hands) -> None:
    remove(lead, harbour, "nobody@kettle.example")
    hands.work()
    page = text_of(lead.get(last_operation().get_absolute_url()))

    assert "nobody@kettle.example had no access any more" in page


@pytest.mark.parametrize(
    ("said", "field"),
    [("Password must have 8 characters", "password"), ("User name is taken", "username"), ("", "")],
)
def test_a_refusal_is_told_at_its_field(
    said: str, field: str, cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    cyclr.faults.respond("PUT", USERS, status=400, body={"Message": said})
    add(lead, harbour)
    hands.work()
    operation = last_operation()
    mend = text_of(lead.get(f"{url('account_user_add', harbour)}?from={operation.reference}"))

    assert (operation.reason, operation.error_field) == (Reason.REFUSED, field)
    assert "Nothing was changed" in operation.error and "canary" not in mend
    assert 'value="ada@kettle.example"' in mend


@pytest.mark.parametrize(
    "typed",
    [
        *({"username": one} for one in ("", "   ", "x" * 201, "a\x00b")),
        *({"password": one} for one in ("", "x" * 201, "a\x00b")),
    ],
)
def test_what_cyclr_could_not_take_is_refused(
    typed: dict[str, str], cyclr: CyclrState, harbour: Account, lead: Client
) -> None:
    answer = add(lead, harbour, **typed)

    assert answer.status_code == 422 and SECRET not in text_of(answer)
    assert not Operation.objects.exists()


def test_removing_wants_the_name(harbour: Account, lead: Client) -> None:
    answer = remove(lead, harbour, "ada@kettle.example", "something else")

    assert answer.status_code == 422 and not Operation.objects.exists()
    assert lead.get(url("account_user_remove", harbour)).status_code == 302
    warned = text_of(
        lead.get(f"{url('account_user_remove', harbour)}?user={link_username(harbour)}")
    )
    assert "makes Cyclr create it again" in warned


def test_names_are_letters(cyclr: CyclrState, harbour: Account, lead: Client) -> None:
    for name in HOSTILE:
        if name.strip():
            cyclr.users.add(harbour.cyclr_id, name)

    assert_only_letters(look(lead, harbour))
    for name in HOSTILE[:6]:
        page = lead.get(url("account_user_remove", harbour), {"user": name})
        assert_only_letters(text_of(page).replace("?user=", ""))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
def test_only_leads_change_them(role: Role, harbour: Account) -> None:
    browser = signed_in(make_user(role))

    with nothing_changes():
        for page in ("account_user_add", "account_user_remove"):
            assert browser.get(url(page, harbour) + "?user=x").status_code == 403
            assert browser.post(url(page, harbour) + "?user=x").status_code == 403


def test_another_consoles_account_is_not_there(db: None) -> None:
    account = make_account()
    browser = signed_in(make_user(Role.LEAD, console=make_console(name="Second")))

    for page in ("account_users", "account_usage", "account_user_add", "account_user_remove"):
        assert browser.get(url(page, account)).status_code == 404
    for page in ("account_users_read", "account_usage_read"):
        assert browser.post(url(page, account)).status_code == 404
    assert reverse("account_users", args=[account.pk]) and not AccountReading.objects.exists()
