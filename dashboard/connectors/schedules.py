"""Connection tests that nobody asks for: of a kind, or of one installed connector, now and then.

A plan says when a connector is due. What is due leaves in small numbers, after what people wait
for, and not at all of a kind of which a test is being put off: its third party asked for a pause.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from dashboard.audit.models import Actor, ActorKind
from dashboard.connectors import connection_tests
from dashboard.connectors.models import (
    ConnectionTest,
    ConnectionTestMethod,
    ConnectionTestPlan,
    TestEvery,
)
from dashboard.consoles.models import Console
from dashboard.mirror.models import AccountConnector, AccountConnectorQuerySet

logger = logging.getLogger(__name__)

SHARE = 0.1
"""Of a console's calls, how many may be tests that nobody asked for."""
EARLIER = 0.03, 0.15
"""By how much of a period a test comes earlier, so that they never march in step: never later,
since what dies is to be found within a period, of which some minutes go by until its turn."""
FIRST_WITHIN = timedelta(minutes=10)
"""When the first tests of a new schedule are due, unless there are too many for that."""
AT_ONCE = 1000
"""Plans that are made in one turn."""

Kind = tuple[str, str]
"""A connector's name and version."""


def a_minute(console: Console) -> int:
    """How many tests may be begun in a console a minute."""
    return max(1, int(console.calls_per_second * 60 * SHARE))


def tests_a_day(method: ConnectionTestMethod, every_hours: int) -> int:
    """How many tests a schedule for the kind would make a day."""
    count = _to_be_tested(method.console).filter(**_kind_of(method)).count()
    return count * 24 // every_hours if every_hours else 0


def set_for_kind(method: ConnectionTestMethod, every_hours: int) -> None:
    """Test a kind so often; connectors with a schedule of their own keep it."""
    with transaction.atomic():
        method.every_hours = every_hours
        method.save(update_fields=["every_hours", "changed_at"])
        kind = AccountConnector.objects.filter(
            account__console=method.console_id, **_kind_of(method)
        )
        # They are planned anew by the next turn.
        ConnectionTestPlan.objects.filter(every_hours=None, account_connector__in=kind).delete()


def set_for_connector(connector: AccountConnector, every_hours: int | None) -> None:
    """Test one so often, or as its kind is."""
    plans = ConnectionTestPlan.objects.filter(account_connector=connector)
    if every_hours is None:
        plans.delete()
        return
    ConnectionTestPlan.objects.update_or_create(
        account_connector=connector, defaults={"every_hours": every_hours, "next_at": None}
    )


# ---- the dispatcher's part ----


def plan_all() -> None:
    """Plan what is on a schedule, and begin what is due."""
    for console in Console.objects.reachable():
        methods = {
            (one.connector_name, one.connector_version): one
            for one in ConnectionTestMethod.objects.filter(console=console)
        }
        if methods:
            moment = timezone.now()
            _plan(console, methods, moment)
            _begin(console, methods, moment)


def _plan(console: Console, methods: dict[Kind, ConnectionTestMethod], moment: datetime) -> None:
    """Give what is on a schedule and has no next time one, spread over some time."""
    plans = ConnectionTestPlan.objects.filter(account_connector=OuterRef("pk"))
    for method in methods.values():
        if not method.every_hours:
            continue
        rows = _to_be_tested(console).filter(~Exists(plans), **_kind_of(method))
        new = [
            ConnectionTestPlan(account_connector_id=pk)
            for pk in rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
        ]
        _spread(console, new, method.every_hours, moment)
        ConnectionTestPlan.objects.bulk_create(new, ignore_conflicts=True)
    own = ConnectionTestPlan.objects.filter(
        next_at=None, every_hours__gt=0, account_connector__account__console=console
    )
    for plan in own[:AT_ONCE]:
        _spread(console, [plan], plan.every_hours or 0, moment)
        plan.save(update_fields=["next_at"])


def _spread(
    console: Console, plans: list[ConnectionTestPlan], every_hours: int, moment: datetime
) -> None:
    """Their first times: soon, yet no more at once than may be begun."""
    wanted = max(FIRST_WITHIN, timedelta(minutes=len(plans) / a_minute(console)))
    within = min(wanted, timedelta(hours=every_hours))
    for plan in plans:
        plan.next_at = moment + within * random.random()  # noqa: S311 - no secret


def _begin(console: Console, methods: dict[Kind, ConnectionTestMethod], moment: datetime) -> None:
    """Ask for the tests that are due, the longest due first, as many as there is room for."""
    under_way = ConnectionTest.objects.open().filter(
        actor_kind=ActorKind.SYSTEM, account_connector__account__console=console
    )
    room = a_minute(console) - under_way.count()
    if room <= 0:
        return
    resting = set(
        under_way.filter(tries__gt=0).values_list(
            "account_connector__connector_name", "account_connector__connector_version"
        )
    )
    due = ConnectionTestPlan.objects.filter(
        next_at__lte=moment, account_connector__account__console=console
    ).select_related("account_connector__account__console")
    for plan in due.exclude(_of_kinds(resting)).order_by("next_at")[:room]:
        connector = plan.account_connector
        method = methods.get((connector.connector_name, connector.connector_version))
        _turn(plan, method, moment)


def _turn(plan: ConnectionTestPlan, method: ConnectionTestMethod | None, moment: datetime) -> None:
    """Begin one test and say when the next is due; a plan that is about nothing any more goes."""
    connector = plan.account_connector
    every = plan.every_hours if plan.every_hours is not None else method and method.every_hours
    if not every or connector.gone_at or connector.account.gone_at:
        plan.delete()
        return
    with transaction.atomic():
        if connector.authenticated and method is not None:
            connection_tests.ask(connector, Actor.system())
        jitter = 1 - random.uniform(*EARLIER)  # noqa: S311 - no secret
        plan.next_at = moment + timedelta(hours=every) * jitter
        plan.save(update_fields=["next_at"])


def _to_be_tested(console: Console) -> AccountConnectorQuerySet:
    """Installed connectors that a test can say something about."""
    rows: AccountConnectorQuerySet = AccountConnector.objects.there().filter(
        account__console=console, account__gone_at=None, authenticated=True
    )
    return rows


def _kind_of(method: ConnectionTestMethod) -> dict[str, str]:
    return {
        "connector_name": method.connector_name,
        "connector_version": method.connector_version,
    }


def _of_kinds(kinds: Iterable[Kind]) -> Q:
    found = Q(pk__in=[])
    for name, version in kinds:
        found |= Q(
            account_connector__connector_name=name, account_connector__connector_version=version
        )
    return found


def described(
    connector: AccountConnector, method: ConnectionTestMethod | None
) -> tuple[int | None, str]:
    """A connector's own schedule, None without one, and how often its kind is tested, in words."""
    plan = ConnectionTestPlan.objects.filter(account_connector=connector).first()
    kind = TestEvery(method.every_hours) if method is not None else TestEvery.NEVER
    return plan.every_hours if plan is not None else None, kind.label
