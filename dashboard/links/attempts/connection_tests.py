"""Connection tests that links ask for: whose account it is, and whether a reconnect works.

A test is one safe call through the connector (`dashboard.connectors.connection_tests`); which one
is chosen in Settings, so a link's items may have none. It runs by itself in a worker: nobody waits
for it.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.connectors import connection_tests
from dashboard.connectors.models import ConnectionTest
from dashboard.links import timeline
from dashboard.links.models import LinkItem

TESTS_A_RETURN = 3
"""So often a reconnect is proven until it works: new credentials may take a moment to count."""
PAUSE = timedelta(seconds=20)
NEVER_CAME_BACK = timedelta(minutes=5)
"""When a second start of something connected is looked into although nobody came back."""


def ask_whose(item: LinkItem) -> None:
    """Find out as whom an item was connected; call it in the transaction that connects it."""
    run = connection_tests.ask(item.account_connector, Actor.link(item.link_id))
    if run is not None:
        _hang_on(item, run)


def ask_after_start(item: LinkItem) -> None:
    """Something connected was started again: look later whose it is, unless they come back."""
    due = timezone.now() + NEVER_CAME_BACK
    run = connection_tests.ask(item.account_connector, Actor.link(item.link_id), not_before=due)
    if run is not None:
        _hang_on(item, run)


def ask_again(item: LinkItem) -> None:
    """The customer is back from a second start of something connected: whose is it now?"""
    LinkItem.objects.filter(pk=item.pk).update(returned_at=timezone.now())
    timeline.record(item.link, "returned", f"Came back from {item.account_connector}", item)
    ask_whose(item)


def ask_after_return(item: LinkItem) -> None:
    """Prove a reconnect that was returned from; again after a while, if it did not work yet."""
    item.refresh_from_db(fields=["connection_test", "returned_at", "started_at", "connected_at"])
    if item.connected_at is not None or item.returned_at is None or not item.is_returned:
        return
    actor = Actor.link(item.link_id)
    runs = ConnectionTest.objects.filter(
        account_connector=item.account_connector_id,
        actor_link=item.link_id,
        created_at__gte=item.returned_at,
    )
    last = runs.first()
    if last is not None:
        has_rested = last.finished_at is not None and timezone.now() - last.finished_at > PAUSE
        if last.worked or not has_rested or runs.count() >= TESTS_A_RETURN:
            return
    with transaction.atomic():
        run = connection_tests.ask(item.account_connector, actor)
        if run is not None:
            _hang_on(item, run)


def _hang_on(item: LinkItem, run: ConnectionTest) -> None:
    item.connection_test = run
    LinkItem.objects.filter(pk=item.pk).update(connection_test=run)
