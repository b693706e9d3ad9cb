"""What a world file says of methods, templates and cycles, checked before a state is made of it.

What a step or an edge names must be there. A file with `NextIds`, as the simulator writes it, may
also name what was deleted since.
"""

from collections.abc import Collection
from dataclasses import dataclass

from cyclr_api.simulator.state.made_up_methods import made_up_methods, release_of
from cyclr_api.simulator.state.step_setup import FIELDS, PARAMETERS
from cyclr_api.simulator.state.values import JSON, OWN, Connector, is_guid
from cyclr_api.simulator.worldfile.checks import (
    check_flag,
    check_known,
    check_one_of,
    entries_of,
    number_at,
    object_at,
    own_of,
    refuse,
    text_at,
    whole_at,
)

RELEASES = ("Live", "Deprecated", "Draft")


@dataclass(frozen=True)
class There:
    """What methods, templates and cycles may name."""

    connectors: dict[int, JSON]
    accounts: set[str]
    installed: dict[str, set[int]]
    """Account id -> the ids of its account connectors."""
    methods: dict[int, JSON]
    knows_deleted: bool
    """Whether the file may name what is no longer there."""

    def has_method(self, method_id: int) -> bool:
        """Whether the file lists the method, or it is made up for its release."""
        if method_id in self.methods:
            return True
        release = self.connectors.get(release_of(method_id))
        if release is None or (release.get(OWN) or {}).get("NoMethods"):
            return False
        if any(one[OWN]["ConnectorId"] == release["Id"] for one in self.methods.values()):
            return False
        return any(one["Id"] == method_id for one in made_up_methods(Connector(release)))


def check_workflows(
    document: JSON, connectors: dict[int, JSON], accounts: set[str], installed: list[JSON]
) -> None:
    """WorldFileError for what a call would stumble over."""
    numbers: dict[str, set[int]] = {account: set() for account in accounts}
    for one in installed:
        numbers[one[OWN]["AccountId"]].add(one["Id"])
    methods = _checked_methods(document, connectors)
    there = There(connectors, accounts, numbers, methods, bool(document.get("NextIds")))
    _check_templates(document, there)
    entries_of(document, "Folders")
    _check_cycles(document, there)


# -- methods -------------------------------------------------------------------------------------


def _checked_methods(document: JSON, connectors: dict[int, JSON]) -> dict[int, JSON]:
    found: dict[int, JSON] = {}
    for place, entry in entries_of(document, "Methods"):
        number = number_at(entry.get("Id"), f"{place}.Id")
        own = own_of(entry, place)
        check_known(own.get("ConnectorId"), connectors, "ConnectorId", place)
        if number in found:
            refuse(place, f"there is a method {number} already")
        if "AnswerBytes" in own:
            number_at(own["AnswerBytes"], f"{place}.{OWN}.AnswerBytes")
        _check_targets(entry, place)
        found[number] = entry
    return found


def _check_targets(method: JSON, place: str) -> None:
    """What is mapped is found by its id; what is answered needs none."""
    for name in ("Parameters", "RequestFields", "ResponseFields"):
        for inner, target in entries_of(method, name, f"{place}."):
            if name != "ResponseFields" or target.get("Id") is not None:
                number_at(target.get("Id"), f"{inner}.Id")
            for at, trigger in entries_of(target, "Triggers", f"{inner}."):
                if trigger.get("TriggerId") is not None:
                    number_at(trigger["TriggerId"], f"{at}.TriggerId")


# -- templates -----------------------------------------------------------------------------------


def _check_templates(document: JSON, there: There) -> None:
    found: set[str] = set()
    for place, entry in entries_of(document, "Templates"):
        template_id = _guid_at(entry.get("Id"), f"{place}.Id")
        if template_id in found:
            refuse(place, f"there is a template {template_id} already")
        found.add(template_id)
        rows = entries_of(entry, "Connectors", f"{place}.")
        numbers = {number_at(row.get("Id"), f"{inner}.Id") for inner, row in rows}
        own = own_of(entry, place)
        check_one_of(own.get("Release") or "Live", RELEASES, f"{place}.{OWN}.Release")
        if own.get("ReleaseNumber") is not None:
            whole_at(own["ReleaseNumber"], f"{place}.{OWN}.ReleaseNumber")
        _check_parts(own, place, there)
        for inner, step in entries_of(own, "Steps", f"{place}.{OWN}."):
            _check_named(step, "ConnectorId", numbers, inner, there)


