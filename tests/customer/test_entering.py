"""What customers type on a link: one call to Cyclr, and no trace of a secret anywhere else."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor, AuditEntry
from dashboard.common.pasted import clean_pasted
from dashboard.customer import pages
from dashboard.links import services, tasks
from dashboard.links.attempts import confirming
from dashboard.links.models import ConnectAttempt, Link, LinkItem, LinkState
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations import submitting
from dashboard.operations.models import Operation, State
from tests.factories import API_KEY, OAUTH, make_account_connector, make_user
from tests.installs.test_install_form import BASIC, CLIENT, NONE, PASSWORD, STRANGE, parameter
from tests.installs.test_install_operation import fill
from tests.links.steps import PERSON, address, consent
from tests.pages import HOSTILE, assert_only_letters
from tests.simulated import Hands
from tests.support.tables import rows_of_all

PUT = ("PUT", "/account/connectors/{id}")
SECRET = "sentinel-8f41c7 with a space"
REGION = parameter(Name="Region", TargetName="Region")
DOMAIN = parameter(Name="Domain", TargetName="Domain")

MakeLink = Callable[..., Link]


@pytest.fixture
def made(cyclr: CyclrState, harbour: Account) -> MakeLink:
    """Makes links over a Crate Desk that asks for what one wants, installed by a stranger."""

    def make(
        method: dict[str, Any],
        *parameters: dict[str, Any],
        properties: dict[str, str] | None = None,
        **values: Any,
    ) -> Link:
        document = {"Name": "Crate Desk", "Version": None, "Authentication": [method]}
        ids = [{**one, "Id": 880101 + place} for place, one in enumerate(parameters)]
        cyclr.add_connector(document, Id=17999, Parameters=ids, Status="Approved")
        one = cyclr.install(harbour.cyclr_id, 17999, name="Parcels", properties=properties)
        sync.refresh_library(harbour.console)
        sync.refresh_account(harbour)
        row = AccountConnector.objects.get(account=harbour, cyclr_id=one.id)
        return services.create_link(Actor.system(), harbour, [row], **values)

    return make


def text(response: Any) -> str:
    """What an answer holds."""
    return str(response.content.decode())


def another() -> Client:
    """A second customer's browser."""
    return Client(enforce_csrf_checks=True, headers=PERSON)


def form_of(customer: Client, link: Link) -> dict[str, str]:
    """The fields of the form on the link's page, by their labels; hidden ones by their names."""
    page = text(customer.get(address(link)))
    found = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    for name, label in re.findall(r'<label for="id_([^"]+)"><bdi>([^<]*)</bdi>', page):
        found[f"label:{label}"] = name
    return found


def save(customer: Client, link: Link, fields: dict[str, str] | None = None, **typed: str) -> Any:
    """Type into the fields of these labels and press Save."""
    known = fields or form_of(customer, link)
    posted = {name: known[name] for name in ("csrfmiddlewaretoken", "submission")}
    posted |= {known[f"label:{label.replace('_', ' ')}"]: value for label, value in typed.items()}
    item = link.items.get()
    return customer.post(reverse("entry_new", args=[link.token(), item.pk]), posted)


def wait_page(link: Link) -> str:
    """Where the form leads."""
    return reverse("entry_wait", args=[link.token(), link.items.get().pk])


def in_cyclr(cyclr: CyclrState, link: Link) -> Any:
    """What Cyclr has of the link's only app."""
    number = link.items.get().account_connector.cyclr_id
    every = cyclr.installed[link.account.cyclr_id]
    return next(one for one in every if one.id == number)


def events(link: Link) -> list[str]:
    """The timeline, oldest first."""
    return [event.event for event in link.events.order_by("pk")]


# ---- each way of authenticating ----


def test_a_typed_key_connects(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY, REGION)
    answer = save(customer, link, API_key=SECRET, Region="eu")
    assert answer.status_code == 303 and answer["Location"] == wait_page(link)
    waiting = customer.get(wait_page(link))
    assert waiting["Refresh"] == "1" and "Saving what you entered" in text(waiting)
    hands.work()
    page = text(customer.get(wait_page(link)))

    assert "is connected" in page and 'data-state="connected">Connected<' in page
    one = in_cyclr(cyclr, link)
    assert (one.auth_value, one.authenticated) == (SECRET, True)
    assert [(entry["Name"], entry["Value"]) for entry in one.properties] == [("Region", "eu")]
    assert events(link) == ["created", "opened", "entered", "connected", "all-connected"]
    row = link.items.get().account_connector
    assert (row.state, row.filled) == ("Authenticated", ["Region"])
    assert "Everything is connected" in text(customer.get(address(link)))


