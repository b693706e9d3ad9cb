"""What the state of an installed connector asks a person to do: one action a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from dashboard.common.questions import Question
from dashboard.consoles.models import Console
from dashboard.mirror.catalogue import AuthType, auth_types_of
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account, AccountConnector, AccountConnectorQuerySet
from dashboard.people.models import Role


@dataclass(frozen=True, slots=True)
class Action:
    """A row's button. One that changes something is posted; one that leads outside says so."""

    label: str
    url: str
    is_posted: bool = False
    is_outside: bool = False
    is_opening: bool = False


@Question
def with_open_link(rows: AccountConnectorQuerySet) -> AccountConnectorQuerySet:
    """Each with the newest open link on which it is not done yet, as `open_link`; links answer."""
    return rows


@Question
def testable_kinds(console: Console) -> set[str]:
    """The keys of the connectors that can be tested in a console; connectors answer."""
    return set()


def actions_of(
    account: Account, connectors: Sequence[AccountConnector], role: Role | None
) -> dict[int, Action]:
    """By connector: what its state asks for and the role may do, else its page.

    The connectors are `with_open_link`.
    """
    testable = testable_kinds(account.console)
    found = {one.pk: _action(account, one, role or Role.VIEWER, testable) for one in connectors}
    return {pk: action for pk, action in found.items() if action is not None}


def _action(
    account: Account,
    connector: AccountConnector,
    role: Role,
    testable: set[str],
) -> Action | None:
    if connector.gone_at is not None or account.gone_at is not None:
        return None
    link = getattr(connector, "open_link", None)
    if link is not None:
        return Action("Open link", reverse("link_detail", args=[link]))
    opening = Action("Open", connector.get_absolute_url(), is_opening=True)
    if role < Role.AGENT:
        return opening
    if connector.needs_somebody and (helping := _connecting(account, connector)):
        return helping
    if key_of(connector.connector_name, connector.connector_version) in testable:
        return Action("Test", reverse("connector_test", args=[connector.pk]), is_posted=True)
    if role >= Role.ADMIN and connector.authenticated and connector.connector_name:
        return Action("Set up test", reverse("test_method_choose", args=[connector.pk]))
    return opening


def _connecting(account: Account, connector: AccountConnector) -> Action | None:
    """What helps one that does not work: the customer on a link, or somebody in Cyclr itself."""
    if connector.is_connected_by_link:
        form = reverse("link_new", args=[account.pk])
        return Action("Create link", f"{form}?connector={connector.pk}")
    if AuthType.UNKNOWN in auth_types_of(connector.methods):
        return Action("Finish in Cyclr", account.console.service_url, is_outside=True)
    return None
