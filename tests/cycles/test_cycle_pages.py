"""Cycles and templates: lists, filters, their pages, and what they cost the database."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.mirror import sync
from dashboard.mirror.models import (
    Account,
    AccountConnector,
    Cycle,
    CycleConnector,
    Template,
    TemplateConnector,
)
from dashboard.people.models import Membership, Role
from tests.factories import make_account, make_console, make_cycle, make_template, make_user
from tests.pages import signed_in, text_of

NASTY = "<b>Orders</b> & {{ more }}"


@pytest.fixture
def account(db: None) -> Account:
    """An account of a console."""
    return make_account(console=make_console(), cyclr_id="shop-1", name="Harbour Books")


@pytest.fixture
def viewer(account: Account) -> Client:
    """A browser in which a Viewer is signed in."""
    return signed_in(make_user(Role.VIEWER))


def listed(browser: Client, query: str = "") -> str:
    """The list of cycles."""
    return text_of(browser.get(f"{reverse('cycle_list')}{query}"))


def test_the_demo_is_read_and_shown(cyclr: CyclrState, harbour: Account, agent: Client) -> None:
    sync.refresh_templates(harbour.console)

    cycles = text_of(agent.get(reverse("cycle_list")))
    templates = text_of(agent.get(reverse("template_list")))

    assert cycles.count('id="row-cycle-') == Cycle.objects.count() > 0
    assert templates.count('id="row-template-') == min(50, Template.objects.count()) > 0
    for cycle in Cycle.objects.all():
        assert agent.get(cycle.get_absolute_url()).status_code == 200
    for template in Template.objects.all():
        assert agent.get(template.get_absolute_url()).status_code == 200


def test_filters_narrow_the_list(account: Account, viewer: Client) -> None:
    make_cycle(account=account, name="Runs well")
    make_cycle(account=account, name="Has errors", error_count=7)
    make_cycle(account=account, name="Stands still", status="Stopped")
    make_cycle(account=account, name="Warns", warning_count=2)
    make_cycle(account=account, name="Was deleted", gone_at=timezone.now())
    shown = {
        state: {
            name
            for name in ("Runs well", "Has errors", "Stands still", "Warns", "Was deleted")
            if name in listed(viewer, f"?state={state}")
        }
        for state in ("running", "stopped", "errors", "warnings", "gone", "rubbish")
    }

    assert shown["running"] == {"Runs well", "Has errors", "Warns"}
    assert shown["stopped"] == {"Stands still"} and shown["errors"] == {"Has errors"}
    assert shown["warnings"] == {"Warns"} and shown["gone"] == {"Was deleted"}
    assert len(shown["rubbish"]) == 5
    found = listed(viewer, "?q=harbour+stands")
    assert "Stands still" in found and "Runs well" not in found
    assert "No cycle matches" in listed(viewer, "?q=nothing-like-it")


def test_errors_come_first(account: Account, viewer: Client) -> None:
    make_cycle(account=account, name="A quiet one")
    make_cycle(account=account, name="Z with errors", error_count=3)
    make_cycle(account=account, name="Not told", error_count=None)

    page = listed(viewer)

    assert page.index("Z with errors") < page.index("A quiet one") < page.index("Not told")
    by_name = listed(viewer, "?sort=name")
    assert by_name.index("A quiet one") < by_name.index("Z with errors")


def test_a_cycle_tells_what_it_needs(account: Account, viewer: Client) -> None:
    template = make_template(console=account.console, name="Orders template")
    cycle = make_cycle(
        account=account, name=NASTY, template_cyclr_id=template.cyclr_id, tags=["<i>"]
    )
    ready = AccountConnector.objects.create(
        account=account, cyclr_id=7, name="Our HubSpot", authenticated=True
    )
    for number, name in ((7, "HubSpot"), (8, "Shopify"), (None, "Xero")):
        CycleConnector.objects.create(
            cycle=cycle, account_connector_cyclr_id=number, connector_name=name
        )

    page = text_of(viewer.get(cycle.get_absolute_url()))

    assert "<b>Orders" not in page and "&lt;b&gt;Orders" in page and "<i>" not in page
    assert ready.get_absolute_url() in page and "Our HubSpot" in page
    assert "The account does not have it" in page and "Not chosen yet" in page
    assert template.get_absolute_url() in page


def test_a_template_tells_what_it_needs_and_where_it_is(account: Account, viewer: Client) -> None:
    template = make_template(
        console=account.console, name=NASTY, description="From shop to CRM", tags=["orders"]
    )
    TemplateConnector.objects.create(
        template=template, connector_name="HubSpot", connector_version="2"
    )
    make_cycle(account=account, name="Made of it", template_cyclr_id=template.cyclr_id)
    make_cycle(account=account, name="Made by hand")

    page = text_of(viewer.get(template.get_absolute_url()))
    table = text_of(viewer.get(reverse("template_list")))

    assert "&lt;b&gt;Orders" in page and "HubSpot" in page and "not in the library" in page
    assert "Made of it" in page and "Made by hand" not in page
    assert "HubSpot" in table and "orders" in table and ">1</td>" in table
    narrowed = listed(viewer, f"?template={template.cyclr_id}")
    assert "Made of it" in narrowed and "Made by hand" not in narrowed
    assert "A template" in listed(viewer, "?template=nobody-knows")


def test_the_accounts_tab_lists_its_cycles(account: Account, viewer: Client) -> None:
    other = make_account(console=account.console, cyclr_id="shop-2", name="Other")
    make_cycle(account=account, name="Ours")
    make_cycle(account=other, name="Theirs")

    page = text_of(viewer.get(reverse("cycle_account_tab", args=[account.pk])))

    assert "Ours" in page and "Theirs" not in page
    assert reverse("cycle_account_tab", args=[account.pk]) in text_of(
        viewer.get(account.get_absolute_url())
    )
    Cycle.objects.all().delete()
    empty = text_of(viewer.get(reverse("cycle_account_tab", args=[account.pk])))
    assert "No cycles read yet" in empty


def test_what_is_empty_says_what_it_is(account: Account, viewer: Client) -> None:
    assert "No cycles" in listed(viewer)
    assert "No templates" in text_of(viewer.get(reverse("template_list")))
    assert "No template matches" in text_of(viewer.get(f"{reverse('template_list')}?q=x"))


def test_nobody_sees_another_consoles_cycles(account: Account) -> None:
    cycle, template = (
        make_cycle(account=account, name="Ours"),
        make_template(console=account.console, name="Ours too"),
    )
    stranger = make_user(Role.ADMIN)
    Membership.objects.filter(user=stranger).delete()
    Membership.objects.create(user=stranger, console=make_console(), role=Role.ADMIN)
    browser = signed_in(stranger)

    assert "Ours" not in listed(browser)
    assert "Ours too" not in text_of(browser.get(reverse("template_list")))
    assert browser.get(cycle.get_absolute_url()).status_code == 404
    assert browser.get(template.get_absolute_url()).status_code == 404


def test_the_lists_ask_the_database_no_more_for_more_rows(
    account: Account, viewer: Client, django_assert_max_num_queries: object
) -> None:
    def queries(url: str) -> int:
        viewer.get(url)
        with django_assert_max_num_queries(40) as found:  # type: ignore[operator]
            viewer.get(url)
        return len(found)

    urls = [reverse("cycle_list"), reverse("template_list")]

    def fill(count: int) -> None:
        for number in range(count):
            template = make_template(console=account.console, name=f"Template {number}")
            TemplateConnector.objects.create(template=template, connector_name="HubSpot")
            make_cycle(account=account, name=f"Cycle {number}", template_cyclr_id=template.cyclr_id)

    fill(2)
    few = [queries(url) for url in urls]
    fill(20)

    assert [queries(url) for url in urls] == few
