"""Secrets typed into every form that takes one: no page, part, export, log or column has them."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from cyclr_api.simulator import CyclrState
from dashboard.bulk.models import BulkRun
from dashboard.installs.many.form import InstallManyForm
from dashboard.methods.models import MethodCall, SavedCall
from dashboard.mirror import sync
from dashboard.mirror.models import Account, Cycle, Template
from dashboard.people.models import Role
from tests.accounts.conftest import send as send_account
from tests.connector_changes.conftest import named
from tests.connector_changes.conftest import send as send_change
from tests.factories import make_user
from tests.installs.test_install_operation import fill
from tests.methods.conftest import method, read
from tests.methods.conftest import send as send_call
from tests.methods.conftest import work as call_work
from tests.pages import signed_in, text_of
from tests.simulated import Hands, library
from tests.support.tables import rows_of_all

OF_EACH = 3
"""Pages of one kind that are looked at."""
WORDS = (
    *("install", "line", "several", "credentials", "setting"),
    *("webhook", "call", "refused"),
)
SECRETS = {word: f"canary{place}-{word}-7c1f" for place, word in enumerate(WORDS)}

MUST_BE_SEEN = {
    *("connector_detail", "connector_edit", "connector_settings", "connector_credentials"),
    *("connector_native", "connector_deauthenticate", "connector_delete"),
    *("method_list", "method_detail", "method_call", "method_call_save"),
    *("account_detail", "account_edit", "account_settings", "account_delete", "account_new"),
    *("cycle_list", "cycle_detail", "cycle_activate", "cycle_delete"),
    *("template_list", "template_detail", "template_install"),
    *("operation_list", "operation_detail", "audit_list", "audit_export"),
    *("bulk_run_detail", "bulk_run_export", "install_many", "install_several", "install_new"),
}


@pytest.fixture
def lead(db: None) -> Client:
    """A browser of somebody who may see everything."""
    return signed_in(make_user(Role.ADMIN))


def type_them_everywhere(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> list[str]:
    """Each form that takes a secret, sent right and refused; the answers to what was refused."""
    answers = []
    url, data = fill(harbour, "Freshdesk", **{"auth-key": SECRETS["install"]})
    answers.append(lead.post(url, data | {"name": ""}))
    lead.post(url, data)
    freshdesk = library("Freshdesk")
    account = Account.objects.exclude(pk=harbour.pk).filter(gone_at=None)[0]
    table = f"Account id,API key\n{account.cyclr_id},{SECRETS['line']}"
    many = {
        "submission": str(uuid.uuid4()),
        "release": str(freshdesk.release_id),
        "name": "Freshdesk",
        "method": InstallManyForm(freshdesk).method_key,
        "table": table,
        "parameter-0": "x.example",
    }
    answers.append(lead.post(reverse("install_many", args=[freshdesk.pk]), many | {"name": ""}))
    lead.post(reverse("install_many", args=[freshdesk.pk]), many)
    several = {
        "submission": str(uuid.uuid4()),
        "table": f"Account id,Connector,API key,Freshdesk Domain\n{account.cyclr_id},Freshdesk,"
        f"{SECRETS['several']},x\nnobody,Freshdesk,{SECRETS['several']},x",
    }
    answers.append(lead.post(reverse("install_several"), several | {"submission": ""}))
    lead.post(reverse("install_several"), several)

    shopify = named(harbour, "Shopify")
    key = {"auth-key": SECRETS["credentials"]}
    answers.append(send_change(lead, "connector_credentials", shopify, **key, seen="old"))
    send_change(lead, "connector_credentials", shopify, **key)
    hands.work()
    cyclr.faults.respond(
        "PUT", "/account/connectors/{id}", 400, body={"Message": SECRETS["refused"]}, times=1
    )
    send_change(lead, "connector_credentials", shopify, **{"auth-key": SECRETS["refused"]})
    hands.work()
    setting = {"new-name": "Client secret", "new-value": SECRETS["setting"]}
    answers.append(send_change(lead, "connector_settings", shopify, **setting, seen="old"))
    send_change(lead, "connector_settings", shopify, **setting)
    hands.work()

    webhook = {"is_error_webhook_enabled": "on"}
    webhook |= {"error_webhook_url": f"https://hooks.example/{SECRETS['webhook']}"}
    edit = reverse("account_edit", args=[harbour.pk])
    answers.append(send_account(lead, edit, **webhook, success_retention_hours="x"))
    send_account(lead, edit, **webhook)
    hands.work()

    mailchimp = named(harbour, "MailChimp")
    read(mailchimp)
    listing = method(mailchimp, "List Subscribers")
    listing.inputs[0] |= {"is_sensitive": True, "data_type": "Text"}
    listing.save()
    typed = {"value-0": SECRETS["call"]}
    answers.append(send_call(lead, mailchimp, listing.name, **typed, **{"value-1": "x"}))
    send_call(lead, mailchimp, listing.name, **typed)
    call_work()
    call = MethodCall.objects.get()
    save = reverse("method_call_save", args=[mailchimp.pk, call.pk])
    lead.post(save, {"name": "Nightly", "is_shared": "on"})
    assert SavedCall.objects.exists() and call.outcome == "answered"
    return [text_of(answer) for answer in answers]


def addresses_in(html: str, base: str) -> Iterator[str]:
    """What the page leads to, and the parts that it asks for by itself."""
    for written in re.findall(r'(?:href|hx-get|src|action|formaction)="([^"]+)"', html):
        parts = urlsplit(urljoin(base, unescape(written)))
        if not parts.netloc and not parts.path.startswith(("/static/", "/sign-out")):
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def kind_of(address: str) -> str:
    """The name of the page; empty for none of ours."""
    try:
        return resolve(urlsplit(address).path).url_name or ""
    except Resolver404:
        return ""


def body_of(answer: Any) -> str:
    """All of an answer: its headers, and what is streamed."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return f"{dict(answer.headers)}{content.decode('utf-8', 'replace')}"


