"""What can be done with links: make, find, start, confirm, end."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.bulk.models import BulkRow, BulkRun
from dashboard.common import sealing
from dashboard.common.foreign import storable
from dashboard.common.searching import search_text
from dashboard.common.ticking import version_of
from dashboard.links.glued import candidates
from dashboard.links.models import (
    ENTER,
    ORDER,
    AccountCheck,
    Link,
    LinkItem,
    LinkState,
    Mint,
    MintState,
)
from dashboard.mirror.models import Account, AccountConnector
from dashboard.mirror.writing import forget_failed_tests, recount
from dashboard.operations.models import Operation
from dashboard.operations.submissions import own_submission

logger = logging.getLogger(__name__)

CREATE = "links.create"
SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=30)
STARTS_IN_TEN_MINUTES, STARTS_A_DAY = 12, 60
OPENS_KEPT = 200
"""Lines about openings on a link's timeline: so many of machines and so many of persons."""
SAME_OPEN_FOR = timedelta(seconds=30)
LONGEST_PAUSE = 60.0


class TooManyStartsError(Exception):
    """The link was started too often lately; `again_at` says when it may be again."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__("too many starts")
        self.again_at = again_at


class NotUsableError(Exception):
    """The link was revoked, has expired or is all done."""


class OtherLinkError(Exception):
    """This submission was used before, with other entries; `link` is what came of it."""

    def __init__(self, link: Link) -> None:
        super().__init__(link.pk)
        self.link = link


class ChangedMeanwhileError(Exception):
    """Somebody else changed the link since its form was drawn."""


# ---- making ----


def create_link(
    actor: Actor,
    account: Account,
    connectors: Sequence[AccountConnector],
    *,
    expires_in: timedelta = timedelta(days=7),
    recipient_email: str = "",
    recipient_name: str = "",
    message: str = "",
    language: str = "",
    ticket_url: str = "",
    has_reminders: bool = False,
    run: BulkRun | None = None,
    row: BulkRow | None = None,
    submission: uuid.UUID | None = None,
) -> Link:
    """A link over installed connectors of one account; the same submission gives the same link.

    Raises `OtherLinkError` for a used submission with other entries.
    """
    if not connectors:
        raise ValueError("a link needs something to connect")
    lifetime = min(max(expires_in, SHORTEST), LONGEST)
    asked = [[connector.pk for connector in connectors], lifetime.total_seconds()]
    asked += [recipient_email, recipient_name, message, language, ticket_url, has_reminders]
    fingerprint = sealing.fingerprint(json.dumps(asked))
    console = account.console
    own = own_submission(submission, actor, CREATE, console, account) if submission else None
    link = Link(
        submission=own,
        input_fingerprint=fingerprint,
        console=console,
        account=account,
        recipient_email=recipient_email,
        recipient_name=recipient_name,
        message=message,
        language=language,
        ticket_url=ticket_url,
        has_reminders=has_reminders,
        run=run,
        row=row,
        expires_at=timezone.now() + lifetime,
    )
    link.actor = actor
    try:
        with transaction.atomic():
            link.save(force_insert=True)
            LinkItem.objects.bulk_create(
                LinkItem(
                    link=link,
                    account_connector=connector,
                    position=position,
                    was_authenticated=bool(connector.authenticated),
                    identity_before=connector.identity,
                )
                for position, connector in enumerate(connectors)
            )
            link.note("created", f"Created by {actor.name}")
            audit.record(
                actor,
                "links.create",
                console=console,
                target=str(link),
                target_url=link.get_absolute_url(),
                account_name=str(account),
                link=link.pk,
            )
    except IntegrityError:
        made: Link | None = Link.objects.filter(submission=own).first() if own else None
        if made is None:
            raise
        if made.input_fingerprint != fingerprint:
            raise OtherLinkError(made) from None
        return made
    return link


def revoke(link: Link, actor: Actor) -> bool:
    """End a link at once; what was minted and not used is worthless from now on."""
    with transaction.atomic():
        rows = Link.objects.filter(pk=link.pk, revoked_at=None, connected_at=None)
        if not rows.update(revoked_at=timezone.now()):
            return False
        Mint.objects.filter(item__link=link).end()
        link.refresh_from_db()
        link.note("revoked", f"Revoked by {actor.name}")
        record(link, actor, "links.revoke")
    return True


def extend(link: Link, actor: Actor, by: timedelta = timedelta(days=7)) -> bool:
    """Let a link live longer, counted from now; at most thirty days."""
    until = timezone.now() + min(by, LONGEST)
    with transaction.atomic():
        rows = Link.objects.filter(
            pk=link.pk,
            revoked_at=None,
            connected_at=None,
            emptied_at=None,  # more time would not bring back what was deleted in Cyclr
            expires_at__lt=until - timedelta(minutes=1),  # pressed twice it is extended once
        )
        if not rows.update(expires_at=until, is_new_link_asked=False):
            return False
        link.refresh_from_db()
        link.note("extended", f"Extended by {actor.name}")
        record(link, actor, "links.extend")
    return True


DETAILS = (
    "recipient_email",
    "recipient_name",
    "language",
    "message",
    "has_reminders",
    "ticket_url",
)
"""What may be changed of a link while it works."""


def details_version(link: Link) -> str:
    """Names what the link's details are now: who changes them says which they saw."""
    return version_of(*(getattr(link, name) for name in DETAILS))


