"""Which installed connectors a cycle needs, and whether each is ready."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.mirror.models import AccountConnector, Cycle, CycleConnector


@dataclass(frozen=True, slots=True)
class Needed:
    """A connector that a cycle needs. `installed` is None where the account has none of that id."""

    need: CycleConnector
    installed: AccountConnector | None

    @property
    def is_ready(self) -> bool:
        """Whether, as far as is known, the cycle can use it."""
        one = self.installed
        return (
            one is not None
            and one.gone_at is None
            and bool(one.authenticated)
            and one.test_failed_at is None
        )


def needed_by(cycle: Cycle) -> list[Needed]:
    """What it needs, each with what is installed; two queries."""
    needs = list(cycle.connectors.all())
    ids = [need.account_connector_cyclr_id for need in needs if need.account_connector_cyclr_id]
    installed = AccountConnector.objects.filter(account=cycle.account, cyclr_id__in=ids)
    by_id = {one.cyclr_id: one for one in installed.select_related("account")}
    return [Needed(need, by_id.get(need.account_connector_cyclr_id or 0)) for need in needs]
