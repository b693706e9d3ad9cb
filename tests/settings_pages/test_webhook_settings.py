"""The settings of a console's webhook: who may, what is shown once, what is delivered."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.common import encryption
from dashboard.consoles.models import Console
from dashboard.notifications import webhooks
from dashboard.notifications.models import SendState, Webhook, WebhookDelivery
from dashboard.people.models import Role
from tests.factories import make_console, make_user
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, signed_in, text_of

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/desk"


@pytest.fixture
def console() -> Console:
    return make_console(name="EU live")


@pytest.fixture
def admin(console: Console) -> Client:
    return signed_in(make_user(Role.ADMIN, console=console))


@pytest.fixture
def webhook(console: Console) -> Webhook:
    hook, _ = webhooks.create(console, URL, make_user(Role.ADMIN))
    return hook


def page_of(console: Console) -> str:
    return reverse("settings_webhook", args=[console.pk])


def act(name: str, console: Console, *more: int) -> str:
    return reverse(f"settings_webhook_{name}", args=[console.pk, *more])


def shown_secret(response: Any) -> str:
    found = re.search(r'id="webhook-secret"[^>]*value="([^"]*)"', text_of(response))
    return found.group(1) if found else ""


def test_the_secret_is_shown_once_in_the_answer_that_made_it(
    admin: Client, console: Console
) -> None:
    made = admin.post(page_of(console), {"url": URL})

    webhook = Webhook.objects.get()
    secret = shown_secret(made)
    assert (
        encryption.decrypt(webhook.encrypted_secret, associated_data=webhook.associated_data)
        == secret
    )
    assert (webhook.address, webhook.console) == (URL, console)
    assert made["Cache-Control"] == "no-store"
    assert secret not in text_of(admin.get(page_of(console)))


def test_an_address_is_kept_encrypted_and_bound_to_its_console(
    admin: Client, console: Console, webhook: Webhook
) -> None:
    other, _ = webhooks.create(make_console(), "https://b.example.com/", make_user(Role.ADMIN))

    assert "hooks.example.com" not in str(Webhook.objects.values().get(pk=webhook.pk))
    assert f'value="{URL}"' in text_of(admin.get(page_of(console)))
    Webhook.objects.filter(pk=other.pk).update(encrypted_url=webhook.encrypted_url)
    with pytest.raises(encryption.DecryptionError):
        _ = Webhook.objects.get(pk=other.pk).address


def test_an_address_of_a_release_before_is_used_and_encrypted_some_at_a_time(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "ENCRYPTED_AT_ONCE", 1)
    other, _ = webhooks.create(make_console(), URL, make_user(Role.ADMIN))
    Webhook.objects.update(url="https://older.example.com/key", encrypted_url="")
    assert Webhook.objects.get(pk=webhook.pk).address == "https://older.example.com/key"

    done = [webhooks.encrypt_addresses() for _ in range(3)]

    assert done == [1, 1, 0]
    for row in Webhook.objects.all():
        assert (row.url, row.address) == ("", "https://older.example.com/key")


def test_saving_another_address_keeps_the_secret(
    admin: Client, console: Console, webhook: Webhook
) -> None:
    before = webhook.encrypted_secret

    response = admin.post(page_of(console), {"url": "https://other.example.com/"})

    webhook.refresh_from_db()
    assert response.status_code == 302
    assert (webhook.address, webhook.encrypted_secret) == ("https://other.example.com/", before)


def test_an_address_that_may_not_be_is_refused_and_kept_in_the_form(
    admin: Client, console: Console
) -> None:
    response = admin.post(page_of(console), {"url": "http://169.254.169.254/latest/"})

    assert response.status_code == 422
    assert "Use https: the messages name your customers." in text_of(response)
    assert 'value="http://169.254.169.254/latest/"' in text_of(response)
    assert not Webhook.objects.exists()


def test_a_new_secret_is_shown_once_too(admin: Client, console: Console, webhook: Webhook) -> None:
    response = admin.post(act("rotate", console))

    webhook.refresh_from_db()
    secret = shown_secret(response)
    assert (
        encryption.decrypt(webhook.encrypted_secret, associated_data=webhook.associated_data)
        == secret
    )


def test_it_is_switched_as_the_button_said_however_often_it_was_pressed(
    admin: Client, console: Console, webhook: Webhook
) -> None:
    admin.post(act("switch", console), {"on": "0"})
    admin.post(act("switch", console), {"on": "0"})

    webhook.refresh_from_db()
    assert not webhook.is_on
    assert "Switch on" in text_of(admin.get(page_of(console)))


def test_a_test_is_listed_with_what_came_of_it(
    admin: Client, console: Console, webhook: Webhook
) -> None:
    admin.post(act("test", console))
    WebhookDelivery.objects.update(
        state=SendState.FAILED, tries=1, last_error="It answered 500.", finished_at=timezone.now()
    )

    page = text_of(admin.get(page_of(console)))

    assert re.search(r">\s*Test\s*<", page)
    assert "It answered 500." in page
    assert "Send again" in page


def test_the_list_is_live_only_while_something_waits(
    admin: Client, console: Console, webhook: Webhook
) -> None:
    still = text_of(admin.get(page_of(console)))
    admin.post(act("test", console))
    moving = text_of(admin.get(page_of(console)))
    seen = re.search(r'"X-Seen": "([0-9a-f]+)"', moving)
    assert seen

    headers = {"HX-Request": "true", "X-Seen": seen.group(1)}
    nothing = admin.get(page_of(console), headers=headers)
    WebhookDelivery.objects.update(state=SendState.SENT, status=200, finished_at=timezone.now())
    done = admin.get(page_of(console), headers=headers)

    assert "poll-1s from:body" not in still
    assert nothing.status_code == 204
    assert text_of(done).startswith('<section id="webhook-deliveries"')
    assert "hx-trigger" not in text_of(done)


def test_one_that_failed_is_sent_again(admin: Client, console: Console, webhook: Webhook) -> None:
    delivery = webhooks.queue_test(webhook, webhook.created_by)
    WebhookDelivery.objects.update(
        state=SendState.FAILED, last_error="It answered 500.", finished_at=timezone.now()
    )

    admin.post(act("again", console, delivery.pk))

    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == (SendState.WAITING, "")


def test_what_is_done_is_in_the_audit_trail_without_the_secret(
    admin: Client, console: Console
) -> None:
    secrets = [shown_secret(admin.post(page_of(console), {"url": URL}))]
    admin.post(page_of(console), {"url": "https://other.example.com/services/T0/canary"})
    secrets.append("canary")
    secrets.append(shown_secret(admin.post(act("rotate", console))))
    admin.post(act("switch", console), {"on": "0"})

    entries = AuditEntry.objects.filter(console=console).order_by("pk")

    assert [entry.action for entry in entries] == [
        "set up the webhook",
        "changed the webhook's address",
        "changed the webhook's secret",
        "switched the webhook off",
    ]
    assert all(secrets)
    assert not any(secret in repr(list(entries.values())) for secret in secrets)
    assert entries[1].details["host"] == "other.example.com"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT, Role.LEAD])
def test_it_is_for_administrators(console: Console, webhook: Webhook, role: Role) -> None:
    browser = signed_in(make_user(role, console=console))

    with nothing_changes():
        assert browser.get(page_of(console)).status_code == 403
        for name in ("rotate", "switch", "test"):
            assert browser.post(act(name, console)).status_code == 403


def test_an_administrator_of_another_console_finds_nothing(webhook: Webhook) -> None:
    other = signed_in(make_user(Role.ADMIN, console=make_console()))

    with nothing_changes():
        assert other.get(page_of(webhook.console)).status_code == 404
        assert other.post(page_of(webhook.console), {"url": URL}).status_code == 404
        for name in ("rotate", "switch", "test"):
            assert other.post(act(name, webhook.console)).status_code == 404


def test_another_console_s_delivery_is_not_there(
    admin: Client, console: Console, webhook: Webhook
) -> None:
    theirs, _ = webhooks.create(make_console(), URL, make_user(Role.ADMIN))
    delivery = webhooks.queue_test(theirs, theirs.created_by)

    assert admin.post(act("again", console, delivery.pk)).status_code == 404


def test_with_several_consoles_one_is_chosen(console: Console, webhook: Webhook) -> None:
    other = make_console(name="US live")
    browser = signed_in(make_user(Role.ADMIN))

    page = text_of(browser.get(reverse("settings_webhook_list")))

    assert f'href="{page_of(console)}"' in page
    assert f'href="{page_of(other)}"' in page
    assert page.count("Not set up") == 1


def test_with_one_console_its_page_is_opened(admin: Client, console: Console) -> None:
    assert admin.get(reverse("settings_webhook_list"))["Location"] == page_of(console)


def test_the_settings_lead_there(admin: Client) -> None:
    page = text_of(admin.get(reverse("settings_index")))

    nav = page.split('aria-label="Settings">')[1].split("</nav>")[0]
    assert f'href="{reverse("settings_webhook_list")}"' in nav


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_only_letters(text: str) -> None:
    console = make_console(name=text[:100])
    webhook, _ = webhooks.create(console, URL, make_user(Role.ADMIN))
    webhooks.queue_test(webhook, webhook.created_by)
    WebhookDelivery.objects.update(last_error=text)
    browser = signed_in(make_user(Role.ADMIN))
    make_console()

    for url in (page_of(console), reverse("settings_webhook_list")):
        assert_only_letters(text_of(browser.get(url)))
