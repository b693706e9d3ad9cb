"""What connectors register: the labels of their audit actions, and which kinds can be tested."""

from __future__ import annotations

from dashboard.accounts.actions import testable_kinds
from dashboard.audit import labels
from dashboard.connectors.models import ConnectionTestMethod
from dashboard.consoles.models import Console

labels.register({"connectors.test": "Tested", "connectors.schedule_tests": "Scheduled tests of"})


@testable_kinds.answered_by
def kinds_with_a_method(console: Console) -> set[str]:
    """The kinds for which a method was chosen."""
    methods = ConnectionTestMethod.objects.filter(console=console)
    return set(methods.values_list("kind_key", flat=True))
