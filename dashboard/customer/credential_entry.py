"""What happens when a customer sends the form of an app: one operation, and a line for staff."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.customer.entry_form import EntryForm
from dashboard.links import progress, timeline
from dashboard.links.attempts import starting
from dashboard.links.models import ENTER, LinkItem, LinkState
from dashboard.links.requirements import Requirements
from dashboard.mirror.catalogue import AuthType
from dashboard.operations.models import Operation
from dashboard.operations.submitting import AlreadyActiveError, OperationRequest, submit


def enter(item: LinkItem, form: EntryForm) -> Operation:
    """Have a worker bring what was typed to Cyclr; the same form again is the same operation.

    While somebody else's entries for the same app are on their way, theirs is the answer.
    Raises `progress.NotUsableError`, `starting.TooManyStartsError` and `OtherInputError`.
    """
    requested = _request(item, form)
    is_known = Operation.objects.filter(submission=requested.own_submission).exists()
    try:
        with transaction.atomic():
            operation = submit(requested)
            # The row before the link's lock: so does the worker that ends one.
            if not is_known:
                _record(item, operation, form.requirements)
    except AlreadyActiveError as error:
        LinkItem.objects.filter(pk=item.pk, connected_at=None).update(entry=error.operation)
        return error.operation
    return operation


def _request(item: LinkItem, form: EntryForm) -> OperationRequest:
    installed = item.account_connector
    return OperationRequest(
        kind=ENTER,
        title=f"Enter details of {installed}",
        actor=Actor.link(item.link_id),
        console=item.link.console,
        submission=form.cleaned_data["submission"],
        account=item.link.account,
        connector=form.requirements.library,
        account_connector=installed,
        values=form.values(),
        shown=form.shown(),
        exclusivity_key=f"enter:{installed.pk}",
    )


def _record(item: LinkItem, operation: Operation, requirements: Requirements) -> None:
    """Write it to the link, if it may still be: else all of it is taken back."""
    link = progress.lock(item.link_id)
    left = LinkItem.objects.filter(pk=item.pk).left()
    if not link.is_usable or not left.exists():
        raise progress.NotUsableError
    if left.filter(entry=operation).exists():
        return  # pressed twice at once
    moment = timezone.now()
    starting.check_starts(link, moment, besides=operation.pk)
    left.update(entry=operation, starts=F("starts") + 1, started_at=moment)
    progress.move(link, LinkState.STARTED, item)
    what = (
        "settings"
        if requirements.auth_type in {AuthType.SIGN_IN, AuthType.NOTHING, AuthType.UNKNOWN}
        else "credentials"
    )
    timeline.record(link, "entered", f"{item.account_connector}: {what} entered", item)
