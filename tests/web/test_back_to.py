"""What is read on a first look leads back to what was asked for, and nowhere else."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.mirror.models import Account, AccountConnector
from tests.factories import make_account, make_account_connector, make_cycle

pytestmark = pytest.mark.django_db

PAGES = ["method_read", "cycle_incidents_read", "cycle_transactions_read"]
LISTS = {
    "method_read": "method_list",
    "cycle_incidents_read": "cycle_incidents",
    "cycle_transactions_read": "cycle_transactions",
}


@pytest.fixture
def key() -> dict[str, int]:
    account = make_account()
    cycle = make_cycle(account=account)
    return {
        "method_read": make_account_connector(account=account).pk,
        "cycle_incidents_read": cycle.pk,
        "cycle_transactions_read": cycle.pk,
    }


@pytest.mark.parametrize("name", PAGES)
def test_a_reading_keeps_what_was_searched_for(
    name: str, key: dict[str, int], agent: Client
) -> None:
    page = reverse(LISTS[name], args=[key[name]])
    answer = agent.post(reverse(name, args=[key[name]]), {"next": f"{page}?q=orders&page=2"})
    assert answer["Location"] == f"{page}?q=orders&page=2"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    "asked", ["", "/accounts/?q=x", "https://elsewhere.example/", "//elsewhere.example/?q", "\x00"]
)
def test_it_leads_nowhere_else(name: str, asked: str, key: dict[str, int], agent: Client) -> None:
    answer = agent.post(reverse(name, args=[key[name]]), {"next": asked})
    assert answer["Location"] == reverse(LISTS[name], args=[key[name]])


def test_the_form_of_a_first_look_says_what_was_searched_for(
    harbour: Account, agent: Client
) -> None:
    connector = AccountConnector.objects.get(account=harbour, connector_name="MailChimp")
    page = reverse("method_list", args=[connector.pk])
    html = agent.get(f"{page}?q=orders").content.decode()
    assert f'name="next" value="{page}?q=orders"' in html
