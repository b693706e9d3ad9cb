"""Making a link as the follow-up of another operation, such as an install."""

from __future__ import annotations

from typing import Any

from cyclr_api import Client
from dashboard.links import services
from dashboard.operations.handlers import Handler, Look, NotThere, register
from dashboard.operations.models import Operation

JSON = dict[str, Any]


@register
class CreateLink(Handler):
    """Make a connection link over the operation's installed connector. Cyclr is not asked."""

    kind = "links.create"
    calls_cyclr = False
    is_recorded = False

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Nothing to find out."""
        return {"words": "Nothing to ask Cyclr"}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """Nothing is done outside; the link is made in the last transaction."""
        return {}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Nothing is ever sent."""
        return NotThere()

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """Make the link; the operation's submission makes it once."""
        assert operation.account is not None and operation.account_connector is not None
        link = services.create_link(
            operation.actor,
            operation.account,
            [operation.account_connector],
            submission=operation.submission,
        )
        operation.outcome = {"link": link.pk}
        return "Connection link created"
