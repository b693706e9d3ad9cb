"""A new account: Cyclr's rules in the form, one account whatever breaks, what was stored shown."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.mirror.models import Account
from dashboard.operations.models import Reason, State
from dashboard.people.models import Role
from tests.accounts.conftest import (
    as_drawn,
    effects,
    last_operation,
    new_url,
    send,
)
from tests.factories import make_console, make_user
from tests.operations.breaking import pass_time
from tests.pages import signed_in, text_of
from tests.simulated import Hands

POST = ("POST", "/accounts")
FILLED = {"name": "Copper Kettle", "id": "kettle-1", "timezone": "kathmandu"}


def test_an_account_is_created_and_its_page_is_led_to(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    answer = send(
        lead,
        new_url(),
        **FILLED,
        description="Kettles",
        success_retention_hours="48",
        errored_retention_hours="0",
        is_error_webhook_enabled="on",
        error_webhook_url="hooks.example/T0/canary-4711",
        audit_info="T-1",
    )
    operation = last_operation()
    hands.work()
    operation.refresh_from_db()
    made = cyclr.accounts["kettle-1"].document
    account = Account.objects.get(cyclr_id="kettle-1")
    page = text_of(lead.get(answer["Location"]))

    assert operation.state == State.DONE and operation.account == account
    assert made["Name"] == "Copper Kettle" and made["Timezone"] == "Asia/Kathmandu"
    assert (
        made["StepDataSuccessRetentionHours"] == 48 and made["StepDataErroredRetentionHours"] == 0
    )
    assert made["TransactionErrorWebhookUrl"] == "https://hooks.example/T0/canary-4711"
    assert account.attributes["error_webhook_host"] == "hooks.example"
    assert f'href="{account.get_absolute_url()}">Open' in page and "Kept for 48 hours" in page
    assert "Sent:" not in page and "canary" not in page + str(operation.__dict__)
    settings = text_of(lead.get(reverse("account_settings", args=[account.pk])))
    assert "hooks.example" in settings and "Asia/Kathmandu" in settings
    assert "canary" not in settings + str(account.__dict__)


def test_an_id_that_nobody_types_is_a_guid_of_the_form(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    drawn = as_drawn(lead.get(new_url())) | FILLED | {"id": ""}
    first = lead.post(new_url(), drawn)
    again = lead.post(new_url(), drawn)
    hands.work()

    assert first["Location"] == again["Location"]
    (made,) = effects(cyclr, "account")
    assert uuid.UUID(str(made)) and Account.objects.get(cyclr_id=made).name == "Copper Kettle"


def test_a_sub_account_stands_below_its_parent(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    page = text_of(lead.get(new_url(harbour)))
    answer = send(lead, new_url(harbour), name="Harbour Kids", id="kids")
    hands.work()

    assert "Create sub-account" in page and harbour.timezone in page
    assert answer.status_code == 302 and cyclr.accounts["kids"].parent_id == harbour.cyclr_id
    child = Account.objects.get(cyclr_id="kids")
    assert child.parent_id == harbour.cyclr_id and child.timezone == harbour.timezone
    tab = text_of(lead.get(reverse("account_sub_accounts", args=[harbour.pk])))
    assert "Harbour Kids" in tab
    listed = text_of(lead.get(reverse("account_list") + f"?parent={harbour.pk}"))
    assert "Harbour Kids" in listed and "Below" in listed and "Studio" not in listed


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": "  "}, "Name"),
        ({"id": "SHOP-1042.example"}, "it is the id of Harbour Books"),
        ({"id": "a\nb"}, "Cyclr takes no id with such characters"),
        ({"timezone": ""}, "id_timezone-error"),
        ({"timezone": "EST"}, "That is no time zone."),
        ({"timezone": "Germany"}, "Choose one: Europe/Berlin, Europe/Busingen."),
        ({"is_error_webhook_enabled": "on"}, "enter the webhook’s URL"),
        ({"error_webhook_url": "ftp://x.example"}, "Enter a web address"),
        ({"error_webhook_url": "https://[::1"}, "Enter a web address"),
        ({"success_retention_hours": "745"}, "Enter whole hours from 0 to 744"),
        ({"success_retention_hours": "-1"}, "Enter whole hours from 0 to 744"),
        ({"errored_retention_hours": "9" * 5000}, "Enter whole hours from 0 to 744"),
        ({"errored_retention_hours": "2.5"}, "Enter whole hours from 0 to 744"),
    ],
)
def test_cyclrs_rules_are_checked_before_anything_is_sent(
    typed: dict[str, str], words: str, cyclr: CyclrState, harbour: Account, lead: Client
) -> None:
    answer = send(lead, new_url(), **FILLED | typed)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not effects(cyclr, "account")


def test_an_id_that_only_cyclr_knows_is_refused_at_its_field(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    cyclr.accounts.add(Id="kettle-1", Name="Somebody else")
    send(lead, new_url(), **FILLED)
    operation = last_operation()
    hands.work()
    operation.refresh_from_db()

    assert (operation.state, operation.error_field) == (State.FAILED, "id")
    assert "Cyclr has an account with this id already" in operation.error
    mend = text_of(lead.get(f"{new_url()}?from={operation.reference}"))
    assert 'value="Copper Kettle"' in mend and "already. Nothing was created" in mend
    assert f"{new_url()}?from={operation.reference}" in text_of(
        lead.get(operation.get_absolute_url())
    )


def test_an_id_taken_right_before_the_call_is_refused_too(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    cyclr.faults.respond(*POST, status=400, body={"Message": "ID already in use"})
    send(lead, new_url(), **FILLED)
    operation = last_operation()
    hands.work()
    operation.refresh_from_db()

    assert (operation.reason, operation.error_field) == (Reason.REFUSED, "id")


def test_an_id_of_ours_in_use_is_our_own_work(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    send(lead, new_url(), **FILLED | {"id": ""})
    operation = last_operation()
    cyclr.faults.drop_after_effect(*POST)
    hands.work()
    made = effects(cyclr, "account")
    operation.refresh_from_db()
    operation.sent_at, operation.state = None, State.QUEUED  # as if nobody had seen it was sent
    operation.save()
    pass_time(hands, 120, 300)
    operation.refresh_from_db()

    assert operation.state == State.DONE and effects(cyclr, "account") == made and len(made) == 1


def test_anothers_account_of_the_id_is_never_adopted(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    cyclr.faults.drop_before_effect(*POST)
    send(lead, new_url(), **FILLED)
    operation = last_operation()
    hands.work()
    cyclr.accounts.add(Id="kettle-1", Name="Somebody else")
    pass_time(hands, 5, 60)
    operation.refresh_from_db()

    assert operation.reason == Reason.NEEDS_PERSON
    assert "an account of this id called “Somebody else”" in operation.error
    assert not Account.objects.filter(name="Copper Kettle").exists()


def test_what_cyclr_stored_otherwise_is_marked(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    cyclr.faults.rewrite(*POST, change=lambda body: body | {"Timezone": "Etc/UTC"})
    send(lead, new_url(), **FILLED)
    operation = last_operation()
    hands.work()
    page = text_of(lead.get(operation.get_absolute_url()))

    assert "Cyclr stored something else than was sent: time zone" in page
    assert "Sent: <bdi>Asia/Kathmandu</bdi>" in page


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ("Timezone is not valid", "timezone", "try Asia/Katmandu"),
        ("Name is required", "name", "Cyclr refused"),
        ("https://x y is not a valid URL", "error_webhook_url", "Nothing was created"),
        ("StepDataErroredRetentionHours (-1): must be non negative", "errored_retention_hours", ""),
        ("Parent account was not found", "parent", "does not know the account above it"),
    ],
)
def test_a_refusal_stands_at_its_field(
    said: str,
    field: str,
    words: str,
    cyclr: CyclrState,
    harbour: Account,
    lead: Client,
    hands: Hands,
) -> None:
    cyclr.faults.respond(*POST, status=400, body={"Message": said})
    send(lead, new_url(), **FILLED)
    operation = last_operation()
    hands.work()
    operation.refresh_from_db()

    assert operation.error_field == field and words in operation.error


def test_the_console_is_asked_for_where_there_are_several(harbour: Account, lead: Client) -> None:
    other = make_console(name="Second")
    own = signed_in(make_user(Role.LEAD, console=other))

    assert "In which console?" in text_of(lead.get(new_url()))
    assert "Second" in text_of(lead.get(f"{new_url()}?console={other.pk}"))
    assert lead.post(new_url()).status_code == 200
    assert "In which console?" not in text_of(own.get(new_url()))
    assert own.get(new_url(harbour)).status_code == 404
    assert lead.get(f"{new_url()}?parent=rubbish").status_code == 404


def test_two_people_with_one_id_make_one_account(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    other = signed_in(make_user(Role.LEAD))
    first, second = send(lead, new_url(), **FILLED), send(other, new_url(), **FILLED)
    hands.work()

    assert (first.status_code, second.status_code) == (302, 409)
    assert "right now" in text_of(second) and len(effects(cyclr, "account")) == 1


def test_the_same_form_with_other_entries_is_refused(harbour: Account, lead: Client) -> None:
    drawn = as_drawn(lead.get(new_url())) | FILLED
    lead.post(new_url(), drawn | {"id": ""})
    answer = lead.post(new_url(), drawn | {"id": "", "name": "Other"})

    assert answer.status_code == 409 and "already sent, with different" in text_of(answer)
