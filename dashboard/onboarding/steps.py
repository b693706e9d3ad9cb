"""What each kind of step does when it is its turn. Cyclr is asked by operations and jobs alone."""

from __future__ import annotations

from datetime import timedelta

from dashboard.accounts.handlers.creating import CREATE
from dashboard.common.untrusted_text import display_text
from dashboard.cycles.installing import INSTALL as INSTALL_TEMPLATE
from dashboard.cycles.installing import exclusivity_key as template_key
from dashboard.installs.services import KIND as INSTALL
from dashboard.installs.services import exclusivity_key as install_key
from dashboard.links import services as links
from dashboard.links.mail import mailing
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account, Cycle
from dashboard.mirror.tasks import ask_for_refresh
from dashboard.onboarding import display
from dashboard.onboarding.activating import activate
from dashboard.onboarding.input import Wishes
from dashboard.onboarding.linking import connectors_to_link, is_connected, left_on
from dashboard.onboarding.models import OnboardingRun, OnboardingStep, StepKind, StepState
from dashboard.onboarding.plan import has_already
from dashboard.onboarding.turns import (
    SOON,
    Halt,
    Over,
    Turn,
    Wait,
    carried_out,
    entries_of,
    said_of,
)
from dashboard.operations.models import Operation
from dashboard.operations.submitting import OperationRequest


def take(run: OnboardingRun, step: OnboardingStep) -> Turn:
    """Go as far with a step as is possible now. The caller holds the run, in a transaction."""
    match StepKind(step.kind):
        case StepKind.ACCOUNT:
            return carried_out(run, step, _create_account, _account_made)
        case StepKind.CONNECTOR:
            if step.operation is None and (there := _has_already(run, step)):
                return Over(there)
            return carried_out(run, step, _install, said_of)
        case StepKind.TEMPLATE:
            return carried_out(run, step, _install_template, _template_installed)
        case StepKind.LINK:
            return _link(run, step)
        case StepKind.CONSENT:
            return _consent(run, step)
        case StepKind.ACTIVATE:
            return activate(run, step)


def _shown(step: OnboardingStep) -> dict[str, object]:
    """A build before noted there that there are secrets."""
    return {key: value for key, value in step.display_input.items() if key != "has_secrets"}


def _create_account(run: OnboardingRun, step: OnboardingStep) -> OperationRequest:
    values = entries_of(step)
    return OperationRequest(
        kind=CREATE,
        title=f"Create account {display_text(run.name)}",
        actor=run.actor,
        console=run.console,
        submission=run.submission_for(step),
        values=values,
        shown=_shown(step),
        exclusivity_key=f"{CREATE}:{run.console_id}:{key_of(str(values['id']).casefold())}",
        is_bulk=run.table_id is not None,
    )


def _account_made(run: OnboardingRun, step: OnboardingStep, operation: Operation) -> Over:
    run.account = operation.account
    run.save(update_fields=["account"])
    return said_of(run, step, operation)


def _account(run: OnboardingRun) -> Account:
    assert run.account is not None
    return run.account


def _has_already(run: OnboardingRun, step: OnboardingStep) -> str:
    assert step.connector is not None
    return has_already(run.account, step.connector)


def _install(run: OnboardingRun, step: OnboardingStep) -> OperationRequest:
    account, connector = _account(run), step.connector
    assert connector is not None
    return OperationRequest(
        kind=INSTALL,
        title=f"Install {connector.name}",
        actor=run.actor,
        console=run.console,
        submission=run.submission_for(step),
        account=account,
        connector=connector,
        values=entries_of(step),
        shown=_shown(step),
        exclusivity_key=install_key(account, connector),
        is_bulk=run.table_id is not None,
    )


def _install_template(run: OnboardingRun, step: OnboardingStep) -> OperationRequest:
    account, template = _account(run), step.template
    assert template is not None
    name = step.cycle_name
    return OperationRequest(
        kind=INSTALL_TEMPLATE,
        title=f"Install {display_text(template)}",
        actor=run.actor,
        console=run.console,
        submission=run.submission_for(step),
        account=account,
        values={"template": template.pk, "name": name},
        shown={"entries": [["Name", name]]},
        exclusivity_key=template_key(account, template),
        is_bulk=run.table_id is not None,
    )


def _template_installed(run: OnboardingRun, step: OnboardingStep, operation: Operation) -> Over:
    made = (operation.outcome or {}).get("id", "")
    cycle = Cycle.objects.filter(account=run.account, cyclr_id=made).first()
    step.put(cycle=cycle)
    step.then.update(cycle=cycle)
    return said_of(run, step, operation)


# ---- the customer's part ----


def _link(run: OnboardingRun, step: OnboardingStep) -> Turn:
    """Over what is not connected of what was installed, once the account was read since."""
    account = _account(run)
    if not _is_read(run, account):
        ask_for_refresh(account)
        return Wait("Reads the account, for what the templates brought along", again=SOON)
    connectors = connectors_to_link(run)
    if not connectors:
        return Over("Nothing is left to connect by the customer", StepState.SKIPPED)
    wished = Wishes.from_json(run.wishes)
    try:
        link = links.create_link(
            run.actor,
            account,
            connectors,
            expires_in=timedelta(seconds=wished.lifetime),
            recipient_email=run.recipient_email,
            recipient_name=run.recipient_name,
            message=wished.message,
            language=wished.language,
            ticket_url=wished.ticket_url,
            has_reminders=wished.has_reminders,
            submission=run.submission_for(step),
        )
    except links.OtherLinkError as error:
        link = error.link
    step.put(link=link)
    if not (wished.mails and run.recipient_email):
        return Over("Created. Copy its address, and send it")
    mailing.queue_mail(link, run.actor, submission=run.submission_for(step, "mail"))
    return Over(f"Created, and its e-mail to {run.recipient_email} is on its way")


def _is_read(run: OnboardingRun, account: Account) -> bool:
    """Whether the account and its cycles were read since the last template was installed."""
    ended = run.steps.filter(kind=StepKind.TEMPLATE, state=StepState.DONE)
    last = ended.order_by("-ended_at").values_list("ended_at", flat=True).first()
    if last is None:
        return True
    moments = (account.read_at, account.cycles_asked_at)
    return all(moment is not None and moment >= last for moment in moments)


def _consent(run: OnboardingRun, step: OnboardingStep) -> Turn:
    made = run.steps.filter(kind=StepKind.LINK).select_related("link__console", "link__account")
    link = next((one.link for one in made if one.link is not None), None)
    if link is None:
        return Over("Nothing was asked of the customer", StepState.SKIPPED)
    left = left_on(link)
    if link.connected_at is not None or not left or all(map(is_connected, left)):
        return Over("Everything is connected")
    step.put(link=link)
    if not link.is_usable:
        return Halt(display.ended_link(link, left))
    return Wait(display.waits_for_customer(run, link, left))