def edit(link: Link, actor: Actor, details: dict[str, object], *, version: str) -> bool:
    """Change what is in `DETAILS`; says whether anything was another.

    Raises `NotUsableError`, and `ChangedMeanwhileError` when the details are not those of
    `version` any more.
    """
    with transaction.atomic():
        now = lock(link.pk)
        if not now.is_usable:
            raise NotUsableError
        changed = [name for name in DETAILS if getattr(now, name) != details[name]]
        if not changed:
            return False
        if details_version(now) != version:
            raise ChangedMeanwhileError
        columns = {name: details[name] for name in changed}
        if "recipient_email" in changed:
            columns["reminders_ended_at"] = None  # that was another person's wish
        recipient = [details[name] for name in ("recipient_email", "recipient_name")]
        columns["search_text"] = search_text(*recipient)
        if columns.get("has_reminders"):
            columns["reminders_ended_at"] = None  # somebody here begins them again
        Link.objects.filter(pk=now.pk).update(**columns)
        words = ", ".join(name.replace("_", " ").removeprefix("has ") for name in changed)
        now.note("edited", f"Changed by {actor.name}", why=words.capitalize())
        record(now, actor, "links.edit", changed=changed)
    link.refresh_from_db()
    return True


def record(link: Link, actor: Actor, action: str, **details: Any) -> None:
    """Write an act on a link into the audit trail; `details` hold no secrets."""
    audit.record(
        actor,
        action,
        console=link.console,
        target=str(link),
        target_url=link.get_absolute_url(),
        account_name=str(link.account),
        link=link.pk,
        **details,
    )


# ---- finding ----


def find(token: str) -> Link | None:
    """The link whose token a text holds, or None; the same work for every text that holds none.

    See `links.glued` for what is forgiven.
    """
    raws = [base64.b32decode(one.upper()) for one in candidates(token)] or [bytes(40)]
    links = Link.objects.with_public_ids({raw[:8].hex() for raw in raws})
    known = {link.public_id: link for link in links}
    raw = next((raw for raw in raws if raw[:8].hex() in known), raws[0])
    public_id, code = raw[:8].hex(), raw[8:]
    link = known.get(public_id)
    key_id = link.key_id if link else sealing.current_key_id()
    try:
        ours = sealing.code_for(public_id, purpose="link", key=key_id)
    except sealing.SealBrokenError:
        logger.error("link key dropped link=%s key=%s", link.pk if link else None, key_id)
        return None
    return link if hmac.compare_digest(ours, code) else None


def log_open(link: Link, *, method: str, guess: str, why: str, agent: str, name: str = "") -> None:
    """Write an opening into the link's log; who it was is a guess, for labelling only.

    Machines cannot crowd out persons: each kind has its own room in the log. A colleague, whose
    name it is then, is not the customer, so the link is as unopened as before.
    """
    is_robot = guess == "robot"
    agent = storable(agent)
    if guess == "person" and link.state in {LinkState.CREATED, LinkState.SENT}:
        move(link, LinkState.OPENED)
    opens = link.events.filter(event="opened", details__robot=is_robot)
    # After a return the page loads itself again and again until the check has ended.
    pause = timedelta(seconds=settings.VERIFY_FOR)
    lately = timezone.now() - (pause if link.state == LinkState.RETURNED else SAME_OPEN_FOR)
    words = "Opened" if is_robot else f"Opened by {name or 'a person'}"
    is_same = opens.filter(at__gt=lately, details__agent=agent, words=words).exists()
    if is_same or opens.count() >= OPENS_KEPT:
        return
    link.note(
        "opened",
        words,
        None,
        robot=is_robot,
        why=why,
        agent=agent,
        method=method,
        **({"staff": name} if name else {}),
    )


