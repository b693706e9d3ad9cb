"""Older releases: what the live one asks in addition, what would stop, and whom to see to first."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.connectors.models import ConnectionTestMethod
from dashboard.methods.models import Method, SavedCall
from dashboard.mirror.models import CatalogueConnector, Release
from dashboard.people.models import Role, User
from dashboard.releases.drift import Drift, affected_by, drifts
from dashboard.releases.models import ReleaseReading
from tests.factories import (
    make_account,
    make_account_connector,
    make_connector,
    make_console,
    make_cycle,
    make_user,
)
from tests.pages import queries_of, text_of

pytestmark = pytest.mark.django_db
OLD, LIVE = 100, 200


def setting(target: str, *, is_optional: bool = False) -> dict[str, Any]:
    return {
        "Id": 1,
        "Name": target.title(),
        "TargetName": target,
        "IsAccountConnectorProperty": True,
        "IsOptional": is_optional,
        "DataType": "Text",
    }


@pytest.fixture
def crm() -> CatalogueConnector:
    """A connector of which the live release asks one setting more than the one before."""
    connector = make_connector(
        name="CRM", version="1.0", release_id=LIVE, parameters=[setting("region"), setting("site")]
    )
    Release.objects.create(
        console=connector.console,
        release_id=OLD,
        name="CRM",
        version="1.0",
        parameters=[setting("site")],
    )
    return connector


@pytest.fixture
def viewer() -> User:
    return make_user(Role.VIEWER)


def installed(crm: CatalogueConnector, release_id: int = OLD, **values: Any) -> Any:
    made_up = {"connector_name": "CRM", "connector_version": "1.0", "release_id": release_id}
    if "account" not in values:
        values["account"] = make_account(console=crm.console)
    return make_account_connector(**made_up | values)


def methods(crm: CatalogueConnector, release_id: int, *names: str) -> None:
    """They were read of a release."""
    account = make_account(console=crm.console)
    ReleaseReading.objects.create(
        console=crm.console, account=account, release_id=release_id, finished_at=timezone.now()
    )
    for name in names:
        Method.objects.create(
            console=crm.console, release_id=release_id, key=name, unique_id=name, name=name
        )


def only(crm: CatalogueConnector, user: User) -> Drift:
    (found,) = drifts([crm.console], user)
    return found


def test_each_older_release_is_listed_with_how_many_have_it(
    crm: CatalogueConnector, viewer: User
) -> None:
    account = make_account(console=crm.console)
    installed(crm, account=account)
    installed(crm, account=account)
    installed(crm)
    installed(crm, LIVE)
    installed(crm, connector_version="2.0")

    drift = only(crm, viewer)

    assert (drift.release_id, drift.installed, drift.accounts) == (OLD, 3, 2)


def test_what_the_live_one_asks_in_addition_is_told(crm: CatalogueConnector, viewer: User) -> None:
    installed(crm)

    drift = only(crm, viewer)

    assert drift.is_asked_known
    assert drift.asked == ["Region"]
    assert drift.needed == {"region"}


def test_where_the_old_one_was_never_told_of_nothing_is_claimed(
    crm: CatalogueConnector, viewer: User
) -> None:
    Release.objects.all().delete()
    installed(crm)

    drift = only(crm, viewer)

    assert not drift.is_asked_known
    assert not drift.asked


def test_the_test_method_and_saved_calls_that_would_stop_are_named(
    crm: CatalogueConnector, viewer: User
) -> None:
    installed(crm)
    ConnectionTestMethod.objects.create(
        console=crm.console,
        connector_name="CRM",
        connector_version="1.0",
        unique_id="Ping",
        method_name="Ping",
    )
    for owner, name, key in (
        (viewer, "Mine", "list"),
        (make_user(Role.AGENT), "Secret plan", "list"),
        (viewer, "Stays", "find"),
    ):
        SavedCall.objects.create(console=crm.console, method_key=key, name=name, owner=owner)
    assert only(crm, viewer).stops == 0  # nothing was read yet, so nothing is known

    methods(crm, OLD, "ping", "list", "find")
    methods(crm, LIVE, "find")

    drift = only(crm, viewer)
    assert drift.test_method == "Ping"
    assert sorted(drift.calls) == ["Mine", "a colleague’s own call"]


def test_accounts_with_running_cycles_come_first_then_those_that_lack_something(
    crm: CatalogueConnector, viewer: User
) -> None:
    has_all = installed(crm, filled=["region"])
    lacks = installed(crm)
    busy = installed(crm, filled=["region"])
    make_cycle(busy)
    make_cycle(lacks, status="Stopped")

    found = affected_by(only(crm, viewer))

    assert [one.connector for one in found] == [busy, lacks, has_all]
    assert found[0].running == 1
    assert found[1].lacks == ("region",)


def test_the_pages_name_them_and_lead_to_the_comparison(
    crm: CatalogueConnector, viewer: User
) -> None:
    installed(crm, name="Their CRM")
    browser = Client()
    browser.force_login(viewer)

    listed = text_of(browser.get(reverse("release_drift_list")))
    detail = text_of(browser.get(reverse("release_drift_detail", args=[crm.pk, OLD])))

    assert "CRM" in listed and "Region" in listed
    assert f"?from={OLD}&amp;to={LIVE}" in listed
    assert "Their CRM" in detail and "region" in detail
    assert browser.get(reverse("release_drift_detail", args=[crm.pk, LIVE])).status_code == 404


def test_other_consoles_are_not_shown(crm: CatalogueConnector) -> None:
    installed(crm)
    browser = Client()
    browser.force_login(make_user(Role.VIEWER, console=make_console()))

    assert "CRM" not in text_of(browser.get(reverse("release_drift_list")))
    address = reverse("release_drift_detail", args=[crm.pk, OLD])
    assert browser.get(address).status_code == 404


def test_many_cost_no_more_queries(crm: CatalogueConnector, viewer: User) -> None:
    browser = Client()
    browser.force_login(viewer)
    page = reverse("release_drift_list")
    installed(crm)
    queries_of(browser, page)
    few = queries_of(browser, page)
    for number in range(5):
        installed(crm, OLD + number)

    assert queries_of(browser, page) == few


def test_what_is_not_known_is_read_by_a_worker_when_somebody_asks(
    crm: CatalogueConnector, viewer: User
) -> None:
    installed(crm)
    browser = Client()
    browser.force_login(viewer)
    assert "Read what is not known" in text_of(browser.get(reverse("release_drift_list")))

    browser.post(reverse("release_drift_read"))
    browser.post(reverse("release_drift_read"))

    asked = ReleaseReading.objects.filter(finished_at=None).values_list("release_id", flat=True)
    assert sorted(asked) == [OLD, LIVE]
