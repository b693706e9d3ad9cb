"""The set of default connectors as an administrator changes it, and as others see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from dashboard.audit.models import AuditEntry
from dashboard.defaults import services
from dashboard.defaults.models import DefaultConnector
from dashboard.installs.naming import By
from dashboard.mirror.models import Account
from dashboard.people.models import Role
from tests.accounts.conftest import as_drawn
from tests.defaults.conftest import make_default
from tests.factories import make_console, make_user
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, signed_in, text_of
from tests.simulated import library

LIST, PICK = "/settings/defaults/", "/settings/defaults/pick/"


def new_url(name: str) -> str:
    return reverse("default_new", args=[library(name).pk])


def fill(browser: Client, address: str, **typed: str | None) -> Any:
    """Open the form, type, send; None takes a tick out."""
    drawn = as_drawn(browser.get(address))
    form = browser.get(address).context["form"]
    drawn |= {name: str(form[name].value()) for name in ("release", "layout", "submission")}
    values = drawn | typed
    return browser.post(address, {name: one for name, one in values.items() if one is not None})


def order(browser: Client) -> list[str]:
    """The set as the page lists it."""
    return [str(one.default) for one, *_ in browser.get(LIST).context["rows"]]


def test_the_first_one_is_taken_for_the_own_product(harbour: Account, admin: Client) -> None:
    empty = text_of(admin.get(LIST))
    fill(admin, new_url("Pipedrive"))
    fill(admin, new_url("Freshdesk"), **{"parameter-0": "acme", "name": "Desk"})
    first, second = DefaultConnector.objects.of(harbour.console)

    assert "No default connectors yet" in empty
    assert first.is_native and not second.is_native
    assert (first.installs_by, second.name) == (By.VERSION, "Desk")
    assert second.values == {"FreshdeskDomain": "acme"}
    assert order(admin) == ["Pipedrive 1.0", "Freshdesk 2.0"]
    entry = AuditEntry.objects.get(action="defaults.add", target="Freshdesk 2.0")
    assert "acme" not in str(entry.__dict__)
    assert "Added the default connector" in text_of(admin.get(reverse("audit_list")))


@pytest.mark.parametrize("name", ["Miva", "Sage Intacct", "Access CRM", "SugarCRM", "Snowflake"])
def test_no_secret_is_asked(name: str, harbour: Account, admin: Client) -> None:
    answer = admin.get(new_url(name))
    form = answer.context["form"]
    fill(admin, new_url(name), **{f"auth-{one}": "canary" for one in ("key", "user")})
    row = DefaultConnector.objects.get()

    assert not [one for one in form.fields if one.startswith("auth-") or form.is_secret(one)]
    assert "never part of the set" in text_of(answer)
    assert "canary" not in str(row.__dict__)


def test_it_is_changed_moved_and_removed(harbour: Account, admin: Client) -> None:
    for name in ("Klaviyo", "Freshdesk", "JIRA"):
        make_default(library(name), position=DefaultConnector.objects.count())
    jira = DefaultConnector.objects.get(connector_name="JIRA")
    moving = reverse("default_move", args=[jira.pk])
    admin.post(moving, {"up": ""})
    assert order(admin) == ["Klaviyo", "JIRA 2.0", "Freshdesk 2.0"]
    admin.post(moving, {"down": ""})
    admin.post(moving, {"down": ""})
    assert order(admin) == ["Klaviyo", "Freshdesk 2.0", "JIRA 2.0"]

    edit = jira.get_absolute_url()
    fill(admin, edit, **{"parameter-1": "true", "is_native": "on", "installs_by": "id"})
    jira.refresh_from_db()
    assert (jira.values, jira.installs_by) == ({"OnPremisesInstallation": "true"}, By.ID)
    assert order(admin)[0] == "JIRA 2.0"
    assert 'value="true" selected' in text_of(admin.get(edit))
    admin.post(reverse("default_remove", args=[jira.pk]))
    assert order(admin) == ["Klaviyo", "Freshdesk 2.0"]


def test_a_connector_stands_in_the_set_once(harbour: Account, admin: Client) -> None:
    fill(admin, new_url("Pipedrive"))
    answer = fill(admin, new_url("Pipedrive"))

    assert answer.status_code == 409 and "in the set already" in text_of(answer)
    assert "In the set" in text_of(admin.get(PICK + "?q=pipedrive"))
    with pytest.raises(IntegrityError):
        make_default(library("Pipedrive"))


def test_a_set_does_not_grow_for_ever(
    harbour: Account, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST", 1)
    fill(admin, new_url("Pipedrive"))
    answer = fill(admin, new_url("Freshdesk"))

    assert answer.status_code == 409 and "Remove one first" in text_of(answer)


def test_the_library_is_found_by_name_and_id(harbour: Account, admin: Client) -> None:
    for search in ("freshdesk", "16925"):
        page = text_of(admin.get(PICK, {"q": search}))
        assert new_url("Freshdesk") in page, search
        assert "Klaviyo" not in page
    assert "No connector matches" in text_of(admin.get(PICK, {"q": "nothing of the kind"}))


def test_a_form_of_an_older_release_is_drawn_again(harbour: Account, admin: Client) -> None:
    answer = fill(admin, new_url("Freshdesk"), release="1", **{"parameter-0": "acme"})

    assert answer.status_code == 409 and "A new release of this connector" in text_of(answer)
    assert 'value="acme"' in text_of(answer) and not DefaultConnector.objects.exists()


def test_what_is_live_no_longer_can_only_be_removed(harbour: Account, admin: Client) -> None:
    row = make_default(library("Pipedrive"), release_id=1)
    page = text_of(admin.get(row.get_absolute_url()))

    assert "The live release of Pipedrive 1.0 is 16830" in page and "Add to the set" not in page
    assert reverse("default_remove", args=[row.pk]) in page
    assert "Cannot be installed" in text_of(admin.get(LIST))
    assert admin.post(row.get_absolute_url()).status_code == 200


@pytest.mark.parametrize("typed", [{"name": ""}, {"name": "x" * 201}, {"parameter-1": "x"}])
def test_what_no_install_would_take_is_refused(
    typed: dict[str, str], harbour: Account, admin: Client
) -> None:
    answer = fill(admin, new_url("Itris"), **typed)

    assert answer.status_code == 422 and not DefaultConnector.objects.exists()


def test_names_are_letters_only(harbour: Account, admin: Client, lead: Client) -> None:
    connector = library("Freshdesk")
    for place, name in enumerate(HOSTILE):
        connector.pk, connector.name, connector.release_id = None, name, 900 + place
        connector.save()
        make_default(connector, name=name, position=place)

    for browser, page in ((admin, LIST), (admin, PICK), (lead, reverse("account_new"))):
        assert_only_letters(text_of(browser.get(page)))
    for row in DefaultConnector.objects.all():
        assert_only_letters(text_of(admin.get(row.get_absolute_url())))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT, Role.LEAD])
def test_others_read_it(role: Role, harbour: Account) -> None:
    row = make_default(library("Pipedrive"))
    browser = signed_in(make_user(role))
    page = text_of(browser.get(LIST))

    assert "Pipedrive" in page and "Add connector" not in page and "Move" not in page
    with nothing_changes():
        for name, pk in (
            ("default_new", library("Klaviyo").pk),
            ("default_edit", row.pk),
            ("default_move", row.pk),
            ("default_remove", row.pk),
        ):
            assert browser.post(reverse(name, args=[pk])).status_code == 403
        assert browser.get(PICK).status_code == 403


def test_another_consoles_set_is_not_seen(harbour: Account) -> None:
    row = make_default(library("Pipedrive"))
    other = make_console(name="Second")
    browser = signed_in(make_user(Role.ADMIN, console=other))

    assert "Pipedrive" not in text_of(browser.get(LIST))
    assert browser.get(f"{LIST}?console={row.console_id}").status_code == 404
    assert browser.get(f"{LIST}?console=rubbish").status_code == 404
    assert browser.get(row.get_absolute_url()).status_code == 404
    assert browser.get(new_url("Klaviyo")).status_code == 404


def test_an_account_of_anothers_own_connector_is_not_offered(
    harbour: Account, admin: Client
) -> None:
    own = library("Klaviyo")
    own.account = harbour
    own.save()

    assert "Klaviyo" not in text_of(admin.get(PICK + "?q=klaviyo"))
    assert admin.get(reverse("default_new", args=[own.pk])).status_code == 404
