"""The pages of onboarding: planning, preview, the run, the list; who may; and rubbish."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor, AuditEntry
from dashboard.links.models import LinkMail
from dashboard.mirror.models import Account, Template
from dashboard.onboarding import plan, turning
from dashboard.onboarding.input import Wishes
from dashboard.onboarding.models import OnboardingRun, RunState, StepKind, StepState
from dashboard.onboarding.tasks import wipe_entries
from dashboard.operations.models import Operation
from dashboard.people.models import Role, User
from tests.factories import make_account, make_template, make_user
from tests.onboarding.conftest import (
    Workers,
    begun,
    connector,
    consent,
    draft,
    draft_of_new,
    hidden,
    page_of,
    press,
    step_of,
)
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, part, signed_in, text_of

pytestmark = pytest.mark.django_db
PLAN = {
    "makes_link": "on",
    "mails": "on",
    "recipient_email": "jane@customer.example",
    "recipient_name": "Jane Doe",
    "language": "de",
    "expires": "604800",
    "activates": "on",
    "interval": "60",
}


def save(browser: Client, run: OnboardingRun, then: str = "save", **values: str) -> Any:
    """Press a button of the plan."""
    return press(browser, "onboarding_plan", run.reference, **{**PLAN, "then": then, **values})


def begin(browser: Client, account: Account) -> OnboardingRun:
    """Choose an account that is there."""
    new = reverse("onboarding_new")
    page = text_of(browser.get(new, {"q": account.name}))
    assert f'aria-label="Onboard {account.name}"' in page
    values = {"submission": hidden(page, "submission"), "account": account.pk}
    first, again = browser.post(new, values), browser.post(new, values)
    assert first["Location"] == again["Location"], "pressed twice it is one draft"
    return OnboardingRun.objects.get()


def test_a_plan_is_made_and_started_on_the_pages(
    harbour: Account, template: Template, lead: Client
) -> None:
    run = begin(lead, harbour)
    assert "No account" not in page_of(lead, run)

    answer = save(lead, run, "connector", recipient_email="")
    assert answer["Location"] == reverse("onboarding_connector_pick", args=[run.reference])
    picker = text_of(lead.get(answer["Location"], {"q": "klaviyo"}))
    assert "Add Klaviyo" in picker
    press(lead, "onboarding_connector_pick", run.reference, connector=connector("Klaviyo").pk)
    press(lead, "onboarding_connector_pick", run.reference, connector=connector("Klaviyo").pk)
    press(lead, "onboarding_template_pick", run.reference, template=template.pk)

    page = page_of(lead, run)
    assert "Klaviyo" in page and template.name in page
    assert "HubSpot" in page and "probably used" in page and "is added" in page
    assert run.steps.filter(kind=StepKind.CONNECTOR).count() == 1

    answer = save(lead, run, "check")
    preview = text_of(lead.get(answer["Location"]))
    for said in ("nothing was sent yet", "Start onboarding", "Activate", "The customer connects"):
        assert said in preview
    assert not Operation.objects.exists()
    press(lead, "onboarding_start", run.reference)
    press(lead, "onboarding_start", run.reference)

    run.refresh_from_db()
    assert run.state == RunState.RUNNING and run.recipient_name == "Jane Doe"
    assert [one.kind for one in run.steps.all()] == [
        *("connector", "template", "link", "consent", "activate"),
    ]
    assert AuditEntry.objects.filter(action="onboarding.start").count() == 1
    assert "Onboarding" in text_of(lead.get(harbour.get_absolute_url()))


def test_a_new_account_is_planned_with_cyclr_s_rules_checked(console: Any, lead: Client) -> None:
    url = reverse("onboarding_account")
    page = text_of(lead.get(url))
    values = {"submission": hidden(page, "submission"), "seen": ""}
    wrong = lead.post(url, {**values, "name": "Fresh Fish", "success_retention_hours": "745"})
    assert wrong.status_code == 422 and "0 to 744" in text_of(wrong)
    assert not OnboardingRun.objects.exists()
    page = text_of(wrong)
    entered = {
        "name": "Fresh Fish",
        "timezone": "Nepal Standard Time",
        "is_error_webhook_enabled": "on",
        "error_webhook_url": "hooks.example/canary-4711",
        "submission": hidden(page, "submission"),
        "seen": "",
    }
    answer = lead.post(url, entered)

    run = OnboardingRun.objects.get()
    assert answer["Location"] == run.get_absolute_url()
    step = step_of(run, StepKind.ACCOUNT)
    assert step.has_secrets and "canary" not in str(step.display_input)
    page = page_of(lead, run)
    assert "Asia/Kathmandu" in page and "canary" not in page
    again = text_of(lead.get(f"{url}?run={run.reference}"))
    assert "Fresh Fish" in again and "canary" not in again


def test_what_is_typed_for_a_connector_is_encrypted_and_never_shown(
    harbour: Account, lead: Client, user: User
) -> None:
    run = draft(user, harbour, "Klaviyo")
    step = step_of(run, StepKind.CONNECTOR)
    url = reverse("onboarding_step_edit", args=[run.reference, step.pk])
    page = text_of(lead.get(url))
    assert "Create a connection link now" not in page
    values = {name: hidden(page, name) for name in ("submission", "release", "layout")}
    wrong = lead.post(url, {**values, "name": "Klaviyo"})
    assert wrong.status_code == 422
    answer = lead.post(url, {**values, "name": "Klaviyo", "auth-key": "canary-key-1"})

    assert answer["Location"] == run.get_absolute_url()
    step.refresh_from_db()
    assert step.encrypted_input and "canary" not in str(vars(step))
    assert step.has_secrets
    for page in (page_of(lead, run), text_of(lead.get(url))):
        assert "canary" not in page


def test_a_draft_keeps_what_was_typed_although_something_else_is_wrong(
    harbour: Account, lead: Client, user: User
) -> None:
    run = draft(user, harbour, "Klaviyo")
    save(lead, run, "connector", recipient_email="nonsense", message="Hello Jane")
    run.refresh_from_db()
    assert run.wishes["message"] == "Hello Jane"
    assert run.recipient_email == "jane@customer.example"

    answer = save(lead, run, "check", recipient_email="nonsense")
    assert answer.status_code == 422 and 'aria-invalid="true"' in text_of(answer)
    step = step_of(run, StepKind.CONNECTOR)
    save(lead, run, f"remove:{step.pk}")
    assert not run.steps.exists()
    assert "Nothing is installed" in text_of(lead.get(save(lead, run, "check")["Location"]))
    press(lead, "onboarding_start", run.reference)
    run.refresh_from_db()
    assert run.state == RunState.DRAFT


@pytest.mark.parametrize("then", ["", "edit:x", "remove:99999999999999999999", "edit:-1", "\0"])
def test_rubbish_for_a_button_leads_back_to_the_plan(
    harbour: Account, lead: Client, user: User, then: str
) -> None:
    run = draft(user, harbour, "Klaviyo")

    assert save(lead, run, then)["Location"] == run.get_absolute_url()
    assert run.steps.count() == 1


def test_a_day_s_start_is_by_the_account_s_clock(
    harbour: Account, lead: Client, user: User
) -> None:
    Account.objects.filter(pk=harbour.pk).update(timezone="Asia/Kathmandu")
    run = draft(user, Account.objects.get(pk=harbour.pk), "Klaviyo")
    day = f"{timezone.now() + timedelta(days=2):%Y-%m-%d}"
    save(lead, run, start_at=f"{day}T09:00")
    run.refresh_from_db()
    assert run.wishes["start_at"] == f"{day}T09:00"
    wished = Wishes(start_at="2026-12-02T09:00")
    with time_machine.travel("2026-12-01T00:00:00Z"):
        start = wished.start_in("Asia/Kathmandu", timezone.now())
        assert start is not None and start.isoformat() == "2026-12-02T03:15:00+00:00"
    with time_machine.travel("2026-12-03T00:00:00Z"):
        assert wished.start_in("Asia/Kathmandu", timezone.now()) is None


def test_the_run_s_page_says_what_it_waits_for_and_is_drawn_anew_only_then(
    harbour: Account, template: Template, user: User, lead: Client, workers: Workers
) -> None:
    run = begun(user, harbour, template=template)
    workers.work()
    page = page_of(lead, run)
    for said in ("Waits until Jane Doe signs in at", "Open link", "Skip", "Stop", "Waiting"):
        assert said in page
    seen = page.partition('"X-Seen": "')[2].partition('"')[0]
    url = run.get_absolute_url()
    assert part(lead, url, "onboarding-run", seen=seen).status_code == 204
    assert "Waits until Jane Doe" in text_of(lead.get(reverse("onboarding_run_list")))
    assert "Waits until Jane Doe" in text_of(lead.get(harbour.get_absolute_url()))
    press(lead, "onboarding_skip", run.reference)
    changed = part(lead, url, "onboarding-run", seen=seen)
    assert changed.status_code == 200


def test_the_link_is_sent_again_once_for_a_press(
    harbour: Account, template: Template, user: User, lead: Client, workers: Workers
) -> None:
    run = begun(user, harbour, template=template)
    workers.work()
    submission = str(uuid.uuid4())
    for _ in range(2):
        press(lead, "onboarding_send", run.reference, submission=submission)
    press(lead, "onboarding_send", run.reference, submission="x")

    assert LinkMail.objects.count() == 1


def test_a_halted_step_is_mended_with_other_entries(
    cyclr: CyclrState, harbour: Account, user: User, lead: Client, workers: Workers
) -> None:
    cyclr.faults.respond(
        "POST", "/connectors/{id}/install", status=400, body={"Message": "No."}, times=1
    )
    run = begun(user, harbour, "Klaviyo")
    workers.work()
    page = page_of(lead, run)
    assert "Change entries" in page and "Retry step" in page and "Cyclr’s answer" in page
    step = step_of(run, StepKind.CONNECTOR)
    url = reverse("onboarding_step_edit", args=[run.reference, step.pk])
    form = text_of(lead.get(url))
    values = {name: hidden(form, name) for name in ("submission", "release", "layout")}
    lead.post(url, {**values, "name": "Klaviyo EU", "by_customer": "on"})
    workers.work()

    step.refresh_from_db()
    assert step.state == StepState.DONE and "Klaviyo EU" in step.message


def test_another_schedule_mends_an_activation(
    cyclr: CyclrState, harbour: Account, template: Template, user: User, lead: Client, workers: Any
) -> None:
    run = begun(user, harbour, template=template, interval=None)
    cyclr.faults.respond(
        "PUT", "/cycles/{id}/activate", 400, {"Message": "Interval must be set."}, times=1
    )
    workers.work()
    consent(cyclr, harbour, "HubSpot", "Slack")
    workers.work()
    step = step_of(run, StepKind.ACTIVATE)
    assert "Interval must be" in step.message
    url = reverse("onboarding_step_edit", args=[run.reference, step.pk])
    assert lead.post(url, {"interval": "7"}).status_code == 422
    lead.post(url, {"interval": "30"})
    workers.work()

    run.refresh_from_db()
    assert run.state == RunState.DONE


# ---- who may ----


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
def test_creating_an_account_takes_a_lead(console: Any, user: User, role: Role) -> None:
    run = draft_of_new(user, console)
    browser = signed_in(make_user(role))

    assert browser.get(reverse("onboarding_account")).status_code == 403
    press(browser, "onboarding_start", run.reference)
    run.refresh_from_db()
    assert run.state == RunState.DRAFT


def test_an_agent_onboards_an_account_that_is_there_and_viewers_only_look(
    harbour: Account, template: Template, user: User
) -> None:
    run = draft(user, harbour, "Klaviyo", template=template)
    viewer, agent = signed_in(make_user(Role.VIEWER)), signed_in(make_user(Role.AGENT))
    page = page_of(viewer, run)
    assert "Klaviyo" in page and "Add connector" not in page
    step = run.steps.all()[0]
    with nothing_changes():
        assert save(viewer, run).status_code == 403
        for name in ("start", "discard", "go_on", "skip", "stop", "send", "check_now"):
            assert press(viewer, f"onboarding_{name}", run.reference).status_code == 403
        edit = reverse("onboarding_step_edit", args=[run.reference, step.pk])
        assert viewer.get(edit).status_code == 403
    assert "Add connector" in page_of(agent, run)
    press(agent, "onboarding_start", run.reference)
    run.refresh_from_db()
    assert run.state == RunState.RUNNING


def test_nobody_sees_runs_of_another_console(harbour: Account, user: User) -> None:
    run = draft(user, harbour, "Klaviyo")
    stranger = signed_in(make_user(Role.LEAD, console=make_account().console))

    assert stranger.get(run.get_absolute_url()).status_code == 404
    assert run.reference not in text_of(stranger.get(reverse("onboarding_run_list")))
    new = reverse("onboarding_new")
    for values in ({"account": harbour.pk}, {"many": harbour.console_id}):
        answer = stranger.post(new, {**values, "submission": str(uuid.uuid4())})
        assert answer.status_code in {403, 404}
    assert OnboardingRun.objects.count() == 1


# ---- difficult names ----


def test_hostile_names_are_only_letters(user: User, lead: Client) -> None:
    account = make_account(name=HOSTILE[0])
    for name in HOSTILE:
        template = make_template((name, "1"), name=name, console=account.console)
        run = plan.make_draft(Actor.staff(user), account.console, uuid.uuid4(), account=account)
        OnboardingRun.objects.filter(pk=run.pk).update(
            name=name, recipient_name=name[:200].replace("\n", " ")
        )
        run.refresh_from_db()
        plan.add_template(run, template)
        assert_only_letters(page_of(lead, run))
        assert_only_letters(text_of(lead.get(reverse("onboarding_check", args=[run.reference]))))
        turning.begin(run, Actor.staff(user))
        OnboardingRun.objects.filter(pk=run.pk).update(state=RunState.WAITING)
        run.steps.update(message=name)
        assert_only_letters(page_of(lead, run))
        OnboardingRun.objects.filter(pk=run.pk).update(
            state=RunState.STOPPED, finished_at=timezone.now()
        )
    assert_only_letters(text_of(lead.get(reverse("onboarding_run_list"))))


@pytest.mark.parametrize("search", ["", "\0", "%_\\", "x" * 5000, "'; DROP TABLE", "\ud800"])
def test_searches_are_only_searches(harbour: Account, lead: Client, search: str) -> None:
    for name in ("onboarding_new", "onboarding_run_list"):
        url = reverse(name)
        try:
            assert lead.get(url, {"q": search, "show": search}).status_code == 200
        except UnicodeEncodeError:
            assert "\ud800" in search  # no browser sends it


def test_a_draft_nobody_came_back_to_is_forgotten(harbour: Account, user: User) -> None:
    draft(user, harbour, "Klaviyo")
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        wipe_entries()

    assert not OnboardingRun.objects.exists()
