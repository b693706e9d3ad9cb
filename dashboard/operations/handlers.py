"""What a kind of operation is: a small class with three verbs and its words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from cyclr_api import Client, PermanentError
from dashboard.audit import labels
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.operations.models import Operation
from dashboard.people.models import Role

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """The effect is there."""

    outcome: JSON


@dataclass(frozen=True, slots=True)
class NotThere:
    """The effect was not found this time; it may still be on its way.

    `prepared`: what recognises it from now on, where somebody else has taken what was reserved.
    """

    prepared: JSON | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """It cannot be told by itself; `why` says what a person must check."""

    why: str


Look = Found | NotThere | Doubtful


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Cyclr's refusal means in our words. `field`: the form field it is about."""

    message: str
    field: str = ""


class NotDoneError(PermanentError):
    """We do not send it, or Cyclr answered and all is as it was. `words` say why, and what now."""

    def __init__(self, call: str, message: str, *, field: str = "") -> None:
        super().__init__(call, reason="not done")
        self.message, self.field = message, field


class PrepareAgain(Exception):  # noqa: N818 - not an error: a turn of the road
    """Nothing was done; prepare once more (somebody took the reserved name)."""


class ReconcileAgain(Exception):  # noqa: N818 - not an error: a turn of the road
    """The refusal may be the echo of our own earlier send: look before believing it."""


class Handler(ABC):
    """A kind of operation. The engine owns states, leases, attempts and waiting."""

    kind: ClassVar[str]
    """Stored, so it never changes."""
    label: ClassVar[str] = ""
    """What the pages call the kind."""
    audit_label: ClassVar[str] = ""
    """What the audit trail says before the operation's title; mostly the title says it all."""
    role: ClassVar[Role] = Role.AGENT
    calls_cyclr: ClassVar[bool] = True
    is_recorded: ClassVar[bool] = True
    """Whether its success is an act of its own; False if `finish` records what it does."""
    is_idempotent: ClassVar[bool] = False
    """Whether a second `act` does what the first did: then it is sent again, never looked for."""
    forbidden: ClassVar[str] = "The person who asked for this no longer has permission."
    """Why it is not done, where `is_allowed` says no."""

    def is_allowed(self, operation: Operation) -> bool:
        """Whether whoever asked may still do it; asked again when it runs."""
        user = operation.actor_user
        if user is None:
            return True
        role = user.role_in(operation.console) if user.is_active else None
        return role is not None and role >= self.role

    def needless(self, account: Account, connector: CatalogueConnector | None, values: JSON) -> str:
        """Why it need not be done for this account, in words; a bulk run leaves it out then."""
        return ""

    def fix_url(self, operation: Operation) -> str:
        """Where one that failed can be tried with other entries; empty if nowhere."""
        return ""

    def result_url(self, operation: Operation) -> str:
        """The page of what one that is done has made; empty if there is none."""
        return ""

    @abstractmethod
    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Find out and return what will recognise the effect; changes nothing in Cyclr."""

    @abstractmethod
    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The one call that must happen once; returns the outcome."""

    @abstractmethod
    def reconcile(self, operation: Operation, client: Client) -> Look:
        """After a send whose end is not known: is the effect there?"""

    def finalize(self, operation: Operation, client: Client, outcome: JSON) -> JSON:
        """An idempotent step after the effect is known; may fail and be repeated."""
        return outcome

    @abstractmethod
    def finish(self, operation: Operation, outcome: JSON) -> str:
        """Bring the mirror along, in the last transaction; returns the outcome in words."""

    def failed(self, operation: Operation) -> None:  # noqa: B027 - most kinds have nothing to do
        """Bring along what waits for it, in the last transaction of one that failed."""

    def refused(self, operation: Operation, error: PermanentError) -> Refusal:
        """Why it is not done: our own refusal says so itself, Cyclr's is put into our words."""
        if isinstance(error, NotDoneError):
            return Refusal(error.message, field=error.field)
        return self.refused_by_cyclr(operation, error)

    def refused_by_cyclr(self, operation: Operation, error: PermanentError) -> Refusal:
        """What a refusal of Cyclr's means; may raise `PrepareAgain` or `ReconcileAgain` instead."""
        said = error.cyclr_message or "no reason given"
        return Refusal(f"Cyclr refused: {said}. Nothing was changed.")


_handlers: dict[str, Handler] = {}


def register(handler: type[Handler]) -> type[Handler]:
    """Make a kind known to the engine."""
    _handlers[handler.kind] = handler()
    labels.register({handler.kind: handler.audit_label})
    return handler


def handler_for(kind: str) -> Handler:
    """The handler of a kind; KeyError for one that this release does not know."""
    return _handlers[kind]


def find_handler(kind: str) -> Handler | None:
    """The handler of a kind; None for one that this release does not know."""
    return _handlers.get(kind)


def role_for(operation: Operation) -> Role:
    """The role that an operation's kind asks for; of one that this release does not know, Agent."""
    handler = find_handler(operation.kind)
    return handler.role if handler else Role.AGENT


def kinds() -> list[str]:
    """All kinds that this release knows."""
    return sorted(_handlers)
