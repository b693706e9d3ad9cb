"""What Cyclr says about a connector that was started: connected, or to be looked at again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.links import timeline
from dashboard.links.attempts import connection_tests
from dashboard.links.models import (
    Link,
    LinkItem,
    LinkState,
)
from dashboard.links.progress import finish, lock, record_failure
from dashboard.mirror.counting import recount
from dashboard.mirror.models import AccountConnector
from dashboard.mirror.writing_evidence import forget_failed_tests

LONGEST_PAUSE = 60.0


def confirm(item: LinkItem, *, is_authenticated: bool | None) -> None:
    """Take over what Cyclr says about an item's connector; None when it says nothing.

    Only for readings that began after the start. Silence proves nothing in either direction: a
    listing may lag behind. A second call with the same reading changes nothing more.
    """
    if item.connected_at is not None:
        return
    if item.was_authenticated and is_authenticated is False:
        # From here on, authenticated means that somebody finished it.
        item.was_authenticated = False
        LinkItem.objects.filter(pk=item.pk).update(was_authenticated=False)
    if is_authenticated and not item.was_authenticated:
        _connect(item)
    else:
        _look_again(item, is_authenticated)
        if is_authenticated:
            connection_tests.ask_after_return(item)


def accept(item: LinkItem) -> None:
    """Connect an item whose typed credentials Cyclr took: there is no other test of those."""
    if item.connected_at is None:
        _connect(item)


def pause_after(checks: int) -> float:
    """Seconds until the next look after so many: 2, 3, 4.5, … at most a minute."""
    return float(min(LONGEST_PAUSE, 2.0 * 1.5 ** min(checks, 12)))


def unchanged(item: LinkItem) -> QuerySet[LinkItem]:
    """The item's row as it was read: a customer who comes back meanwhile is not overwritten."""
    rows = LinkItem.objects.filter(pk=item.pk, connected_at=None)
    return rows.filter(next_check_at=item.next_check_at)


def connect_tested(item: LinkItem) -> None:
    """Call an item connected because a test says that it works; once."""
    _connect(item, is_tested=True)


def _connect(item: LinkItem, *, is_tested: bool = False) -> None:
    link = item.link
    moment = timezone.now()
    with transaction.atomic():
        # Two of a link's items at once: the later one must see that the earlier one is done.
        lock(link.pk)
        rows = LinkItem.objects.filter(pk=item.pk, connected_at=None)
        if not rows.update(
            connected_at=moment,
            state=LinkState.CONNECTED,
            next_check_at=None,
            checked_at=moment,
            failures=0,
            failure="",
        ):
            return
        timeline.record(link, "connected", f"{item.account_connector} connected", item)
        _connect_link(link, moment)
        if not is_tested:
            tested = AccountConnector.objects.filter(pk=item.account_connector_id)
            if forget_failed_tests(tested):
                recount([link.account_id])
            connection_tests.ask_whose(item)
        audit.record(
            Actor.link(link.pk),
            "links.connect",
            console=link.console,
            target=str(item.account_connector),
            target_url=item.account_connector.get_absolute_url(),
            account_name=str(link.account),
            result="connected",
            link=link.pk,
        )


def _look_again(item: LinkItem, is_authenticated: bool | None) -> None:
    moment = timezone.now()
    said = {} if is_authenticated is None else {"checked_at": moment}
    if item.check_until is None or moment < item.check_until:
        again = moment + timedelta(seconds=pause_after(item.checks))
        unchanged(item).update(next_check_at=again, checks=F("checks") + 1, **said)
        return
    with transaction.atomic():
        lock(item.link_id)
        if not unchanged(item).update(next_check_at=None, **said):
            return
        name = item.account_connector
        if is_authenticated is None:
            message = f"{name}: Cyclr does not list it, so nobody knows whether it was finished"
            timeline.record(item.link, "unchecked", message, item)
        elif is_authenticated and item.is_refused:
            pass  # the timeline says already that it does not work
        elif is_authenticated and item.is_returned:
            timeline.record(item.link, "unproven", f"{name}: returned, not proven to work", item)
        else:
            record_failure(item, "Started and not finished")
            timeline.record(item.link, "unfinished", f"{name} was started and not finished", item)


def _connect_link(link: Link, moment: datetime) -> None:
    if link.items.left().exists():
        Link.objects.filter(pk=link.pk).exclude(state=LinkState.CONNECTED).update(
            state=LinkState.PARTLY
        )
    else:
        finish(link, moment)
    link.refresh_from_db()
