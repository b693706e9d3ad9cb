"""One way from a form to its operation, for all changes of an installed connector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, QueryDict

from dashboard.audit.models import Actor
from dashboard.common.untrusted_text import display_text, storable
from dashboard.connector_changes.forms import ChangeForm
from dashboard.mirror.models import AccountConnector
from dashboard.operations import changing
from dashboard.operations.changing import Page
from dashboard.operations.submitting import OperationRequest
from dashboard.people.access import StaffRequest

JSON = dict[str, Any]
CONNECTORS = AccountConnector.objects.select_related("account__console")


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of change: its operation's kind, its page, and what it is called.

    `doing`: before the connector's name, in titles of operations. `sent`: what is said once it is
    on its way.
    """

    kind: str
    template: str
    doing: str
    sent: str


def exclusivity_key(connector: AccountConnector) -> str:
    """One change of a connector at a time, whichever it is."""
    return f"change:{connector.pk}"


def is_there(connector: AccountConnector) -> bool:
    """Whether there is anything to change."""
    return connector.gone_at is None and connector.account.gone_at is None


def respond(
    request: StaffRequest,
    connector: AccountConnector,
    change: Change,
    make: Callable[[QueryDict | None], ChangeForm],
    **context: Any,
) -> HttpResponse:
    """Draw the form of a change, or take it and lead back to the connector."""
    form = make(request.POST if request.method == "POST" else None)
    around: JSON = {
        "connector": connector,
        "account": connector.account,
        "is_there": is_there(connector),
        "active": changing.active_change(exclusivity_key(connector)),
        **context,
    }
    page = Page(change.template, around, change.sent, leads_to=connector.get_absolute_url())
    if request.method != "POST":
        mends = changing.earlier(request, change.kind, account_connector=connector)
        return changing.draw(request, page, form, mends)
    if not around["is_there"]:
        return changing.draw_again(request, page, form, 409)
    if not form.is_valid():
        return changing.draw_again(request, page, form, 422)
    return changing.send(request, page, form, _request(request, connector, change, form))


def _request(
    request: StaffRequest, connector: AccountConnector, change: Change, form: ChangeForm
) -> OperationRequest:
    return OperationRequest(
        kind=change.kind,
        title=f"{change.doing} {display_text(connector)}",
        actor=Actor.staff(request.user),
        console=connector.account.console,
        submission=form.cleaned_data["submission"],
        account=connector.account,
        account_connector=connector,
        values=form.values(),
        shown={"entries": storable(form.entries()), "initial": form.kept()},
        exclusivity_key=exclusivity_key(connector),
    )
