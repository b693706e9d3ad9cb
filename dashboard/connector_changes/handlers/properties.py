"""Settings and credentials of an installed connector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cyclr_api import AccountRefusedError, Client, NotFoundError, PermanentError, PropertyValue
from cyclr_api.account_connectors import AccountConnectorApi, Properties
from cyclr_api.auth_values import secrets_in
from dashboard.common.pasted import holds_mask
from dashboard.common.untrusted_text import storable
from dashboard.connector_changes.handlers.base import (
    SO_FAR,
    ConnectorChange,
    connector_api,
    installed_of,
)
from dashboard.connector_changes.input import CredentialsInput, SettingsInput
from dashboard.connectors import connection_tests
from dashboard.connectors.handlers import try_signing_in
from dashboard.links.models import LinkItem
from dashboard.mirror import sync, writing
from dashboard.mirror.catalogue import TRY
from dashboard.mirror.tasks import ask_for_refresh
from dashboard.operations.handlers import NotDoneError, Refusal, register
from dashboard.operations.input import Setting
from dashboard.operations.models import Operation

JSON = dict[str, Any]
CHANGE_SETTINGS = "connectors.change_settings"
REPLACE_CREDENTIALS = "connectors.replace_credentials"
MASKED = (
    "is what Cyclr shows in place of the value, not the value itself. Nothing was sent. Enter the "
    "value, or leave the field empty to keep it."
)
STOPPED = "stopped"
"""The event that says where a change of several settings came to an end."""


def refuse_masks(there: Sequence[PropertyValue], wanted: Iterable[Setting]) -> None:
    """Raise `NotDoneError` for what Cyclr itself showed instead of a value."""
    shown = {(one.name, one.value) for one in there if one.value and holds_mask(one.value)}
    for one in wanted:
        if (one.name, one.value) in shown:
            message = f"What was entered for “{one.name}” {MASKED}"
            call = "PUT /account/connectors/{id}/properties/{property}"
            raise NotDoneError(call, message, field=f"property:{one.name}")


def _send(
    properties: Properties, there: Sequence[PropertyValue], wanted: SettingsInput
) -> Iterable[str]:
    """Each property's name before it is changed or removed."""
    first = {one.name: one for one in reversed(there)}
    for one in wanted.properties:
        yield one.name
        known = first.get(one.name)
        if known is None or known.id is None:
            properties.add(one.name, one.value)
        elif known.value != one.value:
            properties.change(known.id, name=one.name, value=one.value)
    for name in wanted.removed:
        yield name
        for known in there:
            if known.name == name and known.id is not None:
                properties.delete(known.id)


def change_properties(
    operation: Operation, there: AccountConnectorApi, wanted: SettingsInput
) -> JSON:
    """Bring the properties in line, one by one; where Cyclr refuses one, the story says which."""
    if not wanted.properties and not wanted.removed:
        return {"names": [], "removed": []}
    listed = there.properties.all()
    refuse_masks(listed, wanted.properties)
    begun: list[str] = []
    try:
        for name in _send(there.properties, listed, wanted):
            begun.append(name)
    except PermanentError:
        name, done = str(storable(begun[-1])), storable(begun[:-1])
        operation.record(STOPPED, f"Stopped at “{name}”", at=name, done=done)
        raise
    return {"names": [one.name for one in wanted.properties], "removed": list(wanted.removed)}


class PropertiesChange(ConnectorChange):
    """A change of several properties, which may come to an end in the middle."""

    def _stop(self, operation: Operation) -> JSON:
        event = operation.events.filter(event=STOPPED, attempt=operation.attempt).first()
        return event.details if event is not None else {}

    def so_far(self, operation: Operation) -> str:
        """Which settings were saved before the refused one."""
        done = self._stop(operation).get("done")
        return f"Saved before that: {', '.join(map(str, done))}." if done else SO_FAR

    def refused(self, operation: Operation, error: PermanentError) -> Refusal:
        """Which setting it is about."""
        refusal = super().refused(operation, error)
        at, done = self._stop(operation).get("at"), self._stop(operation).get("done")
        if done:
            assert operation.account is not None
            ask_for_refresh(operation.account)
        if refusal.field or not at or isinstance(error, NotFoundError | AccountRefusedError):
            return refusal
        return Refusal(f"{refusal.message} It is about “{at}”.", field=f"property:{at}")


