"""What a connector still needs from the customer, from what the mirror knows."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.links.requirements import Requirements, requirements_of_all
from dashboard.mirror.catalogue import AuthType
from dashboard.mirror.models import Account, AccountConnector
from tests.factories import API_KEY, OAUTH, make_account, make_account_connector, make_connector
from tests.installs.test_install_form import BASIC, CLIENT, NONE, PASSWORD, STRANGE, parameter

pytestmark = pytest.mark.django_db

REGION = parameter(Name="Region", TargetName="Region")
SHOP = parameter(Name="Shop", TargetName="ShopName")
LOCALE = parameter(Name="Locale", TargetName="Locale", IsOptional=True)


def requirements(
    *parameters: dict[str, Any], methods: list[dict[str, Any]], filled: list[str], **values: Any
) -> Requirements:
    """The needs of a Parcel Desk that asks for these, with these settings filled."""
    account = make_account()
    make_connector(console=account.console, name="Parcel Desk", parameters=list(parameters))
    installed = make_account_connector(
        account=account,
        name="Parcels",
        connector_name="Parcel Desk",
        connector_version="",
        authentication=methods,
        filled=filled,
        **values,
    )
    return requirements_of_all([installed])[installed.pk]


@pytest.mark.parametrize(
    ("method", "does"),
    [
        (API_KEY, "types an API key and 1 setting"),
        (BASIC, "types a user name and a password and 1 setting"),
        (OAUTH, "types 1 setting, then signs in at Parcel Desk"),
        (PASSWORD, "types 1 setting"),
        (CLIENT, "types 1 setting"),
        (NONE, "types 1 setting"),
        (STRANGE, "types 1 setting"),
    ],
)
def test_what_the_customer_will_do_with_a_setting_missing(
    method: dict[str, Any], does: str
) -> None:
    wanted = requirements(REGION, SHOP, LOCALE, methods=[method], filled=["Region"])

    assert wanted.customer_does == does
    assert [one.target_name for one in wanted.missing] == ["ShopName"]
    assert wanted.must_type and not wanted.is_nothing


@pytest.mark.parametrize(
    ("method", "does", "is_nothing"),
    [
        (API_KEY, "types an API key", False),
        (OAUTH, "signs in at Parcel Desk", False),
        (PASSWORD, "presses Continue", False),
        (CLIENT, "types client credentials", False),
        (NONE, "may enter its settings again", False),
        (STRANGE, "may enter its settings again", False),
    ],
)
def test_what_the_customer_will_do_when_all_is_filled(
    method: dict[str, Any], does: str, is_nothing: bool
) -> None:
    wanted = requirements(REGION, methods=[method], filled=["Region"])

    assert (wanted.customer_does, wanted.is_nothing) == (does, is_nothing)


@pytest.mark.parametrize("method", [NONE, STRANGE])
def test_where_nothing_can_be_typed_the_customer_has_nothing_to_do(
    method: dict[str, Any],
) -> None:
    wanted = requirements(methods=[method], filled=[])

    assert (wanted.customer_does, wanted.is_nothing) == ("has nothing to do", True)


def test_names_of_settings_are_compared_as_cyclr_writes_them() -> None:
    wanted = requirements(REGION, methods=[API_KEY], filled=["region"])

    assert [one.target_name for one in wanted.missing] == ["Region"]


def test_of_several_methods_signing_in_is_preferred_until_it_is_known_which_was_used() -> None:
    assert requirements(methods=[API_KEY, OAUTH], filled=[]).auth_type == AuthType.SIGN_IN
    assert requirements(methods=[BASIC, API_KEY], filled=[]).auth_type == AuthType.BASIC
    known = requirements(methods=[API_KEY, OAUTH], filled=[], authentication_id=API_KEY["Id"])

    assert known.auth_type == AuthType.API_KEY


def test_credentials_that_are_settings_can_be_typed_anew() -> None:
    for method in (PASSWORD, CLIENT, NONE, STRANGE):
        again = requirements(REGION, methods=[method], filled=["Region"])
        assert [one.target_name for one in again.optional] == ["Region"]

    assert requirements(REGION, methods=[API_KEY], filled=["Region"]).optional == ()


def test_an_accounts_own_connector_comes_before_the_consoles() -> None:
    account = make_account()
    installed = make_account_connector(
        account=account, connector_name="Till", connector_version="", authentication=[NONE]
    )
    make_connector(console=account.console, name="Till", parameters=[REGION])
    make_connector(console=account.console, account=account, name="Till", parameters=[SHOP])
    make_connector(console=account.console, account=make_account(), name="Till")

    wanted = requirements_of_all([installed])[installed.pk]

    assert [one.target_name for one in wanted.missing] == ["ShopName"]


def test_a_connector_that_the_library_lost_still_asks_for_its_key() -> None:
    installed = make_account_connector(connector_name="Gone", authentication=[API_KEY])

    wanted = requirements_of_all([installed])[installed.pk]

    assert (wanted.library, wanted.customer_does) == (None, "types an API key")


def test_the_link_form_says_what_the_customer_will_do(harbour: Account, agent: Client) -> None:
    AccountConnector.objects.filter(connector_name="Shopify").update(filled=[])
    make_account_connector(account=harbour, name="Hook", authentication=[NONE])
    page = agent.get(reverse("link_new", args=[harbour.pk])).content.decode()

    assert "Authenticated. The customer types an API key and 1 setting." in page
    assert "Not authenticated. The customer signs in at HubSpot." in page
    assert "Not listed, since the customer cannot do anything for it: <bdi>Hook</bdi>." in page
