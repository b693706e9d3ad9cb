"""The operations of links: making one, and bringing in what a customer typed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from cyclr_api import AccountRefusedError, Client, NotFoundError, PermanentError, Property
from dashboard.audit.models import ActorKind
from dashboard.bulk.models import BulkRow, BulkRun
from dashboard.installs.handlers import account_id_of, setting_refused
from dashboard.links import deletions, progress, services, timeline
from dashboard.links.attempts import confirming
from dashboard.links.eligibility import connectors_left
from dashboard.links.input import EntryInput, LinkInput
from dashboard.links.mail import mailing
from dashboard.links.models import ENTER, Link, LinkItem
from dashboard.links.requirements import TYPED
from dashboard.mirror import sync, writing
from dashboard.mirror.catalogue import TRIED_BY_CYCLR, AuthType
from dashboard.mirror.models import AccountConnector
from dashboard.operations.handlers import Handler, Look, NotThere, Refusal, register
from dashboard.operations.models import Operation, Reason

JSON = dict[str, Any]

NOTHING_LEFT = "Nothing to connect any more"
STOPPED = "The campaign was stopped first."
"""Why a row of a campaign made no link; neither is a failure."""


@register
class CreateLink(Handler):
    """Make a connection link over the operation's installed connector, or over those it names.

    Cyclr is not asked.
    """

    kind = "links.create"
    label = "Create link"
    audit_label = "Created"
    calls_cyclr = False
    is_recorded = False

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Nothing to find out."""
        return {"words": "Nothing to ask Cyclr"}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """Nothing is done outside; the link is made in the last transaction, as `values` say."""
        return {"wanted": values} if values else {}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Nothing is ever sent."""
        return NotThere()

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """Make the link; the operation's submission makes it once."""
        wanted = LinkInput.from_json(outcome.get("wanted") or {})
        if wanted.lifetime is not None:
            return self._finish_row(operation, wanted, timedelta(seconds=wanted.lifetime))
        assert operation.account is not None and operation.account_connector is not None
        if operation.parent_id is not None and operation.account_connector.authenticated:
            operation.outcome = {}
            return NOTHING_LEFT  # Cyclr signed in by itself
        link = services.create_link(
            operation.actor,
            operation.account,
            [operation.account_connector],
            recipient_email=wanted.recipient_email,
            recipient_name=wanted.recipient_name,
            submission=operation.submission,
        )
        operation.outcome = {"link": link.pk}
        return "Connection link created"

    def _finish_row(self, operation: Operation, wanted: LinkInput, lifetime: timedelta) -> str:
        """One link of a campaign, over what is still to be connected, and its message."""
        assert operation.account is not None
        operation.outcome = {}
        row = BulkRow.objects.filter(operation=operation).select_related("run").first()
        if row is not None and _is_stopped(row, operation):
            operation.outcome = {"is_stopped": True}
            return STOPPED
        connectors = connectors_left(operation.account, wanted)
        if not connectors:
            return NOTHING_LEFT
        link = services.create_link(
            operation.actor,
            operation.account,
            connectors,
            expires_in=lifetime,
            recipient_email=wanted.recipient_email,
            recipient_name=wanted.recipient_name,
            message=wanted.message,
            language=wanted.language,
            ticket_url=wanted.ticket_url,
            has_reminders=wanted.has_reminders,
            run=row.run if row else None,
            row=row,
            submission=operation.submission,
        )
        operation.outcome = {"link": link.pk}
        if not wanted.mails:
            return "Connection link created"
        mailing.queue_mail(link, operation.actor, submission=operation.submission)
        return "Connection link created, and its e-mail is on its way"


