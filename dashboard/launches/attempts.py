"""A customer's starts: one press of Continue, one token of Cyclr's, one redirect."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from cyclr_api import CyclrError, NotFoundError, PermanentError
from cyclr_api.accounts import AccountApi
from cyclr_api.models import BrowserSession
from dashboard.common import encryption
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.launches import services
from dashboard.launches.models import LaunchAttempt, LaunchLink, LaunchState, Product
from dashboard.links.attempts.starting import (
    STARTS_A_DAY,
    STARTS_IN_TEN_MINUTES,
    TooManyStartsError,
)
from dashboard.links.models import AttemptState
from dashboard.links.progress import NotUsableError

logger = logging.getLogger(__name__)

BUSY = gettext_noop("The sign-in could not be prepared just now. Wait a minute and try again.")
REFUSED = gettext_noop("This page cannot be opened at the moment. Tell whoever sent you the link.")
"""Stored on the attempt in English, shown in the customer's language."""


# ---- customers ----


def start(link: LaunchLink) -> LaunchAttempt:
    """A new start; a worker requests the token for it. Any number of starts is harmless.

    Raises `NotUsableError` and `TooManyStartsError`.
    """
    moment = timezone.now()
    with transaction.atomic():
        now = lock(link.pk)
        if not now.is_usable or now.is_waiting:
            raise NotUsableError
        _check_starts(now, moment)
        attempt = LaunchAttempt.objects.create(link=now, published_at=moment)
        attempt.send_on_commit()
    return attempt


def lock(link_id: int) -> LaunchLink:
    """The link's row, held until the transaction ends."""
    rows = LaunchLink.objects.select_for_update(no_key=True, of=("self",))
    link: LaunchLink = rows.select_related("console", "account").get(pk=link_id)
    return link


def _check_starts(link: LaunchLink, moment: datetime) -> None:
    for most, window in (
        (STARTS_IN_TEN_MINUTES, timedelta(minutes=10)),
        (STARTS_A_DAY, timedelta(days=1)),
    ):
        lately = link.attempts.filter(created_at__gt=moment - window).order_by("-created_at")
        times = list(lately.values_list("created_at", flat=True)[:most])
        if len(times) >= most:
            raise TooManyStartsError(times[-1] + window)


def record_shown(attempt: LaunchAttempt) -> bool:
    """Note that the wait page was drawn; says whether it was the first time."""
    rows = LaunchAttempt.objects.filter(pk=attempt.pk, shown_at=None)
    return bool(rows.update(shown_at=timezone.now()))


def take_redirect(attempt: LaunchAttempt, *, label: dict[str, Any]) -> str | None:
    """The address at Cyclr that an attempt leads to, for one redirect; None if there is none now.

    Used and wiped in the same statement: of two requests at once only one gets it.
    """
    if attempt.state != AttemptState.READY or attempt.is_over:
        return None
    try:
        url = encryption.decrypt(attempt.encrypted_url, associated_data=attempt.associated_data)
    except encryption.DecryptionError:
        logger.error("launch attempt cannot be opened attempt=%d", attempt.pk)
        rows = LaunchAttempt.objects.filter(pk=attempt.pk, state=AttemptState.READY)
        rows.update(state=AttemptState.FAILED, encrypted_url="")
        return None
    moment = timezone.now()
    with transaction.atomic():
        link = lock(attempt.link_id)
        if not link.is_usable or link.is_waiting:
            return None
        ready = LaunchAttempt.objects.filter(pk=attempt.pk, state=AttemptState.READY)
        if not ready.update(state=AttemptState.USED, encrypted_url="", used_at=moment):
            return None
        LaunchLink.objects.filter(pk=link.pk).update(
            state=LaunchState.STARTED, starts=F("starts") + 1
        )
        services.record(link, "started", f"Led on to {link.get_product_display()}", **label)
        services.record_start(link)
    return url


# ---- workers ----


def carry_out(lease: Lease[LaunchAttempt]) -> None:
    """Request one token and encrypt its address to the row. What is temporary is raised."""
    attempt = lease.job
    link = attempt.link
    if attempt.is_over or not link.is_usable or link.is_waiting:
        _end(lease, AttemptState.OVER)
        return
    try:
        with asking(link.console) as client:
            there = client.account(link.account.cyclr_id)
            if not link.creates_account:
                there.get()  # the next call would make an account that is not there
            session = _open(there, link)
    except NotFoundError as error:
        message = "Cyclr does not know this account any more, and this link may not create it"
        _fail(lease, message, error)
        return
    except PermanentError as error:
        _fail(lease, "Cyclr refused to open it", error)
        return
    if not services.is_of_service_domain(link, session.url):
        message = "Cyclr named an address that is not on this console’s service domain"
        _fail(lease, f"{message}: an administrator compares it with Settings", None)
        return
    encrypted = encryption.encrypt(session.url, associated_data=attempt.associated_data)
    lease.finish(state=AttemptState.READY, encrypted_url=encrypted, ready_at=timezone.now())


def _open(there: AccountApi, link: LaunchLink) -> BrowserSession:
    options: Mapping[str, Any] = link.options
    if link.creates_account:
        options = {"account_name": link.account.name or None, **options}
    match link.product:
        case Product.ORBIT:
            return there.orbit(**options)
        case Product.MARKETPLACE:
            return there.marketplace(**options)
    return there.launch(**options)


def give_up(lease: Lease[LaunchAttempt], error: BaseException | None) -> None:
    """Nobody waits any longer: say so to the customer and to staff."""
    if not lease.job.link.is_usable:
        _end(lease, AttemptState.OVER)
        return
    _fail(lease, "Cyclr did not answer in time: it could not be opened", error, shown=BUSY)


def _fail(
    lease: Lease[LaunchAttempt], message: str, error: BaseException | None, *, shown: str = REFUSED
) -> None:
    """End an attempt in vain, once. `shown`: for the customer; `message`: for staff."""
    told: dict[str, Any] = {}
    if isinstance(error, CyclrError):
        told = {"call": error.call, "status": error.status, "said": error.cyclr_message or ""}
    with transaction.atomic():
        _end(lease, AttemptState.FAILED, shown)
        services.record(lease.job.link, "refused", message, **told)


def _end(lease: Lease[LaunchAttempt], state: AttemptState, words: str = "") -> None:
    lease.finish(state=state, last_error=words, encrypted_url="")
