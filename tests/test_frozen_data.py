"""What is data keeps its names for ever: values made by release 0.1.0 still mean the same.

Everything here was made by that release. A search-and-replace that reaches one of these texts
would lose stored secrets, or every link in customers' hands.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps

from dashboard.audit import labels
from dashboard.bulk.models import BulkRow, BulkRun
from dashboard.celery import app
from dashboard.common import encryption, languages
from dashboard.connectors.models import LookUp
from dashboard.consoles.models import Console
from dashboard.consoles.services import SharedTokens
from dashboard.customer import pages
from dashboard.jobs.aliases import ALIASES
from dashboard.links.mail.delivery import OUTBOX
from dashboard.links.models import ConnectAttempt, Link, LinkMail
from dashboard.links.opening import find
from dashboard.notifications.kinds import KINDS
from dashboard.notifications.models import Webhook
from dashboard.notifications.signing import signature
from dashboard.operations import handlers
from dashboard.operations.models import Operation
from dashboard.people import held
from dashboard.sign_in.attempts import _key
from tests.factories import make_link

KEYS = ["frozen-key-number-one-0123456789abcdef", "frozen-key-number-two-0123456789abcdef"]
KEY_IDS = ["bea9371f", "c69a9261"]
CONSOLE = Console(pk=7, api_url="https://api.cyclr.test", client_id="desk-frozen")


@pytest.fixture(autouse=True)
def keys_of_then(settings: Any) -> None:
    """The keys that everything here was made with."""
    settings.CREDENTIAL_KEYS = KEYS


ENCRYPTED = [
    (
        BulkRow(run=BulkRun(reference="bkfrozen1"), number=3).associated_data,
        "what it holds: ü bulk_row",
        "v1.bea9371f.rWQYGba-Ttw0lPNIDF9FYL1p8KA1xuCQga7WgSsTtOSNkDZWxKz-c0IbLUxO4xJGwFEQSqaJ",
    ),
    (
        LookUp(pk=11).associated_data,
        "what it holds: ü look_up",
        "v1.bea9371f.svteJvqEf66v6LCZv1L6vb8nJ0dNFBhycomUw7YfpBjzUvrzGhnPn4hXlaCP_Um3XKI7R7U=",
    ),
    (
        CONSOLE.associated_data,
        "what it holds: ü console",
        "v1.bea9371f.XNZ54LLQCF-AR3f44lO60uJBOCMue-skfqnWlb2KN9KQY1jr0Z2YM3SgWvmWFFjPJfnMe60=",
    ),
    (
        CONSOLE.former_associated_data,
        "what it holds: ü console_former",
        "v1.bea9371f.RsthJFS2A-0FvJuZ6Sk3LotmwQJhyWB4q9IifUsvcs_MyAO7k3kDg67N5nvcNgHbx11duHEe2jZ5eHuH",
    ),
    (
        ConnectAttempt(public_id="frozenattempt").associated_data,
        "what it holds: ü attempt",
        "v1.bea9371f.eKAWujaqCfFOgdUEdSL5gxD1oLArLqOcSUy2kN8tujUQ6p9Hx3wkCH0zRwYZ1U4XGEvQC4U=",
    ),
    (
        Webhook(console_id=7).associated_data,
        "what it holds: ü webhook",
        "v1.bea9371f.P0h9rTmQFobJuCFPDy9MQFofgRQ0-g1GEoGKC-7yOUdu02OmDeULJhb_bf-tDMRJxl4obcQ=",
    ),
    (
        Operation(reference="opfrozen1").associated_data,
        "what it holds: ü operation",
        "v1.bea9371f.i9V17AYyVkLVHej8aLdAI_OnUYzJs9k4mV7lSbtgwFQm85GeVwdXalACx8H3UcBGbxk78-JYSQ==",
    ),
    (
        held.PLACE,
        "what it holds: ü held",
        "v1.bea9371f.vz_i27dzucUcPUbbQ79r5yez1MYW4qlDPo7ureNnqcCQ-rYyYQIYULo1e6-Kod4zD5k=",
    ),
    (
        SharedTokens(CONSOLE)._place,
        "what it holds: ü token",
        "v1.bea9371f.Pvpxzo63io0ieXfmSH5ZyLTdNapsRgrVRQZQXi7rG0iSvB9oZr37tXHRZc62p5iWDKp4",
    ),
]
"""Where something stands, what it is, and how it was stored."""


@pytest.mark.parametrize(("place", "plain", "stored"), ENCRYPTED)
def test_a_stored_secret_opens(place: str, plain: str, stored: str) -> None:
    assert encryption.decrypt(stored, associated_data=place) == plain


def test_keys_have_the_names_that_are_stored_with_links() -> None:
    assert encryption.known_key_ids() == KEY_IDS


TOKEN = "aerukz4jvpg66bb3zs25awqvqqq7ncl6xrzthrfjv2kyxnlupn2xjz7qcytj4ysk"


@pytest.mark.django_db
def test_a_link_in_a_customers_hands_is_found() -> None:
    link = make_link(public_id="0123456789abcdef", key_id=KEY_IDS[0])

    assert encryption.token_for(link.public_id, purpose="link", key=link.key_id) == TOKEN
    assert link.token() == TOKEN
    assert find(TOKEN) == link


def test_a_mail_tried_again_has_the_same_message_id() -> None:
    mail = LinkMail(pk=42, link=Link(key_id=KEY_IDS[0]))

    assert OUTBOX.message_id_of(mail).startswith("<206086a6bff1c03a95ae97cd2fb592c7@")


def test_input_has_the_same_fingerprint() -> None:
    assert (
        encryption.fingerprint("what was typed")
        == "f7dcd4fac7e64d9b269ff483f6f801f1a060619a868d22f372bee7f472303cdc"
    )


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        ("email", "61e0a629057f86237d8ba2d6c421f7fdd405f25cd3d09a438676fcb5288c2728"),
        ("address", "ffeee86922d390d45438c6364362332acef3ca3826c8d074a9db9b48e4a1b4ed"),
    ],
)
def test_failed_sign_ins_are_counted_under_the_same_key(kind: str, stored: str) -> None:
    assert _key(kind, "x@example.com") == stored


def test_a_webhooks_receiver_finds_the_same_signature() -> None:
    assert (
        signature("secret-of-a-webhook", 1_760_000_000, b'{"kind":"test"}')
        == "aad79be2b07c883abb1ed29171785178a1111b9656592704ea940e099ca88d94"
    )


def test_cookies_and_the_held_form_have_the_same_names() -> None:
    assert (languages.COOKIE, pages.COOKIE, held.KEY) == ("lang", "link", "held-form")


TASKS = [
    "dashboard.connectors.tasks.look_up",
    "dashboard.connectors.tasks.prove_connector",
    "dashboard.installs.tasks.tidy_description",
    "dashboard.jobs.tasks.beat",
    "dashboard.links.tasks.check_account",
    "dashboard.links.tasks.mint_token",
    "dashboard.links.tasks.send_mail",
    "dashboard.mirror.tasks.compare_console",
    "dashboard.mirror.tasks.probe_console",
    "dashboard.mirror.tasks.refresh_account",
    "dashboard.mirror.tasks.run_sync",
    "dashboard.notices.tasks.deliver",
    "dashboard.notices.tasks.send_mail",
    "dashboard.operations.tasks.run_operation",
]
"""The names in messages that are under way during an upgrade."""


@pytest.mark.parametrize("name", TASKS)
def test_a_message_under_way_finds_its_task(name: str) -> None:
    app.loader.import_default_modules()

    assert ALIASES.get(name, name) in app.tasks


ACTIONS = [
    "bulk.confirm",
    "bulk.end",
    "bulk.export",
    "bulk.pause",
    "bulk.resume",
    "bulk.retry",
    "bulk.start",
    "connectors.choose_proof",
    "connectors.drop_proof",
    "connectors.set_properties",
    "connectors.test",
    "consoles.add",
    "consoles.adopt",
    "installs.install",
    "links.ask",
    "links.connect",
    "links.create",
    "links.edit",
    "links.enter",
    "links.extend",
    "links.extend_all",
    "links.mail",
    "links.remind",
    "links.resend_all",
    "links.revoke",
    "links.revoke_all",
    "links.sent",
    "links.unsubscribe",
    "operations.bring_back",
    "operations.cancel",
    "operations.dismiss",
    "operations.retry",
    "settings.brand",
]


def test_every_audit_word_is_known() -> None:
    assert set(ACTIONS) <= set(labels.LABELS)


NOTICE_KINDS = [
    "app-connected",
    "connector-gone",
    "entry-refused",
    "link-connected",
    "link-expires",
    "mail-bounced",
    "mail-refused",
    "new-link-asked",
    "other-account",
    "starts-failed",
]


def test_every_notice_kind_is_known() -> None:
    assert set(NOTICE_KINDS) <= set(KINDS)


OPERATION_KINDS = [
    "connectors.set_properties",
    "installs.install",
    "links.create",
    "links.enter",
]


def test_every_operation_kind_is_known() -> None:
    assert set(OPERATION_KINDS) <= set(handlers.kinds())


STORED = {
    "people_membership.role": ["1", "2", "3", "4"],
    "operations_operation.state": [
        "cancelled",
        "done",
        "failed",
        "queued",
        "running",
        "sent",
        "unsure",
    ],
    "operations_operation.reason": [
        "broken",
        "gave-up",
        "needs-a-person",
        "not-allowed",
        "refused",
    ],
    "bulk_bulkrun.state": ["draft", "ended", "paused", "running"],
    "notices_noticemail.state": ["dropped", "failed", "sent", "waiting"],
    "notices_webhook.shape": ["full", "text"],
    "notices_webhookdelivery.state": ["dropped", "failed", "sent", "waiting"],
    "connectors_lookup.kind": ["answer", "choices", "methods"],
    "links_link.state": [
        "connected",
        "created",
        "opened",
        "partly-connected",
        "returned",
        "sent",
        "started",
    ],
    "links_linkitem.state": [
        "connected",
        "created",
        "opened",
        "partly-connected",
        "returned",
        "sent",
        "started",
    ],
    "links_mint.state": ["failed", "over", "ready", "used", "waiting"],
    "links_linkmail.kind": ["invitation", "reminder"],
    "links_linkmail.state": ["bounced", "dropped", "failed", "sent", "waiting"],
}
"""The values that stand in columns, by table and column."""


@pytest.mark.parametrize("column", STORED)
def test_every_stored_value_is_known(column: str) -> None:
    table, name = column.split(".")
    model = next(one for one in apps.get_models() if one._meta.db_table == table)
    field = next(one for one in model._meta.local_fields if one.column == name)

    assert {str(value) for value, _ in field.flatchoices} >= set(STORED[column])


LABELS = {
    "accounts",
    "audit",
    "bulk",
    "campaigns",
    "common",
    "connectors",
    "consoles",
    "customer",
    "cycles",
    "fleet",
    "installs",
    "jobs",
    "library",
    "links",
    "mirror",
    "notices",
    "operations",
    "overview",
    "people",
    "settings_pages",
}

TABLES = {
    "audit_auditentry",
    "bulk_bulkrow",
    "bulk_bulkrun",
    "connectors_lookup",
    "connectors_proofmethod",
    "connectors_proofrun",
    "consoles_branding",
    "consoles_console",
    "consoles_consolechange",
    "installs_draft",
    "jobs_heartbeat",
    "links_accountcheck",
    "links_link",
    "links_linkevent",
    "links_linkitem",
    "links_linkmail",
    "links_mint",
    "mirror_account",
    "mirror_accountconnector",
    "mirror_catalogueconnector",
    "mirror_dailyfigure",
    "mirror_installrefusal",
    "mirror_syncrun",
    "notices_mailtrouble",
    "notices_notice",
    "notices_noticemail",
    "notices_noticeseen",
    "notices_noticewish",
    "notices_webhook",
    "notices_webhookdelivery",
    "operations_operation",
    "operations_operationevent",
    "people_membership",
    "people_signinfailure",
    "people_user",
}


def test_every_table_and_every_app_keeps_its_name() -> None:
    assert {one._meta.db_table for one in apps.get_models()} >= TABLES
    assert {one.label for one in apps.get_app_configs()} >= LABELS