# -- cycles --------------------------------------------------------------------------------------


def _check_cycles(document: JSON, there: There) -> None:
    found: set[tuple[str, str]] = set()
    for place, entry in entries_of(document, "Cycles"):
        text_at(entry.get("Id"), f"{place}.Id")
        own = own_of(entry, place)
        check_known(own.get("AccountId"), there.accounts, "AccountId", place)
        account_id = str(own["AccountId"])
        cycle_id = _guid_at(entry["Id"], f"{place}.Id")
        if (account_id, cycle_id) in found:
            refuse(place, f"there is a cycle {cycle_id} already")
        found.add((account_id, cycle_id))
        _check_own(own, f"{place}.{OWN}")
        _check_parts(own, place, there)
        numbers = there.installed[account_id]
        steps = entries_of(own, "Steps", f"{place}.{OWN}.")
        for inner, one in [*steps, *entries_of(entry, "Connectors", f"{place}.")]:
            _check_named(one, "AccountConnectorId", numbers, inner, there)


def _check_own(own: JSON, place: str) -> None:
    if own.get("TemplateRelease") is not None:
        whole_at(own["TemplateRelease"], f"{place}.TemplateRelease")
    _check_prerequisites(own, place)
    for name, key in (("Edges", "Id"), ("Variables", "SystemName"), ("Transactions", "Id")):
        for inner, one in entries_of(own, name, f"{place}."):
            text_at(one.get(key), f"{inner}.{key}")
            entries_of(one, "Items", f"{inner}.")
    entries_of(own, "Incidents", f"{place}.")


def _check_prerequisites(own: JSON, place: str) -> None:
    for inner, line in entries_of(own, "Prerequisites", f"{place}."):
        if line.get("ReasonCode") is not None:
            whole_at(line["ReasonCode"], f"{inner}.ReasonCode")


# -- steps and edges -----------------------------------------------------------------------------


def _check_parts(own: JSON, place: str, there: There) -> None:
    """The steps, edges and variables of a cycle or a template."""
    before = f"{place}.{OWN}."
    steps = entries_of(own, "Steps", before)
    ids = {text_at(step.get("Id"), f"{inner}.Id").lower() for inner, step in steps}
    for inner, step in steps:
        _check_step(step, inner, there)
    for inner, edge in entries_of(own, "Edges", before):
        for name in ("TailStepId", "HeadStepId"):
            if not there.knows_deleted and str(edge.get(name)).lower() not in ids:
                refuse(f"{inner}.{name}", f"step {edge.get(name)!r} is not among the Steps")
    entries_of(own, "Variables", before)


def _check_step(step: JSON, place: str, there: There) -> None:
    if step.get("Method") is not None:
        _check_targets(object_at(step["Method"], f"{place}.Method"), f"{place}.Method")
    if step.get("MethodId") is not None:
        number = number_at(step["MethodId"], f"{place}.MethodId")
        if not there.knows_deleted and not there.has_method(number):
            refuse(f"{place}.MethodId", f"there is no method {number}")
    for kind in (PARAMETERS, FIELDS):
        for inner, mapping in entries_of(step, kind.mappings, f"{place}."):
            number_at(mapping.get("Id"), f"{inner}.Id")
            check_flag(mapping, "IsLaunchVisible", inner)
    _check_prerequisites(own_of(step, place), f"{place}.{OWN}")


def _check_named(one: JSON, key: str, numbers: Collection[int], place: str, there: There) -> None:
    if one.get(key) is None:
        return
    number = number_at(one[key], f"{place}.{key}")
    if not there.knows_deleted and number not in numbers:
        what = {"ConnectorId": "the template's Connectors", "AccountConnectorId": "the account"}
        refuse(f"{place}.{key}", f"{number} is not in {what[key]}")


def _guid_at(value: object, place: str) -> str:
    """In lower case."""
    text = text_at(value, place)
    if not is_guid(text):
        refuse(place, f"{text!r} is no GUID, like 6a0d8f3c-1a4e-4a52-b1f5-3b0e4c1a9d77")
    return text.lower()
