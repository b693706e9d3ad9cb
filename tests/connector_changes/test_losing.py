"""De-authenticating and deleting: what stops is shown first, confirmed by typing, done once."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.links.models import LinkItem
from dashboard.mirror.models import Account, AccountConnector, Cycle
from dashboard.operations.models import Operation, State
from dashboard.people.models import Role
from tests.connector_changes.conftest import (
    effects,
    hidden,
    in_cyclr,
    last_operation,
    named,
    send,
    url,
)
from tests.factories import make_link, make_user
from tests.pages import part, signed_in, text_of
from tests.simulated import Hands

DEAUTHENTICATE, DELETE = "connector_deauthenticate", "connector_delete"
CALLS = {
    DEAUTHENTICATE: ("PUT", "/account/connectors/{id}/deauthenticate"),
    DELETE: ("DELETE", "/account/connectors/{id}"),
}
KINDS = {DEAUTHENTICATE: "deauthenticate", DELETE: "delete"}
both = pytest.mark.parametrize("form", [DEAUTHENTICATE, DELETE])
LOST = ["drop_after_effect", "drop_before_effect", "truncate", "html"]


@pytest.fixture
def shopify(harbour: Account) -> AccountConnector:
    """Shopify of Harbour Books, which a running cycle uses."""
    return named(harbour, "Shopify")


def confirm(lead: Client, form: str, connector: AccountConnector) -> None:
    """Type its name and press the button."""
    answer = send(lead, form, connector, confirm=str(connector))
    assert answer.status_code == 302, text_of(answer)


def has_happened(cyclr: CyclrState, form: str, connector: AccountConnector) -> bool:
    """Whether Cyclr is as it was asked to be."""
    there = in_cyclr(cyclr, connector)
    return there is None if form == DELETE else not there.authenticated


def test_credentials_are_taken_away_and_lists_and_links_follow(
    cyclr: CyclrState, shopify: AccountConnector, lead: Client, hands: Hands
) -> None:
    link = make_link(account=shopify.account, connectors=[shopify])
    link.items.update(was_authenticated=True)

    confirm(lead, DEAUTHENTICATE, shopify)
    hands.work()

    shopify.refresh_from_db()
    assert shopify.state == "Not authenticated"
    assert has_happened(cyclr, DEAUTHENTICATE, shopify)
    assert effects(cyclr, shopify, "deauthenticate") == 1
    page = text_of(lead.get(last_operation().get_absolute_url()))
    assert "De-authenticated. 1 running cycle stopped" in page
    account = shopify.account
    account.refresh_from_db()
    assert account.is_refreshing
    assert account.unauthenticated_count == (
        account.connectors.there().exclude(authenticated=True).count()
    )
    assert not link.items.get().was_authenticated
    line = link.events.get(event="deauthenticated")
    assert line.message.startswith("Shopify was de-authenticated by")
    assert "de-authenticated" in text_of(lead.get(link.get_absolute_url()))


def test_a_deleted_one_leaves_lists_and_links(
    cyclr: CyclrState, shopify: AccountConnector, lead: Client, hands: Hands
) -> None:
    link = make_link(account=shopify.account, connectors=[shopify])

    confirm(lead, DELETE, shopify)
    hands.work()

    assert in_cyclr(cyclr, shopify) is None and effects(cyclr, shopify, "delete") == 1
    shopify.refresh_from_db()
    assert shopify.state == "Gone"
    link.refresh_from_db()
    assert link.emptied_at is not None and link.items.get().gone_at is not None
    assert link.events.filter(event="gone").exists()
    page = text_of(lead.get(last_operation().get_absolute_url()))
    assert "Deleted. 1 running cycle stopped" in page
    account = shopify.account
    account.refresh_from_db()
    assert account.connector_count == account.connectors.there().count()


@both
def test_the_name_must_be_typed(
    form: str, cyclr: CyclrState, shopify: AccountConnector, lead: Client
) -> None:
    html = text_of(lead.get(url(form, shopify)))
    assert "Type Shopify to confirm" in html

    for typed in ("", "Shop", "DELETE"):
        answer = send(lead, form, shopify, confirm=typed)
        assert answer.status_code == 422, typed
    assert not Operation.objects.exists()
    assert send(lead, form, shopify, confirm=" shopify ").status_code == 302


@both
def test_a_name_that_cannot_be_typed_is_confirmed_by_its_id(
    form: str, shopify: AccountConnector, lead: Client
) -> None:
    AccountConnector.objects.filter(pk=shopify.pk).update(name="Invoice\u202efdp.exe")

    assert f"Type {shopify.cyclr_id} to confirm" in text_of(lead.get(url(form, shopify)))
    assert send(lead, form, shopify, confirm=str(shopify.cyclr_id)).status_code == 302


@both
def test_only_leads_may(form: str, shopify: AccountConnector, agent: Client) -> None:
    assert agent.get(url(form, shopify)).status_code == 403
    assert agent.post(url(form, shopify), {"confirm": "Shopify"}).status_code == 403
    assert not Operation.objects.exists()


@both
def test_a_lead_who_is_none_any_more_changes_nothing(
    form: str, cyclr: CyclrState, shopify: AccountConnector, hands: Hands
) -> None:
    user = make_user(Role.LEAD)
    confirm(signed_in(user), form, shopify)
    user.memberships.update(role=Role.AGENT)
    hands.work()

    assert last_operation().get_reason_display() == "No longer allowed"
    assert not has_happened(cyclr, form, shopify)


@both
def test_open_links_are_shown_first(form: str, shopify: AccountConnector, lead: Client) -> None:
    link = make_link(account=shopify.account, connectors=[shopify])
    revoked = make_link(account=shopify.account, connectors=[shopify], revoked_at=timezone.now())

    html = text_of(lead.get(url(form, shopify)))

    assert reverse("link_detail", args=[link.pk]) in html
    assert reverse("link_detail", args=[revoked.pk]) not in html


@both
@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_is_one_deed(
    form: str,
    fault: str,
    cyclr: CyclrState,
    shopify: AccountConnector,
    lead: Client,
    hands: Hands,
    settings: object,
) -> None:
    settings.FIRST_LOOK_AFTER, settings.LOOK_GAP = 120, 30  # type: ignore[attr-defined]
    getattr(cyclr.faults, fault)(*CALLS[form], times=1)

    confirm(lead, form, shopify)
    hands.work()
    for seconds in (3, 60, 125, 160, 170):
        hands.later(seconds)
        hands.work()

    operation = last_operation()
    assert operation.state == State.DONE, (operation.error, operation.cyclr_message)
    assert has_happened(cyclr, form, shopify)
    assert effects(cyclr, shopify, KINDS[form]) == 1


@both
def test_what_stops_is_shown_first(form: str, shopify: AccountConnector, lead: Client) -> None:
    html = text_of(lead.get(url(form, shopify)))

    assert "Orders to newsletter" in html and "Runs now, and stops" in html
    assert "As of" in html and "is not known" not in html


@both
def test_where_no_cycles_are_known_it_says_so_and_has_them_read(
    form: str, cyclr: CyclrState, shopify: AccountConnector, lead: Client, hands: Hands
) -> None:
    Cycle.objects.all().delete()
    Account.objects.filter(pk=shopify.account_id).update(cycles_read_at=None)
    html = text_of(lead.get(url(form, shopify)))
    assert "Which cycles use it is not known" in html
    assert 'hx-trigger="submit, load"' in html

    confirm(lead, form, shopify)
    hands.work()

    operation = last_operation()
    assert operation.state == State.FAILED and not has_happened(cyclr, form, shopify)
    assert (
        "Since it was confirmed a running cycle uses it as well: “Orders to newsletter”. Nothing "
        "was changed." in operation.error
    )
    shopify.account.refresh_from_db()
    assert shopify.account.is_refreshing


@both
def test_the_list_of_what_stops_follows_the_reading(
    form: str, shopify: AccountConnector, lead: Client
) -> None:
    address = url(form, shopify)
    before = lead.get(address)
    version = before.context["version"]
    assert part(lead, address, "blast-radius", seen=version).status_code == 204

    Cycle.objects.filter(name="Orders to newsletter").update(status="Paused", is_active=False)
    after = text_of(part(lead, address, "blast-radius", seen=version))

    assert after.strip().startswith("<section") and 'id="blast-radius"' in after
    assert "Runs now" not in after and after.count("cannot be activated") == 2
    stale = lead.post(address, hidden(text_of(before)) | {"confirm": "Shopify"})
    assert stale.status_code == 422 and "What stops with it has changed" in text_of(stale)
    fresh = hidden(text_of(before)) | hidden(after) | {"confirm": "Shopify"}
    assert lead.post(address, fresh).status_code == 302


@both
def test_a_page_that_shows_a_reading_of_a_moment_ago_asks_for_none(
    form: str, shopify: AccountConnector, lead: Client, hands: Hands
) -> None:
    assert 'hx-trigger="submit, load"' not in text_of(lead.get(url(form, shopify)))
    hands.later(90)
    assert 'hx-trigger="submit, load"' in text_of(lead.get(url(form, shopify)))


def test_one_that_others_deleted_is_as_good_as_deleted(
    cyclr: CyclrState, shopify: AccountConnector, lead: Client, hands: Hands
) -> None:
    confirm(lead, DELETE, shopify)
    cyclr.delete(shopify.cyclr_id)
    hands.work()

    assert "It had been deleted in Cyclr already" in text_of(
        lead.get(last_operation().get_absolute_url())
    )
    shopify.refresh_from_db()
    assert shopify.state == "Gone"


def test_one_that_was_deleted_meanwhile_cannot_be_de_authenticated(
    cyclr: CyclrState, shopify: AccountConnector, lead: Client, hands: Hands
) -> None:
    link = make_link(account=shopify.account, connectors=[shopify])
    confirm(lead, DEAUTHENTICATE, shopify)
    cyclr.delete(shopify.cyclr_id)
    hands.work()

    operation = last_operation()
    assert operation.state == State.FAILED
    assert "does not know Shopify any more. Nothing was changed." in operation.error
    shopify.refresh_from_db()
    assert shopify.state == "Gone"
    assert LinkItem.objects.get(link=link).gone_at is not None


def test_deleted_after_a_lost_answer_it_is_gone(
    cyclr: CyclrState, shopify: AccountConnector, lead: Client, hands: Hands
) -> None:
    cyclr.faults.drop_before_effect(*CALLS[DEAUTHENTICATE])
    confirm(lead, DEAUTHENTICATE, shopify)
    hands.work()
    cyclr.delete(shopify.cyclr_id)
    hands.later(3)
    hands.work()

    assert "It was deleted in Cyclr meanwhile" in text_of(
        lead.get(last_operation().get_absolute_url())
    )
    shopify.refresh_from_db()
    assert shopify.state == "Gone"


def test_what_a_customer_connected_since_is_not_taken_away_again(
    cyclr: CyclrState, shopify: AccountConnector, lead: Client, hands: Hands
) -> None:
    link = make_link(account=shopify.account, connectors=[shopify])
    cyclr.faults.drop_after_effect(*CALLS[DEAUTHENTICATE])
    confirm(lead, DEAUTHENTICATE, shopify)
    hands.work()
    cyclr.authenticate(shopify.cyclr_id)
    link.items.update(returned_at=timezone.now())
    hands.later(3)
    hands.work()

    operation = last_operation()
    assert operation.state == State.FAILED
    assert "since then new credentials were entered" in operation.error
    assert in_cyclr(cyclr, shopify).authenticated
    assert effects(cyclr, shopify, "deauthenticate") == 1


def test_a_cyclr_that_still_says_authenticated_is_believed(
    cyclr: CyclrState, shopify: AccountConnector, lead: Client, hands: Hands
) -> None:
    cyclr.faults.rewrite("GET", "/account/connectors/{id}", lambda v: {**v, "Authenticated": True})
    confirm(lead, DEAUTHENTICATE, shopify)
    hands.work()

    assert "still says authenticated" in text_of(lead.get(last_operation().get_absolute_url()))
    shopify.refresh_from_db()
    assert shopify.authenticated


def test_the_page_of_a_deleted_one_stays(
    cyclr: CyclrState, shopify: AccountConnector, lead: Client, hands: Hands
) -> None:
    confirm(lead, DELETE, shopify)
    hands.work()

    page = text_of(lead.get(shopify.get_absolute_url()))

    assert "Gone" in page and "Delete Shopify" in page
    assert hidden(text_of(lead.get(url(DELETE, shopify)))) == {}
