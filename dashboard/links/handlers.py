"""Making a link: as the follow-up of an install, or as one row of a campaign."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cyclr_api import Client
from dashboard.bulk.models import BulkRow
from dashboard.links import campaigns, mailing, services
from dashboard.operations.handlers import Handler, Look, NotThere, register
from dashboard.operations.models import Operation

JSON = dict[str, Any]

NOTHING_LEFT = "Nothing to connect any more"
"""Why a row of a campaign made no link; no failure."""


@register
class CreateLink(Handler):
    """Make a connection link over the operation's installed connector, or over those it names.

    Cyclr is not asked.
    """

    kind = "links.create"
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
        if wanted := outcome.get("wanted"):
            return self._finish_row(operation, wanted)
        assert operation.account is not None and operation.account_connector is not None
        link = services.create_link(
            operation.actor,
            operation.account,
            [operation.account_connector],
            submission=operation.submission,
        )
        operation.outcome = {"link": link.pk}
        return "Connection link created"

    def _finish_row(self, operation: Operation, wanted: JSON) -> str:
        """One link of a campaign, over what is still to be connected, and its message."""
        assert operation.account is not None
        operation.outcome = {}
        connectors = campaigns.connectors_left(operation.account, wanted)
        if not connectors:
            return NOTHING_LEFT
        row = BulkRow.objects.filter(operation=operation).select_related("run").first()
        link = services.create_link(
            operation.actor,
            operation.account,
            connectors,
            expires_in=timedelta(seconds=wanted["lifetime"]),
            recipient_email=wanted["recipient_email"],
            recipient_name=wanted["recipient_name"],
            message=wanted["message"],
            language=wanted["language"],
            ticket_url=wanted["ticket_url"],
            has_reminders=wanted["has_reminders"],
            run=row.run if row else None,
            row=row,
            submission=operation.submission,
        )
        operation.outcome = {"link": link.pk}
        if not wanted["mails"]:
            return "Connection link created"
        mailing.queue_mail(link, operation.actor, submission=operation.submission)
        return "Connection link created, and its e-mail is on its way"