@register
class ChangeSettings(PropertiesChange):
    """Set, add and remove properties."""

    kind = CHANGE_SETTINGS
    label = "Change settings"
    page = "connector_settings"
    doing = "change settings of"

    def change(self, operation: Operation, there: AccountConnectorApi, values: JSON) -> JSON:
        """Only what differs from what is there."""
        return change_properties(operation, there, SettingsInput.from_json(values))

    def finalize(self, operation: Operation, client: Client, outcome: JSON) -> JSON:
        """With all it needs among the settings, Cyclr is asked to sign in with them."""
        return try_signing_in(operation, client, outcome)

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """The mirror learns which settings have a value."""
        names, removed = storable(outcome["names"]), storable(outcome["removed"])
        writing.write_settings(
            installed_of(operation),
            names,
            removed=removed,
            authenticated=outcome.get("authenticated"),
            by=operation.actor_name,
        )
        saved = f"{len(names)} saved" if names else ""
        gone = f"{len(removed)} removed" if removed else ""
        return f"Settings: {', '.join(part for part in (saved, gone) if part)}"


@register
class ReplaceCredentials(PropertiesChange):
    """Give an installed connector other credentials."""

    kind = REPLACE_CREDENTIALS
    label = "Replace credentials"
    page = "connector_credentials"
    doing = "replace the credentials of"

    def change(self, operation: Operation, there: AccountConnectorApi, values: JSON) -> JSON:
        """What stands among the settings first, for Cyclr signs in with it; then the rest."""
        wanted = CredentialsInput.from_json(values)
        is_there = self._is_there(there, wanted.auth_value)
        settings = SettingsInput(wanted.properties, wanted.removed)
        changed = change_properties(operation, there, settings)
        if wanted.auth_value is None or (is_there and operation.is_resent):
            now = there.get()  # sent before, and its answer was lost
        else:
            now = there.update(auth_value=wanted.auth_value)
        return {
            **changed,
            "has_credentials": wanted.auth_value not in {None, TRY},
            "columns": sync.account_connector_columns(now),
        }

    def _is_there(self, there: AccountConnectorApi, auth_value: str | None) -> bool:
        """Whether Cyclr shows these very credentials; `NotDoneError` for the mask it shows."""
        if auth_value is None or auth_value == TRY:
            return False
        shown = there.shown_credential(secrets_in((), auth_value))
        if shown is not None and holds_mask(shown):
            message = f"What was entered {MASKED}"
            raise NotDoneError("PUT /account/connectors/{id}", message, field="credentials")
        return shown == auth_value

    def finalize(self, operation: Operation, client: Client, outcome: JSON) -> JSON:
        """Ask whether it is authenticated, where the answer did not say."""
        if outcome["columns"]["authenticated"] is not None:
            return outcome
        now = connector_api(operation, client).get()
        return {**outcome, "columns": outcome["columns"] | sync.account_connector_columns(now)}

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """Bring the mirror along, and have it tested where there is a test."""
        connector, columns = installed_of(operation), outcome["columns"]
        names = [*storable(outcome["names"]), *([""] if outcome["has_credentials"] else [])]
        writing.write_connector(connector, columns, names=names, by=operation.actor_name)
        if not columns["authenticated"]:
            forget_authenticated(connector.pk)
            return "Saved, but Cyclr does not say that it is authenticated"
        connector.refresh_from_db()
        is_tested = connection_tests.ask(connector, operation.actor) is not None
        then = "; whether they work is tested now" if is_tested else ""
        return f"Saved, and Cyclr says authenticated{then}"


def forget_authenticated(connector_pk: int) -> None:
    """Links that asked to reconnect it: who connects it now has connected it for the first time."""
    items = LinkItem.objects.filter(account_connector=connector_pk, connected_at=None)
    items.filter(was_authenticated=True).update(was_authenticated=False)
