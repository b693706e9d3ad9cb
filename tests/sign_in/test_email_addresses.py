"""Everybody has the one verified address that allauth looks for."""

from __future__ import annotations

import importlib

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.urls import NoReverseMatch, reverse

from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def rows() -> list[tuple[str, bool, bool]]:
    return list(EmailAddress.objects.values_list("email", "primary", "verified"))


def test_a_new_colleague_has_their_address_in_lower_case() -> None:
    make_user(email="Ann@Desk.example")

    assert rows() == [("ann@desk.example", True, True)]


def test_an_address_that_changes_is_the_only_one() -> None:
    user = make_user(email="ann@desk.example")
    user.email = "Anna@Desk.example"
    user.save()
    user.save()

    assert rows() == [("anna@desk.example", True, True)]


def test_the_migration_gives_everybody_theirs_once_and_keeps_passwords() -> None:
    user = make_user(email="Ann@Desk.example")
    EmailAddress.objects.all().delete()
    migration = importlib.import_module("dashboard.sign_in.migrations.0001_verified_addresses")

    migration.add_addresses(apps, None)
    migration.add_addresses(apps, None)

    assert rows() == [("ann@desk.example", True, True)]
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize(
    "name",
    [
        "account_signup",
        "account_email",
        "account_request_login_code",
        "account_confirm_email",
        "socialaccount_signup",
        "socialaccount_connections",
    ],
)
def test_what_we_left_out_of_allauth_has_no_address(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)
