"""Reconnect campaigns: one link for each account over the connectors that were chosen.

A campaign is a bulk run of the kind `links.create`: a preview, then one operation for each account.
What was chosen comes from the list of installed connectors, by id or by that list's own filter.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import QueryDict
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.bulk import services as bulk
from dashboard.bulk.models import BulkRun
from dashboard.bulk.services import RunOrder, Target
from dashboard.common.foreign import as_text
from dashboard.consoles.models import Console
from dashboard.links.models import (
    Link,
    LinkEvent,
    LinkItem,
    LinkMail,
    LinkState,
    MailKind,
    MailState,
    Mint,
    MintState,
)
from dashboard.links.services import LONGEST
from dashboard.mirror.finding import ConnectorFilter
from dashboard.mirror.models import Account, AccountConnector
from dashboard.mirror.reading import gone_lately
from dashboard.operations import submitting
from dashboard.operations.models import Operation
from dashboard.operations.submissions import own_submission
from dashboard.people.access import consoles_for
from dashboard.people.models import Role, User

KIND = "links.create"
MOST = 5000
"""Connectors of one campaign."""
AT_A_TIME = 500
"""Ids in one query."""
NOT_AGAIN_WITHIN = timedelta(hours=1)
"""Who was written to so lately is not written to again by a press of *Send again*."""

GONE = "is gone from Cyclr"
NOT_BY_LINK = "cannot be connected by a link"
AUTHENTICATED = "is authenticated"
LINKED = "already has an open link"


T = TypeVar("T")


class TooManyError(Exception):
    """More connectors were chosen than one campaign can have; `count` is how many."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} connectors")
        self.count = count


# ---- choosing ----


def chosen(user: User, asked: QueryDict) -> list[AccountConnector]:
    """The connectors that a list's form or an address picks, as far as the person may.

    `pick`: one of them, many times. `scope=page`: those in `shown` as well. `scope=filter`: all
    that the list's own filter finds, instead. `selection`: ids with commas between them.
    Raises `TooManyError`.
    """
    console = _number(asked.get("console", ""))
    if "filter" in asked.getlist("scope"):
        rows = AccountConnector.objects.visible_to(user, Role.LEAD)
        rows = rows.filter(account__console=console) if console else rows
        rows = ConnectorFilter.of(asked).among(rows)
        rows = rows.filter(gone_lately(), gone_lately("account__"))
        count = rows.count()
        if count > MOST:
            raise TooManyError(count)
        return _in_order(rows)
    written = [*asked.getlist("pick"), *asked.get("selection", "").split(",")]
    if "page" in asked.getlist("scope"):
        written += asked.getlist("shown")
    ids = sorted({number for text in written if (number := _number(text))})
    if len(ids) > MOST:
        raise TooManyError(len(ids))
    may = set(consoles_for(user, Role.LEAD).values_list("pk", flat=True))
    may &= {console} if console else may
    found: list[AccountConnector] = []
    for some in _some(ids, AT_A_TIME):
        # Asked by key alone, and their consoles looked at here: ten times as quick in SQLite.
        by_key = AccountConnector.objects.filter(pk__in=some).select_related("account__console")
        found += [one for one in by_key if one.account.console_id in may]
    return sorted(found, key=_place)


def _in_order(rows: QuerySet[AccountConnector]) -> list[AccountConnector]:
    return sorted(rows.select_related("account__console"), key=_place)


def _place(connector: AccountConnector) -> tuple[Any, ...]:
    account = connector.account
    return account.sort_name, account.pk, connector.name, connector.pk


def _number(text: str) -> int:
    """The id in a text; 0 for rubbish."""
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if is_number else 0


