"""Cycles: listing, making, changing, starting and stopping them, and what they did."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Literal, Unpack

from .calls import UNSET, Calls, Pages, Unset, changed, given, sendable_guid
from .decoding import Listing, decode_one, decode_some, moment_text
from .errors import UnsendableError
from .models import Cycle, Incident, Prerequisite, Transaction, TransactionItem, Variable
from .steps import Edges, Steps
from .templates import WITHOUT_ICONS, Filters, narrowed
from .transport import Effect

INTERVALS = (1, 5, 15, 30, 60, 120, 180, 240, 360, 480, 720, 1440, 10080)
"""Minutes between two runs that Cyclr knows [D]."""

Level = Literal["error", "warning"]


class Cycles:
    """The cycles of one account."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def all(self, **filters: Unpack[Filters]) -> list[Cycle]:
        """Every cycle, or those that match, over as many pages as there are."""
        return self._pages(narrowed(**filters)).all()

    def iterate(self, **filters: Unpack[Filters]) -> Iterator[Cycle]:
        """As `all`, page by page. What was delivered before an error is not the whole list."""
        return self._pages(narrowed(**filters)).iterate()

    def readable(
        self,
        *,
        at_once: int = 1,
        max_wait: float = 0.0,
        expected: Collection[str] | None = None,
        **filters: Unpack[Filters],
    ) -> Listing[Cycle]:
        """As `all`, but an element that cannot be read is left out and counted; see `Pages`."""
        return self._pages(narrowed(**filters)).readable(
            at_once=at_once, max_wait=max_wait, expected=expected
        )

    def create(
        self,
        *,
        name: str,
        description: str | None = None,
        tags: Iterable[str] = (),
        is_shareable: bool | None = None,
        step_error_action: str | None = None,
        logs_step_requests: bool | None = None,
        collection_split_type: str | None = None,
    ) -> Cycle:
        """Make an empty cycle [T]; what is None is left to Cyclr.

        Not idempotent: two cycles may have one name [?]. UnsendableError for an empty name,
        which is needed to recognise what was made.
        """
        template = "/cycles"
        if not name.strip():
            raise UnsendableError(f"POST {template}", reason="the name is empty")
        body = given(
            Name=name,
            Description=description,
            Tags=list(tags) or None,
            Shareable=is_shareable,
            StepErrorAction=step_error_action,
            LogStepDataRequests=logs_step_requests,
            CollectionSplitType=collection_split_type,
        )
        return self._calls.answer(
            "POST", template, decode=Cycle.from_json, effect=Effect.WRITE, body=body
        )

    def upgradeable(self) -> list[Cycle]:
        """The cycles whose template has a newer release [T]."""
        return self._calls.elements(
            "/cycles/upgradeable", decode=Cycle.from_json, query=WITHOUT_ICONS
        )

    def incidents(
        self,
        level: Level = "error",
        *,
        after: date | None = None,
        before: date | None = None,
    ) -> Pages[Incident]:
        """The errors, or the warnings, of all cycles [T], to be read by `all` or `iterate`.

        A date is sent as it is [T], a moment (aware, else UnsendableError) in UTC: whether
        Cyclr heeds its time of day is unknown [?].
        """
        template = "/cycles/incidents/{level}"
        if level not in ("error", "warning"):
            raise UnsendableError(f"GET {template}", reason="a level is error or warning")
        return incident_pages(self._calls, template, level, after=after, before=before)

    def transactions(
        self,
        *,
        after: date | None = None,
        before: date | None = None,
        status: str | None = None,
        split_type: str | None = None,
    ) -> Pages[Transaction]:
        """The runs of all cycles [T], to be read by `all` or `iterate`; dates as in `incidents`.

        `status`: `Completed` is known [T]. `split_type`: `Unsplit` is known [T].
        """
        return transaction_pages(
            self._calls,
            "/cycles/transactions",
            after=after,
            before=before,
            status=status,
            split_type=split_type,
        )

    def _pages(self, query: Mapping[str, str]) -> Pages[Cycle]:
        return Pages(
            self._calls,
            "/cycles",
            decode=Cycle.from_json,
            key=lambda found: found.id,
            query=query,
        )