def test_all_is_one_call(cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands) -> None:
    link = made(API_KEY, REGION, DOMAIN)
    save(customer, link, API_key=SECRET, Region="eu", Domain="acme")
    before = len(cyclr.requests)
    hands.work()

    assert [one.method for one in list(cyclr.requests)[before:]] == ["PUT"]


def test_a_user_name_and_a_password_connect(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(BASIC)
    save(customer, link, User_name="ada", Password=SECRET)
    hands.work()

    pair = base64.b64decode(in_cyclr(cyclr, link).auth_value).decode()
    assert pair == f"ada:{SECRET}"
    assert "is connected" in text(customer.get(wait_page(link)))


def test_client_credentials_are_settings_and_connect_without_a_visit(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(CLIENT, parameter(Name="Tenant", TargetName="Tenant"))
    save(customer, link, Tenant="acme", Client_ID="an-app", Client_secret=SECRET)
    hands.work()

    one = in_cyclr(cyclr, link)
    assert one.auth_value == "{}"
    assert {entry["Name"]: entry["Value"] for entry in one.properties} == {
        "Tenant": "acme",
        "ClientId": "an-app",
        "ClientSecret": SECRET,
    }
    assert "is connected" in text(customer.get(wait_page(link)))


def test_client_credentials_that_do_not_authenticate_yet_lead_on(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(CLIENT, parameter(Name="Tenant", TargetName="Tenant"))
    save(customer, link, Tenant="acme")
    hands.work()
    page = text(customer.get(wait_page(link)))

    assert "one step is left" in page
    assert ">Continue</button>" in page and "Enter the details again" in page
    answer = customer.post(
        reverse("link_continue", args=[link.token(), link.items.get().pk]),
        {"csrfmiddlewaretoken": form_of(customer, link)["csrfmiddlewaretoken"]},
    )
    assert "/c/m/" in answer["Location"]


def test_settings_of_a_password_grant_are_tried_by_cyclr_itself(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(PASSWORD, DOMAIN)
    start = reverse("link_continue", args=[link.token(), link.items.get().pk])
    early = customer.post(
        start, {"csrfmiddlewaretoken": form_of(customer, link)["csrfmiddlewaretoken"]}
    )
    assert early["Location"].endswith("/form") and not ConnectAttempt.objects.exists()

    save(customer, link, Domain="acme")
    hands.work()

    assert "is connected" in text(customer.get(wait_page(link)))
    assert in_cyclr(cyclr, link).authenticated


def test_settings_are_typed_before_the_sign_in(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(OAUTH, DOMAIN)
    fields = form_of(customer, link)
    start = reverse("link_continue", args=[link.token(), link.items.get().pk])
    token = {"csrfmiddlewaretoken": fields["csrfmiddlewaretoken"]}
    early = customer.post(start, token)
    assert early["Location"].endswith("/form") and not ConnectAttempt.objects.exists()
    save(customer, link, Domain="acme")
    hands.work()
    page = text(customer.get(wait_page(link)))
    assert "one step is left" in page and start in page
    assert not in_cyclr(cyclr, link).authenticated

    assert ">Continue</button>" in text(customer.get(address(link)))
    wait = customer.post(start, token)
    hands.work()
    customer.get(wait["Location"])
    url = customer.get(wait["Location"])["Location"]
    cyclr.oauth_apps.add("Crate Desk")
    consent(cyclr, url, "Approve")
    assert "updateaccountconnectoroauth" in url


def test_a_connector_without_authentication_only_needs_its_settings(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(NONE, DOMAIN)
    save(customer, link, Domain="acme")
    hands.work()

    one = in_cyclr(cyclr, link)
    assert one.auth_value is None
    assert "is connected" in text(customer.get(wait_page(link)))


def test_where_nothing_is_left_to_enter_saving_asks_cyclr(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(NONE)
    page = text(customer.get(address(link)))
    assert "Nothing" not in page and "Enter details" in page
    form = reverse("entry_new", args=[link.token(), link.items.get().pk])
    drawn = text(customer.get(form))
    assert "There is nothing left to enter" in drawn
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', drawn))
    before = len(cyclr.requests)
    assert customer.post(form, hidden).status_code == 303
    hands.work()

    assert [one.method for one in list(cyclr.requests)[before:]] == ["GET"]
    assert "is connected" in text(customer.get(wait_page(link)))


def test_what_is_finished_in_cyclr_says_who_finishes_it(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(STRANGE, DOMAIN)
    assert "will then finish the connection" in text(customer.get(address(link)))
    cyclr.faults.rewrite(*PUT, lambda body: {**body, "Authenticated": False})
    save(customer, link, Domain="acme")
    hands.work()

    assert "will finish the connection to <bdi>Parcels</bdi>" in text(customer.get(wait_page(link)))
    assert link.items.get().connected_at is None
    cyclr.authenticate(link.items.get().account_connector.cyclr_id)
    hands.later(60)
    sync.refresh_account(link.account)
    tasks.confirm_late()
    assert link.items.get().connected_at is not None


def test_a_key_typed_for_what_was_authenticated_all_along_is_enough(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    made_link = made(API_KEY)
    number = made_link.items.get().account_connector.cyclr_id
    cyclr.authenticate(number)
    sync.refresh_account(made_link.account)
    row = made_link.items.get().account_connector
    link = services.create_link(Actor.system(), made_link.account, [row])
    assert link.items.get().was_authenticated
    save(customer, link, API_key=SECRET)
    hands.work()

    assert link.items.get().connected_at is not None
    assert in_cyclr(cyclr, link).auth_value == SECRET


def test_an_answer_that_does_not_say_is_asked_once_more(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    cyclr.faults.rewrite(
        *PUT, lambda body: {name: value for name, value in body.items() if name != "Authenticated"}
    )
    save(customer, link, API_key=SECRET)
    hands.work()

    assert link.items.get().connected_at is not None


def test_a_key_that_cyclr_took_without_calling_it_authenticated_is_not_connected(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    cyclr.faults.rewrite(*PUT, lambda body: {**body, "Authenticated": False})
    save(customer, link, API_key=SECRET)
    hands.work()
    page = text(customer.get(wait_page(link), follow=True))

    assert "Parcels is not connected yet" in page and "Type everything again" in page
    item = link.items.get()
    assert (item.connected_at, item.failures) == (None, 1)
    assert "entry-refused" in events(link)


def test_settings_that_cyclr_lost_are_told_and_asked_for_again(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(OAUTH, REGION, DOMAIN, properties={"Region": "eu"})
    cyclr.faults.rewrite(
        *PUT, lambda body: {**body, "Properties": [{"Name": "Domain", "Value": "acme"}]}
    )
    save(customer, link, Domain="acme")
    hands.work()

    operation = Operation.objects.get(kind="links.enter")
    assert "no longer shows these settings: Region" in operation.events.get(event="done").message
    assert "no longer shows these: Region" in link.events.get(event="unproven").message
    page = text(customer.get(wait_page(link), follow=True))
    assert "Some details are still missing" in page
    assert "Region" in page and "Domain" not in page


def test_what_cyclr_hides_after_taking_it_is_not_asked_for_again(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(OAUTH, DOMAIN)
    cyclr.faults.rewrite(*PUT, lambda body: {**body, "Properties": []})
    save(customer, link, Domain="acme")
    hands.work()
    customer.get(wait_page(link))

    assert ">Continue</button>" in text(customer.get(address(link)))


def test_what_an_agent_left_to_the_customer_is_typed_on_the_link_of_the_install(
    cyclr: CyclrState, harbour: Account, agent: Client, customer: Client, hands: Hands
) -> None:
    url, data = fill(harbour, "Shopify", by_customer="on", name="Till")
    names = [name for name in data if name.startswith(("parameter-", "auth-"))]
    answer = agent.post(url, {name: data[name] for name in data if name not in names})
    assert answer.status_code == 302
    hands.work()
    link = Link.objects.get(account=harbour)
    assert in_cyclr(cyclr, link).auth_value is None
    save(customer, link, API_key=SECRET, Hostname="harbour-books")
    hands.work()

    one = in_cyclr(cyclr, link)
    assert (one.auth_value, one.authenticated) == (SECRET, True)
    assert [(entry["Name"], entry["Value"]) for entry in one.properties] == [
        ("Hostname", "harbour-books")
    ]
    assert "is connected" in text(customer.get(wait_page(link)))


# ---- a refusal, and Cyclr away ----


def test_a_refused_setting_is_told_at_its_field_and_to_staff(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands, agent: Client
) -> None:
    link = made(API_KEY, REGION)
    said = "There is not a connector property that matches name 'Region'."
    cyclr.faults.respond(*PUT, 400, {"Message": said}, times=1)
    fields = form_of(customer, link)
    save(customer, link, fields, API_key=SECRET, Region="eu")
    hands.work()
    answer = customer.get(wait_page(link), follow=True)
    page = text(answer)

    assert answer.redirect_chain[-1][0].endswith("/form")
    assert "“Region” was not accepted" in page and "connector property that matches" in page
    assert f'href="#id_{fields["label:Region"]}"' in page
    assert "Type everything again" in page and SECRET.strip() not in page
    item = link.items.get()
    assert (item.failures, "Region" in item.failure) == (1, True)
    staff = text(agent.get(link.get_absolute_url()))
    assert "what was entered was not saved" in staff
    operation = Operation.objects.get(kind="links.enter")
    shown = text(agent.get(operation.get_absolute_url()))
    assert "Customer’s entries" in shown and "Retry" not in shown
    assert re.findall(r"<bdi>(set|not set)</bdi>", shown) == ["set", "set"]
    save(customer, link, API_key=SECRET, Region="eu")
    hands.work()
    assert "is connected" in text(customer.get(wait_page(link)))
    assert link.items.get().failures == 0


def test_a_refusal_of_the_account_is_not_put_on_the_customer(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    cyclr.faults.respond(*PUT, 404, {"Message": "No such thing"}, times=1)
    save(customer, link, API_key=SECRET)
    hands.work()
    page = text(customer.get(wait_page(link), follow=True))

    assert "This was not your fault" in page and "No such thing" not in page


@pytest.mark.parametrize("fault", ["drop_after_effect", "drop_before_effect", "truncate"])
def test_a_lost_answer_keeps_the_customer_waiting_for_seconds_only(
    fault: str, cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    getattr(cyclr.faults, fault)(*PUT, times=1)
    save(customer, link, API_key=SECRET)
    hands.work()
    assert "Saving what you entered" in text(customer.get(wait_page(link)))
    hands.later(5)
    hands.work()

    assert "is connected" in text(customer.get(wait_page(link)))


def test_while_cyclr_is_away_nothing_is_lost_and_the_page_says_so(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    cyclr.faults.unreachable()
    save(customer, link, API_key=SECRET)
    hands.work()
    hands.later(120)
    page = customer.get(wait_page(link))
    assert "it will carry on" in text(page) and page["Refresh"] == "15"
    cyclr.faults.clear()
    hands.work()

    assert "is connected" in text(customer.get(wait_page(link)))


def test_what_could_not_be_brought_in_for_hours_is_asked_for_again(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    cyclr.faults.unreachable()
    save(customer, link, API_key=SECRET)
    hands.later(6 * 3600 + 60)
    hands.work()
    page = text(customer.get(wait_page(link), follow=True))

    assert "could not be saved" in page and "Type everything again" in page
    operation = Operation.objects.get(kind="links.enter")
    assert operation.is_retryable
    cyclr.faults.clear()
    assert submitting.retry(operation, Actor.staff(make_user()))
    hands.work()
    assert link.items.get().connected_at is not None


# ---- twice, at once, too late ----


def test_a_double_click_a_reload_and_the_way_back_are_one_operation(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    fields = form_of(customer, link)
    for _ in range(3):
        answer = save(customer, link, fields, API_key=SECRET)
        assert answer["Location"] == wait_page(link)
    assert "Saving…" in text(customer.get(address(link)))
    form = reverse("entry_new", args=[link.token(), link.items.get().pk])
    assert customer.get(form)["Location"] == wait_page(link)
    hands.work()
    again = save(customer, link, fields, API_key=SECRET)

    assert Operation.objects.filter(kind="links.enter").count() == 1
    assert events(link).count("entered") == 1 and link.items.get().starts == 1
    assert "Everything is connected" in text(again)


def test_the_same_form_with_other_entries_is_asked_for_again(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY, REGION)
    fields = form_of(customer, link)
    save(customer, link, fields, API_key=SECRET, Region="eu")
    assert save(customer, link, fields, API_key="other", Region="eu")["Location"] == wait_page(link)
    cyclr.faults.respond(*PUT, 400, {"Message": "No."}, times=1)
    hands.work()
    answer = save(customer, link, fields, API_key="other", Region="eu")

    assert answer.status_code == 409
    assert "This form was already sent" in text(answer) and "other" not in text(answer)
    assert fields["submission"] not in text(answer)


def test_two_customers_at_once_are_one_operation_and_both_see_the_end(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    second = another()
    theirs = form_of(second, link)
    save(customer, link, API_key=SECRET)
    answer = save(second, link, theirs, API_key="another key")
    assert answer["Location"] == wait_page(link)
    hands.work()

    assert Operation.objects.filter(kind="links.enter").count() == 1
    assert in_cyclr(cyclr, link).auth_value == SECRET
    for browser in (customer, second):
        assert "is connected" in text(browser.get(wait_page(link)))


def test_two_links_over_one_app_are_both_done_by_the_entry_under_way(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    row = link.items.get().account_connector
    other = services.create_link(Actor.system(), link.account, [row])
    second = another()
    theirs = form_of(second, other)
    save(customer, link, API_key=SECRET)
    assert save(second, other, theirs, API_key="x")["Location"] == wait_page(other)
    hands.work()

    for one in (link, other):
        one.refresh_from_db()
        assert one.state_label == "Connected"


@pytest.mark.parametrize("ending", ["revoked", "expired", "connected"])
def test_a_link_that_ended_before_save_sends_nothing(
    ending: str, cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    fields = form_of(customer, link)
    item = LinkItem.objects.select_related("link__account", "link__console").get(link=link)
    if ending == "revoked":
        services.revoke(link, Actor.system())
    elif ending == "expired":
        Link.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        confirming.accept(item)
    answer = save(customer, link, fields, API_key=SECRET)

    words = {
        "revoked": "This link was withdrawn",
        "expired": "This link has expired",
        "connected": "Everything is connected",
    }
    assert words[ending] in text(answer)
    assert not Operation.objects.filter(kind="links.enter").exists()
    assert customer.get(wait_page(link)).status_code in {200, 410}


def test_a_link_that_is_revoked_while_it_waits_sends_nothing(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    save(customer, link, API_key=SECRET)
    services.revoke(link, Actor.system())
    hands.work()

    operation = Operation.objects.get(kind="links.enter")
    assert (operation.state, operation.reason) == (State.FAILED, "not-allowed")
    assert "The link was revoked or has ended before it was sent" in operation.error
    assert in_cyclr(cyclr, link).auth_value is None
    assert operation.encrypted_input == ""
    assert "This link was withdrawn" in text(customer.get(wait_page(link)))


def test_what_was_typed_in_time_is_brought_in_after_the_link_has_expired(
    cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY)
    save(customer, link, API_key=SECRET)
    assert "Saving" in text(customer.get(wait_page(link)))
    Link.objects.update(expires_at=timezone.now())
    assert customer.get(wait_page(link)).status_code == 410
    hands.work()

    link.refresh_from_db()
    assert link.state_label == "Connected"
    assert "Connected" in text(customer.get(wait_page(link)))


def test_an_app_that_is_connected_already_leads_back_to_the_link(
    cyclr: CyclrState, made: MakeLink, customer: Client
) -> None:
    link = made(API_KEY)
    make_account_connector(account=link.account)
    other = make_account_connector(account=link.account, name="Second")
    LinkItem.objects.create(link=link, account_connector=other, position=1)
    item = link.items.select_related("link__account", "link__console").first()
    assert item is not None
    confirming.accept(item)
    form = reverse("entry_new", args=[link.token(), item.pk])

    assert customer.get(form)["Location"] == address(link)


# ---- limits ----


def test_entries_and_starts_count_together(
    made: MakeLink, customer: Client, cyclr: CyclrState, link: Link
) -> None:
    typed = made(API_KEY)
    token = form_of(customer, typed)
    item = LinkItem.objects.create(
        link=typed, account_connector=link.items.get().account_connector, position=1
    )
    start = reverse("link_continue", args=[typed.token(), item.pk])
    for _ in range(11):
        assert customer.post(start, {"csrfmiddlewaretoken": token["csrfmiddlewaretoken"]})
    entry = reverse("entry_new", args=[typed.token(), typed.items.all()[0].pk])
    posted = {name: token[name] for name in ("csrfmiddlewaretoken", "submission")}
    assert customer.post(entry, {**posted, "auth-key": "12th"}).status_code == 303
    assert customer.post(entry, {**posted, "auth-key": "12th"}).status_code == 303
    answer = customer.post(start, posted)
    Operation.objects.update(state="cancelled", finished_at=timezone.now(), encrypted_input="")
    posted["submission"] = "6f0d3b52-7c1e-4b8a-9e55-0b6a3c1f2d10"
    refused = customer.post(entry, {**posted, "auth-key": "13th"})

    assert ConnectAttempt.objects.count() == 11
    for page in (answer, refused):
        assert page.status_code == 429 and "10 minutes" in text(page)
    assert Operation.objects.filter(kind="links.enter").count() == 1


def test_entries_count_for_the_address(
    made: MakeLink, customer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = made(API_KEY)
    monkeypatch.setattr(pages, "STARTS_PER_ADDRESS_AND_MINUTE", 0)

    assert save(customer, link, API_key=SECRET).status_code == 429
    assert not Operation.objects.filter(kind="links.enter").exists()


# ---- what must not happen ----


def everything() -> str:
    """All rows of all tables, in clear as the database has them."""
    rows = [str(found) for found in rows_of_all().values()]
    return "\n".join(rows)


@pytest.mark.parametrize("fault", ["none", "refused", "crash", "echoed"])
def test_a_secret_is_found_nowhere(
    fault: str,
    cyclr: CyclrState,
    made: MakeLink,
    customer: Client,
    hands: Hands,
    agent: Client,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    link = made(API_KEY, REGION, parameter(Name="Password", TargetName="Password"))
    if fault == "refused":
        cyclr.faults.respond(*PUT, 400, {"Message": "No."}, times=1)
    elif fault == "echoed":
        cyclr.faults.respond(*PUT, 400, {"Message": f"Bad {SECRET}"}, times=1)
    elif fault == "crash":
        from dashboard.links.handlers import EnterDetails

        def crash(self: Any, operation: Any, client: Any, values: Any) -> Any:
            raise ValueError(f"a fault of ours about {values}")

        monkeypatch.setattr(EnterDetails, "act", crash)
    pages = [text(save(customer, link, API_key=SECRET, Password=SECRET))]  # Region is missing
    assert "Fill this in." in pages[0] and "Type it again." in pages[0]
    pages.append(everything())
    save(customer, link, API_key=SECRET, Password=SECRET, Region="eu")
    pages.append(everything())
    hands.work()
    operation = Operation.objects.get(kind="links.enter")
    for url in (wait_page(link), address(link)):
        pages.append(text(customer.get(url, follow=True)))
    for url in (link.get_absolute_url(), operation.get_absolute_url(), reverse("operation_list")):
        pages.append(text(agent.get(url)))
    pages += [text(agent.get(reverse("audit_list"))), everything(), caplog.text]

    for page in pages:
        assert SECRET.strip() not in page
    assert AuditEntry.objects.filter(account_name="Harbour Books").exists()


def test_nothing_typed_comes_back_after_an_error_that_may_be_a_key(
    made: MakeLink, customer: Client
) -> None:
    link = made(BASIC, REGION)
    page = text(save(customer, link, User_name=SECRET))

    assert SECRET.strip() not in page
    assert page.count("Type it again.") == 2  # above the form, and at the field
    named = text(save(customer, link, User_name="ada", Password=SECRET))
    assert 'value="ada"' in named and SECRET.strip() not in named


def test_the_summary_of_errors_takes_the_focus_and_leads_to_the_fields(
    made: MakeLink, customer: Client
) -> None:
    link = made(API_KEY, REGION)
    answer = save(customer, link)
    page = text(answer)

    assert answer.status_code == 422
    assert 'role="alert" tabindex="-1" autofocus' in page
    assert 'href="#id_auth-key"' in page and page.count("Fill this in.") == 4


BAD = [*HOSTILE, "a\0b", "x" * 100_001, "\ufeff", "\ud83d\ude00", "1e999", "٢٥", "*"]


@pytest.mark.parametrize("value", BAD, ids=range(len(BAD)))
def test_whatever_is_typed_is_passed_on_as_it_is_or_refused_in_words(
    value: str, cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands
) -> None:
    link = made(API_KEY, REGION)
    value = value.encode("utf-16", "surrogatepass").decode("utf-16")
    answer = save(customer, link, API_key="k", Region=value)
    assert answer.status_code in {303, 422}
    assert_only_letters(text(answer))
    hands.work()

    if answer.status_code == 303:
        sent = clean_pasted(value)
        assert in_cyclr(cyclr, link).properties[0]["Value"] == sent
    else:
        assert "another look" in text(answer)


@pytest.mark.parametrize("name", HOSTILE[:8])
def test_hostile_names_of_settings_are_letters_to_customers_and_staff(
    name: str, cyclr: CyclrState, made: MakeLink, customer: Client, hands: Hands, agent: Client
) -> None:
    link = made(API_KEY, parameter(Name=name, TargetName=name, Description=name))
    page = customer.get(address(link))
    assert_only_letters(text(page))
    fields = re.findall(r'name="(setting-[0-9a-f]+)"', text(page))
    hidden = form_of(customer, link)
    posted = {key: hidden[key] for key in ("csrfmiddlewaretoken", "submission")}
    item = link.items.get()
    form = reverse("entry_new", args=[link.token(), item.pk])
    customer.post(form, {**posted, "auth-key": "k", **dict.fromkeys(fields, "v")})
    hands.work()

    operation = Operation.objects.get(kind="links.enter")
    assert_only_letters(text(agent.get(operation.get_absolute_url())))
    assert in_cyclr(cyclr, link).properties[0] == {
        "Name": name,
        "Value": "v",
        "Id": in_cyclr(cyclr, link).properties[0]["Id"],
    }


def test_a_secret_never_turns_up_in_a_field_that_was_released_anew_as_plain(
    cyclr: CyclrState, made: MakeLink, customer: Client
) -> None:
    link = made(API_KEY, parameter(Name="Code", TargetName="Code", IsSensitive=True))
    fields = form_of(customer, link)
    from dashboard.mirror.models import CatalogueConnector

    plain = parameter(Name="Code", TargetName="Code", IsSensitive=False)
    CatalogueConnector.objects.filter(name="Crate Desk").update(parameters=[plain])
    page = text(save(customer, link, fields, API_key="k", Code=SECRET))

    assert SECRET.strip() not in page and "Fill this in." in page


def test_a_post_without_the_token_of_the_page_or_from_elsewhere_is_refused(
    made: MakeLink, customer: Client
) -> None:
    link = made(API_KEY)
    form = reverse("entry_new", args=[link.token(), link.items.get().pk])

    assert customer.post(form, {"auth-key": SECRET}).status_code == 403
    assert not Operation.objects.filter(kind="links.enter").exists()


@pytest.mark.parametrize("view", ["entry_new", "entry_wait"])
def test_addresses_that_were_never_ours_are_all_the_same(
    view: str, made: MakeLink, customer: Client, link: Link
) -> None:
    typed = made(API_KEY)
    places = [("a" * 64, typed.items.get().pk), (link.token(), typed.items.get().pk)]
    places.append((typed.token(), 10**9))
    pages = {where: customer.get(where) for where in (reverse(view, args=p) for p in places)}

    assert {page.status_code for page in pages.values()} == {404}
    # The language menu names the address itself; nothing else may differ.
    assert len({text(page).replace(where, "") for where, page in pages.items()}) == 1


def test_a_look_at_the_form_changes_nothing(made: MakeLink, customer: Client) -> None:
    link = made(API_KEY)
    form = reverse("entry_new", args=[link.token(), link.items.get().pk])
    before = everything()
    for _ in range(3):
        customer.get(form)
        customer.head(form)
        customer.get(wait_page(link))

    assert everything() == before


def test_of_several_apps_each_has_its_own_button(
    cyclr: CyclrState, made: MakeLink, customer: Client, link: Link
) -> None:
    typed = made(API_KEY)
    LinkItem.objects.create(
        link=typed, account_connector=link.items.get().account_connector, position=1
    )
    page = text(customer.get(address(typed)))

    assert page.count(">Enter details</a>") == 1 and page.count(">Continue</button>") == 1
    assert "You enter an API key here." in page and "You sign in at <bdi>HubSpot</bdi>" in page
    assert "auth-key" not in page


def test_staff_see_it_on_the_link_while_it_moves(
    made: MakeLink, customer: Client, agent: Client
) -> None:
    link = made(API_KEY)
    save(customer, link, API_key=SECRET)
    page = text(agent.get(link.get_absolute_url()))

    assert "<bdi>Parcels: credentials entered</bdi>" in page
    link.refresh_from_db()
    assert link.state == LinkState.STARTED
