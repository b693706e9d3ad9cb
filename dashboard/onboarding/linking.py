"""Which installed connectors the customer of a run is asked for, and which are connected."""

from __future__ import annotations

from dashboard.links.models import Link
from dashboard.links.requirements import requirements_of_all
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import AccountConnector, CycleConnector
from dashboard.onboarding.models import OnboardingRun, StepKind, StepState


def is_connected(connector: AccountConnector) -> bool:
    """Whether nobody is to be asked for it: it works as far as is known."""
    return bool(connector.authenticated) and connector.test_failed_at is None


def connectors_to_link(run: OnboardingRun) -> list[AccountConnector]:
    """Those that a link can connect, of what was planned and of what the cycles need."""
    assert run.account is not None
    rows = AccountConnector.objects.there().filter(account=run.account).select_related("account")
    wanted = _wanted(run)
    found = [one for one in rows.order_by("pk") if wanted.has(one) and not is_connected(one)]
    needs = requirements_of_all(found)
    return [one for one in found if needs[one.pk].may_finish]


class _Wanted:
    """Installed connectors, by key, by Cyclr's id, or by kind where Cyclr does not tell which."""

    def __init__(self) -> None:
        self.pks: set[int] = set()
        self.cyclr_ids: set[int] = set()
        self.kinds: set[str] = set()

    def has(self, one: AccountConnector) -> bool:
        """Whether it is one of them."""
        is_named = one.pk in self.pks or one.cyclr_id in self.cyclr_ids
        return is_named or key_of(one.connector_name, one.connector_version) in self.kinds


def _wanted(run: OnboardingRun) -> _Wanted:
    wanted = _Wanted()
    steps = run.steps.exclude(state=StepState.SKIPPED)
    for step in steps.filter(kind=StepKind.CONNECTOR).select_related("operation", "connector"):
        if step.operation is not None and step.operation.account_connector_id:
            wanted.pks.add(step.operation.account_connector_id)
        elif step.connector is not None:
            wanted.kinds.add(key_of(step.connector.name, step.connector.version))
    for step in steps.filter(kind=StepKind.TEMPLATE).select_related("template"):
        needs = list(CycleConnector.objects.filter(cycle=step.cycle_id))
        ids = {need.account_connector_cyclr_id for need in needs}
        wanted.cyclr_ids |= {one for one in ids if one is not None}
        if (not needs or None in ids) and step.template is not None:
            wanted.kinds |= set(step.template.connectors.values_list("kind_key", flat=True))
    return wanted


def left_on(link: Link) -> list[AccountConnector]:
    """The connectors that are left to be connected on a link."""
    items = link.items.left().select_related("account_connector__account")
    return [item.account_connector for item in items]
