"""Requesting sign-in tokens: what a customer's press of Continue asks of Cyclr."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop

from cyclr_api import (
    AccountRefusedError,
    Client,
    CyclrError,
    NotFoundError,
    PermanentError,
    connect_url,
)
from dashboard.common import encryption
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.links import deletions, progress, timeline
from dashboard.links.attempts import confirming, starting
from dashboard.links.models import AttemptState, ConnectAttempt, LinkItem
from dashboard.mirror import writing
from dashboard.mirror.models import Account

logger = logging.getLogger(__name__)

BUSY = gettext_noop("The sign-in could not be prepared just now. Wait a minute and try again.")
REFUSED = gettext_noop(
    "This app cannot be connected at the moment. Tell whoever sent you the link."
)
"""Stored on the attempt in English, shown in the customer's language."""


def username_of(account: Account) -> str:
    """The one Cyclr user per account in whose name customers connect; made by the first attempt."""
    digest = hashlib.sha256(account.cyclr_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"connect-{digest}@cyclr-desk.invalid"


def carry_out(lease: Lease[ConnectAttempt]) -> None:
    """Request one sign-in token and encrypt its address to the row. What is temporary is raised."""
    began, attempt = timezone.now(), lease.job
    link = attempt.item.link
    if attempt.is_over or not starting.may_start(attempt.item):
        _end(lease, AttemptState.OVER)
        return
    try:
        with asking(link.console) as client:
            url = _request_token(attempt, client)
    except PermanentError as error:
        if is_gone_by_now(attempt.item, error, began=began):
            _end(lease, AttemptState.OVER)
            return
        message = "Cyclr refused to start it"
        _fail(lease, REFUSED, message, error, why=error.cyclr_message or message)
        return
    if url is None:
        _end(lease, AttemptState.OVER)
        return
    encrypted = encryption.encrypt(url, associated_data=attempt.associated_data)
    lease.finish(state=AttemptState.READY, encrypted_url=encrypted, ready_at=timezone.now())


def give_up(lease: Lease[ConnectAttempt], error: BaseException | None) -> None:
    """Nobody waits any longer: say so to the customer and to staff."""
    attempt = lease.job
    if error is None or attempt.is_over or not starting.may_start(attempt.item):
        _end(lease, AttemptState.OVER)
        return
    message = "Cyclr did not answer: the sign-in could not be prepared"
    _fail(lease, BUSY, message, error, why="Cyclr did not answer")


def _request_token(attempt: ConnectAttempt, client: Client) -> str | None:
    """The finished address, or None when Cyclr calls the connector authenticated by now."""
    item, link = attempt.item, attempt.item.link
    there = client.account(link.account.cyclr_id)
    now = there.connector(item.account_connector.cyclr_id).get()
    if now.authenticated is not None:
        writing.write_authenticated(item.account_connector, authenticated=now.authenticated)
    if item.connected_at is None and now.authenticated and not item.was_authenticated:
        confirming.confirm(item, is_authenticated=True)
        return None
    if item.was_authenticated and now.authenticated is False:
        LinkItem.objects.filter(pk=item.pk).update(was_authenticated=False)
    token = there.sign_in_token(username_of(link.account))
    return connect_url(
        link.console.service_url,
        account_connector_id=item.account_connector.cyclr_id,
        token=token.token,
        target_origin=settings.PUBLIC_URL + reverse("link_return", args=[attempt.public_id]),
    )


def is_gone_by_now(item: LinkItem, error: PermanentError, *, began: datetime) -> bool:
    """Whether a refusal means that the connector was deleted in Cyclr; if so its links follow."""
    if not isinstance(error, NotFoundError | AccountRefusedError):
        return False
    try:
        with asking(item.link.account.console) as client:
            is_gone = deletions.find_out(client, item.account_connector, began)
    except CyclrError as error:
        logger.info("not told whether it is gone item=%d status=%s", item.pk, error.status)
        return False
    if is_gone:
        deletions.follow_connector(item.account_connector_id)
    return is_gone


def _fail(
    lease: Lease[ConnectAttempt], shown: str, message: str, error: BaseException, *, why: str
) -> None:
    """End an attempt in vain, once. `shown`: for the customer; `message` and `why`: for staff."""
    item = lease.job.item
    told: dict[str, Any] = {"said": ""}
    if isinstance(error, CyclrError):
        told = {"call": error.call, "status": error.status, "said": error.cyclr_message or ""}
    with transaction.atomic():
        progress.lock(item.link_id)
        _end(lease, AttemptState.FAILED, shown)
        progress.record_failure(item, why)
        timeline.record(item.link, "refused", message, item, **told)


def _end(lease: Lease[ConnectAttempt], state: AttemptState, message: str = "") -> None:
    lease.finish(state=state, last_error=message, encrypted_url="")
