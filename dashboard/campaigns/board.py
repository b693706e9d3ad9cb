"""What the board says of a campaign: where each account stands, counted, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.utils import timezone

from dashboard.bulk import display as bulk_display
from dashboard.bulk.display import Part
from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.common.chunks import chunks
from dashboard.links.handlers import NOTHING_LEFT, STOPPED
from dashboard.links.models import Link, LinkEvent, LinkItem, LinkMail, LinkState, MailState
from dashboard.notifications.addresses import staff_url
from dashboard.operations.models import ACTIVE, State


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account of a campaign can stand. `shape`: how its state is drawn."""

    key: str
    word: str
    shape: str


PLACES = (
    Place("failing", "Failing", "failed"),
    Place("not-made", "Not made", "failed"),
    Place("expired", "Expired", "expired"),
    Place("not-sent", "Not sent", "created"),
    Place("filed", "Sent to a file", "sent"),
    Place("sent", "Sent", "sent"),
    Place("opened", "Opened", "opened"),
    Place("started", "Started", "started"),
    Place("returned", "Returned", "returned"),
    Place("partly-connected", "Partly connected", "partly-connected"),
    Place("connected", "Connected", "connected"),
    Place("waiting", "Queued", "queued"),
    Place("revoked", "Revoked", "revoked"),
    Place("gone", "Gone", "gone"),
    Place("left-out", "Left out", "cancelled"),
)
"""In the order in which they need somebody."""
BY_KEY = {place.key: place for place in PLACES}
READY = Place("waiting", "Ready", "created")
"""What a row of a preview is."""

COLUMNS = (
    "Account",
    "Account id",
    "Connectors",
    "Recipient email",
    "Recipient name",
    "State",
    "Last event",
    "Last event at (UTC)",
    "Why it fails",
    "Sent (UTC)",
    "Works until (UTC)",
    "Connected (UTC)",
    "Link",
)


def placed(rows: QuerySet[BulkRow]) -> QuerySet[Any]:
    """The rows, each with the key of its `place`."""
    items = LinkItem.objects.filter(link=OuterRef("link__pk"), failures__gt=0).left()
    mails = LinkMail.objects.filter(link=OuterRef("link__pk")).order_by("-created_at", "-pk")
    is_failing = Q(Exists(items)) | Q(latest_mail__in=[MailState.FAILED, MailState.BOUNCED])
    cases = [
        (~Q(problem="") | Q(is_taken_back=True), "left-out"),
        (Q(operation=None) | Q(operation__state__in=ACTIVE), "waiting"),
        (Q(operation__state=State.FAILED), "not-made"),
        (Q(link=None), "left-out"),
        (Q(link__connected_at__isnull=False), "connected"),
        (Q(link__revoked_at__isnull=False), "revoked"),
        (Q(link__emptied_at__isnull=False), "gone"),
        (Q(link__expires_at__lte=timezone.now()), "expired"),
        (is_failing, "failing"),
        (Q(link__state=LinkState.CREATED), "not-sent"),
        (Q(link__state=LinkState.SENT, link__is_only_file=True), "filed"),
    ]
    cases += [
        (Q(link__state=state), state)
        for state in (
            LinkState.SENT,
            LinkState.OPENED,
            LinkState.STARTED,
            LinkState.RETURNED,
            LinkState.PARTLY,
        )
    ]
    return rows.alias(latest_mail=Subquery(mails.values("state")[:1])).annotate(
        place=Case(
            *(When(which, then=Value(str(key))) for which, key in cases),
            default=Value("connected"),
            output_field=CharField(),
        )
    )


def counts_of(run: BulkRun) -> dict[str, int]:
    """How many accounts stand in each place; one query. Places with nobody are left out."""
    rows = placed(run.rows.order_by()).values("place").annotate(count=Count("pk"))
    return dict(rows.values_list("place", "count"))


