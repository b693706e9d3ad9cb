"""An account that is there: only what was changed is sent, and the mirror has what was stored."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector, Cycle
from dashboard.operations.models import State
from dashboard.people.models import Role
from tests.accounts.conftest import as_drawn, effects, last_operation, send, url
from tests.factories import make_account, make_cycle, make_link, make_user
from tests.pages import HOSTILE, assert_only_letters, part, signed_in, text_of
from tests.simulated import Hands

STORED = "https://hooks.example/T0/canary-4711"


def change_in_cyclr(cyclr: CyclrState, account: Account, **attributes: Any) -> None:
    """Somebody changes it there, and it is read."""
    cyclr.accounts[account.cyclr_id].document.update(attributes)
    cyclr.accounts[account.cyclr_id].changed()
    sync.refresh_account(account)
    account.refresh_from_db()


def test_only_what_was_changed_is_sent(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    change_in_cyclr(
        cyclr,
        harbour,
        StepDataSuccessRetentionHours=24,
        TransactionErrorWebhookEnabled=True,
        TransactionErrorWebhookUrl=STORED,
        AuditInfo="T-1",
    )
    before = dict(cyclr.accounts[harbour.cyclr_id].document)
    send(lead, url("account_edit", harbour), description="New", success_retention_hours="")
    hands.work()
    after = cyclr.accounts[harbour.cyclr_id].document

    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"Description", "StepDataSuccessRetentionHours"}
    assert after["StepDataSuccessRetentionHours"] is None
    harbour.refresh_from_db()
    assert harbour.description == "New"
    assert harbour.attributes["success_retention_hours"] is None
    assert harbour.attributes["error_webhook_host"] == "hooks.example"


def test_enabling_the_webhook_sends_the_stored_address_again(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    change_in_cyclr(cyclr, harbour, TransactionErrorWebhookUrl=STORED)
    form = text_of(lead.get(url("account_edit", harbour)))
    send(lead, url("account_edit", harbour), is_error_webhook_enabled="on")
    hands.work()
    document = cyclr.accounts[harbour.cyclr_id].document

    assert "Set, at hooks.example" in form and "canary" not in form
    assert document["TransactionErrorWebhookEnabled"] is True
    assert document["TransactionErrorWebhookUrl"] == STORED
    assert "canary" not in str(last_operation().__dict__)


def test_a_webhook_whose_address_went_is_not_enabled(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    change_in_cyclr(cyclr, harbour, TransactionErrorWebhookUrl=STORED)
    send(lead, url("account_edit", harbour), is_error_webhook_enabled="on")
    cyclr.accounts[harbour.cyclr_id].document["TransactionErrorWebhookUrl"] = None
    cyclr.accounts[harbour.cyclr_id].changed()
    hands.work()
    operation = last_operation()

    assert operation.error_field == "error_webhook_url" and "no URL stored" in operation.error


def test_disabling_it_and_its_warnings(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    change_in_cyclr(
        cyclr,
        harbour,
        TransactionErrorWebhookEnabled=True,
        TransactionErrorWebhookUrl=STORED,
        TransactionErrorWebhookIncludeWarnings=True,
    )
    send(
        lead,
        url("account_edit", harbour),
        is_error_webhook_enabled=None,
        error_webhook_includes_warnings=None,
    )
    hands.work()
    document = cyclr.accounts[harbour.cyclr_id].document

    assert document["TransactionErrorWebhookEnabled"] is False
    assert document["TransactionErrorWebhookIncludeWarnings"] is False
    assert document["TransactionErrorWebhookUrl"] == STORED


def test_nothing_changed_is_nothing_to_save(
    cyclr: CyclrState, harbour: Account, lead: Client
) -> None:
    change_in_cyclr(cyclr, harbour, Description="two\r\nlines", Timezone="Mars/Olympus")
    answer = send(lead, url("account_edit", harbour))

    assert answer.status_code == 422 and "Nothing was changed, so" in text_of(answer)
    assert "not known here" in text_of(lead.get(url("account_settings", harbour)))


def test_a_zone_that_we_do_not_know_stays(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    change_in_cyclr(cyclr, harbour, Timezone="Mars/Olympus")
    send(lead, url("account_edit", harbour), description="Changed")
    hands.work()

    assert cyclr.accounts[harbour.cyclr_id].document["Timezone"] == "Mars/Olympus"
    assert effects(cyclr, "account_update") == [harbour.cyclr_id]


def test_what_was_changed_in_cyclr_meanwhile_is_said(
    cyclr: CyclrState, harbour: Account, lead: Client
) -> None:
    drawn = as_drawn(lead.get(url("account_edit", harbour)))
    change_in_cyclr(cyclr, harbour, Name="Renamed there")
    answer = lead.post(url("account_edit", harbour), drawn | {"description": "Mine"})

    assert answer.status_code == 422 and "changed in Cyclr while the form" in text_of(answer)


def test_one_change_at_a_time(harbour: Account, lead: Client) -> None:
    send(lead, url("account_edit", harbour), description="First")
    answer = send(lead, url("account_edit", harbour), description="Second")

    assert answer.status_code == 409 and "is changing this account right now" in text_of(answer)
    assert "is changing it" in text_of(lead.get(url("account_settings", harbour)))


def test_a_gone_account_offers_no_change(harbour: Account, lead: Client) -> None:
    drawn = as_drawn(lead.get(url("account_edit", harbour)))
    Account.objects.filter(pk=harbour.pk).update(gone_at=harbour.changed_at)

    assert "gone from Cyclr" in text_of(lead.get(url("account_edit", harbour)))
    assert lead.post(url("account_edit", harbour), drawn | {"name": "x"}).status_code == 409


def test_an_account_that_was_read_before_settings_were_kept(db: None) -> None:
    account = make_account()
    lead = signed_in(make_user(Role.LEAD))

    assert "Its settings were not read yet" in text_of(lead.get(url("account_edit", account)))
    assert "Not read yet" in text_of(lead.get(url("account_settings", account)))


def test_first_reading_of_settings_is_no_activity(cyclr: CyclrState, harbour: Account) -> None:
    Account.objects.filter(pk=harbour.pk).update(attributes={}, active_at=None)
    sync.refresh_accounts(harbour.console)
    harbour.refresh_from_db()

    assert harbour.attributes and harbour.active_at is None


# ---- deleting ----


def test_what_goes_with_it_is_shown_first(harbour: Account, lead: Client) -> None:
    cycle = make_cycle(account=harbour, name="Orders to books")
    make_cycle(account=harbour, name="Resting", status="Paused")
    connector = harbour.connectors.first()
    assert connector is not None
    make_link(account=harbour, connectors=[connector])
    child = make_account(console=harbour.console, parent_id=harbour.cyclr_id, name="Kids")
    page = text_of(lead.get(url("account_delete", harbour)))

    for words in (cycle.name, connector.name, child.name, "1 open", "not running"):
        assert words in page, words


def test_what_goes_with_it_is_drawn_anew_while_it_is_read(harbour: Account, lead: Client) -> None:
    address = url("account_delete", harbour)
    seen = lead.get(address).context["version"]
    assert part(lead, address, "account-loss", seen=seen).status_code == 204
    make_cycle(account=harbour, name="Came meanwhile")
    page = text_of(part(lead, address, "account-loss", seen=seen))

    assert "Came meanwhile" in page and 'name="seen"' in page and "<html" not in page


def test_a_deleted_account_leaves_with_all_that_was_in_it(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    answer = send(lead, url("account_delete", harbour), confirm="Harbour Books")
    hands.work()
    page = text_of(lead.get(answer["Location"]))
    harbour.refresh_from_db()

    assert harbour.cyclr_id not in cyclr.accounts and harbour.gone_at is not None
    assert "Deleted." in page and harbour.connector_count == 0
    assert not AccountConnector.objects.there().filter(account=harbour).exists()
    assert not Cycle.objects.there().filter(account=harbour).exists()
    sync.refresh_accounts(harbour.console)
    harbour.refresh_from_db()
    assert harbour.gone_at is not None


def test_a_wrong_name_deletes_nothing(harbour: Account, lead: Client) -> None:
    answer = send(lead, url("account_delete", harbour), confirm="Harbour")

    assert answer.status_code == 422 and "Type Harbour Books to delete" in text_of(answer)


def test_a_cycle_that_was_not_shown_stops_it(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    Cycle.objects.filter(account=harbour).delete()
    send(lead, url("account_delete", harbour), confirm="Harbour Books")
    hands.work()
    operation = last_operation()

    assert operation.state == State.FAILED and not effects(cyclr, "account_delete")
    assert "more cycles run in it" in operation.error and "“" in operation.error


def test_another_account_under_its_id_is_not_deleted(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    send(lead, url("account_delete", harbour), confirm="Harbour Books")
    cyclr.delete_account(cyclr.accounts[harbour.cyclr_id])
    cyclr.accounts.create(harbour.cyclr_id, {"Name": "Harbour Books"})
    hands.work()
    operation = last_operation()

    assert "changed in Cyclr since it was confirmed" in operation.error
    assert harbour.cyclr_id in cyclr.accounts


def test_one_made_anew_while_the_answer_was_lost_stays(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    cyclr.faults.drop_after_effect("DELETE", "/accounts/{id}")
    send(lead, url("account_delete", harbour), confirm="Harbour Books")
    hands.work()
    cyclr.accounts.create(harbour.cyclr_id, {"Name": "Harbour Books"})
    hands.later(30)
    hands.work()

    assert last_operation().state == State.DONE
    assert effects(cyclr, "account_delete") == [harbour.cyclr_id]
    assert harbour.cyclr_id in cyclr.accounts


# ---- tabs and time zones ----


def test_sub_accounts_have_a_tab(harbour: Account, lead: Client) -> None:
    tab = reverse("account_sub_accounts", args=[harbour.pk])
    assert "No sub-accounts" in text_of(lead.get(tab))
    for name in HOSTILE:
        make_account(console=harbour.console, parent_id=harbour.cyclr_id, name=name)
    page = text_of(lead.get(tab))

    assert_only_letters(page)
    assert f'Sub-accounts <span class="num">{len(HOSTILE)}</span>' in " ".join(page.split())
    assert "<html" not in text_of(part(lead, tab, "sub-account-table"))
    listed = text_of(lead.get(reverse("account_list"), {"parent": harbour.pk}))
    assert_only_letters(listed)
    other = make_account(console=harbour.console)
    empty = text_of(lead.get(reverse("account_list"), {"parent": other.pk}))
    assert "has none that were read" in empty
    assert lead.get(reverse("account_list"), {"parent": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("kathm", "Asia/Kathmandu"),
        ("Asia/Kathmandu", "Asia/Katmandu"),
        ("+5:45", "UTC+05:45"),
        ("a", "more: add a word"),
        ("nowhere", "No time zone has such a name"),
        ("<script>alert(1)</script>", "No time zone"),
    ],
)
def test_zones_are_found_while_one_types(typed: str, words: str, agent: Client) -> None:
    page = text_of(part(agent, reverse("time_zone_pick"), "zone-matches", timezone=typed))

    assert words in page and "<script>" not in page


def test_a_picked_zone_is_in_the_field(agent: Client) -> None:
    page = part(agent, reverse("time_zone_pick"), "zone-field", timezone="Asia/Kathmandu", picked=1)
    nothing = part(agent, reverse("time_zone_pick"), "zone-field", timezone="rubbish", picked=1)

    assert 'value="Asia/Kathmandu"' in text_of(page) and "there" in text_of(page)
    assert nothing.status_code == 200


def test_all_zones_can_be_looked_up(agent: Client) -> None:
    address = reverse("time_zone_list")

    assert "Etc/UTC" in text_of(agent.get(address))
    assert "Vancouver" in text_of(agent.get(address, {"q": "canada bc"}))
    assert "No time zone matches" in text_of(agent.get(address, {"q": "zzz"}))
    assert "Berlin" in text_of(part(agent, address, "time-zone-table", q="germany"))
