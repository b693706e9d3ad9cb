"""A used submission id is nobody else's: every form that has one, for every other owner."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from dashboard.audit.models import Actor
from dashboard.bulk import services as bulk
from dashboard.bulk.input import RowInput
from dashboard.bulk.models import BulkRun
from dashboard.connectors.handlers import SET_PROPERTIES
from dashboard.links import services
from dashboard.links.mail import mailing
from dashboard.links.models import ENTER, Link, LinkMail
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.models import Operation
from dashboard.operations.submissions import own_submission
from dashboard.operations.submitting import OperationRequest, OtherInputError, submit
from dashboard.people.models import Role
from tests.factories import (
    make_account,
    make_account_connector,
    make_console,
    make_link,
    make_user,
)
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@dataclass
class Place:
    """Where something is asked for: an account and what is installed there."""

    account: Account
    app: AccountConnector
    link: Link


def a_place() -> Place:
    """A console with one account, one app and one link."""
    account = make_account(console=make_console())
    app = make_account_connector(account=account)
    return Place(account, app, make_link(connectors=[app], recipient_email="ana@example.com"))


def order(kind: str) -> Callable[[Actor, Place, uuid.UUID], Model]:
    """Asks for an operation of this kind."""

    def ask(actor: Actor, place: Place, sent: uuid.UUID) -> Model:
        console, account = place.account.console, place.account
        return submit(
            OperationRequest(kind, "Something", actor, console, sent, account, values={"a": "b"})
        )

    return ask


def make_a_link(actor: Actor, place: Place, sent: uuid.UUID) -> Model:
    """As *Create link* does."""
    return services.create_link(actor, place.account, [place.app], submission=sent)


def mail_a_link(actor: Actor, place: Place, sent: uuid.UUID) -> Model:
    """As *Send e-mail* does."""
    return mailing.send_link(place.link, actor, sent)


def draft_a_run(actor: Actor, place: Place, sent: uuid.UUID) -> Model:
    """As the forms for many accounts do."""
    target = bulk.Target(1, "one", place.account, input=RowInput())
    console = place.account.console
    return bulk.draft(bulk.RunRequest("installs.install", "Many", actor, console, sent, [target]))


ACTS = [
    order("installs.install"),
    order(SET_PROPERTIES),
    order(ENTER),
    make_a_link,
    mail_a_link,
    draft_a_run,
]


@pytest.mark.parametrize("act", ACTS)
def test_the_same_owner_gets_the_same_thing(
    act: Callable[[Actor, Place, uuid.UUID], Model],
) -> None:
    actor, place, sent = Actor.staff(make_user()), a_place(), uuid.uuid4()

    assert act(actor, place, sent).pk == act(actor, place, sent).pk


@pytest.mark.parametrize("act", ACTS)
def test_a_used_id_is_new_for_another_account(
    act: Callable[[Actor, Place, uuid.UUID], Model],
) -> None:
    actor, sent = Actor.staff(make_user()), uuid.uuid4()
    one, other = (act(actor, a_place(), sent) for _ in range(2))

    assert one.pk != other.pk


@pytest.mark.parametrize("act", [*ACTS[:4], draft_a_run])
def test_a_used_id_is_new_for_another_person(
    act: Callable[[Actor, Place, uuid.UUID], Model],
) -> None:
    place, sent = a_place(), uuid.uuid4()
    one, other = (act(Actor.staff(make_user()), place, sent) for _ in range(2))

    assert one.pk != other.pk


def test_a_used_id_is_new_for_another_kind() -> None:
    actor, place, sent = Actor.staff(make_user()), a_place(), uuid.uuid4()
    for act in ACTS[:3]:
        act(actor, place, sent)

    assert Operation.objects.count() == 3


def test_two_customers_never_share_a_submission() -> None:
    place, sent = a_place(), uuid.uuid4()
    console = place.account.console
    ids = {own_submission(sent, Actor.link(n), ENTER, console, place.account) for n in (1, 2)}
    ids.add(own_submission(sent, Actor.staff(make_user()), ENTER, console, place.account))

    assert len(ids) == 3


def test_a_used_id_is_not_taken_for_another_app_of_the_account() -> None:
    actor, place, sent = Actor.link(1), a_place(), uuid.uuid4()
    other = make_account_connector(account=place.account)
    about = (ENTER, "Enter details", actor, place.account.console, sent, place.account)
    submit(OperationRequest(*about, account_connector=place.app, values={"a": "b"}))

    with pytest.raises(OtherInputError):
        submit(OperationRequest(*about, account_connector=other, values={"a": "b"}))


# ---- the pages ----


def link_form(place: Place, sent: uuid.UUID, **values: Any) -> tuple[str, dict[str, Any]]:
    """The address of *Create link* and its fields."""
    data = {"submission": sent, "connectors": [place.app.pk], "expires": "604800"}
    return reverse("link_new", args=[place.account.pk]), data | values


def test_a_link_form_with_a_used_id_makes_its_own_account_s_link() -> None:
    agent, sent = signed_in(make_user(Role.AGENT)), uuid.uuid4()
    places = [a_place(), a_place()]
    for place in places:
        answer = agent.post(*link_form(place, sent), follow=True)
        assert place.account.name in text_of(answer)

    made = Link.objects.filter(submission__isnull=False)
    assert {link.account for link in made} == {place.account for place in places}


@pytest.mark.parametrize("name", ["message", "recipient_email", "ticket_url", "expires"])
def test_a_link_form_sent_again_with_other_entries_says_what_came_of_it(name: str) -> None:
    agent, sent, place = signed_in(make_user(Role.AGENT)), uuid.uuid4(), a_place()
    agent.post(*link_form(place, sent))
    other = {
        "message": "A word more",
        "recipient_email": "bo@example.com",
        "ticket_url": "https://example.com/1",
        "expires": "3600",
    }[name]
    url, data = link_form(place, sent, **{name: other})
    answer = agent.post(url, data)

    made = Link.objects.get(submission__isnull=False)
    assert answer.status_code == 409
    assert "already sent, with different entries" in text_of(answer)
    assert made.get_absolute_url() in text_of(answer) and other in text_of(answer)
    again = answer.context["form"]["submission"].value()
    assert again != str(sent)
    agent.post(url, data | {"submission": again})
    assert Link.objects.filter(submission__isnull=False).count() == 2


def test_an_install_form_with_a_used_id_names_nobody_else_s_operation(
    harbour: Account,
) -> None:
    from tests.installs.test_install_operation import fill

    others = Account.objects.exclude(pk=harbour.pk)[0]
    url, data = fill(harbour, "Slack")
    foreign, own = (signed_in(make_user(Role.AGENT)) for _ in range(2))
    foreign.post(url, data)
    first = Operation.objects.get()
    url, data = fill(others, "Slack", submission=data["submission"])
    answer = own.post(url, data)

    assert answer.status_code == 302 and answer["Location"] == others.get_absolute_url()
    assert Operation.objects.exclude(pk=first.pk).get().account == others


def test_resent_messages_of_a_campaign_are_each_lead_s_own(client: Client) -> None:
    from dashboard.campaigns import acting

    run = draft_a_run(Actor.staff(make_user()), a_place(), uuid.uuid4())
    assert isinstance(run, BulkRun)
    sent = uuid.uuid4()
    link = make_link(recipient_email="ana@example.com", run=run)
    for _ in range(2):
        acting.send_again(run, Actor.staff(make_user()), sent)
        long_ago = "2020-01-01T00:00:00Z"
        LinkMail.objects.filter(link=link).update(
            state="sent", created_at=long_ago, finished_at=long_ago
        )

    assert LinkMail.objects.filter(link=link).count() == 2
