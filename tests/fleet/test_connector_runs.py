"""Bulk runs from the fleet list: the page that asks, the preview, and what came of each."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.bulk import feeding, services
from dashboard.bulk.models import BulkRun
from dashboard.connectors.models import ConnectionTestMethod
from dashboard.consoles.models import Console
from dashboard.consoles.services import client as cyclr_of
from dashboard.mirror.models import Account, AccountConnector
from dashboard.mirror.sync.cycles import write_cycles
from dashboard.operations.models import Operation, State
from dashboard.people.models import Role
from tests.connectors.conftest import choose
from tests.factories import (
    make_account,
    make_account_connector,
    make_console,
    make_cycle,
    make_user,
)
from tests.simulated import Hands

pytestmark = pytest.mark.django_db
TEST = "/connectors/run/test/"
DEAUTHENTICATE = "/connectors/run/deauthenticate/"


@pytest.fixture
def lead() -> Client:
    client = Client()
    client.force_login(make_user(Role.LEAD))
    return client


def tested(console: Console, name: str = "HubSpot") -> None:
    """A test method is chosen for the kind."""
    ConnectionTestMethod.objects.create(
        console=console, connector_name=name, connector_version="1.0", unique_id="m"
    )


def authenticated(account: Account, **values: Any) -> AccountConnector:
    return make_account_connector(account=account, authenticated=True, **values)


def sent(client: Client, url: str, *picked: AccountConnector, **more: Any) -> Any:
    """The form as it is sent."""
    values = {"selection": ",".join(str(one.pk) for one in picked), "submission": uuid.uuid4()}
    return client.post(url, values | more)


def test_two_of_one_account_are_two_rows(lead: Client) -> None:
    account = make_account()
    tested(account.console)
    one, other = authenticated(account), authenticated(account)

    response = sent(lead, TEST, one, other)

    run = BulkRun.objects.get()
    assert response.url == run.get_absolute_url()
    assert {row.account_connector for row in run.rows.filter(problem="")} == {one, other}
    preview = " ".join(lead.get(response.url).content.decode().split())
    assert "Test HubSpot for 2 connectors" in preview
    assert "Start for 2 connectors" in preview


def test_what_cannot_be_tested_is_left_out_with_why(lead: Client) -> None:
    account = make_account()
    tested(account.console)
    good = authenticated(account)
    broken = make_account_connector(account=account)
    without = authenticated(account, connector_name="Shopify")
    gone = authenticated(account, gone_at=timezone.now())

    page = lead.post(TEST, {"pick": [good.pk, broken.pk, without.pk, gone.pk]})

    content = page.content.decode()
    assert page.context["going"] == 1
    for why in ("not authenticated", "No test method", "gone from Cyclr"):
        assert why in content


def test_all_that_match_are_chosen_by_the_search(lead: Client) -> None:
    account = make_account()
    tested(account.console)
    authenticated(account)
    authenticated(account, connector_name="Shopify", name="Shop")

    page = lead.post(TEST, {"scope": "filter", "q": "connector:hubspot"})

    assert page.context["going"] == 1


def test_the_same_form_sent_twice_is_one_run(lead: Client) -> None:
    account = make_account()
    tested(account.console)
    one, submission = authenticated(account), uuid.uuid4()

    sent(lead, TEST, one, submission=submission)
    sent(lead, TEST, one, submission=submission)

    assert BulkRun.objects.count() == 1


def test_de_authenticating_names_what_stops_and_wants_a_word_typed(lead: Client) -> None:
    account = make_account(cycles_read_at=timezone.now())
    one, other = authenticated(account), authenticated(account)
    make_cycle(one, other, name="Orders to CRM")

    page = lead.post(DEAUTHENTICATE, {"pick": [one.pk, other.pk]}).content.decode()
    refused = sent(lead, DEAUTHENTICATE, one, confirm="yes")
    assert "1 running cycle will stop" in page
    assert "Orders to CRM" in page
    assert refused.status_code == 422
    assert "Type de-authenticate to" in refused.content.decode()
    assert not BulkRun.objects.exists()

    sent(lead, DEAUTHENTICATE, one, confirm="De-authenticate")

    assert BulkRun.objects.get().rows.filter(problem="").count() == 1


def test_where_cycles_were_never_read_somebody_must_confirm(lead: Client) -> None:
    one = authenticated(make_account())

    sent(lead, DEAUTHENTICATE, one, confirm="de-authenticate")

    run = BulkRun.objects.get()
    assert run.rows.asked_about().count() == 1
    assert services.confirm(run, Actor.staff(make_user(Role.LEAD))) == 1


def test_a_run_covers_one_console(lead: Client) -> None:
    one, other = authenticated(make_account()), authenticated(make_account(console=make_console()))

    page = lead.post(TEST, {"pick": [one.pk, other.pk]})

    assert page.status_code == 422
    assert "of 2 consoles" in page.content.decode()


def test_nothing_chosen_says_what_to_do(lead: Client) -> None:
    assert "Choose connectors first" in lead.get(TEST).content.decode()
    assert "Choose connectors first" in lead.post(TEST, {"pick": "rubbish"}).content.decode()


def test_an_unknown_action_is_not_found(lead: Client) -> None:
    assert lead.get("/connectors/run/explode/").status_code == 404


def test_it_costs_the_same_queries_however_many_were_chosen(lead: Client) -> None:
    account = make_account(cycles_read_at=timezone.now())
    some = [authenticated(account) for _ in range(2)]
    with CaptureQueriesContext(connection) as few:
        lead.post(DEAUTHENTICATE, {"pick": [one.pk for one in some]})
    more = [authenticated(account) for _ in range(20)]

    with CaptureQueriesContext(connection) as many:
        lead.post(DEAUTHENTICATE, {"pick": [one.pk for one in more]})

    assert len(many) == len(few)


def test_the_list_offers_them_to_leads(lead: Client) -> None:
    authenticated(make_account())

    page = lead.get(reverse("connector_list")).content.decode()

    assert f'formaction="{TEST}"' in page
    assert f'formaction="{DEAUTHENTICATE}"' in page


# ---- carried out ----


def carried_out(run: BulkRun, hands: Hands) -> None:
    """Started and worked through."""
    services.start(run, Actor.staff(make_user(Role.LEAD)))
    feeding.feed(run.pk)
    hands.work()
    feeding.feed(run.pk)


def test_a_test_of_many_proves_each_and_a_dead_one_fails_until_it_is_retried(
    lead: Client, cyclr: CyclrState, harbour: Account, hands: Hands
) -> None:
    mailchimp = AccountConnector.objects.get(account=harbour, connector_name="MailChimp")
    choose(mailchimp, "List Subscribers")
    sent(lead, TEST, mailchimp)
    run = BulkRun.objects.get()
    call = ("POST", "/account/connectors/{id}/methods/{method}")
    cyclr.faults.respond(*call, status=401, body={"Message": "Expired."}, times=2)

    carried_out(run, hands)
    failed = Operation.objects.get(bulk_row__run=run)
    mailchimp.refresh_from_db()
    assert failed.state == State.FAILED
    assert mailchimp.state == "Not working"

    assert services.retry_failed(run, Actor.staff(make_user(Role.LEAD))) == 1
    feeding.feed(run.pk)
    hands.work()

    mailchimp.refresh_from_db()
    assert Operation.objects.filter(bulk_row__run=run).get().state == State.DONE
    assert mailchimp.state == "Authenticated"
    assert mailchimp.proven_at is not None


def test_de_authenticating_many_takes_the_credentials_of_each(
    lead: Client, cyclr: CyclrState, harbour: Account, hands: Hands
) -> None:
    mailchimp = AccountConnector.objects.get(account=harbour, connector_name="MailChimp")
    began = timezone.now()
    listed = cyclr_of(harbour.console).account(harbour.cyclr_id).cycles.readable()
    write_cycles(harbour, listed, began)
    Account.objects.filter(pk=harbour.pk).update(cycles_read_at=began)
    sent(lead, DEAUTHENTICATE, mailchimp, confirm="de-authenticate")
    run = BulkRun.objects.get()

    carried_out(run, hands)

    operation = Operation.objects.get(bulk_row__run=run)
    mailchimp.refresh_from_db()
    assert operation.state == State.DONE, operation.error
    assert operation.account_connector == mailchimp
    assert not mailchimp.authenticated
