"""What Cyclr may send, and what becomes of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api import (
    Account,
    AccountConnector,
    AuthMethod,
    Connector,
    Parameter,
    Property,
    PropertyValue,
    SignInToken,
    UndecodableError,
)
from cyclr_api.decoding import (
    Record,
    as_flag,
    as_moment,
    as_text,
    as_whole,
    decode_json,
    decode_list,
    decode_one,
    decode_readable,
    decode_some,
    moment_text,
)
from cyclr_api.models import account_connectors

CANARY = "canary-1f0c"

ACCOUNT = {
    "Id": "shop-1042.example",
    "Name": "Harbour Books",
    "Description": None,
    "CreatedDate": "2024-03-04T09:12:55.1274183Z",
    "AuditInfo": None,
    "TaskAuditInfo": None,
    "Timezone": "Europe/London",
    "NextBillDateUtc": "2024-04-04T00:00:00Z",
    "StepDataSuccessRetentionHours": None,
    "StepDataErroredRetentionHours": 72,
    "TransactionErrorWebhookEnabled": True,
    "TransactionErrorWebhookUrl": f"https://hooks.shop.example/{CANARY}",
    "TransactionErrorWebhookIncludeWarnings": False,
}
PARAMETER = {
    "IsAccountConnectorProperty": True,
    "TargetType": "HttpHeader",
    "TargetName": "SigningKey",
    "IsSensitive": True,
    "Id": 880103,
    "Name": "Signing Key",
    "Description": "Shown once when the app is created.",
    "IsOptional": False,
    "DataType": "Text",
    "TriggerName": None,
    "Values": [],
}
METHOD = {
    "Id": "6f0d3b52-7c1e-4b8a-9e55-0b6a3c1f2d10",
    "AuthName": "OAuth 2.0",
    "AuthDescription": None,
    "AuthType": "OAuth2",
    "OAuth2Type": "AuthorisationCode",
    "AuthScheme": None,
}
CONNECTOR = {
    "Id": 17301,
    "Name": "Parcel Desk",
    "Description": "Ship and track parcels.",
    "Status": "Approved",
    "Version": "2.0",
    "Icon": "data:image/png;base64,iVBORw0KGgo=",
    "Categories": ["Ecommerce"],
    "AuthDescription": None,
    "AuthType": "OAuth2",
    "OAuth2Type": "AuthorisationCode",
    "AuthScheme": None,
    "Parameters": [PARAMETER],
    "Authentication": [METHOD],
    "Triggers": [{"TriggerId": 4410, "Name": "List warehouses"}],
}
INSTALLED = {
    "Id": 90412,
    "Name": "Parcel Desk (EU shop)",
    "Description": None,
    "AuthValue": CANARY,
    "Authenticated": False,
    "Connector": CONNECTOR,
    "IsPartnerIntegrationConnector": False,
    "Properties": [{"Name": "SigningKey", "Value": CANARY, "Id": 5, "AccountConnectorId": 90412}],
    "CustomFields": [],
}
Decoder = Callable[[object], Any]
SAMPLES: list[tuple[Decoder, dict[str, Any]]] = [
    (Account.from_json, ACCOUNT),
    (Connector.from_json, CONNECTOR),
    (AccountConnector.from_json, INSTALLED),
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def test_an_account_as_the_api_sends_it() -> None:
    account = Account.from_json(ACCOUNT)

    assert account == Account(
        id="shop-1042.example",
        name="Harbour Books",
        timezone="Europe/London",
        created_at=datetime(2024, 3, 4, 9, 12, 55, 127418, UTC),
        next_bill_at=datetime(2024, 4, 4, tzinfo=UTC),
        errored_retention_hours=72,
        is_error_webhook_enabled=True,
        error_webhook_url=f"https://hooks.shop.example/{CANARY}",
        error_webhook_includes_warnings=False,
    )
    assert account.extra == {}


def test_a_connector_as_the_api_sends_it() -> None:
    connector = Connector.from_json(CONNECTOR)

    assert (connector.id, connector.name, connector.version) == (17301, "Parcel Desk", "2.0")
    assert connector.categories == ("Ecommerce",)
    assert connector.parameters[0] == Parameter(
        id=880103,
        name="Signing Key",
        target_name="SigningKey",
        description="Shown once when the app is created.",
        is_account_property=True,
        is_sensitive=True,
        data_type="Text",
        target_type="HttpHeader",
    )
    assert connector.authentication == (
        AuthMethod(
            id="6f0d3b52-7c1e-4b8a-9e55-0b6a3c1f2d10",
            name="OAuth 2.0",
            type="OAuth2",
            oauth2_type="AuthorisationCode",
        ),
    )
    assert connector.triggers[0].id == 4410
    assert not connector.is_draft


def test_an_account_connector_as_the_api_sends_it() -> None:
    installed = AccountConnector.from_json(INSTALLED)

    assert (installed.id, installed.authenticated, installed.is_native) == (90412, False, False)
    assert installed.connector == Connector.from_json(CONNECTOR)
    assert installed.properties == (PropertyValue(5, "SigningKey", CANARY),)
    assert installed.extra == {"CustomFields": []}


@pytest.mark.parametrize(("decode", "sample"), SAMPLES)
def test_secrets_and_icons_are_not_shown_and_not_kept(
    decode: Decoder, sample: dict[str, Any]
) -> None:
    more = {
        "AUTHVALUE": CANARY,
        "AccessToken": CANARY,
        "client_secret": CANARY,
        "Nested": [{"Password": CANARY, "Value": CANARY, "Icon": "data:", "Colour": "red"}],
    }
    value = decode(sample | more)

    assert CANARY not in repr(value)
    assert CANARY not in json.dumps(value.extra)
    assert value.extra["Nested"] == [{"Colour": "red"}]
    assert "data:" not in repr(dataclasses.asdict(value))


def test_auth_values_are_nowhere() -> None:
    installed = AccountConnector.from_json(INSTALLED | {"Properties": []})

    assert CANARY not in repr(dataclasses.asdict(installed))


def test_what_is_sent_or_signs_in_is_not_shown() -> None:
    token = SignInToken.from_json({"Token": CANARY, "ExpiresAtUtc": "2024-03-04T09:17:55Z"})

    assert CANARY not in repr([token, Property("a", CANARY)])
    assert token.expires_at == datetime(2024, 3, 4, 9, 17, 55, tzinfo=UTC)


def test_a_sign_in_token_without_an_end_lives_five_minutes() -> None:
    token = SignInToken.from_json({"token": "a+b/c="})

    assert 290 < (token.expires_at - datetime.now(UTC)).total_seconds() <= 300


@pytest.mark.parametrize("value", [{}, {"Token": None}, {"Token": ""}, {"Token": 5}, [], None])
def test_a_sign_in_token_without_a_token_is_none(value: object) -> None:
    with pytest.raises(UndecodableError):
        SignInToken.from_json(value)


@pytest.mark.parametrize(("decode", "sample"), SAMPLES)
@given(data=st.data())
def test_any_field_may_be_missing_null_retyped_or_spelt_otherwise(
    decode: Decoder, sample: dict[str, Any], data: st.DataObject
) -> None:
    changed = {
        data.draw(st.sampled_from([key, key.lower(), key.upper()])): data.draw(
            st.sampled_from([value, None]) | anything
        )
        for key, value in sample.items()
        if key == "Id" or data.draw(st.booleans())
    }
    try:
        value = decode(changed)
    except UndecodableError:
        return
    assert value.id
    assert isinstance(value.name, str)
    repr(value)


@pytest.mark.parametrize(("decode", "sample"), SAMPLES)
def test_the_case_of_keys_does_not_matter(decode: Decoder, sample: dict[str, Any]) -> None:
    def lowered(value: Any) -> Any:
        if isinstance(value, list):
            return [lowered(inner) for inner in value]
        if isinstance(value, dict):
            return {key.lower(): lowered(inner) for key, inner in value.items()}
        return value

    assert decode(lowered(sample)) == decode(sample)


@pytest.mark.parametrize(("decode", "sample"), SAMPLES)
@pytest.mark.parametrize("bad", [None, "text", 5, [], {}, {"Id": None}, {"Id": {}}, {"Id": ""}])
def test_a_useless_element_spoils_its_list_instead_of_vanishing(
    decode: Decoder, sample: dict[str, Any], bad: object
) -> None:
    with pytest.raises(UndecodableError):
        decode_list([sample, bad], decode)


@pytest.mark.parametrize(("decode", "sample"), SAMPLES)
@pytest.mark.parametrize("bad", [None, "text", 5, [], {}, {"Id": None}, {"Id": {}}, {"Id": ""}])
def test_or_is_left_out_and_counted(decode: Decoder, sample: dict[str, Any], bad: object) -> None:
    found = decode_readable([bad, sample, bad], decode)

    assert found == [decode(sample)]
    assert found.skipped == 2


def test_one_element_that_is_too_deep_spoils_no_other() -> None:
    deep: Any = {}
    for _ in range(900):
        deep = [deep]
    found = decode_readable([ACCOUNT | {"Odd": deep}, ACCOUNT | {"Id": "b"}], Account.from_json)

    assert found[-1].id == "b"
    assert len(found) + found.skipped == 2


@pytest.mark.parametrize("bad", [{"Id": 1}, None, "x", 5])
def test_a_list_must_be_a_list(bad: object) -> None:
    with pytest.raises(UndecodableError):
        decode_readable(bad, Account.from_json)
    with pytest.raises(UndecodableError):
        decode_list(bad, Account.from_json)


@pytest.mark.parametrize("account_id", ["0", " x ", "5e3", "{A}", "null", "a/b", "x" * 10_000])
def test_account_ids_are_text_exactly(account_id: str) -> None:
    assert Account.from_json({"Id": account_id}).id == account_id


def test_an_account_id_that_came_as_a_number_is_text() -> None:
    assert Account.from_json({"Id": 42}).id == "42"


@pytest.mark.parametrize("bad", [True, 1.5, 1.2e22, ["a"]])
def test_an_account_id_of_no_use_is_none(bad: object) -> None:
    with pytest.raises(UndecodableError):
        Account.from_json({"Id": bad})


@pytest.mark.parametrize("number", ["54321", 54321, 54321.0, " 54321 "])
def test_numeric_ids_may_come_as_text(number: object) -> None:
    assert Connector.from_json({"Id": number}).id == 54321


@pytest.mark.parametrize("bad", [0, -1, True, "1_000", "٣", 2**63, "9" * 30, 1e300, "0x1", 1.5])
def test_numeric_ids_are_no_guesses(bad: object) -> None:
    with pytest.raises(UndecodableError):
        Connector.from_json({"Id": bad})


@given(st.text())
def test_names_are_kept_exactly(name: str) -> None:
    body = json.dumps({"Id": "a", "Name": name}).encode()

    assert Account.from_json(decode_json(body)).name == name


@pytest.mark.parametrize(
    "name", ["<script>", "\u202eabc", "a\u0000b", "👩‍👩‍👧", "İ", " x ", "\r\n"]
)
def test_strange_names_are_kept_exactly(name: str) -> None:
    assert Connector.from_json({"Id": 1, "Name": name}).name == name


@pytest.mark.parametrize("version", [None, "", "null", "NULL", "  "])
def test_no_version_is_none(version: str | None) -> None:
    assert Connector.from_json({"Id": 1, "Version": version}).version is None


@pytest.mark.parametrize("version", ["v43.0", "2010-04-01", "SuiteTalk REST Web Services", " 1"])
def test_a_version_is_free_text(version: str) -> None:
    assert Connector.from_json({"Id": 1, "Version": version}).version == version


@pytest.mark.parametrize("absent", [{}, {"Authentication": None}, {"Authentication": []}])
def test_without_authentication_the_legacy_fields_count(absent: dict[str, Any]) -> None:
    legacy = {"AuthType": "ApiKey", "OAuth2Type": "AuthorisationCode", "AuthScheme": "X-Key"}
    connector = Connector.from_json({"Id": 1, "AuthDescription": "Ask.", **legacy, **absent})

    assert connector.authentication == (
        AuthMethod(id=None, type="ApiKey", scheme="X-Key", description="Ask."),
    )
    assert connector.extra == {}


def test_without_any_authentication_there_is_no_method() -> None:
    assert Connector.from_json({"Id": 1, "AuthType": None}).authentication == ()


def test_a_single_object_passes_for_a_list() -> None:
    assert len(Connector.from_json(CONNECTOR | {"Parameters": PARAMETER}).parameters) == 1


@pytest.mark.parametrize("odd", ["Region", 5, None, [], ["Region"]])
def test_an_odd_part_is_left_out_and_the_others_stay(odd: object) -> None:
    parts: dict[str, Any] = {
        "Parameters": [odd, PARAMETER],
        "Authentication": [METHOD, odd],
        "Triggers": [odd, {"TriggerId": 1, "Name": "Lists"}],
        "Categories": [["odd"], "Ecommerce", None],
    }
    connector = Connector.from_json(CONNECTOR | parts)
    installed = AccountConnector.from_json(
        INSTALLED
        | {"Properties": [odd, {"Id": 1, "Name": "Region"}], "Connector": connector_with(odd)}
    )

    assert [p.name for p in connector.parameters] == [PARAMETER["Name"]]
    assert [m.id for m in connector.authentication] == [METHOD["Id"]]
    assert [t.name for t in connector.triggers] == ["Lists"]
    assert connector.categories == ("Ecommerce",)
    assert [p.name for p in installed.properties] == ["Region"]
    assert installed.connector is not None and len(installed.connector.authentication) == 1


def connector_with(odd: object) -> dict[str, Any]:
    return CONNECTOR | {"Authentication": [odd, METHOD]}


def test_account_connectors_that_carry_the_same_release_share_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(account_connectors, "RELEASES_KEPT", 2)
    monkeypatch.setattr(account_connectors, "_releases", {})

    def of_release(number: int, **more: Any) -> Connector:
        carried = {"Id": number, "Name": "HubSpot"} | more
        found = AccountConnector.from_json({"Id": 1, "Connector": carried}).connector
        assert found is not None
        return found

    first = of_release(1)
    assert of_release(1) is first
    assert of_release(1, Version="2.0").version == "2.0"
    assert [of_release(number).id for number in (1, 2, 3, 4)] == [1, 2, 3, 4]
    assert of_release(1) == first
    assert len(account_connectors._releases) <= 2


def test_a_release_that_is_too_deep_to_be_compared_is_decoded_each_time() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]

    found = AccountConnector.from_json({"Id": 1, "Connector": {"Id": 7, "More": deep}})

    assert found.connector is not None and found.connector.id == 7


def test_a_connector_of_no_use_leaves_the_account_connector() -> None:
    assert AccountConnector.from_json(INSTALLED | {"Connector": {"Id": "?"}}).connector is None


@pytest.mark.parametrize(
    ("value", "sensitive"),
    [(True, True), (False, False), (None, False), ("true", True), ("0", False), ("maybe", True)],
)
def test_in_doubt_a_parameter_is_sensitive(value: object, sensitive: bool) -> None:
    assert Parameter.from_json(PARAMETER | {"IsSensitive": value}).is_sensitive is sensitive


def test_fixed_choices_may_be_of_any_scalar_type() -> None:
    assert Parameter.from_json({"Id": 1, "Values": ["a", 1, True, None, {}]}).values == (
        "a",
        "1",
        "true",
    )


def test_drafts_are_told_apart() -> None:
    assert Connector.from_json({"Id": 1, "ReleaseStatus": "Draft"}).is_draft


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2017-12-06T15:54:06.6440352Z", datetime(2017, 12, 6, 15, 54, 6, 644035, UTC)),
        ("2017-12-06T15:54:06", datetime(2017, 12, 6, 15, 54, 6, tzinfo=UTC)),
        ("2017-12-06T15:54:06.1", datetime(2017, 12, 6, 15, 54, 6, 100000, UTC)),
        ("2017-12-06 15:54", datetime(2017, 12, 6, 15, 54, tzinfo=UTC)),
        ("2017-12-06", datetime(2017, 12, 6, tzinfo=UTC)),
        ("2020-02-29T00:00:00+14:00", datetime(2020, 2, 28, 10, tzinfo=UTC)),
        ("2020-02-29T00:00:00-0130", datetime(2020, 2, 29, 1, 30, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:59.9999999", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
        ("9999-12-31T23:59:59-14:00", None),
        ("0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00.0000000Z", None),
        ("0000-01-01T00:00:00", None),
        ("2021-02-29T00:00:00", None),
        ("2021-01-01T25:00:00", None),
        ("2021-01-01T00:00:61", None),
        ("2021-01-01T00:00:00+99:00", None),
        ("٢٠٢١-01-01T00:00:00", None),
        ("/Date(1234567890123)/", None),
        ("12/31/2020", None),
        ("never", None),
        ("", None),
        (1700000000, None),
        (None, None),
        ({}, None),
    ],
)
def test_moments_are_understood_or_none(text: object, moment: datetime | None) -> None:
    assert as_moment(text) == moment


@given(anything)
def test_whatever_comes_a_scalar_is_understood_or_none(value: object) -> None:
    moment, number, flag, text = as_moment(value), as_whole(value), as_flag(value), as_text(value)

    assert moment is None or moment.tzinfo is UTC
    assert number is None or type(number) is int
    assert flag is None or type(flag) is bool
    assert text is None or type(text) is str


@pytest.mark.parametrize(
    ("value", "flag"),
    [("True", True), ("false", False), (1, True), (0, False), (2, None), ("", None), ([], None)],
)
def test_booleans_may_come_as_text_or_number(value: object, flag: bool | None) -> None:
    assert as_flag(value) is flag


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"NaN",
        b"[1e999]",
        b"\xff",
        b"1" * 5000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'["\\ud800", NaN]',
        b'["\\ud800"' + b"[" * 100_000,
        b'["\\ud800", ' + b"1" * 5000 + b"]",
    ],
)
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON") as caught:
        decode_json(body)
    assert caught.value.__cause__ is None


def test_a_lone_surrogate_does_not_spoil_its_listing() -> None:
    body = b'[{"Id": "a\\ud83d", "N\\uDC00": [1, "x\\ud83d\\ude00"]}]'

    assert decode_json(body) == [{"Id": "a\ufffd", "N\ufffd": [1, "x😀"]}]


@pytest.mark.parametrize(
    "number", [0, -1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 10**25, -(10**25)]
)
def test_a_number_is_the_same_with_and_without_a_lone_surrogate_beside_it(number: int) -> None:
    alone: Any = decode_json(b"%d" % number)
    beside: Any = decode_json(b'["\\ud800", %d]' % number)

    assert beside == ["\ufffd", alone]
    assert type(beside[1]) is type(alone)
    assert alone == number or alone == float(number)


def test_a_byte_order_mark_is_ignored() -> None:
    assert decode_json(b"\xef\xbb\xbf[1]") == [1]


def test_a_property_is_text() -> None:
    with pytest.raises(TypeError):
        Property("Port", 5432)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("decode", "value", "words"),
    [
        (lambda value: decode_list(value, Account.from_json), {}, "not a list"),
        (lambda value: decode_readable(value, Account.from_json), None, "not a list"),
        (lambda value: decode_some(value, Account.from_json), "x", "not a list"),
        (Account.from_json, [], "account: not an object"),
        (Account.from_json, {}, "account: no usable id"),
        (Connector.from_json, {"Id": 0}, "connector: no usable id"),
        (lambda value: Record(value, "step").text_id(), {"Id": " "}, "step: no usable id"),
        (SignInToken.from_json, {}, "sign-in token: no token"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_kind_alone(
    decode: Decoder, value: object, words: str
) -> None:
    with pytest.raises(UndecodableError) as caught:
        decode(value)

    assert str(caught.value) == words


def test_an_id_may_be_under_another_name() -> None:
    record = Record({"Id": 1, "StepId": " a ", "Number": "7"}, "step")

    assert (record.text_id("StepId"), record.numeric_id("Number")) == (" a ", 7)
    assert (record.text_id(), record.numeric_id()) == ("1", 1)


def test_one_object_may_come_in_a_list_of_one() -> None:
    assert decode_one([ACCOUNT], Account.from_json) == Account.from_json(ACCOUNT)
    assert decode_one(ACCOUNT, Account.from_json) == Account.from_json(ACCOUNT)
    for several in ([], [ACCOUNT, ACCOUNT]):
        with pytest.raises(UndecodableError):
            decode_one(several, Account.from_json)


def test_a_list_of_one_may_come_as_its_object() -> None:
    assert decode_some(ACCOUNT, Account.from_json) == decode_some([ACCOUNT], Account.from_json)
    assert decode_some([], Account.from_json) == []


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 3, 4, 9, 12, 55, 999999, UTC), "2024-03-04T09:12:55Z"),
        (datetime(2024, 3, 4, 9, tzinfo=timezone(timedelta(hours=14))), "2024-03-03T19:00:00Z"),
        (datetime(2, 1, 1, tzinfo=UTC), "0002-01-01T00:00:00Z"),
    ],
)
def test_a_moment_is_written_in_utc_to_the_second(moment: datetime, text: str) -> None:
    assert moment_text(moment) == text
    assert as_moment(text) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2024, 3, 4), "needs a time zone"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "outside of all years"),
        (datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))), "outside of all years"),
    ],
)
def test_a_moment_that_is_none_in_utc_is_not_written(moment: datetime, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        moment_text(moment)
