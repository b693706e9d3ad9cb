"""The workers' part of links: minting sign-in tokens, and asking Cyclr what came of a start."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop

from cyclr_api import (
    AccountRefusedError,
    Client,
    CredentialsRefusedError,
    CyclrError,
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    TemporaryError,
    connect_url,
)
from dashboard.common import sealing
from dashboard.common.claims import unclaimed
from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE
from dashboard.consoles.services import asking
from dashboard.jobs.messages import DeskTask
from dashboard.jobs.periodic import periodic
from dashboard.links import deletions, mailing, posting, reminders, services, telling
from dashboard.links.models import Link, LinkItem, LinkMail, MailState, Mint, MintState
from dashboard.mirror import sync
from dashboard.mirror.missing import Answers
from dashboard.mirror.models import Account, AccountConnector
from dashboard.notices import mail_trouble

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=35)
GRACE = timedelta(minutes=10)
"""How long after its time a check that never came about is still made up for."""
RESEND_AFTER = timedelta(seconds=5)
AWAITED_FOR = timedelta(seconds=60)
"""So long after a return somebody looks at the page; later looks leave room for others' work."""
AT_ONCE = 100
SHORTEST_AFTER_ERROR = 5.0
BUSY = gettext_noop("The sign-in could not be prepared just now. Wait a minute and try again.")
REFUSED = gettext_noop(
    "This app cannot be connected at the moment. Tell whoever sent you the link."
)
"""Stored on the mint in English, shown in the customer's language."""


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
    rows = rows.filter(unclaimed(moment))
    if not rows.update(claimed_until=moment + CLAIM):
        return
    mint = Mint.objects.select_related(
        "item__link__account__console", "item__link__console", "item__account_connector"
    ).get(pk=mint_id)
    link = mint.item.link
    if mint.is_over or not services.may_start(mint.item):
        _end(mint, MintState.OVER, "")
        return
    try:
        with asking(link.console) as client:
            url = _mint(mint, client)
    except (TemporaryError, OutcomeUnknownError) as error:
        _wait(mint, error)
        return
    except PermanentError as error:
        if _is_gone_by_now(mint.item, error, began=moment):
            _end(mint, MintState.OVER, "")
            return
        words = "Cyclr refused to start it"
        _fail(mint, REFUSED, words, error, why=error.cyclr_message or words)
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
    if now.authenticated is not None:
        _take_over(link.account, item.account_connector, authenticated=now.authenticated)
    if item.connected_at is None and now.authenticated and not item.was_authenticated:
        services.confirm(item, is_authenticated=True)
        return None
    if item.was_authenticated and now.authenticated is False:
        LinkItem.objects.filter(pk=item.pk).update(was_authenticated=False)
    token = there.sign_in_token(username_of(link.account))
    return connect_url(
        link.console.service_url,
        account_connector_id=item.account_connector.cyclr_id,
        token=token.token,
        target_origin=settings.PUBLIC_URL + reverse("link_return", args=[mint.public_id]),
    )


def _is_gone_by_now(item: LinkItem, error: PermanentError, *, began: datetime) -> bool:
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


def _wait(mint: Mint, error: CyclrError) -> None:
    moment = timezone.now()
    again = moment + timedelta(seconds=min(error.retry_after or 3, 3600))
    if again - mint.created_at > timedelta(seconds=settings.MINT_LIVES_FOR):
        words = "Cyclr did not answer: the sign-in could not be prepared"
        _fail(mint, BUSY, words, error, why="Cyclr did not answer")
        return
    Mint.objects.filter(pk=mint.pk, state=MintState.WAITING).update(
        not_before=again, claimed_until=None
    )


def _fail(mint: Mint, shown: str, words: str, error: CyclrError, *, why: str) -> None:
    """End a mint in vain, once. `shown`: for the customer; `words` and `why`: for staff."""
    item = mint.item
    with transaction.atomic():
        services.lock(item.link_id)
        if not _end(mint, MintState.FAILED, shown):
            return
        services.note_failure(item, why)
        said = error.cyclr_message or ""
        item.link.note("refused", words, item, call=error.call, status=error.status, said=said)


def _end(mint: Mint, state: MintState, words: str) -> bool:
    """Whether it had not ended before."""
    rows = Mint.objects.filter(pk=mint.pk, state=MintState.WAITING)
    return bool(rows.update(state=state, error=words, sealed_url=""))


def _take_over(account: Account, connector: AccountConnector, *, authenticated: bool) -> None:
    """Write a reading into the mirror. A listing that began before it no longer overwrites it."""
    moment = timezone.now()
    rows = AccountConnector.objects.filter(pk=connector.pk)
    rows.exclude(authenticated=authenticated).update(
        test_failed_at=None,
        test_failure="",
        authenticated=authenticated,
        authenticated_since=moment,
    )
    rows.update(seen_at=moment, changed_at=moment)
    sync.recount([account.pk])


