"""What stops, and which links lead nowhere, without an installed connector."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.connectors.blast_radius import blast_radius, open_links_of
from dashboard.links.models import LinkItem
from dashboard.mirror.models import Account, AccountConnector
from tests.factories import make_account, make_account_connector, make_cycle, make_link

pytestmark = pytest.mark.django_db


def test_running_cycles_stop_and_the_others_cannot_be_activated() -> None:
    connector = make_account_connector()
    running = make_cycle(connector, name="B")
    resting = make_cycle(connector, name="A", status="Paused")
    odd = make_cycle(connector, name="C", status="DeleteScheduled")
    make_cycle(account=connector.account)
    make_cycle(connector, gone_at=timezone.now())

    found = blast_radius(connector)

    assert found.running == (running,)
    assert found.resting == (resting, odd)


def test_links_that_are_out_are_those_that_customers_can_use() -> None:
    connector = make_account_connector()
    out = make_link(connectors=[connector], recipient_name="Robin", recipient_email="r@x.example")
    make_link(connectors=[connector], expires_at=timezone.now() - timedelta(days=1))
    make_link(connectors=[connector], revoked_at=timezone.now())
    make_link(connectors=[make_account_connector(account=connector.account)])
    done = make_link(connectors=[connector])
    LinkItem.objects.filter(link=done).update(connected_at=timezone.now())

    (link,) = blast_radius(connector).open_links

    assert (link.recipient, link.url, link.expires_at) == (
        "Robin",
        out.get_absolute_url(),
        out.expires_at,
    )
    assert open_links_of.is_answered


def test_nothing_is_only_nothing_once_the_cycles_were_read() -> None:
    connector = make_account_connector(account=make_account(cycles_read_at=None))
    unknown = blast_radius(connector)
    Account.objects.update(cycles_read_at=timezone.now())
    known = blast_radius(AccountConnector.objects.get(pk=connector.pk))

    assert (unknown.is_known, unknown.is_empty) == (False, False)
    assert (known.is_known, known.is_empty) == (True, True)


def test_it_takes_two_queries_whatever_there_is(django_assert_num_queries: Any) -> None:
    connector = make_account_connector()
    for _ in range(20):
        make_cycle(connector)
        make_link(connectors=[connector])

    with django_assert_num_queries(2):
        found = blast_radius(connector)

    assert (len(found.running), len(found.open_links)) == (20, 20)
