"""The workers' part of links: minting sign-in tokens, and asking Cyclr what came of a start."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from cyclr_api import (
    Client,
    CyclrError,
    OutcomeUnknownError,
    PermanentError,
    TemporaryError,
    connect_url,
)
from dashboard.common import sealing
from dashboard.common.chores import chore
from dashboard.common.tasks import DeskTask, publish
from dashboard.consoles.services import asking
from dashboard.links import services
from dashboard.links.models import LinkItem, Mint, MintState
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=35)
BUSY = "The sign-in could not be prepared just now. Wait a minute and try again."
REFUSED = "This app cannot be connected at the moment. Tell whoever sent you the link."


def username_of(account: Account) -> str:
    """The one Cyclr user per account in whose name customers connect; made by the first mint."""
    digest = hashlib.sha256(account.cyclr_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"connect-{digest}@cyclr-desk.invalid"


@shared_task(base=DeskTask)
def mint_token(mint_id: int) -> None:
    """Mint one sign-in token and seal its address to the row; a row that is not waiting is left.

    A second run while the first one works finds the row claimed; after it, not waiting.
    """
    moment = timezone.now()
    rows = Mint.objects.filter(pk=mint_id, state=MintState.WAITING, not_before__lte=moment)
    rows = rows.filter(Q(claimed_until=None) | Q(claimed_until__lt=moment))
    if not rows.update(claimed_until=moment + CLAIM):
        return
    mint = Mint.objects.select_related(
        "item__link__account__console", "item__link__console", "item__account_connector"
    ).get(pk=mint_id)
    link = mint.item.link
    if mint.is_over or not link.is_usable or mint.item.connected_at is not None:
        _end(mint, MintState.OVER, "")
        return
    try:
        with asking(link.console) as client:
            url = _mint(mint, client)
    except (TemporaryError, OutcomeUnknownError) as error:
        _wait(mint, error)
        return
    except PermanentError as error:
        _end(mint, MintState.FAILED, REFUSED)
        link.note(
            "refused",
            "Cyclr refused to start it",
            mint.item,
            call=error.call,
            status=error.status,
            said=error.cyclr_message or "",
        )
        return
    if url is None:
        _end(mint, MintState.OVER, "")
        return
    sealed = sealing.seal(url, bound_to=mint.seal_place)
    Mint.objects.filter(pk=mint.pk, state=MintState.WAITING).update(
        state=MintState.READY, sealed_url=sealed, ready_at=timezone.now()
    )


def _mint(mint: Mint, client: Client) -> str | None:
    """The finished address, or None when Cyclr calls the connector authenticated by now."""
    item, link = mint.item, mint.item.link
    there = client.account(link.account.cyclr_id)
    now = there.connector(item.account_connector.cyclr_id).get()
    if now.authenticated and not item.was_authenticated:
        _take_over(link.account, item.account_connector, authenticated=True)
        services.confirm(item, is_authenticated=True)
        return None
    if item.was_authenticated and not now.authenticated:
        LinkItem.objects.filter(pk=item.pk).update(was_authenticated=False)
    token = there.sign_in_token(username_of(link.account))
    return connect_url(
        link.console.service_url,
        account_connector_id=item.account_connector.cyclr_id,
        token=token.token,
        target_origin=settings.PUBLIC_URL + reverse("link_return", args=[mint.public_id]),
    )


def _wait(mint: Mint, error: CyclrError) -> None:
    moment = timezone.now()
    again = moment + timedelta(seconds=error.retry_after or 3)
    if again - mint.created_at > timedelta(seconds=settings.MINT_LIVES_FOR):
        _end(mint, MintState.FAILED, BUSY)
        return
    Mint.objects.filter(pk=mint.pk, state=MintState.WAITING).update(
        not_before=again, claimed_until=None
    )


def _end(mint: Mint, state: MintState, words: str) -> None:
    Mint.objects.filter(pk=mint.pk, state=MintState.WAITING).update(
        state=state, error=words, sealed_url=""
    )


def _take_over(account: Account, connector: AccountConnector, *, authenticated: bool) -> None:
    moment = timezone.now()
    rows = AccountConnector.objects.filter(pk=connector.pk).exclude(authenticated=authenticated)
    rows.update(authenticated=authenticated, authenticated_since=moment, changed_at=moment)
    sync.recount([account.pk])


@shared_task(base=DeskTask)
def check_account(account_id: int) -> None:
    """Ask Cyclr once for all started items of an account; two at once are one.

    One listing serves every link of the account, and brings the mirror up to date.
    """
    moment = timezone.now()
    due = LinkItem.objects.filter(
        link__account_id=account_id, connected_at=None, next_check_at__lte=moment
    )
    ids = list(due.values_list("pk", flat=True))
    claimed = due.filter(pk__in=ids).update(next_check_at=moment + CLAIM)
    if not claimed:
        return
    account = Account.objects.select_related("console").get(pk=account_id)
    began = timezone.now()
    try:
        with asking(account.console) as client:
            listed = client.account(account.cyclr_id).connectors.all()
    except CyclrError as error:
        pause = timedelta(seconds=max(5.0, error.retry_after or 0))
        LinkItem.objects.filter(pk__in=ids).update(next_check_at=timezone.now() + pause)
        logger.info(
            "check waits account=%d call=%s status=%s", account_id, error.call, error.status
        )
        return
    sync.write_account_connectors(account, listed, began)
    authenticated = {connector.id: bool(connector.authenticated) for connector in listed}
    items = LinkItem.objects.filter(link__account_id=account_id, connected_at=None)
    items = items.exclude(started_at=None).exclude(next_check_at=None)
    for item in items.select_related("link__account", "link__console", "account_connector"):
        services.confirm(
            item, is_authenticated=authenticated.get(item.account_connector.cyclr_id, False)
        )


@chore(every=1)
def keep_checking() -> None:
    """Have every account listed whose started items are due; send the lost mints again."""
    moment = timezone.now()
    due = LinkItem.objects.filter(connected_at=None, next_check_at__lte=moment)
    for account_id in due.values_list("link__account_id", flat=True).distinct()[:100]:
        publish(check_account, account_id, queue="checks")
    lost = Mint.objects.filter(state=MintState.WAITING, not_before__lte=moment)
    lost = lost.filter(created_at__lt=moment - timedelta(seconds=2))
    lost = lost.filter(Q(claimed_until=None) | Q(claimed_until__lt=moment))
    for pk in lost.values_list("pk", flat=True)[:100]:
        publish(mint_token, pk, queue="interactive")


@chore(every=3)
def wipe_mints() -> None:
    """A sealed address that nobody fetched is gone within a minute."""
    limit = timezone.now() - timedelta(seconds=settings.MINT_LIVES_FOR)
    old = Q(state=MintState.READY, ready_at__lt=limit) | Q(
        state=MintState.WAITING, created_at__lt=limit
    )
    Mint.objects.filter(old).update(state=MintState.OVER, sealed_url="")
