"""Installing a template: one cycle, whatever breaks, and where it leads to."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.mirror import sync
from dashboard.mirror.models import Account, Cycle, Template
from dashboard.operations.models import Operation, State
from tests.factories import make_account, make_account_connector, make_template
from tests.pages import text_of
from tests.simulated import Hands

INSTALL_CALL = ("POST", "/templates/{id}/install")


@pytest.fixture
def template(harbour: Account) -> Template:
    """One of the demo's templates."""
    sync.refresh_templates(harbour.console)
    found: Template = Template.objects.filter(connectors__isnull=False).distinct()[0]
    return found


def url_of(account: Account, template: Template) -> str:
    """The form."""
    return reverse("template_install", args=[account.pk, template.pk])


def send(browser: Client, account: Account, template: Template, **values: str) -> Any:
    """Open the form, send it."""
    page = text_of(browser.get(url_of(account, template)))
    found = re.search(r'name="submission" value="([^"]+)"', page)
    assert found is not None
    return browser.post(
        url_of(account, template), {"submission": found[1], "name": "Ours", **values}
    )


def named(cyclr: CyclrState, account: Account, name: str = "Ours") -> list[Any]:
    """The cycles of that name in Cyclr."""
    return [one for one in cyclr.cycles.of(account.cyclr_id) if one.name == name]


def work_for(hands: Hands, minutes: int) -> None:
    """The workers' part for so long."""
    with time_machine.travel(timezone.now() + timedelta(seconds=1)) as clock:
        for _ in range(minutes // 3):
            hands.work()
            clock.shift(timedelta(minutes=3))


def test_a_template_becomes_a_cycle(
    cyclr: CyclrState, harbour: Account, template: Template, agent: Client, hands: Hands
) -> None:
    assert url_of(harbour, template) in text_of(
        agent.get(reverse("template_pick", args=[harbour.pk]), {"q": template.name})
    )
    answer = send(agent, harbour, template)
    operation = Operation.objects.get()
    assert answer["Location"] == operation.get_absolute_url()
    hands.work()

    operation.refresh_from_db()
    assert operation.state == State.DONE and len(named(cyclr, harbour)) == 1
    cycle = Cycle.objects.get(account=harbour, name="Ours")
    page = text_of(agent.get(operation.get_absolute_url()))
    assert cycle.get_absolute_url() in page and "Installed as" in page
    assert cycle.template_cyclr_id == template.cyclr_id


@pytest.mark.parametrize("fault", ["drop_after_effect", "drop_before_effect"])
def test_a_lost_answer_makes_one_cycle(
    cyclr: CyclrState,
    harbour: Account,
    template: Template,
    agent: Client,
    hands: Hands,
    fault: str,
) -> None:
    send(agent, harbour, template)
    hands.work()
    getattr(cyclr.faults, fault)(*INSTALL_CALL, times=1)

    send(agent, harbour, template)
    work_for(hands, 60)

    assert len(named(cyclr, harbour)) == 2, "the one before has the same name"
    assert Operation.objects.filter(state=State.DONE).count() == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "refused to install"),
        (403, "refused to install"),
        (404, "does not know this template"),
        (409, "refused to install"),
    ],
)
def test_a_refusal_ends_in_words(
    cyclr: CyclrState,
    harbour: Account,
    template: Template,
    agent: Client,
    hands: Hands,
    status: int,
    words: str,
) -> None:
    cyclr.faults.respond(*INSTALL_CALL, status=status, body={"Message": "No."}, times=9)

    send(agent, harbour, template)
    work_for(hands, 30)

    operation = Operation.objects.get()
    assert operation.state == State.FAILED and words in operation.error
    assert not named(cyclr, harbour)
    assert url_of(harbour, template) in text_of(agent.get(operation.get_absolute_url()))


def test_two_at_once_are_told(harbour: Account, template: Template, agent: Client) -> None:
    send(agent, harbour, template)

    answer = send(agent, harbour, template, name="Another")

    assert answer.status_code == 409
    assert Operation.objects.get().get_absolute_url() in text_of(answer)


@pytest.mark.django_db
def test_the_form_tells_what_is_added_and_what_is_used(agent: Client) -> None:
    account = make_account()
    template = make_template(
        ("HubSpot", "2"), ("Xero", ""), ("Slack", "1"), console=account.console
    )
    hubspot = make_account_connector(
        account=account, name="Our HubSpot", connector_name="HubSpot", connector_version="2"
    )
    for _ in range(2):
        make_account_connector(account=account, connector_name="Slack", connector_version="1")

    page = text_of(agent.get(url_of(account, template)))

    assert hubspot.name in page and "Probably used" in page
    assert "Is added" in page and "The account has 2 of them" in page


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\x00b"])
def test_a_name_that_cannot_be_one_is_refused(agent: Client, name: str) -> None:
    account = make_account()
    template = make_template(console=account.console)

    assert send(agent, account, template, name=name).status_code == 422
    assert not Operation.objects.exists()


@pytest.mark.django_db
def test_what_is_gone_is_not_installed(agent: Client) -> None:
    account = make_account()
    template = make_template(console=account.console, gone_at=timezone.now())

    assert "is gone from Cyclr" in text_of(agent.get(url_of(account, template)))
    assert agent.post(url_of(account, template), {"name": "x"}).status_code == 409


@pytest.mark.django_db
def test_from_a_template_an_account_is_found(agent: Client) -> None:
    account = make_account(name="Harbour Books")
    other = make_account(name="Elsewhere", console=account.console)
    template = make_template(console=account.console)
    url = reverse("template_accounts", args=[template.pk])
    assert url in text_of(agent.get(template.get_absolute_url()))

    page = text_of(agent.get(url, {"q": "harbour"}))

    assert url_of(account, template) in page and url_of(other, template) not in page
    assert "No account matches" in text_of(agent.get(url, {"q": "nobody"}))
