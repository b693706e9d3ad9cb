"""Taking an installed connector's credentials away, and deleting it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone

from cyclr_api import Client, Cycle, NotFoundError
from cyclr_api.account_connectors import AccountConnectorApi
from dashboard.accounts.handlers.base import named
from dashboard.common.untrusted_text import storable
from dashboard.connector_changes.handlers.base import (
    ConnectorChange,
    connector_api,
    installed_of,
)
from dashboard.connector_changes.handlers.properties import (
    REPLACE_CREDENTIALS,
    forget_authenticated,
)
from dashboard.connector_changes.input import LossInput
from dashboard.links import deletions, timeline
from dashboard.links.models import ENTER, Link, LinkItem
from dashboard.mirror import writing
from dashboard.mirror.tasks import ask_for_refresh
from dashboard.operations.handlers import Doubtful, Found, Look, NotDoneError, NotThere, register
from dashboard.operations.models import Operation, State
from dashboard.people.models import Role

JSON = dict[str, Any]
DEAUTHENTICATE, DELETE = "connectors.deauthenticate", "connectors.delete"


def running_cycles(operation: Operation, client: Client) -> list[Cycle]:
    """The cycles that run now and use the connector, as Cyclr says."""
    assert operation.account is not None
    cyclr_id = installed_of(operation).cyclr_id
    return [
        cycle
        for cycle in client.account(operation.account.cyclr_id).cycles.all()
        if cycle.is_active and any(one.account_connector_id == cyclr_id for one in cycle.connectors)
    ]


class Losing(ConnectorChange):
    """What stops cycles: done only to those that whoever confirmed was shown."""

    role: ClassVar[Role] = Role.LEAD

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Look at what it stops once more, right before."""
        shown = LossInput.of(operation).cycles
        running = running_cycles(operation, client)
        new = [cycle for cycle in running if cycle.id not in shown]
        if new:
            assert operation.account is not None
            ask_for_refresh(operation.account)
            one = "a running cycle uses" if len(new) == 1 else f"{len(new)} running cycles use"
            raise NotDoneError(
                "GET /cycles",
                f"Since it was confirmed {one} it as well: {named(new)}. Nothing was changed. "
                "Look at what stops, and confirm again.",
            )
        count = len(running)
        return {
            "cycles": [cycle.id for cycle in running],
            "words": f"{count} running cycle{'' if count == 1 else 's'} will stop",
        }

    def stopped(self, operation: Operation) -> str:
        """How many cycles stopped with it, as the end of a sentence."""
        count = len((operation.prepared or {}).get("cycles", ()))
        if not count:
            return "No cycle was running with it"
        return f"{count} running cycle{'' if count == 1 else 's'} stopped"


@register
class DeleteConnector(Losing):
    """Delete an installed connector. Ids are not used again, so a second call does no harm."""

    kind = DELETE
    label = "Delete connector"
    page = "connector_delete"
    doing = "delete"

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """Delete it; one that is gone is as good as deleted."""
        there = connector_api(operation, client)
        try:
            return self.change(operation, there, values)
        except NotFoundError:
            if not _is_gone(there):
                raise
        return {"by_others": not operation.is_resent}

    def change(self, operation: Operation, there: AccountConnectorApi, values: JSON) -> JSON:
        """The one call."""
        there.delete()
        return {"by_others": False}

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """It leaves lists and links; the account is read again for its cycles."""
        connector = installed_of(operation)
        writing.write_deleted(connector)
        deletions.follow_connector(connector.pk)
        assert operation.account is not None
        ask_for_refresh(operation.account)
        if outcome["by_others"]:
            return "It had been deleted in Cyclr already"
        return f"Deleted. {self.stopped(operation)}"


@register
class Deauthenticate(Losing):
    """Take an installed connector's credentials away.

    Not done twice unless it surely was not done: meanwhile somebody may have connected it anew.
    """

    kind = DEAUTHENTICATE
    label = "De-authenticate"
    page = "connector_deauthenticate"
    doing = "de-authenticate"
    is_idempotent = False

    def change(self, operation: Operation, there: AccountConnectorApi, values: JSON) -> JSON:
        """The one call."""
        return {"said": storable(there.deauthenticate() or "")}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Not authenticated any more: it is done. Else it was not done, or was undone since."""
        try:
            now = connector_api(operation, client).get()
        except NotFoundError:
            return Found({"is_gone": True})
        if not now.authenticated:
            return Found({})
        if _is_connected_since(operation):
            return Doubtful(
                "Cyclr did not answer, and since then new credentials were entered. If they are "
                "to go as well, de-authenticate it again."
            )
        return NotThere()

    def finalize(self, operation: Operation, client: Client, outcome: JSON) -> JSON:
        """What Cyclr says of it now."""
        if outcome.get("is_gone"):
            return outcome
        return {**outcome, "authenticated": connector_api(operation, client).get().authenticated}

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """Bring mirror and links along; the account is read again for its cycles."""
        connector = installed_of(operation)
        assert operation.account is not None
        ask_for_refresh(operation.account)
        if outcome.get("is_gone"):
            writing.write_deleted(connector)
            deletions.follow_connector(connector.pk)
            return "It was deleted in Cyclr meanwhile"
        is_authenticated = bool(outcome.get("authenticated"))
        writing.write_authenticated(connector, authenticated=is_authenticated, is_wanted=True)
        if is_authenticated:
            return "Cyclr took the request and still says authenticated. Check it in Cyclr"
        forget_authenticated(connector.pk)
        _tell_links(operation)
        return f"De-authenticated. {self.stopped(operation)}"


def _is_gone(there: AccountConnectorApi) -> bool:
    """Whether Cyclr answers 404 for the connector itself."""
    try:
        there.get()
    except NotFoundError:
        return True
    return False


def _is_connected_since(operation: Operation) -> bool:
    """Whether a customer or a colleague gave it new credentials after this was sent."""
    connector, sent_at = installed_of(operation), operation.sent_at or timezone.now()
    entered = Operation.objects.filter(
        account_connector=connector,
        kind__in=[ENTER, REPLACE_CREDENTIALS],
        state=State.DONE,
        finished_at__gt=sent_at,
    )
    items = LinkItem.objects.filter(account_connector=connector, returned_at__gt=sent_at)
    return entered.exists() or items.exists()


def _tell_links(operation: Operation) -> None:
    """A line on the timeline of each link that can be used and asks for it, or has it connected."""
    connector = installed_of(operation)
    open_links = Link.objects.filter(
        items__account_connector=connector,
        revoked_at=None,
        connected_at=None,
        expires_at__gt=timezone.now(),
    )
    for link in open_links.select_related("console", "account").order_by("pk"):
        item = link.items.get(account_connector=connector)
        message = f"{connector} was de-authenticated by {operation.actor_name}"
        timeline.record(link, "deauthenticated", message, item)
