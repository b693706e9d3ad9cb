"""How a step can turn out, and the one way in which a step has an operation carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from dashboard.common import encryption
from dashboard.common.untrusted_text import display_text
from dashboard.onboarding.input import JSON, TYPED
from dashboard.onboarding.models import OnboardingRun, OnboardingStep, StepState
from dashboard.operations.models import Operation, State
from dashboard.operations.submitting import (
    AlreadyActiveError,
    OperationRequest,
    OtherInputError,
    submit,
)

SOON, LATER = timedelta(seconds=10), timedelta(minutes=10)
"""When a run looks again by itself; mostly it is woken before (`waking`)."""

NO_ENTRIES = "Its entries were kept for a day only. Enter them again."
NO_KEY = "Its entries can no longer be decrypted: a key was removed. Enter them again."
CANCELLED = "It was cancelled before anything was sent to Cyclr."


@dataclass(frozen=True, slots=True)
class Over:
    """The step is done, or nothing is to be done."""

    message: str
    state: StepState = StepState.DONE


@dataclass(frozen=True, slots=True)
class Wait:
    """The run waits here. `state`: RUNNING while an operation is under way."""

    message: str
    state: StepState = StepState.WAITING
    again: timedelta = LATER


@dataclass(frozen=True, slots=True)
class Halt:
    """It needs a person."""

    message: str


Turn = Over | Wait | Halt


class EntriesLostError(Exception):
    """What a step was to work from is not kept any more; the message says why."""


def carried_out(
    run: OnboardingRun,
    step: OnboardingStep,
    request: Callable[[OnboardingRun, OnboardingStep], OperationRequest],
    end: Callable[[OnboardingRun, OnboardingStep, Operation], Over],
) -> Turn:
    """Have the step's operation carried out, once; the same try asks for the same one."""
    operation = step.operation
    if operation is None:
        try:
            with transaction.atomic():
                operation = submit(request(run, step))
        except EntriesLostError as error:
            return Halt(str(error))
        except AlreadyActiveError as error:
            other = error.operation
            title, who = display_text(other.title), display_text(other.actor_name)
            return Wait(f"Waits for “{title}”, which {who} asked for", again=SOON)
        except OtherInputError as error:
            operation = error.operation
        step.put(operation=operation)
    match operation.state:
        case State.DONE:
            return end(run, step, operation)
        case State.FAILED:
            return Halt(operation.error)
        case State.CANCELLED:
            return Halt(CANCELLED)
        case _:
            return Wait("On its way to Cyclr", StepState.RUNNING)


def said_of(run: OnboardingRun, step: OnboardingStep, operation: Operation) -> Over:
    event = operation.events.filter(event="done").first()
    return Over(event.message if event else "Done")


def entries_of(step: OnboardingStep) -> JSON:
    """What the operation works from, in clear; raises `EntriesLostError`."""
    return {name: value for name, value in _kept(step).items() if name != TYPED}


def typed_of(step: OnboardingStep) -> JSON:
    """The form as it was filled in, without secrets; raises `EntriesLostError`.

    A build before kept it in the copy for display alone.
    """
    typed: JSON = _kept(step).get(TYPED) or step.display_input
    return typed


def _kept(step: OnboardingStep) -> JSON:
    if not step.encrypted_input:
        raise EntriesLostError(NO_ENTRIES)
    try:
        found = encryption.decrypt_json(step.encrypted_input, associated_data=step.associated_data)
    except encryption.DecryptionError:
        raise EntriesLostError(NO_KEY) from None
    return dict(found)