def walk(browser: Client, starts: list[str]) -> Iterator[tuple[str, str, str]]:
    """Name, address and body of the pages that there are, some of each kind, and of their parts."""
    waiting, seen, count = [*starts], set(starts), Counter[str]()
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        if not kind or count[kind] >= OF_EACH:
            continue
        count[kind] += 1
        answer = browser.get(address)
        body = body_of(answer)
        yield kind, address, body
        yield kind, f"part of {address}", body_of(browser.get(address, headers={"HX-Request": "1"}))
        found = [one for one in addresses_in(body, address) if one not in seen]
        seen.update(found)
        waiting += found


def test_no_secret_that_was_typed_is_shown_stored_or_logged(
    cyclr: CyclrState,
    harbour: Account,
    lead: Client,
    hands: Hands,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sync.refresh_templates(harbour.console)
    refused = type_them_everywhere(cyclr, harbour, lead, hands)
    arrived = [one.auth_value for one in cyclr.installed[harbour.cyclr_id]]
    cycle = Cycle.objects.filter(account=harbour, is_active=False)[0]
    template = Template.objects.filter(gone_at=None)[0]
    runs = [run.get_absolute_url() for run in BulkRun.objects.all()]
    starts = ["/", harbour.get_absolute_url(), cycle.get_absolute_url(), *runs]
    starts += [named(harbour, name).get_absolute_url() for name in ("Shopify", "MailChimp")]
    starts += [reverse("template_install", args=[harbour.pk, template.pk])]

    pages = list(walk(lead, starts))

    assert SECRETS["credentials"] in arrived, "nothing was brought to Cyclr"
    missing = MUST_BE_SEEN - {kind for kind, _, _ in pages}
    assert not missing, f"not looked at: {sorted(missing)}"
    everything = [("a form that was refused", one) for one in refused]
    everything += [(address, body) for _, address, body in pages]
    everything += [("the log", caplog.text)]
    everything += [(model._meta.label, str(rows)) for model, rows in rows_of_all().items()]
    shown = [
        (word, where)
        for where, content in everything
        for word, secret in SECRETS.items()
        if secret in content
    ]
    assert not shown