@shared_task(base=DeskTask)
def check_account(account_id: int) -> None:
    """Ask Cyclr once for all started items of an account; two at once are one.

    One listing serves every link of the account, and brings the mirror up to date.
    """
    moment = timezone.now()
    account = Account.objects.select_related("console").get(pk=account_id)
    open_items = LinkItem.objects.filter(link__account_id=account_id, connected_at=None)
    due = open_items.filter(next_check_at__lte=moment)
    if account.console.retired_at is not None:
        due.update(next_check_at=None)
        return
    ids = list(due.values_list("pk", flat=True))
    if not due.filter(pk__in=ids).update(next_check_at=moment + CLAIM):
        return
    items = open_items.select_related("link__account", "link__console", "account_connector")
    for item in items.filter(pk__in=ids, check_until__lt=moment - GRACE):
        _give_up(item, "nobody could look in time")
        ids.remove(item.pk)
    if not ids:
        return
    began = timezone.now()
    is_awaited = items.filter(pk__in=ids, returned_at__gte=moment - AWAITED_FOR).exists()
    try:
        with asking(account.console, INTERACTIVE if is_awaited else BACKGROUND) as client:
            there = client.account(account.cyclr_id)
            listed = there.connectors.readable()
            wanted = items.filter(pk__in=ids).values_list("account_connector__cyclr_id", flat=True)
            gone = sync.missing_connectors(there, listed, wanted).gone
    except CyclrError as error:
        if isinstance(error, PermanentError) and (first := items.filter(pk__in=ids).first()):
            _is_gone_by_now(first, error, began=began)
        for item in items.filter(pk__in=ids).exclude(next_check_at=None):
            _put_off(item, error)
        logger.info(
            "check waits account=%d call=%s status=%s", account_id, error.call, error.status
        )
        return
    sync.write_account_connectors(account, listed, began, Answers(gone=gone))
    if gone:
        for pk in sorted(set(items.filter(pk__in=ids).values_list("link", flat=True))):
            deletions.follow(pk)
    said = {connector.id: connector.authenticated for connector in listed}
    for item in items.filter(started_at__lte=began).exclude(next_check_at=None):
        services.confirm(item, is_authenticated=said.get(item.account_connector.cyclr_id))


def _put_off(item: LinkItem, error: CyclrError) -> None:
    """Cyclr did not tell: look again later and later, or not at all when that is no use."""
    moment = timezone.now()
    pause = max(SHORTEST_AFTER_ERROR, services.pause_after(item.checks))
    if error.retry_after is not None:
        pause = min(max(1.0, error.retry_after), 3600.0)
    again = moment + timedelta(seconds=pause)
    if isinstance(error, PermanentError):
        _give_up(item, words_for_refusal(error), error)
    elif item.check_until is not None and again >= item.check_until:
        _give_up(item, "Cyclr did not answer", error)
    else:
        rows = services.unchanged(item)
        rows.update(next_check_at=again, checks=F("checks") + 1)


def _give_up(item: LinkItem, why: str, error: CyclrError | None = None) -> None:
    with transaction.atomic():
        services.lock(item.link_id)
        if not services.unchanged(item).update(next_check_at=None):
            return
        details = {} if error is None else {"call": error.call, "status": error.status}
        said = (error.cyclr_message or "") if error is not None else ""
        item.link.note(
            "unchecked",
            f"{item.account_connector} could not be checked: {why}. The next sync looks again",
            item,
            said=said,
            **details,
        )


def words_for_refusal(error: PermanentError) -> str:
    """Why asking again would not help, for staff."""
    match error:
        case NotFoundError() | AccountRefusedError():
            return "Cyclr does not know this account any more"
        case CredentialsRefusedError():
            return "Cyclr refuses the console’s client id and secret"
        case _:
            return f"Cyclr refuses to tell ({error.status})" if error.status else "Cyclr refuses"