class CycleApi:
    """One cycle.

    While it runs, changing it, its steps, edges or variables is refused with ConflictError:
    deactivate it first [T].
    """

    def __init__(self, calls: Calls, cycle_id: str) -> None:
        self._calls = calls
        self.id = sendable_guid("cycle", cycle_id)

    def get(self) -> Cycle:
        """The cycle as it is now. NotFoundError if it is gone [T]."""
        return self._calls.answer(
            "GET",
            "/cycles/{id}",
            self.id,
            decode=lambda value: decode_one(value, Cycle.from_json),
            query=WITHOUT_ICONS,
        )

    def update(
        self,
        *,
        name: str | Unset = UNSET,
        description: str | None | Unset = UNSET,
        tags: Iterable[str] | Unset = UNSET,
        is_shareable: bool | Unset = UNSET,
        step_error_action: str | Unset = UNSET,
        logs_step_requests: bool | Unset = UNSET,
        collection_split_type: str | Unset = UNSET,
        success_retention_hours: int | None | Unset = UNSET,
        errored_retention_hours: int | None | Unset = UNSET,
    ) -> Cycle:
        """Change what is given and leave the rest [T]; None takes a value away [?].

        Show what comes back, not what was sent.
        """
        template = "/cycles/{id}"
        body = changed(
            Name=name,
            Description=description,
            Tags=tags if isinstance(tags, Unset) else list(tags),
            Shareable=is_shareable,
            StepErrorAction=step_error_action,
            LogStepDataRequests=logs_step_requests,
            CollectionSplitType=collection_split_type,
            StepDataSuccessRetentionHours=success_retention_hours,
            StepDataErroredRetentionHours=errored_retention_hours,
        )
        if not body:
            raise UnsendableError(f"PUT {template}", reason="there is nothing to change")
        return self._calls.answer(
            "PUT",
            template,
            self.id,
            decode=Cycle.from_json,
            effect=Effect.WRITE,
            query=WITHOUT_ICONS,
            body=body,
        )

    def delete(self) -> None:
        """Remove the cycle [T]; the Console's recycle bin keeps it for 90 days [D]."""
        self._calls.act("DELETE", "/cycles/{id}", self.id)

    def prerequisites(self) -> list[Prerequisite]:
        """What is missing before it can be activated; empty if nothing is [T][D]."""
        return self._calls.answer(
            "GET",
            "/cycles/{id}/prerequisites",
            self.id,
            decode=lambda value: decode_some(value, Prerequisite.from_json),
        )

    def activate(
        self,
        *,
        start_at: datetime | None = None,
        interval: int | None = None,
        run_once: bool | None = None,
    ) -> None:
        """Start the cycle [T].

        `start_at`: aware; None is now. `interval`: minutes, one of INTERVALS, else
        UnsendableError; ignored by Cyclr for a webhook trigger and with `run_once` [D].
        With prerequisites open Cyclr refuses, in words unknown [?]: ask for those first.
        """
        template = "/cycles/{id}/activate"
        if interval is not None and interval not in INTERVALS:
            allowed = ", ".join(map(str, INTERVALS))
            reason = f"an interval is one of {allowed} minutes"
            raise UnsendableError(f"PUT {template}", reason=reason)
        body: dict[str, Any] = given(
            StartTime=written(start_at, f"PUT {template}"), Interval=interval, RunOnce=run_once
        )
        self._calls.act("PUT", template, self.id, body=body)

    def deactivate(self, *, finish_queued: bool) -> None:
        """Stop the cycle; for one that has stopped already nothing happens [T].

        `finish_queued`: whether transactions under way and waiting are carried out first.
        Otherwise those under way are dropped, and those waiting go on only if the cycle is
        activated again within 24 hours [D].
        """
        query = {"finishQueuedTransactions": "true" if finish_queued else "false"}
        self._calls.act("PUT", "/cycles/{id}/deactivate", self.id, query=query, body={})

    @property
    def steps(self) -> Steps:
        return Steps(self._calls, self.id)

    @property
    def edges(self) -> Edges:
        return Edges(self._calls, self.id)

    @property
    def variables(self) -> "Variables":
        return Variables(self._calls, self.id)

    def incidents(
        self, *, after: date | None = None, before: date | None = None
    ) -> Pages[Incident]:
        """The errors and warnings of this cycle [T]; see `Cycles.incidents`."""
        return incident_pages(
            self._calls, "/cycles/{id}/incidents", self.id, after=after, before=before
        )

    def clear_incidents(self) -> None:
        """Delete its errors and warnings [t]. They do not come back."""
        self._calls.act("DELETE", "/cycles/{id}/incidents", self.id)

    def transactions(
        self,
        *,
        after: date | None = None,
        before: date | None = None,
        status: str | None = None,
        split_type: str | None = None,
    ) -> Pages[Transaction]:
        """The runs of this cycle [T]; see `Cycles.transactions`."""
        return transaction_pages(
            self._calls,
            "/cycles/{id}/transactions",
            self.id,
            after=after,
            before=before,
            status=status,
            split_type=split_type,
        )

    def transaction_items(
        self, transaction_id: str, query: str | None = None
    ) -> list[TransactionItem]:
        """What each step of one run sent and got; only those with the text `query` in it [T]."""
        return self._calls.elements(
            "/cycles/{id}/transactions/{transaction}",
            self.id,
            transaction_id,
            decode=TransactionItem.from_json,
            query=given(query=query),
        )


