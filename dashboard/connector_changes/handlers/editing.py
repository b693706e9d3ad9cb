"""Name, description and native mark of an installed connector."""

from __future__ import annotations

from typing import Any

import cyclr_api
from cyclr_api import NameInUseError, PermanentError
from cyclr_api.account_connectors import AccountConnectorApi
from dashboard.common.untrusted_text import storable
from dashboard.connector_changes.handlers.base import (
    ConnectorChange,
    installed_of,
)
from dashboard.connector_changes.input import EditInput, NativeInput
from dashboard.mirror import sync, writing
from dashboard.operations.handlers import NotDoneError, Refusal, register
from dashboard.operations.models import Operation

JSON = dict[str, Any]
UPDATE = "PUT /account/connectors/{id}"
EDIT, SET_NATIVE = "connectors.edit", "connectors.set_native"
LABELS = {"name": "name", "description": "description"}


def _columns(now: cyclr_api.AccountConnector, *names: str) -> JSON:
    """Those of the mirror's columns that a change is about, as Cyclr has them now."""
    known = {"left_mark": "", **sync.account_connector_columns(now)}
    return {name: known[name] for name in names}


def _as_sent(text: str | None) -> str:
    """What of a text a reading can be compared with."""
    return str(storable(text or ""))


@register
class EditConnector(ConnectorChange):
    """Give an installed connector another name or description."""

    kind = EDIT
    label = "Rename or describe"
    page = "connector_edit"
    doing = "change name or description of"

    def change(self, operation: Operation, there: AccountConnectorApi, values: JSON) -> JSON:
        """One call, with what differs from what is there."""
        wanted = EditInput.from_json(values)
        asked = {name: text for name in LABELS if (text := getattr(wanted, name)) is not None}
        before = _columns(there.get(), "name", "description", "left_mark")
        differs = {name: text for name, text in asked.items() if before[name] != _as_sent(text)}
        if not differs:
            return {"columns": before, "kept": []}
        now = _columns(there.update(**differs), "name", "description", "left_mark")
        kept = [name for name in differs if now[name] == before[name]]
        if len(kept) == len(differs):
            what = " and ".join(LABELS[name] for name in kept)
            raise NotDoneError(
                UPDATE,
                f"Cyclr took the request and left the {what} as it was. Nothing was changed. "
                "Change it in the Cyclr console.",
            )
        return {"columns": now, "kept": kept}

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """The mirror and its lists get what Cyclr has now, not what was sent."""
        connector = installed_of(operation)
        writing.write_changed(connector, outcome["columns"])
        if outcome["kept"]:
            return f"Saved, but Cyclr left the {LABELS[outcome['kept'][0]]} as it was"
        return f"Saved. It is called “{outcome['columns']['name'] or connector}”"

    def refused_by_cyclr(self, operation: Operation, error: PermanentError) -> Refusal:
        """A name that is taken is about its field."""
        if isinstance(error, NameInUseError):
            message = "This account already has a connector of that name. Nothing was changed."
            return Refusal(f"{message} Choose another name.", field="name")
        return super().refused_by_cyclr(operation, error)


@register
class SetNative(ConnectorChange):
    """Mark an installed connector as the partner's own product, or take the mark away."""

    kind = SET_NATIVE
    label = "Mark as own product"
    page = "connector_native"
    doing = "change the own-product mark of"

    def change(self, operation: Operation, there: AccountConnectorApi, values: JSON) -> JSON:
        """One call, unless it is so already."""
        wanted = NativeInput.from_json(values).is_native
        if bool(there.get().is_native) != wanted:
            now = there.update(is_native=wanted)
            if bool(now.is_native) != wanted:
                raise NotDoneError(
                    UPDATE,
                    "Cyclr took the request and left the mark as it was. Nothing was changed. "
                    "Change it in the Cyclr console.",
                )
        return {"is_native": wanted}

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """Bring the mirror along."""
        writing.write_changed(installed_of(operation), {"is_native": outcome["is_native"]})
        if outcome["is_native"]:
            return "It counts as your own product’s connector"
        return "It counts as any other connector"
