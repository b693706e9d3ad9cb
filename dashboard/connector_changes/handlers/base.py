"""What all changes of an installed connector have in common: what a refusal means, what follows."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from django.urls import reverse
from django.utils import timezone

from cyclr_api import (
    AccountRefusedError,
    Client,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PermanentError,
)
from cyclr_api.account_connectors import AccountConnectorApi
from dashboard.links import deletions
from dashboard.mirror.models import AccountConnector
from dashboard.mirror.tasks import ask_for_refresh
from dashboard.operations.handlers import Handler, Look, NotThere, Refusal
from dashboard.operations.models import Operation

JSON = dict[str, Any]
SO_FAR = "Nothing was changed."


def installed_of(operation: Operation) -> AccountConnector:
    """The connector that is changed."""
    assert operation.account_connector is not None
    return operation.account_connector


def connector_api(operation: Operation, client: Client) -> AccountConnectorApi:
    """The same in Cyclr."""
    assert operation.account is not None
    return client.account(operation.account.cyclr_id).connector(installed_of(operation).cyclr_id)


class ConnectorChange(Handler):
    """A change that may be sent twice: each time it looks first, and sends only what differs."""

    is_idempotent: ClassVar[bool] = True
    page: ClassVar[str]
    """The name of its form's address."""
    doing: ClassVar[str]
    """What it does, before the connector's name: “rename”."""

    def fix_url(self, operation: Operation) -> str:
        """The form, filled but for secrets."""
        form = reverse(self.page, args=[installed_of(operation).pk])
        return f"{form}?from={operation.reference}"

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """What is there is looked at right before it is changed."""
        return {"words": "Nothing to look up first"}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """Change it; where Cyclr does not know it, find out what is gone."""
        began = timezone.now()
        try:
            return self.change(operation, connector_api(operation, client), values)
        except (NotFoundError, AccountRefusedError):
            deletions.find_out(client, installed_of(operation), began)
            raise

    @abstractmethod
    def change(self, operation: Operation, there: AccountConnectorApi, values: JSON) -> JSON:
        """Send what differs; returns the outcome."""

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Never asked: it is sent again instead."""
        return NotThere()

    def so_far(self, operation: Operation) -> str:
        """What had happened before it was refused."""
        return SO_FAR

    def refused_by_cyclr(self, operation: Operation, error: PermanentError) -> Refusal:
        """What happened, why, and what to do next."""
        if isinstance(error, NotFoundError | AccountRefusedError):
            assert operation.account is not None
            ask_for_refresh(operation.account)
        return Refusal(self._refusal(operation, error))

    def _refusal(self, operation: Operation, error: PermanentError) -> str:
        name, so_far = installed_of(operation), self.so_far(operation)
        said = f": “{error.cyclr_message}”" if error.cyclr_message else "."
        match error:
            case NotFoundError():
                return f"Cyclr does not know {name} any more. {so_far} The account is read again."
            case AccountRefusedError():
                return (
                    "Cyclr refuses access to this account; it may have been deleted there. "
                    f"{so_far} The account is read again."
                )
            case ForbiddenError():
                return (
                    f"Cyclr does not allow this console to {self.doing} {name}{said} {so_far} Do "
                    "it in the Cyclr console, or ask an administrator about the console’s rights."
                )
            case ConflictError():
                return (
                    f"Cyclr does not {self.doing} {name} now, because something else is under way "
                    f"there{said} {so_far} Try again when that has ended; a cycle that runs can "
                    "be deactivated first."
                )
        return f"Cyclr refused to {self.doing} {name}{said} {so_far}"

    def failed(self, operation: Operation) -> None:
        """What turned out to be gone leaves its links."""
        deletions.follow_connector(installed_of(operation).pk)