def _some(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The things, so many at a time."""
    for start in range(0, len(things), size):
        yield things[start : start + size]


def selection_of(connectors: Iterable[AccountConnector]) -> str:
    """Their ids as `chosen` reads them."""
    return ",".join(str(one.pk) for one in connectors)


def consoles_of(connectors: Iterable[AccountConnector]) -> dict[Console, int]:
    """The consoles that were chosen from, and how many connectors of each."""
    counts: dict[Console, int] = {}
    for connector in connectors:
        console = connector.account.console
        counts[console] = counts.get(console, 0) + 1
    return counts


# ---- planning ----


@dataclass(slots=True)
class Plan:
    """What a campaign is to do in one account. `email`, `name`: of whom it was sent to last."""

    account: Account
    connectors: list[AccountConnector] = field(default_factory=list)
    left_out: list[tuple[AccountConnector, str]] = field(default_factory=list)
    email: str = ""
    name: str = ""
    doubt: str = ""
    """What a person must confirm first, by line of the table."""

    @property
    def is_possible(self) -> bool:
        """Whether anything of it could be put on a link, if that is wanted."""
        return bool(self.connectors) or any(
            why in {AUTHENTICATED, LINKED} for _, why in self.left_out
        )

    @property
    def every(self) -> list[AccountConnector]:
        """All that was chosen in the account."""
        return [*self.connectors, *(one for one, _ in self.left_out)]

    @property
    def names(self) -> str:
        """The connectors that go on the link."""
        return ", ".join(as_text(one) for one in self.connectors)

    @property
    def reasons(self) -> str:
        """Which connectors stay off the link and why; empty for none."""
        words = [f"{as_text(one)} {why}" for one, why in self.left_out]
        return f"{'; '.join(words)}." if words else ""


def plan(
    connectors: Sequence[AccountConnector],
    *,
    skips_authenticated: bool = True,
    skips_linked: bool = True,
) -> list[Plan]:
    """One entry for each account, in the order of `connectors`; a few queries for all."""
    linked = linked_already([one.pk for one in connectors]) if skips_linked else set()
    plans: dict[int, Plan] = {}
    for one in connectors:
        entry = plans.setdefault(one.account_id, Plan(one.account))
        why = _why_not(one, skips_authenticated=skips_authenticated, linked=linked)
        if why:
            entry.left_out.append((one, why))
        else:
            entry.connectors.append(one)
    for pk, (email, name) in last_recipients(list(plans)).items():
        plans[pk].email, plans[pk].name = email, name
    return list(plans.values())


def _why_not(one: AccountConnector, *, skips_authenticated: bool, linked: set[int]) -> str:
    if one.gone_at is not None or one.account.gone_at is not None:
        return GONE
    if not one.is_connected_by_link:
        return NOT_BY_LINK
    if skips_authenticated and one.authenticated and not one.is_not_working:
        return AUTHENTICATED
    return LINKED if one.pk in linked else ""


def linked_already(connector_ids: Sequence[int]) -> set[int]:
    """Those that a customer can connect now with a link that was made before."""
    found: set[int] = set()
    for some in _some(connector_ids, AT_A_TIME):
        items = LinkItem.objects.filter(
            account_connector__in=some,
            connected_at=None,
            link__connected_at=None,
            link__revoked_at=None,
            link__expires_at__gt=timezone.now(),
        )
        found |= set(items.values_list("account_connector_id", flat=True))
    return found


def last_recipients(account_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """By account: e-mail address and name of whom its latest addressed link was for."""
    found: dict[int, tuple[str, str]] = {}
    latest = Link.objects.filter(account=OuterRef("pk")).exclude(recipient_email="")
    latest = latest.order_by("-created_at", "-pk")
    for some in _some(account_ids, AT_A_TIME):
        accounts = Account.objects.filter(pk__in=some).annotate(
            last_link=Subquery(latest.values("pk")[:1])
        )
        pks = [pk for pk in accounts.values_list("last_link", flat=True) if pk]
        rows = Link.objects.filter(pk__in=pks)
        for pk, email, name in rows.values_list("account", "recipient_email", "recipient_name"):
            found[pk] = (email, name)
    return found


# ---- making ----


@dataclass(frozen=True, slots=True)
class Wishes:
    """What all links of a campaign share; `lifetime` counts from when each is made."""

    lifetime: timedelta
    message: str = ""
    language: str = ""
    ticket_url: str = ""
    has_reminders: bool = False
    mails: bool = False
    skips_authenticated: bool = True
    skips_linked: bool = True

    def shared_values(self) -> dict[str, Any]:
        """As the operations of the run have them, sealed."""
        return {
            "lifetime": int(self.lifetime.total_seconds()),
            "message": self.message,
            "language": self.language,
            "ticket_url": self.ticket_url,
            "has_reminders": self.has_reminders,
            "skips_authenticated": self.skips_authenticated,
            "skips_linked": self.skips_linked,
        }


def draft(
    actor: Actor,
    console: Console,
    plans: Sequence[Plan],
    wishes: Wishes,
    *,
    submission: uuid.UUID,
    entries: Sequence[tuple[str, str]] = (),
    passed_over: Sequence[tuple[int, str, str]] = (),
    notes: Sequence[str] = (),
) -> BulkRun:
    """Store a campaign as a preview; the same submission again gives the same one.

    `plans` carry the recipients to write to. `entries`: what all share, for people.
    `passed_over`: lines of the table of which nothing is done, with the account as it was written
    and why; `notes`: how the table was read. Raises `bulk.OtherRunError` for a used submission
    with other input.
    """
    shown = {
        "entries": [list(entry) for entry in entries],
        "selection": selection_of(one for entry in plans for one in entry.every),
        "passed_over": [list(one) for one in passed_over],
        "notes": list(notes),
        "wishes": wishes.shared_values() | {"mails": wishes.mails},
    }
    order = RunOrder(
        kind=KIND,
        title=title_of(plans),
        actor=actor,
        console=console,
        submission=submission,
        targets=list(_targets(plans, wishes)),
        shown=shown,
    )
    return bulk.draft(order)


def counted(run: BulkRun) -> dict[str, int]:
    """What the start of a preview makes, as far as it is confirmed by now."""
    going = list(run.rows.filter(problem="").values_list("shown_input", flat=True))
    mailed = sum(bool(shown["email"]) for shown in going)
    return {
        "links": len(going),
        "connectors": sum(shown.get("connectors", 1) for shown in going),
        "mails": mailed if run.shown_input["wishes"]["mails"] else 0,
        "addressless": len(going) - mailed,
    }


def drafted_recipients(run: BulkRun) -> dict[int, tuple[str, str]]:
    """By account: whom a preview would write to."""
    rows = run.rows.filter(problem="").values_list("account", "shown_input")
    return {account: (shown["email"], shown["name"]) for account, shown in rows}


def title_of(plans: Iterable[Plan]) -> str:
    """`Reconnect HubSpot`; of several kinds of connectors, `Reconnect connectors`."""
    kinds = {as_text(one.connector_name) for entry in plans for one in entry.connectors}
    only = kinds.pop() if len(kinds) == 1 else ""
    return f"Reconnect {only[:100] or 'connectors'}"


def _targets(plans: Sequence[Plan], wishes: Wishes) -> Iterator[Target]:
    shared = wishes.shared_values()
    for number, entry in enumerate(plans, 1):
        label = as_text(entry.account)[:300]
        if not entry.connectors:
            yield Target(number, label, entry.account, problem=entry.reasons[:500])
            continue
        own = {
            "connectors": [one.pk for one in entry.connectors],
            "recipient_email": entry.email,
            "recipient_name": entry.name,
            "mails": wishes.mails and bool(entry.email),
        }
        entries = [["Connectors", entry.names[:500]], ["Recipient", entry.email or "not given"]]
        if entry.left_out:
            entries.append(["Left out", entry.reasons[:500]])
        yield Target(
            number,
            label,
            entry.account,
            values={
                "values": shared | own,
                "shown": {"entries": entries},
                "exclusive_key": f"{KIND}:{entry.account.pk}",
            },
            shown={
                "entries": entries,
                "email": entry.email,
                "name": entry.name,
                "connectors": len(entry.connectors),
            },
            doubt=entry.doubt,
        )


def connectors_left(account: Account, values: dict[str, Any]) -> list[AccountConnector]:
    """Of the connectors that a row was drafted with: those that are still to be connected."""
    rows = account.connectors.filter(pk__in=values["connectors"]).select_related("account")
    by_id = {one.pk: one for one in rows}
    linked = linked_already(list(by_id)) if values["skips_linked"] else set()
    there = [by_id[pk] for pk in values["connectors"] if pk in by_id]
    skips = values["skips_authenticated"]
    return [one for one in there if not _why_not(one, skips_authenticated=skips, linked=linked)]


# ---- acting on all of a campaign's links ----


def unfinished(run: BulkRun) -> QuerySet[Link]:
    """Links of a campaign that were neither connected nor revoked; expired ones count."""
    links: QuerySet[Link] = Link.objects.filter(run=run, connected_at=None, revoked_at=None)
    return links


def extendable(run: BulkRun) -> QuerySet[Link]:
    """Links of a campaign that more time would help: something is left to connect with them."""
    return unfinished(run).filter(emptied_at=None)


def not_opened(run: BulkRun) -> QuerySet[Link]:
    """Links that nobody opened, with an address to write to, not written to in the last hour."""
    is_lately = Q(state=MailState.WAITING) | Q(created_at__gt=timezone.now() - NOT_AGAIN_WITHIN)
    lately = LinkMail.objects.filter(is_lately, link=OuterRef("pk"))
    links = extendable(run).filter(
        expires_at__gt=timezone.now(),
        state__in=[LinkState.CREATED, LinkState.SENT],
    )
    return links.exclude(recipient_email="").exclude(Exists(lately))


def send_again(run: BulkRun, actor: Actor, submission: uuid.UUID) -> int:
    """Put a message to everyone who did not open their link into the outbox; how many.

    The same submission again writes to nobody twice.
    """
    asked = own_submission(submission, actor, "links.resend", run.console)
    with transaction.atomic():
        BulkRun.objects.select_for_update(no_key=True).get(pk=run.pk)  # two leads at once
        mails = []
        for link in not_opened(run).order_by("pk"):
            own = uuid.uuid5(asked, str(link.pk))
            mail = LinkMail(
                link=link,
                kind=MailKind.INVITATION,
                recipient=link.recipient_email,
                submission=own,
            )
            mail.actor = actor
            mails.append(mail)
        LinkMail.objects.bulk_create(mails, batch_size=AT_A_TIME, ignore_conflicts=True)
        if mails:
            _record(run, actor, "resend", len(mails))
    return len(mails)


def extend_all(run: BulkRun, actor: Actor, by: timedelta) -> int:
    """Let all unfinished links work for so long from now, those that expired too; how many.

    None is shortened. Pressed twice it does nothing more.
    """
    moment = timezone.now()
    until = moment + min(by, LONGEST)
    shorter = Q(expires_at__lt=until - timedelta(minutes=1))
    columns = {"expires_at": until, "is_new_link_asked": False, "moved_at": moment}
    with transaction.atomic():
        pks = _locked(extendable(run).filter(shorter))
        for some in _some(pks, AT_A_TIME):
            Link.objects.filter(pk__in=some).update(**columns)
        _note_all(pks, moment, "extended", f"Extended by {actor.name}")
        if pks:
            _record(run, actor, "extend", len(pks))
    return len(pks)


def revoke_all(run: BulkRun, actor: Actor) -> int:
    """End all unfinished links at once, and make none that were not made yet; how many ended."""
    moment = timezone.now()
    bulk.end(run, actor)
    begun = Operation.objects.active().filter(bulk_row__run=run)
    for operation in begun.select_related("console", "account"):
        submitting.cancel(operation, actor)
    with transaction.atomic():
        pks = _locked(unfinished(run))
        for some in _some(pks, AT_A_TIME):
            Link.objects.filter(pk__in=some).update(revoked_at=moment, moved_at=moment)
            minted = Mint.objects.filter(item__link__in=some)
            minted = minted.filter(state__in=[MintState.WAITING, MintState.READY])
            minted.update(state=MintState.OVER, sealed_url="")
        _note_all(pks, moment, "revoked", f"Revoked by {actor.name}")
        if pks:
            _record(run, actor, "revoke", len(pks))
    return len(pks)


def _locked(links: QuerySet[Link]) -> list[int]:
    """Their ids, held until the transaction ends; always in the same order."""
    held = links.select_for_update(no_key=True).order_by("pk")
    return list(held.values_list("pk", flat=True))


def _note_all(pks: Sequence[int], moment: datetime, event: str, words: str) -> None:
    lines = [LinkEvent(link_id=pk, at=moment, event=event, words=words) for pk in pks]
    LinkEvent.objects.bulk_create(lines, batch_size=AT_A_TIME)


def _record(run: BulkRun, actor: Actor, action: str, count: int) -> None:
    audit.record(
        actor,
        f"links.{action}_all",
        console=run.console,
        target=run.title,
        target_url=run.get_absolute_url(),
        result=f"{count} link{'' if count == 1 else 's'}",
        run=run.reference,
    )
