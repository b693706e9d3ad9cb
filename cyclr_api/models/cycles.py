"""Cycles: what runs in an account, what it lacks, what it did and what went wrong."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from ..decoding import Record, as_text, as_whole
from .base import DROPPED, no_extra, version_in

DATES = ("CreatedOnUtc", "CreatedDate", "Timestamp")
"""Where an incident or a transaction may say when it was: Cyclr's names for that elsewhere. Those
it uses here are unknown [?]."""

UNAUTHENTICATED_CONNECTOR = 20
"""The reason code of a prerequisite that names an account connector to authenticate [D]."""


@dataclass(frozen=True, slots=True)
class CycleConnector:
    """An account connector that a cycle uses [T][D].

    `id` is the release's, `account_connector_id` the installed connector's. `authenticated` is
    None when Cyclr did not say.
    """

    id: int | None
    account_connector_id: int | None = None
    name: str = ""
    version: str | None = None
    authenticated: bool | None = None
    step_count: int | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of a cycle's `Connectors`."""
        record = Record(value, "cycle connector")
        return cls(
            id=record.whole("Id"),
            account_connector_id=record.whole("AccountConnectorId"),
            name=record.text("Name") or "",
            version=version_in(record),
            authenticated=record.flag("Authenticated"),
            step_count=record.whole("StepCount"),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Cycle:
    """An integration in an account: a template's instance, or made by hand [T][D].

    `status` is free text: `Paused` [T] and `Active` [D] are known, `DeleteScheduled` was
    seen [C], there are others [?]. Counts are None when Cyclr did not say.
    """

    id: str
    name: str = ""
    description: str | None = None
    status: str = ""
    created_at: datetime | None = None
    last_successful_run_at: datetime | None = None
    """None also for "never" [D]."""
    tasks_used: int | None = None
    error_count: int | None = None
    warning_count: int | None = None
    in_progress_count: int | None = None
    """Transactions under way."""
    connectors: tuple[CycleConnector, ...] = ()
    template_id: str | None = None
    """None if it was made by hand."""
    tags: tuple[str, ...] = ()
    is_shareable: bool | None = None
    step_error_action: str | None = None
    """`Ignore` and `Retry` [T]; there are others [?]."""
    continues_on_step_error: bool | None = None
    """What older answers say instead of `step_error_action` [D]."""
    logs_step_requests: bool | None = None
    collection_split_type: str | None = None
    """`All` and `None` (a text) [T]; there are others [?]."""
    success_retention_hours: int | None = None
    errored_retention_hours: int | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @property
    def is_active(self) -> bool:
        """Whether the status says so; False for one that is not known: show `status` then."""
        return self.status.strip().lower() == "active"

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From a cycle object. UndecodableError without an object or an id."""
        record = Record(value, "cycle")
        return cls(
            id=record.text_id(),
            name=record.text("Name") or "",
            description=record.text("Description"),
            status=record.text("Status") or "",
            created_at=record.moment("CreatedOnUtc"),
            last_successful_run_at=record.moment("LastSuccessfulRunDate"),
            tasks_used=record.whole("TasksUsed"),
            error_count=record.whole("ErrorCount"),
            warning_count=record.whole("WarningCount"),
            in_progress_count=record.whole("InProgressTransactionCount"),
            connectors=record.objects("Connectors", CycleConnector.from_json),
            template_id=record.text("TemplateId") or None,
            tags=record.texts("Tags"),
            is_shareable=record.flag("Shareable"),
            step_error_action=record.text("StepErrorAction"),
            continues_on_step_error=record.flag("ContinueOnStepError"),
            logs_step_requests=record.flag("LogStepDataRequests"),
            collection_split_type=record.text("CollectionSplitType"),
            success_retention_hours=record.whole("StepDataSuccessRetentionHours"),
            errored_retention_hours=record.whole("StepDataErroredRetentionHours"),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One thing that a cycle or a step lacks before it can run [T][D].

    `object_type` says what `object_id` is: a number for `AccountConnector`, a step's GUID for
    `Action` [D]; `Parameter` and `ConnectorFieldMapping` have either [?].
    """

    code: int | None
    reason: str = ""
    object_type: str | None = None
    object_id: int | str | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @property
    def account_connector_id(self) -> int | None:
        """The account connector to authenticate; None if that is not what is missing."""
        if self.code == UNAUTHENTICATED_CONNECTOR and isinstance(self.object_id, int):
            return self.object_id
        return None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of a prerequisites call."""
        record = Record(value, "prerequisite")
        object_id = record.value("ObjectId")
        number = as_whole(object_id)
        return cls(
            code=record.whole("ReasonCode"),
            reason=record.text("Reason") or "",
            object_type=record.text("ObjectType"),
            object_id=as_text(object_id) if number is None else number,
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that a cycle's mappings refer to [T]. It may be a secret.

    `name` (Cyclr's `SystemName`) identifies it within the cycle; None for one that is new.
    """

    display_name: str
    value: str | None = field(default=None, repr=False)
    mapping_type: str | None = "StaticValue"
    name: str | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From a variable object."""
        record = Record(value, "variable")
        return cls(
            display_name=record.text("DisplayName") or "",
            value=record.text("Value"),
            mapping_type=record.text("MappingType"),
            name=record.text("SystemName"),
            extra=record.unread(DROPPED),
        )

    def to_json(self) -> dict[str, Any]:
        """As the variable calls expect it [T]."""
        return {
            "DisplayName": self.display_name,
            "Value": self.value,
            "MappingType": self.mapping_type,
        }


@dataclass(frozen=True, slots=True)
class Incident:
    """An error or a warning of a cycle [T].

    `level`: `Error` or `Warning`. `full_message` holds the third party's answer and the
    request to it, with the Authorization header taken out [C][D] and whatever else there was
    left in: treat it as a secret.
    """

    cycle_id: str | None
    cycle_name: str = ""
    level: str = ""
    short_message: str = ""
    full_message: str | None = field(default=None, repr=False)
    step_id: str | None = None
    step_name: str = ""
    transaction_id: str | None = None
    created_at: datetime | None = None
    """None also if Cyclr says it under a name that is not known yet [?]: see `extra`."""
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of an incidents call."""
        record = Record(value, "incident")
        return cls(
            cycle_id=record.text("CycleId"),
            cycle_name=record.text("CycleName") or "",
            level=record.text("IncidentLevel") or "",
            short_message=record.text("ShortMessage") or "",
            full_message=record.text("FullMessage"),
            step_id=record.text("StepId"),
            step_name=record.text("StepName") or "",
            transaction_id=record.text("TransactionId"),
            created_at=record.moment(*DATES),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Transaction:
    """One run of a cycle [T]. `status`: `Completed` is known [T], others are not [?]."""

    id: str
    cycle_id: str | None = None
    status: str | None = None
    created_at: datetime | None = None
    """As in `Incident`."""
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of a transactions call. UndecodableError without an id."""
        record = Record(value, "transaction")
        return cls(
            id=record.text_id(),
            cycle_id=record.text("CycleId"),
            status=record.text("Status"),
            created_at=record.moment(*DATES),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class TransactionItem:
    """What one step of a transaction sent and got [T][C]. Both may hold secrets.

    Text as it came; JSON that was no text is written as such.
    """

    step_id: str | None
    request: str | None = field(default=None, repr=False)
    response: str | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of a transaction."""
        record = Record(value, "transaction item")
        return cls(
            step_id=record.text("StepId"),
            request=_written(record.value("Request")),
            response=_written(record.value("Response")),
            extra=record.unread(DROPPED),
        )


def _written(value: object) -> str | None:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return as_text(value)
