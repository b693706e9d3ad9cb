"""Which values of settings the mirror keeps, and who gave them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

import cyclr_api
from cyclr_api import Listing
from dashboard.mirror import sync, writing
from dashboard.mirror.models import AccountConnector
from tests.factories import make_account, make_account_connector

pytestmark = pytest.mark.django_db
SECRET = "s3cr3t-value-9"


def parameter(target: str, **values: Any) -> dict[str, Any]:
    """A setting of an installed connector."""
    made_up = {"Id": 1, "Name": target, "TargetName": target, "IsAccountConnectorProperty": True}
    return made_up | {"IsSensitive": False} | values


def installed(parameters: list[dict[str, Any]], **values: str) -> cyclr_api.AccountConnector:
    """An installed connector as Cyclr tells of it."""
    return cyclr_api.AccountConnector.from_json(
        {
            "Id": 7,
            "Name": "Shop",
            "Authenticated": True,
            "Connector": {"Id": 5, "Name": "Shop", "Version": "1", "Parameters": parameters},
            "Properties": [{"Name": name, "Value": value} for name, value in values.items()],
        }
    )


def kept(parameters: list[dict[str, Any]], **values: str) -> dict[str, str]:
    """The values that are kept of it."""
    columns = sync.account_connector_columns(installed(parameters, **values))
    found: dict[str, str] = columns.get("setting_values", {})
    return found


def test_a_value_that_is_no_secret_is_kept_and_a_secret_is_only_named() -> None:
    parameters = [parameter("Domain"), parameter("Token", IsSensitive=True)]
    columns = sync.account_connector_columns(
        installed(parameters, Domain="shop.example", Token=SECRET)
    )

    assert columns["setting_values"] == {"Domain": "shop.example"}
    assert columns["filled"] == ["Domain", "Token"]
    assert SECRET not in str(columns)


@pytest.mark.parametrize(
    "parameters",
    [
        [parameter("ClientSecret")],
        [parameter("x", Name="API token")],
        [parameter("x", IsHidden=True)],
        [parameter("x", IsAccountConnectorProperty=False)],
        [parameter("x"), parameter("x", IsSensitive=True)],
        [parameter("other")],
        [],
    ],
)
def test_what_is_not_known_to_be_no_secret_is_not_kept(parameters: list[dict[str, Any]]) -> None:
    assert not kept(parameters, x=SECRET, ClientSecret=SECRET)


@pytest.mark.parametrize(
    "value",
    [
        "https://user:s3cr3t@shop.example/",
        "-----BEGIN PRIVATE KEY-----\nMII",
        "********",
        "••••••",
        "a" * 1001,
        "",
    ],
)
def test_values_that_hold_a_secret_a_mask_or_a_book_are_not_kept(value: str) -> None:
    assert not kept([parameter("Url")], Url=value)


def test_a_listing_without_parameters_overwrites_no_known_value() -> None:
    assert "setting_values" not in sync.account_connector_columns(installed([], Domain="x.example"))


def listed(connector: AccountConnector, **values: str) -> None:
    """Have a listing tell of it that began now."""
    one = installed([parameter("Domain"), parameter("Token", IsSensitive=True)], **values)
    one = cyclr_api.AccountConnector(**{**_fields(one), "id": connector.cyclr_id})
    sync.write_account_connectors(connector.account, Listing([one]), timezone.now())
    connector.refresh_from_db()


def _fields(one: cyclr_api.AccountConnector) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def long_ago(**values: Any) -> AccountConnector:
    """A connector of an account that was told of yesterday."""
    then = timezone.now() - timedelta(days=1)
    account = make_account(seen_at=then, changed_at=then)
    return make_account_connector(account=account, seen_at=then, changed_at=then, **values)


def test_who_set_it_stays_until_somebody_else_does_or_it_has_no_value() -> None:
    by = ["2026-01-02T03:04:05+00:00", "Mara"]
    connector = long_ago(
        authenticated=True,
        filled=["Domain", "Token"],
        setting_values={"Domain": "a.example"},
        set_by={"": by, "Domain": by, "Token": by},
    )
    listed(connector, Domain="a.example", Token=SECRET)
    assert connector.set_by.keys() == {"", "Domain", "Token"}
    listed(connector, Domain="b.example", Token=SECRET)
    assert connector.set_by.keys() == {"", "Token"}
    listed(connector, Domain="b.example")

    assert connector.set_by == {"": by}
    assert connector.setting_values == {"Domain": "b.example"}


def test_settings_saved_from_here_are_theirs_and_their_old_value_is_not_shown() -> None:
    connector = long_ago(filled=["Domain"], setting_values={"Domain": "a.example"})
    with transaction.atomic():
        writing.write_settings(connector, ["Domain", "Token"], authenticated=None, by="Mara")
    connector.refresh_from_db()

    assert connector.filled == ["Domain", "Token"]
    assert connector.setting_values == {}
    assert {name: how[1] for name, how in connector.set_by.items()} == {
        "Domain": "Mara",
        "Token": "Mara",
    }


def test_new_credentials_are_whoever_typed_them() -> None:
    by = ["2026-01-02T03:04:05+00:00", "Mara"]
    connector = long_ago(filled=["Domain", "Old"], set_by={"Domain": by, "Old": by})
    columns = {"authenticated": True, "filled": ["Domain"]}
    with transaction.atomic():
        writing.write_connector(connector, columns, names=[""], by="Customer")
    connector.refresh_from_db()

    assert connector.set_by["Domain"] == by
    assert connector.set_by[""][1] == "Customer"
    assert "Old" not in connector.set_by


def test_an_install_is_all_its_installer_s() -> None:
    account = make_account()
    columns = {"name": "Shop", "authenticated": True, "filled": ["Domain"]}
    row = writing.write_installed(account, 9, columns, authentication_id="", by="Mara")

    assert {name: how[1] for name, how in row.set_by.items()} == {"": "Mara", "Domain": "Mara"}
