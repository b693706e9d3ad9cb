"""One way from a form to its operation, for all changes of what Cyclr has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from dashboard.common.untrusted_text import storable
from dashboard.operations.forms import ChangeForm
from dashboard.operations.models import Operation, State
from dashboard.operations.submitting import (
    AlreadyActiveError,
    OperationRequest,
    OtherInputError,
    submit,
)
from dashboard.people.access import StaffRequest

JSON = dict[str, Any]


@dataclass(slots=True)
class Page:
    """A form as it is drawn: its template, and what stands around it.

    `sent`: what is said once it is on its way, and `leads_to` where; without that to the operation.
    """

    template: str
    context: JSON
    sent: str = ""
    leads_to: str = ""


def active_change(exclusivity_key: str) -> Operation | None:
    """The change under way that nothing else may be done beside."""
    rows = Operation.objects.active().filter(exclusivity_key=exclusivity_key)
    found: Operation | None = rows.first()
    return found


def earlier(request: StaffRequest, kind: str, **about: Any) -> Operation | None:
    """The failed operation that a form is to mend, from `?from=`; `about`: what it was for."""
    reference = str(storable(request.GET.get("from", "")))
    rows = Operation.objects.visible_to(request.user).filter(
        reference=reference, kind=kind, state=State.FAILED, **about
    )
    found: Operation | None = rows.first() if reference else None
    return found


def draw(
    request: StaffRequest, page: Page, form: ChangeForm, mends: Operation | None
) -> HttpResponse:
    """A form that nobody filled in yet, with the entries of the one that it mends."""
    if mends is not None:
        kept = mends.display_input.get("initial") or {}
        form.initial.update({name: value for name, value in kept.items() if name in form.fields})
        form.show_error(mends.error_field, mends.error)
    return render(request, page.template, page.context | {"form": form, "earlier": mends})


def draw_again(
    request: StaffRequest, page: Page, form: ChangeForm, status: int, **context: Any
) -> HttpResponse:
    """A form that was not taken: a new submission, with what was entered."""
    form.draw_anew()
    return render(request, page.template, page.context | {"form": form} | context, status=status)


def send(
    request: StaffRequest, page: Page, form: ChangeForm, asked: OperationRequest
) -> HttpResponse:
    """Store the operation and lead to it; drawn again where another one is in its way."""
    try:
        operation = submit(asked)
    except AlreadyActiveError as error:
        return draw_again(request, page, form, 409, active=error.operation)
    except OtherInputError as error:
        return draw_again(request, page, form, 409, other=error.operation)
    if page.sent:
        messages.success(request, page.sent)
    return redirect(page.leads_to or operation.get_absolute_url())