@periodic(every=1)
def keep_checking() -> None:
    """Have every account listed whose started items are due; send the lost mints again.

    While no worker takes them, the messages do not pile up: one per account or mint and gap.
    """
    moment = timezone.now()
    waits = Q(published_at=None) | Q(published_at__lt=moment - RESEND_AFTER)
    due = LinkItem.objects.filter(
        waits | Q(published_at__lt=F("next_check_at")),
        connected_at=None,
        next_check_at__lte=moment,
        link__console__retired_at=None,
    )
    accounts = due.order_by().values("link__account_id").annotate(since=Min("next_check_at"))
    longest = accounts.order_by("since").values_list("link__account_id", flat=True)
    for account_id in list(longest[:AT_ONCE]):
        if not services.CHECK.send(account_id):
            return
        sent = LinkItem.objects.filter(link__account_id=account_id, connected_at=None)
        sent.exclude(next_check_at=None).update(published_at=moment)
    lost = Mint.objects.filter(
        waits | Q(published_at__lt=F("not_before")),
        state=MintState.WAITING,
        not_before__lte=moment,
        item__link__console__retired_at=None,
    )
    lost = lost.filter(unclaimed(moment))
    for pk in list(lost.order_by("created_at").values_list("pk", flat=True)[:AT_ONCE]):
        if not services.MINT.send(pk):
            return
        Mint.objects.filter(pk=pk).update(published_at=moment)


@periodic(every=10)
def confirm_late() -> None:
    """Confirm started items that the normal sync found, for instance hours after the start.

    What was read before the start does not count: a mint writes its own reading to the mirror, so
    that whatever stands there with a later `seen_at` was read after it. Expired links count, since
    the customer did it in time.
    """
    read_since = Q(account_connector__seen_at__gte=F("started_at"))
    read_since |= Q(account_connector__authenticated_since__gte=F("started_at"))
    started = LinkItem.objects.filter(
        read_since,
        connected_at=None,
        started_at__isnull=False,
        link__revoked_at=None,
        link__console__retired_at=None,
        account_connector__gone_at=None,
    )
    lost_it = started.filter(was_authenticated=True, account_connector__authenticated=False)
    lost_it.update(was_authenticated=False)
    found = started.filter(was_authenticated=False, account_connector__authenticated=True)
    rows = found.select_related("link__account", "link__console", "account_connector")
    for item in rows.order_by("pk")[:AT_ONCE]:
        services.confirm(item, is_authenticated=True)


@periodic(every=2)
def follow_deletions() -> None:
    """Bring links in line with what the mirror says of their connectors and accounts."""
    for pk in deletions.out_of_line():
        deletions.follow(pk)


@periodic(every=3)
def wipe_mints() -> None:
    """A sealed address that nobody fetched is gone within a minute."""
    limit = timezone.now() - timedelta(seconds=settings.MINT_LIVES_FOR)
    old = Q(state=MintState.READY, ready_at__lt=limit) | Q(
        state=MintState.WAITING, created_at__lt=limit
    )
    rows = Mint.objects.filter(old, state__in=[MintState.READY, MintState.WAITING])
    rows.update(state=MintState.OVER, sealed_url="")


# ---- mail ----

MAILS_AT_ONCE = 20
RESEND_MAIL_AFTER = timedelta(seconds=30)


@shared_task(base=DeskTask)
def send_mail(mail_id: int) -> None:
    """Send one message of the outbox; does nothing if it is sent or somebody else is at it."""
    posting.send(mail_id)


@periodic(every=2)
def keep_mailing() -> None:
    """Have the messages that wait sent, a few at a time; one at a time while nothing gets out."""
    if mail_trouble.is_resting():
        return
    moment = timezone.now()
    waiting = LinkMail.objects.filter(
        state=MailState.WAITING, not_before__lte=moment, link__console__undecided_since=None
    )
    sent_off = Q(published_at__gt=moment - RESEND_MAIL_AFTER, published_at__gte=F("not_before"))
    in_hand = waiting.filter(Q(claimed_until__gte=moment) | sent_off)
    due = waiting.filter(unclaimed(moment)).filter(
        Q(published_at=None)
        | Q(published_at__lte=moment - RESEND_MAIL_AFTER)
        | Q(published_at__lt=F("not_before"))
    )
    first = due.order_by(F("link__run").asc(nulls_first=True), "not_before", "pk")
    pks = list(first.values_list("pk", flat=True)[:MAILS_AT_ONCE])
    if not pks:
        return
    is_in_trouble = mailing.is_silent() or mail_trouble.current() is not None
    room = (1 if is_in_trouble else MAILS_AT_ONCE) - in_hand.count()
    for pk in pks[: max(0, room)]:
        if not mailing.MAIL.send(pk):
            return
        LinkMail.objects.filter(pk=pk).update(published_at=moment)


@periodic(every=60)
def keep_reminding() -> None:
    """Put the reminders that are due into the outbox."""
    queued = reminders.queue_due()
    if queued:
        logger.info("reminders queued count=%d", queued)


@periodic(every=60)
def tell_of_expiring() -> None:
    """Tell staff of links that end within a day, unfinished; each end is told once."""
    told = telling.tell_of_expiring(Link.objects.all())
    if told:
        logger.info("told of expiring links count=%d", told)
