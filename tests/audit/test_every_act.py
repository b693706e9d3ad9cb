"""No act without an entry: each address that takes POST leaves one, or says here why it does not.

Where the trail cannot be written, nothing happens either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from dashboard.audit.models import AuditEntry
from dashboard.operations import handlers
from dashboard.people.models import Role
from tests.factories import make_user
from tests.pages import nothing_changes, signed_in
from tests.support.acts import ACTS
from tests.support.audit import full_trail
from tests.support.every_address import every_address, named
from tests.support.world import World

pytestmark = pytest.mark.django_db


A_WORKER = {
    "account_new": "accounts.create",
    "account_edit": "accounts.update",
    "account_delete": "accounts.delete",
    "account_user_add": "accounts.add_user",
    "account_user_remove": "accounts.remove_user",
    "install_new": "installs.install",
    "connector_setup": "connectors.set_properties",
    "connector_edit": "connectors.edit",
    "connector_settings": "connectors.change_settings",
    "connector_credentials": "connectors.replace_credentials",
    "connector_native": "connectors.set_native",
    "connector_deauthenticate": "connectors.deauthenticate",
    "connector_delete": "connectors.delete",
    "settings_error_webhook_set": "accounts.update",
    "cycle_activate": "cycles.activate",
    "cycle_deactivate": "cycles.deactivate",
    "cycle_delete": "cycles.delete",
    "template_install": "templates.install",
}
"""What asks for an operation: it is recorded in the transaction that ends it, done or failed
(`tests/operations/test_every_kind.py`), or that cancels it."""
OTHERWISE = {
    "a press that is recorded when the worker has done it": {
        "method_detail": "methods.call (tests/methods/test_calling.py)",
        "connector_test": "connectors.test, where it is news (tests/connectors)",
        "connector_run_new": "a preview: bulk.start, when it begins",
        "install_several": "a preview: bulk.start, when it begins",
        "install_many": "a preview: bulk.start, when it begins",
        "template_install_many": "a preview: bulk.start, when it begins",
        "campaign_new": "a preview: bulk.start, when it begins",
        "settings_error_webhook_set_many": "a preview: bulk.start, when it begins",
        "console_new": "console_setup.add or check_failed (tests/console_setup)",
        "console_credentials": "console_setup.credentials or check_failed (tests/console_setup)",
        "test_method_try": "a test without a link or a schedule: what is news of it",
    },
    "a press that is recorded, and needs a Cyclr or a device: tried in tests of its own": {
        "settings_console": "tests/consoles/test_changes.py",
        "onboarding_start": "tests/onboarding/test_runs.py",
        "onboarding_send": "tests/onboarding/test_runs.py",
        "onboarding_table_go_on": "tests/onboarding/test_tables.py",
        "test_method_choose": "tests/settings_pages/test_test_methods.py",
        "passkey_add": "tests/sign_in/test_passkey_story.py",
        "passkey_sign_in": "tests/sign_in/test_second_factor.py",
        "mfa_authenticate": "tests/sign_in/test_second_factor.py",
    },
    "nothing is changed: Cyclr is read again, or a form is looked at": {
        "search": "what is typed does not stand in an address",
        "connector_install_new": "on to the form of install_many",
        "account_list_refresh": "",
        "account_refresh": "",
        "account_users_read": "",
        "account_usage_read": "",
        "connector_look_up": "",
        "method_read": "",
        "method_choices": "",
        "release_drift_read": "",
        "library_read": "",
        "cycle_incidents_read": "cycles.read_incidents, by the worker",
        "cycle_transactions_read": "cycles.read_transactions, by the worker",
        "cycle_check": "",
        "onboarding_check_now": "",
        "test_method_look_up": "",
        "email_text_preview": "",
        "session_stay": "the session's own time",
        "passkey_options": "a challenge",
        "company_begin": "on to the identity provider; who comes back is recorded",
        "password_forgotten": "a message to the address's owner, with no word about whether it is "
        "known; what is done with it is recorded",
    },
    "one's own view, or a plan that nobody carried out": {
        "shortcut_list": "",
        "connector_columns": "",
        "notification_seen": "",
        "notification_preferences": "",
        "factor_later": "",
        "install_check": "a draft of one's own",
        "install_discard": "a draft of one's own",
        "onboarding_new": "a plan: onboarding.start, when it begins",
        "onboarding_account": "a plan",
        "onboarding_plan": "a plan",
        "onboarding_discard": "a plan",
        "onboarding_connector_pick": "a plan",
        "onboarding_template_pick": "a plan",
        "onboarding_step_edit": "a plan",
        "onboarding_table_new": "a plan: onboarding.table_start, when it begins",
    },
    "customers and machines: the link's or launch link's story has it": {
        "entry_new": "links.connect, once it is connected",
        "link_continue": "links.connect, once it is connected",
        "launch_continue": "launches.start, by the worker",
        "link_glued": "on to the page whose address it is",
        "error_webhook_post": "a hint: an account is read",
        "csp_report": "a line of the log",
        "api_root": "says that nothing is here",
        "api_nothing": "says that nothing is here",
    },
}
"""Addresses that are not tried here, and why not."""


def test_every_address_that_takes_posts_is_decided_on() -> None:
    posts = {one.name for one in every_address() if one.posts}
    reasons = [name for names in OTHERWISE.values() for name in names]
    decided = [*ACTS, *A_WORKER, *reasons]

    assert sorted(decided) == sorted(set(decided))
    assert posts == set(decided)
    assert len(ACTS) > 107


def test_every_operation_that_is_asked_for_is_recorded_when_it_ends() -> None:
    assert all(handlers.handler_for(kind).is_recorded for kind in A_WORKER.values())


def test_every_test_that_a_reason_names_is_there() -> None:
    named_ones = re.findall(r"tests/[\w/]+\.py", str(OTHERWISE))

    assert [one for one in named_ones if not (Path(settings.BASE_DIR) / one).is_file()] == []


@pytest.fixture
def press(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """Everything is ready for the act of this name; the press itself is left."""
    name: str = request.getfixturevalue("name")
    act, address = ACTS[name], named(name)
    world, user = World(), make_user(Role.ADMIN)
    browser = signed_in(user) if act.is_staff else Client()
    browser.raise_request_exception = False
    act.before(world, user)
    url = world.url(address, **act.keys(world, user))
    url += f"?{query}" if (query := act.query(world)) else ""
    values = act.sent(browser, url, world, reads=address.reads)
    told = act.told(world)
    act.browse(browser, world)
    return lambda: browser.post(url, values, **told)


def newest() -> int:
    return max(AuditEntry.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("name", sorted(ACTS))
def test_an_act_leaves_its_entries(name: str, press: Callable[[], Any]) -> None:
    before = newest()

    answer = press()

    found = AuditEntry.objects.filter(pk__gt=before).order_by("pk")
    assert tuple(found.values_list("action", flat=True)) == ACTS[name].entries, answer.status_code
    good = {422} if ACTS[name].is_refused else {200, 201, 202, 204, 302, 303}
    assert answer.status_code in good


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", sorted(ACTS))
def test_where_the_trail_cannot_be_written_nothing_happens(
    name: str, press: Callable[[], Any]
) -> None:
    """With real transactions: what is not in that of its entry stays, and is seen here."""
    with full_trail(), nothing_changes():
        press()