class Variables:
    """The variables of one cycle, by name (Cyclr's `SystemName`)."""

    def __init__(self, calls: Calls, cycle_id: str) -> None:
        self._calls = calls
        self._cycle_id = cycle_id

    def all(self) -> list[Variable]:
        """Every variable [T]."""
        return self._calls.elements(_VARIABLES, self._cycle_id, decode=Variable.from_json)

    def get(self, name: str) -> Variable:
        """One variable. NotFoundError if there is none of this name [T]."""
        return self._calls.answer("GET", _VARIABLE, self._cycle_id, name, decode=_variable)

    def add(self, display_name: str, value: str, *, mapping_type: str = "StaticValue") -> Variable:
        """Make a variable [T]. What Cyclr calls it comes back as `name`."""
        new = Variable(display_name, value, mapping_type)
        if not display_name.strip():
            raise UnsendableError(f"POST {_VARIABLES}", reason="the name is empty")
        return self._calls.answer(
            "POST",
            _VARIABLES,
            self._cycle_id,
            decode=_variable,
            effect=Effect.WRITE,
            body=new.to_json(),
            concealed=[value],
        )

    def change(
        self,
        name: str,
        value: str,
        *,
        mapping_type: str = "StaticValue",
        display_name: str | Unset = UNSET,
    ) -> Variable:
        """Give a variable another value, and another display name if there is one [T]."""
        body = changed(DisplayName=display_name, Value=value, MappingType=mapping_type)
        return self._calls.answer(
            "PUT",
            _VARIABLE,
            self._cycle_id,
            name,
            decode=_variable,
            effect=Effect.WRITE,
            body=body,
            concealed=[value],
        )

    def change_all(self, variables: Iterable[Variable]) -> list[Variable]:
        """Give several variables, recognised by `display_name`, other values in one call [T].

        What comes back is Cyclr's answer: which of its variables that lists is unknown [?].
        """
        values = list(variables)
        return self._calls.answer(
            "PATCH",
            _VARIABLES,
            self._cycle_id,
            decode=lambda value: decode_some(value, Variable.from_json),
            effect=Effect.WRITE,
            body=[variable.to_json() for variable in values],
            concealed=[variable.value for variable in values if variable.value],
        )

    def delete(self, name: str) -> None:
        """Remove a variable [T]."""
        self._calls.act("DELETE", _VARIABLE, self._cycle_id, name)


_VARIABLES = "/cycles/{id}/variables"
_VARIABLE = "/cycles/{id}/variables/{name}"


def _variable(value: object) -> Variable:
    return decode_one(value, Variable.from_json)


def incident_pages(
    calls: Calls, template: str, value: str, *, after: date | None, before: date | None
) -> Pages[Incident]:
    """The incidents at a path with one value. They have no id [?]: all of one tells it apart."""
    name = f"GET {template}"
    return Pages(
        calls,
        template,
        (value,),
        decode=Incident.from_json,
        key=lambda found: (found, repr(found.extra)),
        query=given(after=written(after, name), before=written(before, name)),
    )


def transaction_pages(
    calls: Calls,
    template: str,
    *values: str,
    after: date | None,
    before: date | None,
    status: str | None,
    split_type: str | None,
) -> Pages[Transaction]:
    """The transactions at a path."""
    name = f"GET {template}"
    return Pages(
        calls,
        template,
        values,
        decode=Transaction.from_json,
        key=lambda found: found.id,
        query=given(
            after=written(after, name),
            before=written(before, name),
            status=status,
            splitType=split_type,
        ),
    )


def written(moment: date | None, call: str) -> str | None:
    """A date as `2026-11-22`, a moment as Cyclr takes it. UnsendableError if it has no zone."""
    if not isinstance(moment, datetime):
        return None if moment is None else moment.isoformat()
    try:
        return moment_text(moment)
    except ValueError as error:
        words = str(error)
    raise UnsendableError(call, reason=words)