def lock(link_id: int) -> Link:
    """The link's row, held until the transaction ends.

    What changes a link's items or mints together with the link takes it first, so that two of
    them never wait for each other.
    """
    link: Link = Link.objects.select_for_update(no_key=True).get(pk=link_id)
    return link


def move(link: Link, state: LinkState, item: LinkItem | None = None) -> None:
    """Bring the link (and an item) forward to a state; never back, never off its end."""
    earlier = [s for s in ORDER if ORDER.index(s) < ORDER.index(state)]
    if state in {LinkState.STARTED, LinkState.RETURNED}:
        earlier = [s for s in ORDER if s != state]  # a new start after a return is a start again
    Link.objects.filter(pk=link.pk, state__in=earlier).update(state=state)
    items = LinkItem.objects.filter(link=link, state__in=earlier)
    (items.filter(pk=item.pk) if item else items).update(state=state)
    link.refresh_from_db(fields=["state"])


# ---- starting ----


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


def start(item: LinkItem) -> Mint:
    """A new start of one item; a worker mints the sign-in token for it.

    Raises `NotUsableError` and `TooManyStartsError`. Any number of starts is harmless: each
    mints a fresh token, and the link stays as it is.
    """

    moment = timezone.now()
    with transaction.atomic():
        # Read again under the lock: it may have ended since the page was drawn.
        link = lock(item.link_id)
        fresh = LinkItem.objects.select_related("link__console").filter(pk=item.pk).first()
        if fresh is None or not may_start(fresh):
            raise NotUsableError
        check_starts(link, moment)
        mint = Mint.objects.create(item=item, published_at=moment)
        mint.send_on_commit()
    return mint


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
        for rows in (Mint.objects.filter(item__link=link), entries):
            lately = rows.filter(created_at__gt=moment - window).order_by("-created_at")
            times += lately.values_list("created_at", flat=True)[:most]
        if len(times) >= most:
            raise TooManyStartsError(sorted(times)[-most] + window)


def note_shown(mint: Mint) -> bool:
    """Note that the wait page was drawn; says whether it was the first time."""
    rows = Mint.objects.filter(pk=mint.pk, shown_at=None)
    return bool(rows.update(shown_at=timezone.now()))


def take_redirect(mint: Mint, *, label: dict[str, Any] | None = None) -> str | None:
    """The address at Cyclr that a mint leads to, for one redirect; None if there is none now.

    Used and wiped in the same statement: of two requests at once only one gets it. `label`: of a
    visitor who is likely not the customer.
    """
    from dashboard.links import proving

    if mint.state != MintState.READY or mint.is_over:
        return None
    rows = LinkItem.objects.select_related("link__account", "link__console", "account_connector")
    fresh = rows.filter(pk=mint.item_id).first()
    if fresh is None or not may_start(fresh):
        return None
    try:
        url = sealing.unseal(mint.sealed_url, bound_to=mint.seal_place)
    except sealing.SealBrokenError:
        logger.error("mint cannot be opened mint=%d", mint.pk)
        Mint.objects.filter(pk=mint.pk).update(state=MintState.FAILED, sealed_url="")
        return None
    moment = timezone.now()
    with transaction.atomic():
        lock(mint.item.link_id)
        ready = Mint.objects.filter(pk=mint.pk, state=MintState.READY)
        if not ready.update(state=MintState.USED, sealed_url="", used_at=moment):
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
        item.link.note("started", f"Started {item.account_connector}", item, **(label or {}))
        if item.connected_at is not None:
            proving.ask_after_start(item)
    return url


