"""Starting, stopping and deleting cycles."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Any, ClassVar

from django.urls import reverse

from cyclr_api import (
    AccountRefusedError,
    Client,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PermanentError,
)
from cyclr_api.cycles import CycleApi
from dashboard.common.untrusted_text import storable
from dashboard.cycles.input import ActivationInput, CycleInput, StopInput
from dashboard.cycles.prerequisites import cycle_api, written
from dashboard.mirror import writing
from dashboard.mirror.models import Cycle
from dashboard.mirror.tasks import ask_for_refresh
from dashboard.operations.handlers import (
    Doubtful,
    Found,
    Handler,
    Look,
    NotDoneError,
    NotThere,
    ReconcileAgain,
    Refusal,
    register,
)
from dashboard.operations.models import Operation
from dashboard.people.models import Role

JSON = dict[str, Any]
ACTIVATE, DEACTIVATE, DELETE = "cycles.activate", "cycles.deactivate", "cycles.delete"


class RunsAlreadyError(NotDoneError):
    """Somebody started it, or we did, in a call that was not answered."""


class CycleChange(Handler):
    """What changes of a cycle have in common."""

    page: ClassVar[str]
    """The name of its form's address."""
    doing: ClassVar[str]
    """What it does, in a sentence: “activate”."""

    def cycle(self, operation: Operation) -> Cycle:
        """The cycle that is changed."""
        pk = (operation.prepared or {}).get("cycle") or CycleInput.of(operation).cycle
        found: Cycle = Cycle.objects.select_related("account__console").get(pk=pk)
        return found

    def there(self, operation: Operation, client: Client) -> CycleApi:
        """The same in Cyclr."""
        return cycle_api(self.cycle(operation), client)

    def fix_url(self, operation: Operation) -> str:
        """The form."""
        pk = (operation.prepared or {}).get("cycle")
        return reverse(self.page, args=[pk]) if pk else ""

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Which cycle it is, and how it is now."""
        now = self.there(operation, client).get()
        status = storable(now.status) or "unknown"
        pk = CycleInput.of(operation).cycle
        return {"cycle": pk, "words": f"Cyclr says that it is “{status}”"}

    def finalize(self, operation: Operation, client: Client, outcome: JSON) -> JSON:
        """What Cyclr says of it now."""
        try:
            now = self.there(operation, client).get()
        except NotFoundError:
            return {**outcome, "is_gone": True}
        return {**outcome, "status": storable(now.status), "is_active": now.is_active}

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """The mirror learns what it is now; the account's cycles are read again."""
        cycle = self.cycle(operation)
        ask_for_refresh(cycle.account)
        if outcome.get("is_gone"):
            writing.write_cycle_deleted(cycle)
            return "It was deleted in Cyclr meanwhile"
        status, is_active = str(outcome.get("status") or ""), bool(outcome.get("is_active"))
        writing.write_cycle_status(cycle, status, is_active=is_active)
        return self.ended(outcome, status, is_active=is_active)

    @abstractmethod
    def ended(self, outcome: JSON, status: str, *, is_active: bool) -> str:
        """The outcome in words."""

    def refused_by_cyclr(self, operation: Operation, error: PermanentError) -> Refusal:
        """What happened, why, and what to do next."""
        if isinstance(error, NotFoundError | AccountRefusedError):
            assert operation.account is not None
            ask_for_refresh(operation.account)
        return Refusal(self._refusal(error))

    def _refusal(self, error: PermanentError) -> str:
        said = f": “{error.cyclr_message}”" if error.cyclr_message else "."
        match error:
            case NotFoundError():
                return (
                    "Cyclr does not know this cycle any more. Nothing was changed. The account is "
                    "read again."
                )
            case AccountRefusedError():
                return (
                    "Cyclr refuses access to this account; it may have been deleted there. "
                    "Nothing was changed. The account is read again."
                )
            case ForbiddenError():
                return (
                    f"Cyclr does not allow this console to {self.doing} the cycle{said} Nothing "
                    "was changed. Do it in the Cyclr console, or ask an administrator about the "
                    "console’s rights."
                )
            case ConflictError():
                return (
                    f"Cyclr does not {self.doing} the cycle now, because it is running, or "
                    f"something else is under way with it{said} Nothing was changed. Deactivate "
                    "it first, or try again in a minute."
                )
        return f"Cyclr refused to {self.doing} the cycle{said} Nothing was changed."


