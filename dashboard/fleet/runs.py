"""Bulk runs over installed connectors: what each does, and the preview of it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from dashboard.audit.models import Actor
from dashboard.bulk import services as bulk
from dashboard.bulk.input import RowInput
from dashboard.bulk.models import BulkRun
from dashboard.bulk.services import RunRequest, Target
from dashboard.common.chunks import chunks
from dashboard.common.untrusted_text import display_text, first_few
from dashboard.connector_changes.handlers.losing import DEAUTHENTICATE
from dashboard.connector_changes.pages import exclusivity_key
from dashboard.connectors.handlers import TEST_INSTALLED
from dashboard.connectors.models import ConnectionTestMethod
from dashboard.consoles.models import Console
from dashboard.mirror.models import AccountConnector, Cycle, CycleConnector

NAMED = 3
"""Cycles that a line names."""


@dataclass(slots=True)
class Plan:
    """One connector of a run: why it is left out, or what must be confirmed; and its input."""

    connector: AccountConnector
    problem: str = ""
    doubt: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    entries: list[list[str]] = field(default_factory=list)
    stops: tuple[str, ...] = ()
    """Running cycles that stop, by Cyclr's ids."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a run does to each connector. `confirm`: what is typed before it is previewed."""

    key: str
    kind: str
    title: str
    """Of the run, and before the connector's name that of each operation."""
    lead: str
    """What it does, for the page that asks."""
    plan: Callable[[Sequence[AccountConnector]], list[Plan]] = field(repr=False)
    exclusivity_key: Callable[[AccountConnector], str] = field(repr=False)
    confirm: str = ""
    doing: str = ""


def _plan_tests(connectors: Sequence[AccountConnector]) -> list[Plan]:
    """Those can be tested that are authenticated and have a test method."""
    methods = {
        (method.console_id, method.connector_name, method.connector_version): str(method)
        for method in ConnectionTestMethod.objects.filter(console__in=_consoles(connectors))
    }
    found = []
    for one in connectors:
        kind = (one.account.console_id, one.connector_name, one.connector_version)
        method = methods.get(kind, "")
        problem = ""
        if one.gone_at is not None or one.account.gone_at is not None:
            problem = "It is gone from Cyclr."
        elif not one.authenticated:
            problem = "It is not authenticated."
        elif not method:
            problem = "No test method has been chosen for this connector in Settings."
        entries = [["Method", display_text(method)]] if method else []
        found.append(Plan(one, problem, entries=entries))
    return found


def _plan_deauthentications(connectors: Sequence[AccountConnector]) -> list[Plan]:
    """Those that are authenticated, each with the running cycles that stop."""
    running = _running_cycles(connectors)
    found = []
    for one in connectors:
        plan = Plan(one)
        if one.gone_at is not None or one.account.gone_at is not None:
            plan.problem = "It is gone from Cyclr."
        elif not one.authenticated:
            plan.problem = "It is not authenticated."
        elif one.account.cycles_read_at is None:
            plan.doubt = "The cycles of this account were never read, so what stops is not known."
        cycles = [] if plan.problem else running.get(one.pk, [])
        plan.stops = tuple(cycle.cyclr_id for cycle in cycles)
        plan.values = {"cycles": list(plan.stops)}
        plan.entries = [["Stops", _cycles_label(cycles)]]
        found.append(plan)
    return found


def _cycles_label(cycles: Sequence[Cycle]) -> str:
    if not cycles:
        return "no running cycle that is known"
    return first_few((display_text(cycle)[:100] for cycle in cycles), NAMED)


def _running_cycles(connectors: Iterable[AccountConnector]) -> Mapping[int, list[Cycle]]:
    """By connector: the running cycles that need it; a query for some hundred of them."""
    found: dict[int, list[Cycle]] = defaultdict(list)
    by_place = {(one.account_id, one.cyclr_id): one.pk for one in connectors}
    for some in chunks(sorted({account for account, _ in by_place})):
        for use in _uses(some):
            pk = by_place.get((use.cycle.account_id, use.account_connector_cyclr_id or 0))
            if pk is not None and use.cycle not in found[pk]:
                found[pk].append(use.cycle)
    return found


def _uses(accounts: Sequence[int]) -> QuerySet[CycleConnector]:
    rows = CycleConnector.objects.filter(
        cycle__account__in=accounts, cycle__is_active=True, cycle__gone_at=None
    )
    return rows.select_related("cycle").order_by("cycle__sort_name", "cycle")


def _consoles(connectors: Iterable[AccountConnector]) -> set[int]:
    return {one.account.console_id for one in connectors}


ACTIONS = {
    "test": Action(
        "test",
        TEST_INSTALLED,
        "Test",
        "One call of the test method of each, which reads and changes nothing. What answers is "
        "proven to work; what does not is shown with why.",
        _plan_tests,
        lambda one: f"{TEST_INSTALLED}:{one.pk}",
    ),
    "deauthenticate": Action(
        "deauthenticate",
        DEAUTHENTICATE,
        "De-authenticate",
        "Cyclr forgets their credentials, and running cycles that need them stop. Credentials "
        "cannot be brought back: somebody has to enter new ones, or connect each on a link.",
        _plan_deauthentications,
        exclusivity_key,
        confirm="de-authenticate",
        doing="take their credentials away",
    ),
}
"""By the name in the address."""


def draft(
    action: Action, actor: Actor, console: Console, plans: Sequence[Plan], *, submission: uuid.UUID
) -> BulkRun:
    """Store it as a preview; the same submission again gives the same one.

    Raises `bulk.OtherRunError` for a used submission with other input.
    """
    kinds = {display_text(one.connector.connector_name) for one in plans}
    only = f" {kinds.pop()[:100]}" if len(kinds) == 1 else ""
    requested = RunRequest(
        kind=action.kind,
        title=f"{action.title}{only}",
        actor=actor,
        console=console,
        submission=submission,
        targets=list(_targets(action, plans)),
        shown={"is_of_connectors": True},
    )
    return bulk.draft(requested)


def _targets(action: Action, plans: Sequence[Plan]) -> Iterator[Target]:
    for number, plan in enumerate(plans, 1):
        one = plan.connector
        shown = {"entries": plan.entries}
        yield Target(
            number,
            display_text(one.account)[:300],
            one.account,
            account_connector=one,
            problem=plan.problem,
            doubt=plan.doubt,
            input=RowInput(
                values=plan.values,
                shown=shown,
                exclusivity_key=action.exclusivity_key(one),
                title=f"{action.title} {display_text(one)}",
            ),
            shown=shown,
        )
