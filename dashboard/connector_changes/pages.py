"""One way from a form to its operation, for all changes of an installed connector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render

from dashboard.audit.models import Actor
from dashboard.common.untrusted_text import display_text, storable
from dashboard.connector_changes.forms import ChangeForm
from dashboard.mirror.models import AccountConnector
from dashboard.operations.models import Operation, State
from dashboard.operations.submitting import (
    AlreadyActiveError,
    OperationRequest,
    OtherInputError,
    submit,
)
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


def active_change(connector: AccountConnector) -> Operation | None:
    """The change of it that is under way."""
    rows = Operation.objects.active().filter(exclusivity_key=exclusivity_key(connector))
    found: Operation | None = rows.first()
    return found


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
    drawn: JSON = {
        "connector": connector,
        "account": connector.account,
        "form": form,
        "is_there": is_there(connector),
        "active": active_change(connector),
        **context,
    }
    if request.method != "POST":
        _fill(form, _earlier(request, connector, change), drawn)
        return render(request, change.template, drawn)
    if not drawn["is_there"]:
        return render(request, change.template, drawn, status=409)
    if not form.is_valid():
        form.draw_anew()
        return render(request, change.template, drawn, status=422)
    try:
        submit(_request(request, connector, change, form))
    except AlreadyActiveError as error:
        drawn["active"] = error.operation
    except OtherInputError as error:
        drawn["other"] = error.operation
    else:
        messages.success(request, change.sent)
        return redirect(connector)
    form.draw_anew()
    return render(request, change.template, drawn, status=409)


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


def _earlier(
    request: StaffRequest, connector: AccountConnector, change: Change
) -> Operation | None:
    """The failed change that this form is to mend, from `?from=`."""
    reference = str(storable(request.GET.get("from", "")))
    rows = Operation.objects.visible_to(request.user).filter(
        reference=reference, account_connector=connector, kind=change.kind, state=State.FAILED
    )
    earlier: Operation | None = rows.first() if reference else None
    return earlier


def _fill(form: ChangeForm, earlier: Operation | None, drawn: JSON) -> None:
    """Draw the entries of one that failed again, and why it did."""
    if earlier is None:
        return
    kept = earlier.display_input.get("initial") or {}
    form.initial.update({name: value for name, value in kept.items() if name in form.fields})
    form.show_error(earlier.error_field, earlier.error)
    drawn["earlier"] = earlier