def by_urgency(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Rows with their places, in the order of `PLACES`."""
    urgency = Case(
        *(When(place=one.key, then=Value(n)) for n, one in enumerate(PLACES)),
        default=Value(len(PLACES)),
        output_field=IntegerField(),
    )
    return rows.order_by(urgency, "number")


# ---- the bar ----


def tally(counts: dict[str, int]) -> list[tuple[Place, int]]:
    """Each place in which somebody stands, with how many."""
    return [(place, counts[place.key]) for place in PLACES if counts.get(place.key)]


def made(counts: dict[str, int]) -> int:
    """Accounts that have or will have something to connect: the whole length of the bar."""
    return sum(counts.values()) - counts.get("left-out", 0) - counts.get("gone", 0)


def bar(counts: dict[str, int]) -> list[Part]:
    """What is connected; all else of the bar is still to come, and told below it."""
    return bulk_display.parts_of({"done": counts.get("connected", 0)}, made(counts))


# ---- the rows ----


@dataclass(frozen=True, slots=True)
class Line:
    """One account of a campaign as it is drawn. `why`: what went wrong or is missing, in words."""

    row: BulkRow
    place: Place
    link: Link | None
    connectors: list[str]
    email: str
    name: str
    last_message: str
    last_at: datetime | None
    why: str

    @property
    def url(self) -> str:
        """Where its story is told: the link, the operation, or the account."""
        if self.link is not None:
            return self.link.get_absolute_url()
        if self.row.operation is not None:
            return self.row.operation.get_absolute_url()
        return self.row.account.get_absolute_url() if self.row.account else ""


def lines(run: BulkRun, found: Iterable[tuple[int, str]]) -> list[Line]:
    """Rows by their ids, in that order, with all that is drawn of them; a few queries for all."""
    found = list(found)
    events = LinkEvent.objects.filter(link=OuterRef("link__pk")).order_by("-at", "-pk")
    rows = (
        run.rows.filter(pk__in=[pk for pk, _ in found])
        .select_related("account", "operation", "link__console")
        .defer("encrypted_input", "operation__encrypted_input", "operation__display_input")
        .prefetch_related("link__items__account_connector", "link__mails")
        .annotate(
            last_message=Subquery(events.values("message")[:1]),
            last_at=Subquery(events.values("at")[:1]),
        )
    )
    by_id = {row.pk: row for row in rows}
    return [_line(run, by_id[pk], place) for pk, place in found if pk in by_id]


def _line(run: BulkRun, row: Any, key: str) -> Line:
    link: Link | None = getattr(row, "link", None)
    is_ready = run.state == RunState.DRAFT and key == "waiting"
    return Line(
        row=row,
        place=READY if is_ready else BY_KEY[key],
        link=link,
        connectors=_connectors(row, link),
        email=link.recipient_email if link else row.display_input.get("email", ""),
        name=link.recipient_name if link else row.display_input.get("name", ""),
        last_message=row.last_message or "",
        last_at=row.last_at,
        why=_why(row, link, key),
    )


def _connectors(row: BulkRow, link: Link | None) -> list[str]:
    if link is not None:
        return [str(item.account_connector) for item in link.items.all()]
    entries = row.display_input.get("entries", [])
    return [value for label, value in entries if label == "Connectors"]


def _why(row: BulkRow, link: Link | None, key: str) -> str:
    if row.problem:
        return row.problem
    if row.is_taken_back:
        return STOPPED if row.run.started_at else "Never started."
    if link is None:
        return _why_no_link(row)
    mails = sorted(link.mails.all(), key=lambda mail: (mail.created_at, mail.pk))
    latest = mails[-1] if mails else None
    if key == "failing":
        failures = [item.failure for item in link.items.all() if item.failures and item.failure]
        if latest is not None and latest.state in {MailState.FAILED, MailState.BOUNCED}:
            failures.append(latest.last_error or "The e-mail could not be delivered.")
        return " ".join(dict.fromkeys(failures)) or "Started and not finished"
    if key == "filed":
        return "No mail server is set, so nobody got its e-mail."
    if key == "gone":
        return "What its link asked for was deleted in Cyclr."
    if key == "not-sent":
        if not link.recipient_email:
            return "No e-mail address: copy the link."
        return "" if latest is None else "Its e-mail is on its way."
    return ""


def _why_no_link(row: BulkRow) -> str:
    operation = row.operation
    if operation is None:
        entries = row.display_input.get("entries", [])
        return next((value for label, value in entries if label == "Left out"), "")
    if operation.state == State.FAILED:
        return str(operation.error)
    if operation.state == State.CANCELLED:
        return "Cancelled before its link was created."
    if operation.state != State.DONE:
        return ""
    return STOPPED if (operation.outcome or {}).get("is_stopped") else NOTHING_LEFT


# ---- the CSV ----


def table(run: BulkRun) -> Iterator[tuple[object, ...]]:
    """One row of the CSV for each account. A link is told by its staff page, never its address."""
    found = list(by_urgency(placed(run.rows.all())).values_list("pk", "place"))
    for some in chunks(found):
        for line in lines(run, some):
            link, account = line.link, line.row.account
            yield (
                account.name if account else line.row.label,
                account.cyclr_id if account else "",
                ", ".join(line.connectors),
                line.email,
                line.name,
                line.place.word,
                line.last_message,
                _moment(line.last_at),
                line.why,
                _moment(link.sent_at if link else None),
                _moment(link.expires_at if link else None),
                _moment(link.connected_at if link else None),
                staff_url(link.get_absolute_url()) if link else "",
            )


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


# ---- the list of campaigns ----


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """One campaign as it stands in the list."""

    run: BulkRun
    heading: str
    state: bulk_display.Shown
    links: int
    connected: int


def campaign_lines(runs: Iterable[BulkRun]) -> list[CampaignLine]:
    """The campaigns with their counts; two queries for all."""
    runs = list(runs)
    links = Link.objects.filter(run__in=runs).order_by().values("run")
    counted = links.annotate(
        links=Count("pk", filter=Q(emptied_at=None)),
        connected=Count("pk", filter=Q(connected_at__isnull=False)),
    ).values_list("run", "links", "connected")
    by_run = {run: (made, connected) for run, made, connected in counted}
    return [
        CampaignLine(line.run, line.heading, line.state, *by_run.get(line.run.pk, (0, 0)))
        for line in bulk_display.run_lines(runs)
    ]
