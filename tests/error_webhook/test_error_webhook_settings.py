"""Settings: the address for Cyclr's error webhook, which accounts have it, and setting it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from dashboard.accounts.handlers.updating import UPDATE
from dashboard.audit.models import AuditEntry
from dashboard.bulk.models import BulkRun
from dashboard.error_webhook import services
from dashboard.error_webhook.models import ErrorWebhook
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account
from dashboard.operations.models import Operation
from dashboard.people.models import Role, User
from tests.factories import make_account, make_console, make_user
from tests.pages import HOSTILE, assert_only_letters, queries_of, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user(Role.ADMIN)


@pytest.fixture
def webhook(admin: User) -> ErrorWebhook:
    return services.make(make_console(), admin)


def account(webhook: ErrorWebhook, **attributes: Any) -> Account:
    return make_account(console=webhook.console, attributes=attributes)


def of_each_kind(webhook: ErrorWebhook) -> dict[str, Account]:
    on = {"is_error_webhook_enabled": True}
    return {
        "ours": account(webhook, **on, error_webhook_key=key_of(webhook.url())),
        "old": account(webhook, **on, error_webhook_key="another"),
        "other": account(webhook, **on, error_webhook_host="hooks.example"),
        "none": account(webhook, error_webhook_host="hooks.example"),
    }


def page(user: User, webhook: ErrorWebhook, **query: str) -> Any:
    return signed_in(user).get(f"/settings/error-webhook/{webhook.console_id}/", query)


def post(user: User, webhook: ErrorWebhook, verb: str, **values: Any) -> Any:
    url = f"/settings/error-webhook/{webhook.console_id}/{verb}/"
    return signed_in(user).post(url, values)


def test_the_address_is_made_by_an_administrator_once(admin: User) -> None:
    console, client = make_console(), signed_in(admin)
    url = f"/settings/error-webhook/{console.pk}/"
    assert "There is no address yet" in text_of(client.get(url))

    for _ in range(2):
        client.post(f"{url}make/")

    webhook = ErrorWebhook.objects.get()
    assert f'value="{webhook.url()}"' in text_of(client.get(url))
    assert AuditEntry.objects.filter(action="error_webhook.make").count() == 1


def test_rotating_tells_how_long_the_one_before_answers(webhook: ErrorWebhook, admin: User) -> None:
    before = webhook.url()

    post(admin, webhook, "rotate")

    html = text_of(page(admin, webhook))
    assert before not in html
    assert "The one before answers until" in html
    assert AuditEntry.objects.filter(action="error_webhook.rotate").count() == 1


@pytest.mark.parametrize("show", ["ours", "old", "other", "none"])
def test_each_account_stands_in_its_list(webhook: ErrorWebhook, admin: User, show: str) -> None:
    accounts = of_each_kind(webhook)
    make_account()  # of another console

    response = page(admin, webhook, show=show)

    assert list(response.context["page"]) == [accounts[show]]
    assert [count for *_, count in response.context["chips"]] == [1, 1, 1, 1]


def test_one_press_sets_it_on_an_account_once(webhook: ErrorWebhook, admin: User) -> None:
    there = of_each_kind(webhook)["none"]
    sent = uuid.uuid4()

    for _ in range(2):
        response = post(admin, webhook, f"accounts/{there.pk}/set", submission=sent)

    operation = Operation.objects.get(kind=UPDATE)
    assert operation.account == there
    assert response["Location"] == operation.get_absolute_url()
    assert webhook.url() not in text_of(signed_in(admin).get(operation.get_absolute_url()))


@pytest.mark.parametrize("show", ["old", "none"])
def test_many_are_a_preview_first(webhook: ErrorWebhook, admin: User, show: str) -> None:
    there = of_each_kind(webhook)[show]

    response = post(admin, webhook, "set", submission=uuid.uuid4(), show=show)

    run = BulkRun.objects.get()
    assert (run.kind, run.state) == (UPDATE, "draft")
    assert [row.account for row in run.rows.all()] == [there]
    assert response["Location"] == run.get_absolute_url()
    html = text_of(signed_in(admin).get(run.get_absolute_url()))
    assert webhook.url() not in html


@pytest.mark.parametrize("show", ["other", "ours", "", "rubbish"])
def test_another_systems_webhook_is_not_replaced_for_many(
    webhook: ErrorWebhook, admin: User, show: str
) -> None:
    of_each_kind(webhook)

    assert post(admin, webhook, "set", submission=uuid.uuid4(), show=show).status_code == 404
    assert not BulkRun.objects.exists()


def test_a_press_without_a_submission_sets_nothing(webhook: ErrorWebhook, admin: User) -> None:
    there = of_each_kind(webhook)["none"]

    assert post(admin, webhook, f"accounts/{there.pk}/set").status_code == 404
    assert not Operation.objects.exists()


@pytest.mark.parametrize("verb", ["", "make", "rotate", "set"])
def test_a_lead_and_other_consoles_administrators_stay_out(
    webhook: ErrorWebhook, verb: str
) -> None:
    url = f"/settings/error-webhook/{webhook.console_id}/" + (f"{verb}/" if verb else "")
    lead = signed_in(make_user(Role.LEAD))
    other = signed_in(make_user(Role.ADMIN, console=make_console()))

    def ask(client: Client) -> int:
        return (client.post(url) if verb else client.get(url)).status_code

    assert (ask(lead), ask(other)) == (403, 404)


def test_an_account_of_another_console_is_not_set(webhook: ErrorWebhook, admin: User) -> None:
    other = make_account()

    response = post(admin, webhook, f"accounts/{other.pk}/set", submission=uuid.uuid4())

    assert response.status_code == 404


def test_a_key_that_was_removed_is_told(webhook: ErrorWebhook, admin: User, settings: Any) -> None:
    of_each_kind(webhook)
    settings.CREDENTIAL_KEYS = ["another key, thirty-two letters long"]

    assert "This address does not work any more" in text_of(page(admin, webhook))
    assert post(admin, webhook, "set", submission=uuid.uuid4(), show="none").status_code == 404


def test_names_stay_text_and_the_page_costs_the_same(webhook: ErrorWebhook, admin: User) -> None:
    account(webhook)
    client, url = signed_in(admin), f"/settings/error-webhook/{webhook.console_id}/"
    few = queries_of(client, url)
    for name in HOSTILE:
        make_account(console=webhook.console, name=name)

    assert_only_letters(text_of(client.get(url)))
    assert queries_of(client, url) == few


def test_several_consoles_have_a_list(webhook: ErrorWebhook, admin: User) -> None:
    make_console()
    client = signed_in(admin)

    html = text_of(client.get("/settings/error-webhook/"))

    assert "Nothing heard yet" in html
    assert "No address" in html
    assert f'href="/settings/error-webhook/{webhook.console_id}/"' in html
