"""Accounts: listed, made, changed, removed, signed in to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cyclr_api import (
    AccountIdInUseError,
    AccountRefusedError,
    Client,
    NotFoundError,
    OutcomeUnknownError,
    PagingError,
    PermanentError,
    RateLimitedError,
    RefusedError,
    TemporaryError,
    UndecodableError,
    UnexpectedAnswerError,
    UnreachableError,
    UnsendableError,
    Usage,
    connect_url,
)
from cyclr_api.simulator import CyclrState
from tests.cyclr_api.mounted import ACCOUNT, client_of, sent_by, small_state

HOOK = "https://hooks.acme.example/canary-7f21"


@pytest.fixture
def state() -> CyclrState:
    return small_state()


@pytest.fixture
def client(state: CyclrState) -> Client:
    return client_of(state)


# ---- listed ----


def test_every_account_is_listed_over_all_pages(state: CyclrState, client: Client) -> None:
    for number in range(250):
        state.add_account(Id=f"shop {number}/ü", Name=f"Shop {number}")

    found = client.accounts.all()

    assert {account.id for account in found} == set(state.accounts)
    assert len(found) == 251


@pytest.mark.parametrize("cap", [1, 7, 50])
def test_a_cap_of_the_server_cuts_nothing(state: CyclrState, client: Client, cap: int) -> None:
    state.max_page_size = cap
    for number in range(20):
        state.add_account(Id=f"shop-{number}", Name="Shop")

    assert len(client.accounts.all()) == 21


def test_a_server_that_ignores_the_page_is_an_error(state: CyclrState, client: Client) -> None:
    state.faults.respond("GET", "/accounts", 200, [{"Id": "a-1"}, {"Id": "a-2"}])

    with pytest.raises(PagingError):
        client.accounts.all()


def test_a_listing_that_breaks_off_is_no_shorter_listing(state: CyclrState, client: Client) -> None:
    for number in range(150):
        state.add_account(Id=f"shop-{number}", Name="Shop")
    found = client.accounts.iterate()
    next(found)
    state.faults.respond("GET", "/accounts", 503)

    with pytest.raises(TemporaryError):
        list(found)


def test_an_element_that_cannot_be_read_spoils_the_listing(
    state: CyclrState, client: Client
) -> None:
    state.faults.rewrite("GET", "/accounts", lambda found: [*found, {"Name": "no id"}])

    with pytest.raises(UnexpectedAnswerError):
        client.accounts.all()


def test_or_is_left_out_and_counted_where_the_caller_can_do_without(
    state: CyclrState, client: Client
) -> None:
    for number in range(450):
        state.add_account(Id=f"shop-{number}", Name="Shop")
    state.faults.rewrite("GET", "/accounts", lambda found: [*found[1:], {"Name": "?"}], times=2)
    found = client.accounts.readable(at_once=4)

    assert {account.id for account in found} < set(state.accounts)
    assert (len(found), found.skipped) == (449, 2)


def test_a_page_whose_turn_has_not_come_is_waited_for_within_max_wait(state: CyclrState) -> None:
    turns: list[str] = []

    class Busy:
        """Says "not yet" twice before each call."""

        def wait(self, call: str, *, through: int | None = None) -> None:
            turns.append(call)
            if len(turns) % 3:
                raise RateLimitedError(call, retry_after=0.01)

        def hold(self, seconds: float | None, *, through: int | None = None) -> float:
            """Nobody asks for it here."""
            return seconds or 0.0

        def passed(self, *, through: int | None = None) -> None:
            """Nothing was guessed."""

    client = client_of(state, pacing=Busy())

    assert len(client.accounts.readable(max_wait=5)) == 1
    with pytest.raises(RateLimitedError):
        client.accounts.readable(max_wait=0)


def test_max_wait_is_for_the_rate_limit_alone(state: CyclrState, client: Client) -> None:
    client.accounts.all()
    state.faults.respond("GET", "/accounts", 503)
    sent = sent_by(client)

    with pytest.raises(UnreachableError):
        client.accounts.readable(max_wait=5)
    assert len(sent) == 3


def test_one_account_is_read_by_its_id(client: Client) -> None:
    assert client.account(ACCOUNT).get().name == "Acme EU"


def test_an_array_of_one_passes_for_an_account(state: CyclrState, client: Client) -> None:
    state.faults.rewrite("GET", "/accounts/*", lambda found: [found])

    assert client.account(ACCOUNT).get().id == ACCOUNT


def test_an_unknown_account_is_not_found(client: Client) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.account("nobody").get()
    assert caught.value.status == 404


def test_the_connectors_of_an_unknown_account_are_refused(client: Client) -> None:
    with pytest.raises(PermanentError) as caught:
        client.account("nobody").connectors.all()
    assert isinstance(caught.value, AccountRefusedError | NotFoundError)


@pytest.mark.parametrize("account_id", ["", ".", "..", " a", "a\r\nX: 1", "\ud800", 5])
def test_an_account_that_no_request_can_name_is_none(client: Client, account_id: Any) -> None:
    with pytest.raises(UnsendableError) as caught:
        client.account(account_id)
    assert caught.value.__context__ is None


# ---- made ----


def test_an_account_is_made_with_what_is_given_and_nothing_else(client: Client) -> None:
    sent = sent_by(client)

    account = client.accounts.create(
        id="shop 7/ü",
        name="Harbour Books",
        description="Ann's",
        timezone="Europe/London",
        next_bill_at=datetime(2026, 12, 24, tzinfo=UTC),
        audit_info="A-1",
        task_audit_info="T-1",
        success_retention_hours=0,
        errored_retention_hours=900,
        is_error_webhook_enabled=True,
        error_webhook_url="hooks.acme.example/x",
        error_webhook_includes_warnings=True,
    )

    assert (account.id, account.name, account.timezone) == (
        "shop 7/ü",
        "Harbour Books",
        "Europe/London",
    )
    assert (account.success_retention_hours, account.errored_retention_hours) == (0, 744)
    assert account.error_webhook_url == "https://hooks.acme.example/x"
    assert account == client.account("shop 7/ü").get()
    assert sent[0].body == {
        "Id": "shop 7/ü",
        "Name": "Harbour Books",
        "Description": "Ann's",
        "Timezone": "Europe/London",
        "NextBillDateUtc": "2026-12-24T00:00:00Z",
        "AuditInfo": "A-1",
        "TaskAuditInfo": "T-1",
        "StepDataSuccessRetentionHours": 0,
        "StepDataErroredRetentionHours": 900,
        "TransactionErrorWebhookEnabled": True,
        "TransactionErrorWebhookUrl": "hooks.acme.example/x",
        "TransactionErrorWebhookIncludeWarnings": True,
    }


def test_without_an_id_cyclr_makes_one(state: CyclrState, client: Client) -> None:
    sent = sent_by(client)

    account = client.accounts.create(name="Shop")

    assert account.id in state.accounts
    assert sent[0].body == {"Name": "Shop"}


def test_a_sub_account_is_listed_under_its_parent(client: Client) -> None:
    child = client.accounts.create(name="Branch", parent_id=ACCOUNT)

    assert [found.id for found in client.account(ACCOUNT).subaccounts.all()] == [child.id]
    assert list(client.account(child.id).subaccounts.iterate()) == []
    with pytest.raises(NotFoundError):
        client.account("nobody").subaccounts.all()


def test_an_id_in_use_is_told_apart(state: CyclrState, client: Client) -> None:
    with pytest.raises(AccountIdInUseError) as caught:
        client.accounts.create(name="Again", id=ACCOUNT)

    assert isinstance(caught.value, RefusedError)
    assert str(caught.value) == "POST /accounts: refused (status 400): ID already in use"
    assert list(state.accounts) == [ACCOUNT]


@pytest.mark.parametrize("fault", ["drop_after_effect", "truncate", "html"])
def test_a_lost_answer_leaves_it_open_whether_there_is_an_account(
    state: CyclrState, client: Client, fault: str
) -> None:
    getattr(state.faults, fault)("POST", "/accounts")

    with pytest.raises(OutcomeUnknownError):
        client.accounts.create(name="Shop", id="shop-1")


@pytest.mark.parametrize(
    "values",
    [
        {"name": ""},
        {"name": " "},
        {"id": ".."},
        {"id": " a"},
        {"parent_id": "\n"},
        {"is_error_webhook_enabled": True},
        {"is_error_webhook_enabled": True, "error_webhook_url": " "},
        {"next_bill_at": datetime(2026, 1, 1)},
    ],
)
def test_an_account_that_cannot_be_is_not_asked_for(client: Client, values: Any) -> None:
    sent = sent_by(client)

    with pytest.raises(UnsendableError) as caught:
        client.accounts.create(**{"name": "Shop", **values})
    assert caught.value.call == "POST /accounts"
    assert sent == []


# ---- changed ----


def test_a_change_leaves_alone_what_it_does_not_name(client: Client) -> None:
    made = client.accounts.create(
        id="a", name="Old", description="kept", success_retention_hours=5, audit_info="gone"
    )
    sent = sent_by(client)

    changed = client.account("a").update(name="New", audit_info=None)

    assert (changed.name, changed.description, changed.audit_info) == ("New", "kept", None)
    assert changed.success_retention_hours == made.success_retention_hours == 5
    assert (sent[0].method, sent[0].body) == ("PUT", {"Name": "New", "AuditInfo": None})


def test_none_clears_the_retention(client: Client) -> None:
    client.accounts.create(id="a", name="Shop", success_retention_hours=5)

    assert client.account("a").update(success_retention_hours=None).success_retention_hours is None


def test_a_negative_retention_is_refused_in_cyclrs_words(client: Client) -> None:
    with pytest.raises(RefusedError) as caught:
        client.account(ACCOUNT).update(errored_retention_hours=-10)
    assert caught.value.cyclr_message == (
        "StepDataErroredRetentionHours (-10): must be non negative"
    )


def test_a_webhook_is_enabled_with_its_url_only(client: Client) -> None:
    account = client.account(ACCOUNT)
    account.update(error_webhook_url=HOOK)
    with pytest.raises(UnsendableError):
        account.update(is_error_webhook_enabled=True)

    enabled = account.update(is_error_webhook_enabled=True, error_webhook_url=HOOK)
    disabled = account.update(is_error_webhook_enabled=False)

    assert enabled.is_error_webhook_enabled is True
    assert (disabled.is_error_webhook_enabled, disabled.error_webhook_url) == (False, HOOK)


def test_the_address_of_a_webhook_is_in_no_error(client: Client) -> None:
    with pytest.raises(RefusedError) as caught:
        client.account(ACCOUNT).update(
            is_error_webhook_enabled=True, error_webhook_url="ftp://canary-7f21.example"
        )
    assert "canary-7f21" not in str(caught.value)
    assert "is not a valid URL" in str(caught.value)


@pytest.mark.parametrize("values", [{}, {"name": " "}])
def test_a_change_must_change_something_that_can_be(client: Client, values: Any) -> None:
    with pytest.raises(UnsendableError):
        client.account(ACCOUNT).update(**values)


def test_a_lost_change_is_unknown(state: CyclrState, client: Client) -> None:
    state.faults.drop_after_effect("PUT", "/accounts/*")

    with pytest.raises(OutcomeUnknownError):
        client.account(ACCOUNT).update(name="New")


# ---- removed, used ----


def test_a_deleted_account_is_gone_and_its_id_is_free(state: CyclrState, client: Client) -> None:
    client.account(ACCOUNT).delete()

    assert ACCOUNT not in state.accounts
    with pytest.raises(NotFoundError):
        client.account(ACCOUNT).delete()
    assert client.accounts.create(name="Again", id=ACCOUNT).id == ACCOUNT


def test_the_usage_of_the_period_is_read(client: Client) -> None:
    usage = client.account(ACCOUNT).usage()

    assert (usage.id, usage.tasks_used) == (ACCOUNT, 0)
    assert usage.started_at is not None and usage.ended_at is not None
    assert usage.started_at < usage.ended_at
    with pytest.raises(NotFoundError):
        client.account("nobody").usage()


def test_a_usage_without_its_parts_is_one_still() -> None:
    assert Usage.from_json({"tasksused": "318", "New": 1}) == Usage(tasks_used=318)
    assert Usage.from_json({"StartTime": 5}) == Usage()
    with pytest.raises(UndecodableError):
        Usage.from_json([])


# ---- signed in to ----


def test_a_sign_in_token_is_made_for_a_user(state: CyclrState, client: Client) -> None:
    token = client.account(ACCOUNT).sign_in_token("owner@shop.example")
    url = connect_url(
        "https://service.cyclr.test",
        account_connector_id=1,
        token=token,
        target_origin="https://desk.example/done",
    )

    assert token.token not in repr(token)
    assert [effect.kind for effect in state.ledger] == ["user", "sign_in_token"]
    assert url.startswith("https://service.cyclr.test/connectorauth/")


def test_a_sign_in_token_needs_somebody(client: Client) -> None:
    with pytest.raises(UnsendableError):
        client.account(ACCOUNT).sign_in_token(" ")