@register
class Activate(CycleChange):
    """Start a cycle, once nothing is lacking. Not sent twice: it might run twice."""

    kind = ACTIVATE
    label = "Activate cycle"
    page = "cycle_activate"
    doing = "activate"

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """It must not run yet, and nothing may be lacking: Cyclr would refuse in other words."""
        there = self.there(operation, client)
        if there.get().is_active:
            raise RunsAlreadyError(
                "GET /cycles/{id}",
                "It runs already, so nothing was changed. Deactivate it first if it is to run "
                "otherwise.",
            )
        missing = there.prerequisites()
        if missing:
            count = len(missing)
            first = written(missing[0])["reason"]
            raise NotDoneError(
                "GET /cycles/{id}/prerequisites",
                f"{count} thing{' is' if count == 1 else 's are'} lacking before it can run"
                f"{f', the first: “{first}”' if first else ''}. Nothing was changed. The cycle’s "
                "page lists them.",
            )
        return {"cycle": CycleInput.of(operation).cycle, "words": "Nothing is lacking"}

    def refused(self, operation: Operation, error: PermanentError) -> Refusal:
        """One that runs may be the echo of our own earlier call."""
        if isinstance(error, RunsAlreadyError) and operation.is_resent:
            raise ReconcileAgain
        return super().refused(operation, error)

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The one call."""
        wanted = ActivationInput.from_json(values)
        self.there(operation, client).activate(
            start_at=datetime.fromisoformat(wanted.start_at) if wanted.start_at else None,
            interval=wanted.interval,
            run_once=wanted.run_once or None,
        )
        return {"run_once": wanted.run_once}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """One that runs was started. One that was to run once may have ended again."""
        run_once = ActivationInput.of(operation).run_once
        now = self.there(operation, client).get()
        if now.is_active:
            return Found({"run_once": run_once})
        last = now.last_successful_run_at
        if run_once and last is not None and operation.sent_at and last >= operation.sent_at:
            return Found({"run_once": True})
        if run_once:
            return Doubtful(
                "Cyclr did not answer whether it ran. Look at its transactions in Cyclr before "
                "you let it run again."
            )
        return NotThere()

    def ended(self, outcome: JSON, status: str, *, is_active: bool) -> str:
        """A run that is over is no failure."""
        if outcome.get("run_once"):
            return "It runs once" if is_active else f"It ran once; Cyclr says “{status}” now"
        return "It runs now" if is_active else f"Cyclr took it, and says “{status}”"


@register
class Deactivate(CycleChange):
    """Stop a cycle. For one that has stopped a second call does nothing."""

    kind = DEACTIVATE
    label = "Deactivate cycle"
    page = "cycle_deactivate"
    doing = "deactivate"
    is_idempotent: ClassVar[bool] = True

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The one call."""
        finish_queued = StopInput.from_json(values).finish_queued
        self.there(operation, client).deactivate(finish_queued=finish_queued)
        return {"finish_queued": finish_queued}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Never asked: it is sent again instead."""
        return NotThere()

    def ended(self, outcome: JSON, status: str, *, is_active: bool) -> str:
        """It may go on until what waits is done."""
        if not is_active:
            return "It has stopped"
        if outcome.get("finish_queued"):
            return "It stops once what waits is done"
        return f"Cyclr took it, and still says “{status}”"


@register
class DeleteCycle(CycleChange):
    """Delete a cycle. Ids are not used again, so a second call does no harm."""

    kind = DELETE
    label = "Delete cycle"
    page = "cycle_delete"
    doing = "delete"
    role: ClassVar[Role] = Role.LEAD
    is_idempotent: ClassVar[bool] = True

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Nothing to look up: one that is gone is as good as deleted."""
        return {"cycle": CycleInput.of(operation).cycle, "words": "Nothing to look up first"}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """Delete it."""
        there = self.there(operation, client)
        try:
            there.delete()
        except NotFoundError:
            if not _is_gone(there):
                raise
            return {"by_others": not operation.is_resent}
        return {"by_others": False}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Never asked: it is sent again instead."""
        return NotThere()

    def finalize(self, operation: Operation, client: Client, outcome: JSON) -> JSON:
        """There is nothing more to read of it."""
        return outcome

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """It leaves the lists."""
        cycle = self.cycle(operation)
        writing.write_cycle_deleted(cycle)
        ask_for_refresh(cycle.account)
        return "It had been deleted in Cyclr already" if outcome["by_others"] else "Deleted"

    def ended(self, outcome: JSON, status: str, *, is_active: bool) -> str:
        """Not asked: `finish` says it."""
        return "Deleted"


def _is_gone(there: CycleApi) -> bool:
    """Whether Cyclr answers 404 for the cycle itself."""
    try:
        there.get()
    except NotFoundError:
        return True
    return False
