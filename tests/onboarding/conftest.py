"""Onboarding as people do it: a plan on the pages, and the workers' part done by the test."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.consoles import pacing
from dashboard.cycles.models import PrerequisiteReading
from dashboard.cycles.tasks import read_prerequisites
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector, Template
from dashboard.onboarding import plan, turning, waking
from dashboard.onboarding.input import Wishes
from dashboard.onboarding.models import OnboardingRun, OnboardingStep, StepKind
from dashboard.onboarding.tasks import advance_run
from dashboard.operations.models import Operation
from dashboard.people.models import Role, User
from tests.factories import make_user
from tests.pages import signed_in, text_of
from tests.simulated import Hands, library

TEMPLATE = "Contacts to chat"
"""It needs HubSpot and Slack, and nothing has to be mapped."""


@pytest.fixture(autouse=True)
def nobody_is_held_back() -> None:
    """A 429 of one test must not hold back the next one, whose console has the same number."""
    pacing.forget_holds()


@pytest.fixture
def user(db: None) -> User:
    """A lead of all consoles."""
    return make_user(Role.LEAD, name="Lea Lead")


@pytest.fixture
def lead(user: User) -> Client:
    """Their browser."""
    return signed_in(user)


@pytest.fixture
def template(harbour: Account) -> Template:
    """The template of the story."""
    sync.refresh_templates(harbour.console)
    found: Template = Template.objects.get(name=TEMPLATE)
    return found


class Workers:
    """The part of the dispatcher and of all workers."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands

    def advance(self) -> int:
        """The runs that are due go on; how many there were."""
        waking.plan(None)
        due = OnboardingRun.objects.ready(timezone.now()).values_list("pk", flat=True)
        pks = list(due)
        for pk in pks:
            advance_run(pk)
        return len(pks)

    def work(self, rounds: int = 30) -> None:
        """Everything that is asked for is carried out, until nothing is."""
        for _ in range(rounds):
            advanced = self.advance()
            operations = Operation.objects.due(timezone.now()).exists()
            self.hands.work()
            read = self._read()
            if not (advanced or operations or read):
                return

    def _read(self) -> int:
        accounts = list(Account.objects.filter(refresh_asked_at__isnull=False))
        for account in accounts:
            sync.refresh_account(account)
        readings = list(PrerequisiteReading.objects.open().due(timezone.now()))
        for reading in readings:
            read_prerequisites(reading.pk)
        return len(accounts) + len(readings)


@pytest.fixture
def workers(hands: Hands) -> Workers:
    """They work when they are told to."""
    return Workers(hands)


def draft(
    user: User, account: Account, *connectors: str, template: Template | None = None, **wishes: Any
) -> OnboardingRun:
    """A plan for an account that is there."""
    run = plan.make_draft(Actor.staff(user), account.console, uuid.uuid4(), account=account)
    for name in connectors:
        plan.add_connector(run, library(name))
    if template is not None:
        plan.add_template(run, template)
    recipient = {"recipient_email": "jane@customer.example", "recipient_name": "Jane Doe"}
    plan.put_wishes(run, recipient, Wishes(**wishes))
    return run


def begun(user: User, account: Account, *connectors: str, **options: Any) -> OnboardingRun:
    """The same, started."""
    run = draft(user, account, *connectors, **options)
    assert turning.begin(run, Actor.staff(user))
    return run


def draft_of_new(
    user: User, console: Any, name: str = "Fresh Fish", **values: str
) -> OnboardingRun:
    """A plan for an account that is to be created."""
    run = plan.make_draft(Actor.staff(user), console, uuid.uuid4(), name=name)
    fields = {"name": name, "timezone": "Europe/London"}
    entered = {"id": values.get("id", "fresh-1"), "is_id_ours": False, "parent_id": ""}
    plan.put_account(run, name, {**entered, "fields": fields}, {"entries": [], "initial": {}})
    return run


def step_of(run: OnboardingRun, kind: StepKind, place: int = 0) -> OnboardingStep:
    """One step as it is now."""
    return list(run.steps.filter(kind=kind))[place]


def consent(cyclr: CyclrState, account: Account, *names: str) -> None:
    """The customer signs in at these: Cyclr knows, and the mirror hears of it."""
    for connector in AccountConnector.objects.filter(account=account, connector_name__in=names):
        cyclr.authenticate(connector.cyclr_id)
    sync.refresh_account(account)


def press(browser: Client, name: str, *args: Any, **values: Any) -> Any:
    """A button of a page."""
    return browser.post(reverse(name, args=args), values)


def hidden(page: str, name: str) -> str:
    """What a hidden field of a page has."""
    found = re.search(rf'name="{name}"(?: value="([^"]*)")?', page)
    assert found is not None, name
    return unescape(found[1] or "")


def page_of(browser: Client, run: OnboardingRun) -> str:
    """The run's page."""
    return text_of(browser.get(run.get_absolute_url()))


def connector(name: str) -> CatalogueConnector:
    """One of the library."""
    return library(name)
