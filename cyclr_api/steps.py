"""Steps: a cycle's steps and edges, and what is mapped into each step."""

from collections.abc import Mapping
from typing import Any

from .calls import UNSET, Calls, Unset, changed, sendable_guid
from .decoding import decode_one, decode_some
from .models import Choice, Edge, MappedField, Prerequisite, Step, StepMapping
from .transport import Effect

_STEPS = "/cycles/{id}/steps"
_STEP = "/cycles/{id}/steps/{step}"
_EDGES = "/cycles/{id}/edges"
_EDGE = "/cycles/{id}/edges/{edge}"


class Steps:
    """The steps of one cycle."""

    def __init__(self, calls: Calls, cycle_id: str) -> None:
        self._calls = calls
        self._cycle_id = cycle_id

    def all(self, *, only_actions: bool = False) -> list[Step]:
        """Every step, or those that are actions [T]."""
        query = {"filter": "action"} if only_actions else {}
        return self._calls.elements(_STEPS, self._cycle_id, decode=Step.from_json, query=query)

    def get(self, step_id: str) -> Step:
        """One step. NotFoundError if it is gone [T]."""
        sendable_guid("step", step_id)
        return self._calls.answer("GET", _STEP, self._cycle_id, step_id, decode=_step)

    def add(
        self,
        *,
        name: str,
        action_type: str | int,
        description: str | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Step:
        """Make a step [T]. Not idempotent.

        `action_type`: a word or its number; `Action` and 4 are known [T]. `more`: further
        fields, named as Cyclr names them, such as `DisplayPositionLeft` [T].
        """
        body = {
            **(more or {}),
            "Name": name,
            "Description": description,
            "ActionType": action_type,
        }
        return self._calls.answer(
            "POST", _STEPS, self._cycle_id, decode=_step, effect=Effect.WRITE, body=body
        )

    def change(
        self,
        step_id: str,
        *,
        action_type: str | int,
        name: str | Unset = UNSET,
        description: str | None | Unset = UNSET,
        more: Mapping[str, Any] | None = None,
    ) -> Step:
        """Change a step's name or description [T].

        `action_type`: the step's own; whether Cyclr does without is unknown [?]. `more`: as in
        `add`. RefusedError for an action type that Cyclr does not know [T].
        """
        sendable_guid("step", step_id)
        body = {
            **(more or {}),
            **changed(ActionType=action_type, Name=name, Description=description),
        }
        return self._calls.answer(
            "PUT", _STEP, self._cycle_id, step_id, decode=_step, effect=Effect.WRITE, body=body
        )

    def delete(self, step_id: str) -> None:
        """Remove a step [T]."""
        sendable_guid("step", step_id)
        self._calls.act("DELETE", _STEP, self._cycle_id, step_id)


def _step(value: object) -> Step:
    return decode_one(value, Step.from_json)


class Edges:
    """What joins the steps of one cycle. To change an edge, delete it and add another."""

    def __init__(self, calls: Calls, cycle_id: str) -> None:
        self._calls = calls
        self._cycle_id = cycle_id

    def all(self) -> list[Edge]:
        """Every edge [T]."""
        return self._calls.elements(_EDGES, self._cycle_id, decode=Edge.from_json)

    def get(self, edge_id: str) -> Edge:
        """One edge. NotFoundError if it is gone [T]."""
        return self._calls.answer("GET", _EDGE, self._cycle_id, edge_id, decode=_edge)

    def add(self, *, head_step_id: str, tail_step_id: str, type: str = "Forward") -> Edge:
        """Join two steps [T]. Not idempotent."""
        body = {"HeadStepId": head_step_id, "TailStepId": tail_step_id, "EdgeType": type}
        return self._calls.answer(
            "POST", _EDGES, self._cycle_id, decode=_edge, effect=Effect.WRITE, body=body
        )

    def delete(self, edge_id: str) -> None:
        """Remove an edge [T]."""
        self._calls.act("DELETE", _EDGE, self._cycle_id, edge_id)


def _edge(value: object) -> Edge:
    return decode_one(value, Edge.from_json)


class StepApi:
    """What is mapped into one step, whatever cycle it belongs to."""

    def __init__(self, calls: Calls, step_id: str) -> None:
        self._calls = calls
        self.id = sendable_guid("step", step_id)

    def prerequisites(self) -> list[Prerequisite]:
        """What the step lacks; empty if nothing [T]."""
        return self._calls.answer(
            "GET",
            "/steps/{id}/prerequisites",
            self.id,
            decode=lambda value: decode_some(value, Prerequisite.from_json),
        )

    def fields_for_mapping(self) -> list[MappedField]:
        """The fields of earlier steps that may be mapped from [T][D]."""
        return self._calls.elements(
            "/steps/{id}/fieldsformapping", self.id, decode=MappedField.from_json
        )

    def look_up_fields(self) -> None:
        """Let Cyclr look up the custom fields of the step's request and response [T].

        A lost answer is a TemporaryError: looking twice does no harm. When the fields are
        there is unknown [?].
        """
        self._calls.act(
            "POST",
            "/steps/{id}/fieldmappings/lookup",
            self.id,
            effect=Effect.HARMLESS,
            body={},
        )

    @property
    def field_mappings(self) -> "StepMappings":
        """What goes into the request's fields."""
        return StepMappings(self._calls, self.id, "/steps/{id}/fieldmappings")

    @property
    def parameters(self) -> "StepParameters":
        """What goes into headers and address."""
        return StepParameters(self._calls, self.id, "/steps/{id}/parameters")


class StepMappings:
    """The mappings of one step, by the id of the field or parameter mapped into.

    A field's id among the parameters, or the other way round, is an error [D]. Whether a
    running cycle's mappings can be changed is unknown [?]; its steps cannot [T].
    """

    def __init__(self, calls: Calls, step_id: str, template: str) -> None:
        self._calls = calls
        self._step_id = step_id
        self._template = template
        self._one = f"{template}/{{target}}"

    def all(self) -> list[StepMapping]:
        """Every mapping, also those that nothing is mapped into yet [T]."""
        return self._calls.elements(self._template, self._step_id, decode=StepMapping.from_json)

    def get(self, target_id: int) -> StepMapping:
        """One mapping. NotFoundError if the step has no such field or parameter [T]."""
        return self._calls.answer("GET", self._one, self._step_id, int(target_id), decode=_mapping)

    def change(
        self,
        target_id: int,
        *,
        mapping_type: str,
        value: str | None | Unset = UNSET,
        source_step_id: str | None | Unset = UNSET,
        source_field_id: int | None | Unset = UNSET,
        trigger_value: str | None | Unset = UNSET,
        trigger_value_name: str | None | Unset = UNSET,
        is_launch_visible: bool | Unset = UNSET,
    ) -> StepMapping:
        """Map something else [T]: `StaticValue` or `ValueList` with a `value` [D], `Ignore` [D].

        The mapping type for a source step and field, and for a looked-up value, is
        unknown [?]: read what the Console makes.
        """
        body = changed(
            MappingType=mapping_type,
            Value=value,
            SourceStepId=source_step_id,
            SourceFieldId=source_field_id,
            TriggerValue=trigger_value,
            TriggerValueDisplayName=trigger_value_name,
            IsLaunchVisible=is_launch_visible,
        )
        return self._calls.answer(
            "PUT",
            self._one,
            self._step_id,
            int(target_id),
            decode=_mapping,
            effect=Effect.WRITE,
            body=body,
            concealed=[text for text in (value, trigger_value) if isinstance(text, str)],
        )


def _mapping(value: object) -> StepMapping:
    return decode_one(value, StepMapping.from_json)


class StepParameters(StepMappings):
    """The parameter mappings of one step."""

    def look_up(self, parameter_id: int, trigger_id: int) -> list[Choice]:
        """The choices that the third party offers for a parameter [T].

        `trigger_id`: of one of the parameter's `triggers`. The account connector must be
        authenticated [D]. NotFoundError for an unknown parameter or trigger [T]. A lost answer
        is a TemporaryError: looking twice does no harm.
        """
        return self._calls.answer(
            "POST",
            f"{self._one}/lookup",
            self._step_id,
            int(parameter_id),
            decode=lambda value: decode_some(value, Choice.from_json),
            effect=Effect.HARMLESS,
            body={"TriggerId": int(trigger_id)},
        )
