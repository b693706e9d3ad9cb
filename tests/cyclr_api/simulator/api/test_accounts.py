"""Accounts: made, changed, removed, their sub-accounts and their usage."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from cyclr_api.simulator import CyclrState, load_state, mount
from tests.cyclr_api.simulator.conftest import SHOP, Caller

GUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

NO_URL = "Transaction Error Webhook enabled: Transaction Error Webhook URL must be defined"

SUCCESS, ERRORED = "StepDataSuccessRetentionHours", "StepDataErroredRetentionHours"
ENABLED, URL = "TransactionErrorWebhookEnabled", "TransactionErrorWebhookUrl"
WARNINGS = "TransactionErrorWebhookIncludeWarnings"

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({SUCCESS: -10}, f"{SUCCESS} (-10): must be non negative"),
    ({ERRORED: -1}, f"{ERRORED} (-1): must be non negative"),
    ({ERRORED: "-744"}, f"{ERRORED} (-744): must be non negative"),
    ({ENABLED: True}, NO_URL),
    ({ENABLED: "true", URL: None}, NO_URL),
    ({ENABLED: True, URL: "", WARNINGS: True}, NO_URL),
    ({ENABLED: True, URL: " "}, "https://  is not a valid URL"),
    ({ENABLED: True, URL: "   "}, "https://    is not a valid URL"),
    ({URL: "two words.example"}, "https://two words.example is not a valid URL"),
    ({URL: "ftp://hooks.example"}, "ftp://hooks.example is not a valid URL"),
    ({URL: "https://"}, "https:// is not a valid URL"),
    ({URL: "https://[half"}, "https://[half is not a valid URL"),
    ({URL: "hooks.example:port"}, "https://hooks.example:port is not a valid URL"),
    ({URL: "hooks.example/\u202e"}, "https://hooks.example/\u202e is not a valid URL"),
    ({"Name": ""}, "Name is required"),
    ({"Name": None}, "Name is required"),
]


def create(api: Caller, **body: Any) -> requests.Response:
    return api("POST", "/accounts", json=body)


def created(api: Caller, **body: Any) -> dict[str, Any]:
    answer = create(api, **{"Id": "a-1", "Name": "Acme", **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def message_of(answer: requests.Response) -> tuple[int, dict[str, Any]]:
    return answer.status_code, answer.json()


# -- made ----------------------------------------------------------------------------------------


def test_a_new_account_has_every_attribute(state: CyclrState, api: Caller) -> None:
    state.clock = lambda: datetime(2024, 1, 31, 9, 12, 55, 127418, tzinfo=UTC)
    api.token = api.ask_token().json()["access_token"]

    assert created(api) == {
        "Id": "a-1",
        "Name": "Acme",
        "Description": None,
        "CreatedDate": "2024-01-31T09:12:55.1274188Z",
        "AuditInfo": None,
        "TaskAuditInfo": None,
        "Timezone": "Etc/UTC",
        "NextBillDateUtc": "2024-02-29T00:00:00Z",
        SUCCESS: None,
        ERRORED: None,
        ENABLED: False,
        URL: None,
        WARNINGS: False,
    }


def test_what_is_sent_is_kept_and_returned(api: Caller) -> None:
    sent = {
        "Name": "Harbour Maps",
        "description": "property names in any case",
        "AUDITINFO": "plan=pro",
        "TaskAuditInfo": "free text",
        "Timezone": "Europe/London",
        "NextBillDateUtc": "2024-04-04",
        SUCCESS: "24",
        ERRORED: 0,
        ENABLED: "true",
        URL: "http://hooks.example:8080/cyclr?x=1",
        WARNINGS: True,
    }

    account = created(api, **sent)

    del account["CreatedDate"]
    assert account == {
        "Id": "a-1",
        "Name": "Harbour Maps",
        "Description": "property names in any case",
        "AuditInfo": "plan=pro",
        "TaskAuditInfo": "free text",
        "Timezone": "Europe/London",
        "NextBillDateUtc": "2024-04-04T00:00:00Z",
        SUCCESS: 24,
        ERRORED: 0,
        ENABLED: True,
        URL: "http://hooks.example:8080/cyclr?x=1",
        WARNINGS: True,
    }


def test_a_new_account_is_there_for_everybody(state: CyclrState, api: Caller) -> None:
    account = created(api)
    api.account = "a-1"

    assert api.get("/accounts/a-1").json() == account
    assert api.get("/accounts?pageSize=1000").json()[-1] == account
    assert api.get("/account/connectors").json() == []
    assert [(e.kind, e.account, e.by) for e in state.ledger] == [("account", "a-1", "api")]


@pytest.mark.parametrize("body", [{}, {"Id": None}, {"Id": ""}, {"Id": "  "}])
def test_without_an_id_an_account_gets_a_guid(api: Caller, body: dict[str, Any]) -> None:
    first = create(api, Name="One", **body).json()["Id"]
    second = create(api, Name="One", **body).json()["Id"]

    assert GUID.fullmatch(first)
    assert GUID.fullmatch(second)
    assert first != second


def test_made_up_ids_are_the_same_for_the_same_world(state: CyclrState, api: Caller) -> None:
    with requests.Session() as session:
        mount(state.copy(), session)
        other = create(Caller(state.api_url, session), Name="One").json()

    assert create(api, Name="One").json()["Id"] == other["Id"]


@pytest.mark.parametrize(
    "account_id", ["acme/us", "with space", "100%", "a?b#c&d", "bücher/雪", "5", "\u202eabc"]
)
def test_an_id_may_be_any_text(api: Caller, account_id: str) -> None:
    assert created(api, Id=account_id)["Id"] == account_id
    assert api.get(f"/accounts/{quote(account_id, safe='')}").json()["Id"] == account_id


def test_blanks_around_an_id_are_lost(api: Caller) -> None:
    assert created(api, Id=" a-2 ")["Id"] == "a-2"


@pytest.mark.parametrize("account_id", ["a\x00b", "line\nend", "\ud800"])
def test_an_id_that_no_request_could_carry_is_refused(
    state: CyclrState, api: Caller, account_id: str
) -> None:
    answer = create(api, Id=account_id, Name="x")

    assert message_of(answer) == (400, {"Message": "ID is not valid"})
    assert state.ledger == []


def test_an_id_in_use_is_refused(state: CyclrState, api: Caller) -> None:
    answer = create(api, Id=SHOP, Name="Again")

    assert (answer.status_code, answer.content) == (400, b'{"Message":"ID already in use"}')
    assert state.accounts[SHOP].name == "Harbour Books"
    assert state.ledger == []


def test_a_name_is_required(api: Caller) -> None:
    answer = create(api, Id="free")

    assert answer.status_code == 400
    assert "Name is required" in answer.text
    assert api("POST", "/accounts").status_code == 400


# -- what is refused, of new ones and of old ones ------------------------------------------------


@pytest.mark.parametrize(("body", "message"), REFUSED)
def test_a_new_account_must_be_valid(
    state: CyclrState, api: Caller, body: dict[str, Any], message: str
) -> None:
    before = list(state.accounts)

    answer = create(api, **{"Id": "free", "Name": "Acme", **body})

    assert message_of(answer) == (400, {"Message": message})
    assert list(state.accounts) == before


@pytest.mark.parametrize(("body", "message"), REFUSED)
def test_a_changed_account_must_be_valid(
    state: CyclrState, api: Caller, body: dict[str, Any], message: str
) -> None:
    before = api.get(f"/accounts/{SHOP}").json()

    answer = api.put(f"/accounts/{SHOP}", **{"Description": "lost", **body})

    assert message_of(answer) == (400, {"Message": message})
    assert api.get(f"/accounts/{SHOP}").json() == before
    assert state.ledger == []


def test_a_refusal_is_compact(api: Caller) -> None:
    answer = create(api, Name="x", **{SUCCESS: -10})

    assert answer.content == (
        b'{"Message":"StepDataSuccessRetentionHours (-10): must be non negative"}'
    )


def test_the_webhook_needs_its_url_again(api: Caller) -> None:
    created(api, **{URL: "https://hooks.example/cyclr"})

    answer = api.put("/accounts/a-1", **{ENABLED: True, WARNINGS: True})

    assert message_of(answer) == (400, {"Message": NO_URL})
    assert api.get("/accounts/a-1").json()[ENABLED] is False


# -- changed -------------------------------------------------------------------------------------


def test_a_change_is_partial(state: CyclrState, api: Caller) -> None:
    before = created(api, Description="kept", **{SUCCESS: 24})
    saved = state.changes

    answer = api.put("/accounts/a-1", Name="Acme Ltd", id="a-1")

    assert (answer.status_code, answer.json()) == (200, {**before, "Name": "Acme Ltd"})
    assert api.get("/accounts/a-1").json()["Name"] == "Acme Ltd"
    assert [e.kind for e in state.ledger] == ["account", "account_update"]
    assert state.changes > saved


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(745, 744), (744, 744), (10**9, 744), (0, 0), (None, None), ("5", 5), ("many", 24)]
    + [(True, 24), ("", 24), (10**30, 24)],
)
@pytest.mark.parametrize("name", [SUCCESS, ERRORED])
def test_retention_is_a_number_of_hours_up_to_a_month(
    api: Caller, name: str, sent: object, kept: int | None
) -> None:
    created(api, **{name: 24})

    answer = api.put("/accounts/a-1", **{name: sent})

    assert (answer.status_code, answer.json()[name]) == (200, kept)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("staging.example/x", "https://staging.example/x"),
        ("localhost:9000", "https://localhost:9000"),
        ("HTTP://Hooks.example", "HTTP://Hooks.example"),
        (None, None),
        ("", None),
    ],
)
def test_an_address_without_a_scheme_gets_one(api: Caller, sent: object, kept: object) -> None:
    created(api, **{URL: "https://old.example"})

    assert api.put("/accounts/a-1", **{URL: sent}).json()[URL] == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2025-12-31", "2025-12-31T00:00:00Z"),
        ("12/31/2025", "2025-12-31T00:00:00Z"),
        ("2025-12-31T23:59:58.1234567Z", "2025-12-31T23:59:58Z"),
        ("2025-12-31T01:00:00+02:00", "2025-12-30T23:00:00Z"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00Z"),
        ("31/12/2025", "2024-04-04T00:00:00Z"),
        ("9999-12-31T23:59:59-12:00", "2024-04-04T00:00:00Z"),
        ("soon", "2024-04-04T00:00:00Z"),
        (None, "2024-04-04T00:00:00Z"),
        (5, "2024-04-04T00:00:00Z"),
    ],
)
def test_the_next_bill_is_a_date(api: Caller, sent: object, kept: str) -> None:
    created(api, NextBillDateUtc="2024-04-04")

    answer = api.put("/accounts/a-1", NextBillDateUtc=sent)

    assert (answer.status_code, answer.json()["NextBillDateUtc"]) == (200, kept)


def test_null_clears_texts_and_says_nothing_of_the_rest(api: Caller) -> None:
    before = created(api, Description="x", AuditInfo="y", Timezone="Asia/Tokyo", **{WARNINGS: True})

    sent = dict.fromkeys(["Description", "AuditInfo", "Timezone", WARNINGS])
    after = api.put("/accounts/a-1", **sent).json()
    api.put("/accounts/a-1", Timezone="")

    assert after == {**before, "Description": None, "AuditInfo": None}
    assert api.get("/accounts/a-1").json() == after


def test_an_id_in_a_change_is_ignored(state: CyclrState, api: Caller) -> None:
    assert api.put(f"/accounts/{SHOP}", Id="other").json()["Id"] == SHOP
    assert "other" not in state.accounts


def test_only_an_account_that_is_there_can_be_changed(api: Caller) -> None:
    assert api.put("/accounts/unknown", Name="x").status_code == 404


# -- removed -------------------------------------------------------------------------------------


def test_an_account_goes_with_all_that_is_in_it(state: CyclrState, api: Caller) -> None:
    installed = [one.id for one in state.installed[SHOP]]
    token = api.sign_in_token()

    answer = api("DELETE", f"/accounts/{SHOP}", json={})

    assert answer.status_code == 200
    assert api.get(f"/accounts/{SHOP}").status_code == 404
    assert api.get("/account/connectors").status_code == 401
    assert SHOP not in state.installed
    assert SHOP not in state.users
    assert 19046 not in state.connectors
    assert state.sessions.spend_sign_in_token(token) is None
    with pytest.raises(KeyError):
        state.find_installed(installed[0])
    assert state.ledger[-1].kind == "account_delete"


def test_an_id_is_free_again(state: CyclrState, api: Caller) -> None:
    state.cycles.add(Name="Orders", Simulator={"AccountId": SHOP})
    api("DELETE", f"/accounts/{SHOP}")

    account = created(api, Id=SHOP, Name="Another")

    assert account["Name"] == "Another"
    assert state.cycles.of(SHOP) == []
    assert api.get("/account/connectors").json() == []
    assert api.get(f"/accounts/{SHOP}/users").json() == []


def test_only_an_account_that_is_there_can_be_removed(api: Caller) -> None:
    assert api("DELETE", "/accounts/unknown", json={}).status_code == 404


def test_a_browser_comes_too_late_for_a_removed_account(state: CyclrState, api: Caller) -> None:
    number = str(state.installed[SHOP][0].id)
    query = {"id": number, "token": api.sign_in_token(), "targetOrigin": "https://d.example"}
    api("DELETE", f"/accounts/{SHOP}")

    page = f"{state.service_url}/connectorauth/updateaccountconnectoroauth"
    answer = api.session.get(page, params=query, timeout=10)

    assert answer.status_code == 403


# -- sub-accounts and usage ----------------------------------------------------------------------


def test_sub_accounts_are_listed_with_their_parent(state: CyclrState, api: Caller) -> None:
    for name in ("a-1", "a-2", "a-3"):
        created(api, Id=name, ParentAccountId=SHOP)
    path = f"/accounts/{SHOP}/subaccounts"

    assert [one["Id"] for one in api.get(path).json()] == ["a-1", "a-2", "a-3"]
    assert api.get(f"{path}?page=2&pageSize=1").json() == [api.get("/accounts/a-2").json()]
    assert api.get(f"{path}?sortOrderAsc=false").json()[0]["Id"] == "a-3"
    assert api.get(f"{path}?page=9").json() == []


def test_an_account_may_have_no_sub_accounts(api: Caller) -> None:
    assert api.get(f"/accounts/{SHOP}/subaccounts").json() == []
    assert api.get("/accounts/unknown/subaccounts").status_code == 404


def test_the_parent_is_never_shown(state: CyclrState, api: Caller) -> None:
    account = created(api, ParentAccountId=SHOP)

    assert {"ParentAccountId", "Simulator"}.isdisjoint(account)
    assert state.accounts["a-1"].parent_id == SHOP


def test_an_unknown_parent_is_refused(state: CyclrState, api: Caller) -> None:
    answer = create(api, Name="x", ParentAccountId="unknown")

    assert message_of(answer) == (400, {"Message": "Parent account was not found"})
    assert state.ledger == []


def test_sub_accounts_outlive_their_parent(state: CyclrState, api: Caller) -> None:
    created(api, ParentAccountId=SHOP)
    api("DELETE", f"/accounts/{SHOP}")
    created(api, Id=SHOP)

    assert api.get("/accounts/a-1").status_code == 200
    assert api.get(f"/accounts/{SHOP}/subaccounts").json() == []


def test_families_survive_a_copy_and_a_file(state: CyclrState, api: Caller, tmp_path: Path) -> None:
    created(api, ParentAccountId=SHOP)
    state.dump(tmp_path / "world.json")

    for again in (state.copy(), load_state(tmp_path / "world.json")):
        assert [one.id for one in again.accounts.sub_accounts(SHOP)] == ["a-1"]


@pytest.mark.parametrize(
    ("next_bill", "now", "month"),
    [
        ("2024-04-04T00:00:00Z", "2024-03-20", ("2024-03-04", "2024-04-04")),
        ("2024-04-04T00:00:00Z", "2024-04-04", ("2024-04-04", "2024-05-04")),
        ("2020-01-31T00:00:00Z", "2024-03-05", ("2024-02-29", "2024-03-31")),
        ("2030-01-01T00:00:00Z", "2023-12-31", ("2023-12-01", "2024-01-01")),
        ("0001-01-01T00:00:00", "2024-03-20", ("2024-03-01", "2024-04-01")),
        (None, "2024-12-20", ("2024-12-01", "2025-01-01")),
        ("never", "2024-12-20", ("2024-12-01", "2025-01-01")),
    ],
)
def test_usage_is_of_the_billing_month_around_now(
    state: CyclrState, api: Caller, next_bill: str | None, now: str, month: tuple[str, str]
) -> None:
    state.add_account(
        Id="busy", Name="Busy", NextBillDateUtc=next_bill, Simulator={"TasksUsed": 318}
    )
    state.clock = lambda: datetime.fromisoformat(now).replace(tzinfo=UTC)
    api.token = api.ask_token().json()["access_token"]

    assert api.get("/accounts/busy/usage").json() == {
        "Id": "busy",
        "TasksUsed": 318,
        "StartTime": f"{month[0]}T00:00:00Z",
        "EndTime": f"{month[1]}T00:00:00Z",
    }


def test_usage_counts_what_the_cycles_used(state: CyclrState, api: Caller) -> None:
    state.add_account(Id="busy", Name="Busy", Simulator={"TasksUsed": 300})
    for number in (7, 11):
        state.cycles.add(Name="Orders", TasksUsed=number, Simulator={"AccountId": "busy"})

    assert api.get("/accounts/busy/usage").json()["TasksUsed"] == 318


def test_a_new_account_has_used_nothing(api: Caller) -> None:
    created(api)

    assert api.get("/accounts/a-1/usage").json()["TasksUsed"] == 0
    assert api.get("/accounts/unknown/usage").status_code == 404


# -- whatever comes ------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [SHOP, "unknown", "", "a\tb"])
def test_the_account_header_means_nothing_to_the_partner(api: Caller, header: str) -> None:
    api.account = header

    created(api)
    assert api.put("/accounts/a-1", Name="x").status_code == 200
    assert api.get("/accounts/a-1/usage").status_code == 200
    assert api("DELETE", "/accounts/a-1").status_code == 200


@pytest.mark.parametrize(
    "value",
    [[], {}, ["x"], {"x": 1}, [None]],
    ids=repr,
)
@pytest.mark.parametrize(
    "name",
    ["Id", "Name", "Description", "Timezone", "NextBillDateUtc", "ParentAccountId"]
    + [SUCCESS, ENABLED, URL],
)
def test_an_array_or_object_is_no_value(
    state: CyclrState, api: Caller, name: str, value: Any
) -> None:
    answer = create(api, **{"Name": "Acme", "Id": "a-1", name: value})

    assert message_of(answer) == (400, {"Message": "The request is invalid."})
    assert state.ledger == []


@pytest.mark.parametrize("text", ["x" * 100_000, "\ud800", "\x00", "\u202eabc", "👩‍👩‍👧‍👦", "<b>"])
def test_texts_come_back_as_they_were_sent(api: Caller, text: str) -> None:
    texts = dict.fromkeys(["Name", "Description", "AuditInfo", "TaskAuditInfo", "Timezone"], text)

    account = created(api, **texts)

    assert account == {**account, **texts}
    assert api.put("/accounts/a-1", **texts).json() == account


@pytest.mark.parametrize("body", [b"[]", b"5", b'"x"', b"null", b"{", b"\xff", b"{" * 10_000])
@pytest.mark.parametrize(("method", "path"), [("POST", "/accounts"), ("PUT", f"/accounts/{SHOP}")])
def test_a_body_is_an_object(
    state: CyclrState, api: Caller, method: str, path: str, body: bytes
) -> None:
    answer = api(method, path, data=body, headers={"Content-Type": "application/json"})

    assert message_of(answer) == (400, {"Message": "The request is invalid."})
    assert state.ledger == []


def test_a_lenient_body_is_read(api: Caller) -> None:
    body = b"{Id: 'a-1', name: 'Acme', StepDataSuccessRetentionHours: '7'}"

    answer = api("POST", "/accounts", data=body)

    assert (answer.json()["Name"], answer.json()[SUCCESS]) == ("Acme", 7)


def test_a_document_that_changed_is_encoded_anew(state: CyclrState, api: Caller) -> None:
    created(api)
    state.accounts["a-1"].document["Name"] = "changed beneath"
    state.accounts["a-1"].changed()

    assert json.loads(state.accounts["a-1"].encoded())["Name"] == "changed beneath"