def note_return(mint: Mint) -> None:
    """The customer's browser came back from a start. It proves nothing; a worker asks Cyclr."""
    from dashboard.links import proving

    if mint.state != MintState.USED or mint.returned_at is not None or mint.item.link.is_retired:
        return
    moment = timezone.now()
    with transaction.atomic():
        lock(mint.item.link_id)
        rows = Mint.objects.filter(pk=mint.pk, returned_at=None)
        if not rows.update(returned_at=moment):
            return
        item = mint.item
        left = LinkItem.objects.filter(pk=item.pk, connected_at=None)
        if not left.update(
            returned_at=moment,
            next_check_at=moment,
            checks=0,
            check_until=moment + timedelta(seconds=settings.VERIFY_FOR),
        ):
            proving.ask_again(item)
            return
        move(item.link, LinkState.RETURNED, item)
        item.link.note("returned", f"Came back from {item.account_connector}", item)
        AccountCheck.objects.begin(item.link.account_id)
        AccountCheck.policy.message.send_on_commit(item.link.account_id)


# ---- confirming ----


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
    from dashboard.links import proving

    if is_authenticated and not item.was_authenticated:
        _connect(item)
    else:
        _look_again(item, is_authenticated)
        if is_authenticated:
            proving.ask_after_return(item)


def accept(item: LinkItem) -> None:
    """Connect an item whose typed credentials Cyclr took: there is no other proof of those."""
    if item.connected_at is None:
        _connect(item)


def pause_after(checks: int) -> float:
    """Seconds until the next look after so many: 2, 3, 4.5, … at most a minute."""
    return float(min(LONGEST_PAUSE, 2.0 * 1.5 ** min(checks, 12)))


def unchanged(item: LinkItem) -> QuerySet[LinkItem]:
    """The item's row as it was read: a customer who comes back meanwhile is not overwritten."""
    rows = LinkItem.objects.filter(pk=item.pk, connected_at=None)
    return rows.filter(next_check_at=item.next_check_at)


def connect_proven(item: LinkItem) -> None:
    """Call an item connected because a proof says that it works; once."""
    _connect(item, is_proven=True)


def _connect(item: LinkItem, *, is_proven: bool = False) -> None:
    from dashboard.links import proving

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
        link.note("connected", f"{item.account_connector} connected", item)
        _connect_link(link, moment)
        if not is_proven:
            tested = AccountConnector.objects.filter(pk=item.account_connector_id)
            if forget_failed_tests(tested):
                recount([link.account_id])
            proving.ask_whose(item)
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
            words = f"{name}: Cyclr does not list it, so nobody knows whether it was finished"
            item.link.note("unchecked", words, item)
        elif is_authenticated and item.is_refused:
            pass  # the timeline says already that it does not work
        elif is_authenticated and item.is_returned:
            item.link.note("unproven", f"{name}: returned, not proven to work", item)
        else:
            note_failure(item, "Started and not finished")
            item.link.note("unfinished", f"{name} was started and not finished", item)


def note_failure(item: LinkItem, why: str) -> None:
    """Count a start or an entry that came to nothing; `why` in words for staff."""
    rows = LinkItem.objects.filter(pk=item.pk, connected_at=None)
    rows.update(failures=F("failures") + 1, failure=why)


def _connect_link(link: Link, moment: datetime) -> None:
    if link.items.left().exists():
        Link.objects.filter(pk=link.pk).exclude(state=LinkState.CONNECTED).update(
            state=LinkState.PARTLY
        )
    else:
        finish(link, moment)
    link.refresh_from_db()


def finish(link: Link, moment: datetime) -> None:
    """End a link of which everything that is still in Cyclr is connected."""
    Link.objects.filter(pk=link.pk).update(
        state=LinkState.CONNECTED, connected_at=moment, emptied_at=None
    )
    is_all = not link.items.filter(connected_at=None).exists()
    words = "Everything is connected" if is_all else "Everything that is left is connected"
    link.note("all-connected", words)


def ask_for_new(link: Link, *, label: dict[str, Any] | None = None) -> None:
    """A customer with an old link asks for a new one: staff are told, once.

    `label`: of a visitor who is likely not the customer.
    """
    with transaction.atomic():
        rows = Link.objects.filter(pk=link.pk, is_new_link_asked=False, connected_at=None)
        if rows.filter(console__retired_at=None).update(is_new_link_asked=True):
            link.note("asked", "The customer asks for a new link", None, **(label or {}))
            record(link, Actor.link(link.pk), "links.ask")