@register
class EnterDetails(Handler):
    """Give Cyclr what a customer typed for an installed connector, all in one call.

    A second call with the same does no harm. What Cyclr says in its answer is what counts: with
    a typed key there is no other test.
    """

    kind = ENTER
    label = "Customer’s entries"
    is_idempotent = True
    forbidden = "The link was revoked or has ended before it was sent."

    def is_allowed(self, operation: Operation) -> bool:
        """Whether a link that was not revoked waits for it; a colleague may try again later.

        What was typed in time counts, also when it is brought in after that.
        """
        links = Link.objects.filter(
            items__entry=operation, items__connected_at=None, revoked_at=None
        )
        if operation.actor_kind == ActorKind.STAFF:
            return super().is_allowed(operation) and links.exists()
        return links.filter(expires_at__gt=operation.created_at).exists()

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Nothing to find out."""
        return {"words": "Nothing to look up first"}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The one call. Whether settings that it does not name are kept is not known: compare."""
        installed = _installed(operation)
        there = client.account(account_id_of(operation)).connector(installed.cyclr_id)
        typed = EntryInput.from_json(values)
        wanted = [Property(one.name, one.value) for one in typed.properties]
        began = timezone.now()
        try:
            if typed.auth_value is None and not wanted:
                now = there.get()
            else:
                now = there.update(auth_value=typed.auth_value, properties=wanted)
        except (NotFoundError, AccountRefusedError):
            deletions.find_out(client, installed, began)
            raise
        columns = sync.account_connector_columns(now)
        sent = [one.name for one in wanted]
        kept = columns.get("filled")
        lost = [] if kept is None else sorted({*installed.filled} - {*kept, *sent})
        return {
            "columns": columns,
            "sent": sent,
            "has_credentials": typed.auth_value is not None,
            "lost": lost,
            "way": typed.way,
        }

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Never asked: it is sent again instead."""
        return NotThere()

    def finalize(self, operation: Operation, client: Client, outcome: JSON) -> JSON:
        """Ask whether it is authenticated, where the answer did not say."""
        if outcome["columns"]["authenticated"] is not None:
            return outcome
        there = client.account(account_id_of(operation))
        now = there.connector(_installed(operation).cyclr_id).get()
        return {**outcome, "columns": outcome["columns"] | sync.account_connector_columns(now)}

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """Bring the mirror along, and connect the items that wait for it."""
        installed, columns = _installed(operation), outcome["columns"]
        names = [*outcome["sent"], *([""] if outcome.get("has_credentials") else [])]
        writing.write_connector(installed, columns, names=names, by=operation.actor_name)
        for item in _waiting(operation):
            _follow(item, outcome)
        said = "says authenticated" if columns["authenticated"] else "does not say authenticated"
        message = f"Saved, and Cyclr {said}"
        if outcome["lost"]:
            message += f". It no longer shows these settings: {', '.join(outcome['lost'])}"
        return message

    def refused_by_cyclr(self, operation: Operation, error: PermanentError) -> Refusal:
        """Which setting Cyclr's message is about, for the customer to type again."""
        name, said = _installed(operation), error.cyclr_message or ""
        if target := setting_refused(said, operation):
            message = f"Cyclr does not take the setting “{target}” of {name}. Nothing was changed."
            return Refusal(message, field=f"property:{target}")
        if isinstance(error, NotFoundError | AccountRefusedError):
            return Refusal(
                f"Cyclr does not know {name} any more, or not this account. Nothing was changed. "
                "Refresh the account."
            )
        quoted = f": “{said}” Nothing" if said else ". Nothing"
        return Refusal(f"Cyclr refused what the customer entered for {name}{quoted} was changed.")

    def failed(self, operation: Operation) -> None:
        """Tell the links that wait for it; one that had ended by then is not the customer's."""
        for item in _waiting(operation):
            progress.lock(item.link_id)
            if item.is_gone:
                deletions.follow(item.link_id)
                continue
            message = f"{item.account_connector}: what was entered was not saved"
            if operation.reason != Reason.NOT_ALLOWED:
                progress.record_failure(item, operation.error)
            timeline.record(item.link, "entry-refused", message, item, why=operation.error)


def _is_stopped(row: BulkRow, operation: Operation) -> bool:
    """Whether its campaign was ended since it was handed over.

    The run is held until the link is made, in one transaction: whoever revokes all of them finds
    this one as well.
    """
    run: BulkRun = BulkRun.objects.select_for_update(no_key=True).get(pk=row.run_id)
    return run.ended_at is not None and operation.created_at < run.ended_at


def _installed(operation: Operation) -> AccountConnector:
    assert operation.account_connector is not None
    return operation.account_connector


def _waiting(operation: Operation) -> list[LinkItem]:
    """The items that wait for it; on a link that was revoked nothing is connected any more."""
    rows = LinkItem.objects.filter(entry=operation, connected_at=None, link__revoked_at=None)
    return list(
        rows.select_related("link__account", "link__console", "account_connector").order_by("pk")
    )


def _follow(item: LinkItem, outcome: JSON) -> None:
    """What an answer of Cyclr's means for an item."""
    progress.lock(item.link_id)
    auth_type, is_authenticated = outcome["way"], outcome["columns"]["authenticated"]
    name = item.account_connector
    if outcome["lost"]:
        lost = ", ".join(outcome["lost"])
        timeline.record(item.link, "unproven", f"{name}: Cyclr no longer shows these: {lost}", item)
    if is_authenticated and (auth_type in TYPED | TRIED_BY_CYCLR or not item.was_authenticated):
        confirming.accept(item)
        return
    if is_authenticated is False and item.was_authenticated:
        LinkItem.objects.filter(pk=item.pk).update(was_authenticated=False)
    if auth_type in {AuthType.API_KEY, AuthType.BASIC}:
        progress.record_failure(item, "Cyclr accepted it but does not say it is authenticated")
        message = f"{name}: saved, but Cyclr does not say it is authenticated"
        timeline.record(item.link, "entry-refused", message, item)
    elif auth_type in {AuthType.NOTHING, AuthType.UNKNOWN}:
        timeline.record(
            item.link, "unproven", f"{name}: saved. It has to be finished in Cyclr", item
        )
    else:
        timeline.record(item.link, "saved", f"{name}: saved. The customer signs in next", item)
