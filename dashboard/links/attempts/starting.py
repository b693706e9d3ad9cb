"""A customer's starts: one press of Continue, one redirect to Cyclr, and the way back."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dashboard.common import encryption
from dashboard.links import timeline
from dashboard.links.attempts import connection_tests
from dashboard.links.models import (
    ENTER,
    AccountCheck,
    AttemptState,
    ConnectAttempt,
    Link,
    LinkItem,
    LinkState,
)
from dashboard.links.progress import NotUsableError, lock, move
from dashboard.operations.models import Operation

logger = logging.getLogger(__name__)

STARTS_IN_TEN_MINUTES, STARTS_A_DAY = 12, 60


class TooManyStartsError(Exception):
    """The link was started too often lately; `again_at` says when it may be again."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__("too many starts")
        self.again_at = again_at


def may_start(item: LinkItem) -> bool:
    """Whether a customer may start this item: their link works, and it is there and not connected.

    One that was connected as somebody else than before may be started again. It stays connected
    meanwhile: a start changes nothing until a worker has proven whose account it is then.
    """
    if item.link.is_waiting:
        return False
    if item.connected_at is not None:
        return item.may_start_again
    return item.link.is_usable and not item.is_gone


def start(item: LinkItem) -> ConnectAttempt:
    """A new start of one item; a worker requests the sign-in token for it.

    Raises `NotUsableError` and `TooManyStartsError`. Any number of starts is harmless: each
    requests a fresh token, and the link stays as it is.
    """

    moment = timezone.now()
    with transaction.atomic():
        # Read again under the lock: it may have ended since the page was drawn.
        link = lock(item.link_id)
        fresh = LinkItem.objects.select_related("link__console").filter(pk=item.pk).first()
        if fresh is None or not may_start(fresh):
            raise NotUsableError
        check_starts(link, moment)
        attempt = ConnectAttempt.objects.create(item=item, published_at=moment)
        attempt.send_on_commit()
    return attempt


def check_starts(link: Link, moment: datetime, *, besides: int = 0) -> None:
    """Raises `TooManyStartsError` if the link was started or typed into too often before `moment`.

    `besides`: the operation that is not counted, since it is the one in question.
    """
    entries = Operation.objects.filter(
        account=link.account_id, kind=ENTER, actor_link=link.pk
    ).exclude(pk=besides)
    for most, window in (
        (STARTS_IN_TEN_MINUTES, timedelta(minutes=10)),
        (STARTS_A_DAY, timedelta(days=1)),
    ):
        times: list[datetime] = []
        for rows in (ConnectAttempt.objects.filter(item__link=link), entries):
            lately = rows.filter(created_at__gt=moment - window).order_by("-created_at")
            times += lately.values_list("created_at", flat=True)[:most]
        if len(times) >= most:
            raise TooManyStartsError(sorted(times)[-most] + window)


def record_shown(attempt: ConnectAttempt) -> bool:
    """Note that the wait page was drawn; says whether it was the first time."""
    rows = ConnectAttempt.objects.filter(pk=attempt.pk, shown_at=None)
    return bool(rows.update(shown_at=timezone.now()))


def take_redirect(attempt: ConnectAttempt, *, label: dict[str, Any] | None = None) -> str | None:
    """The address at Cyclr that an attempt leads to, for one redirect; None if there is none now.

    Used and wiped in the same statement: of two requests at once only one gets it. `label`: of a
    visitor who is likely not the customer.
    """
    if attempt.state != AttemptState.READY or attempt.is_over:
        return None
    rows = LinkItem.objects.select_related("link__account", "link__console", "account_connector")
    fresh = rows.filter(pk=attempt.item_id).first()
    if fresh is None or not may_start(fresh):
        return None
    try:
        url = encryption.decrypt(attempt.encrypted_url, associated_data=attempt.associated_data)
    except encryption.DecryptionError:
        logger.error("attempt cannot be opened attempt=%d", attempt.pk)
        ConnectAttempt.objects.filter(pk=attempt.pk).update(
            state=AttemptState.FAILED, encrypted_url=""
        )
        return None
    moment = timezone.now()
    with transaction.atomic():
        lock(attempt.item.link_id)
        ready = ConnectAttempt.objects.filter(pk=attempt.pk, state=AttemptState.READY)
        if not ready.update(state=AttemptState.USED, encrypted_url="", used_at=moment):
            return None
        item = fresh
        LinkItem.objects.filter(pk=item.pk).update(
            starts=F("starts") + 1,
            started_at=moment,
            check_until=moment + timedelta(seconds=settings.VERIFY_FOR),
            next_check_at=moment + timedelta(seconds=5),
            checks=0,
        )
        move(item.link, LinkState.STARTED, item)
        timeline.record(
            item.link, "started", f"Started {item.account_connector}", item, **(label or {})
        )
        if item.connected_at is not None:
            connection_tests.ask_after_start(item)
    return url


def record_return(attempt: ConnectAttempt) -> None:
    """The customer's browser came back from a start. It proves nothing; a worker asks Cyclr."""
    if (
        attempt.state != AttemptState.USED
        or attempt.returned_at is not None
        or attempt.item.link.is_retired
    ):
        return
    moment = timezone.now()
    with transaction.atomic():
        lock(attempt.item.link_id)
        rows = ConnectAttempt.objects.filter(pk=attempt.pk, returned_at=None)
        if not rows.update(returned_at=moment):
            return
        item = attempt.item
        left = LinkItem.objects.filter(pk=item.pk, connected_at=None)
        if not left.update(
            returned_at=moment,
            next_check_at=moment,
            checks=0,
            check_until=moment + timedelta(seconds=settings.VERIFY_FOR),
        ):
            connection_tests.ask_again(item)
            return
        move(item.link, LinkState.RETURNED, item)
        timeline.record(item.link, "returned", f"Came back from {item.account_connector}", item)
        AccountCheck.objects.begin(item.link.account_id)
        AccountCheck.policy.message.send_on_commit(item.link.account_id)
