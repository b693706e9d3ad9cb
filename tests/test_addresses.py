"""Addresses of earlier releases: tickets, mails and bookmarks hold them."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

TOKEN = "abcd2345" * 8
OF_0_1 = [
    "/",
    "/sync-health/",
    "/healthz",
    "/readyz",
    "/sign-in/",
    "/sign-out/",
    "/accounts/",
    "/accounts/refresh/",
    "/accounts/5/",
    "/accounts/5/activity/",
    "/accounts/5/refresh/",
    "/accounts/5/install/",
    "/accounts/5/install/6/",
    "/accounts/5/install/6/check/",
    "/accounts/5/install/6/discard/",
    "/library/5/install/",
    "/library/5/install/table/",
    "/connectors/5/",
    "/connectors/5/test/",
    "/connectors/5/setup/",
    "/connectors/5/setup/look-up/",
    "/connectors/",
    "/library/",
    "/library/5/",
    "/c/brand/7/0a1b",
    "/c/brand/123abc.css",
    "/c/m/abcd2345",
    "/c/r/abcd2345",
    f"/c/{TOKEN}",
    f"/c/{TOKEN}/8/continue",
    f"/c/{TOKEN}/8/form",
    f"/c/{TOKEN}/8/entry",
    f"/c/{TOKEN}/ask",
    f"/c/{TOKEN}/reminders",
    "/links/campaigns/",
    "/links/campaigns/new/",
    "/links/campaigns/new/table/",
    "/links/campaigns/opabc123/",
    "/links/campaigns/opabc123/resend/",
    "/links/campaigns/opabc123/extend/",
    "/links/campaigns/opabc123/revoke/",
    "/links/campaigns/opabc123/export/",
    "/links/",
    "/links/5/",
    "/links/5/revoke/",
    "/links/5/extend/",
    "/links/5/edit/",
    "/links/5/send/",
    "/links/5/letter/",
    "/links/5/sent/",
    "/links/5/send-anew/",
    "/links/5/qr.svg",
    "/links/5/reminders/",
    "/accounts/5/links/",
    "/accounts/5/links/new/",
    "/accounts/5/links/panel/",
    "/templates/",
    "/cycles/",
    "/notices/",
    "/notices/bell/",
    "/notices/seen/",
    "/notices/wishes/",
    "/operations/",
    "/operations/opabc123/",
    "/operations/opabc123/cancel/",
    "/operations/opabc123/dismiss/",
    "/operations/opabc123/retry/",
    "/bulk/",
    "/bulk/opabc123/",
    "/bulk/opabc123/start/",
    "/bulk/opabc123/confirm/",
    "/bulk/opabc123/pause/",
    "/bulk/opabc123/resume/",
    "/bulk/opabc123/end/",
    "/bulk/opabc123/retry/",
    "/bulk/opabc123/export/",
    "/audit/",
    "/audit/export/",
    "/settings/",
    "/settings/console/5/",
    "/settings/webhook/",
    "/settings/webhook/5/",
    "/settings/webhook/5/secret/",
    "/settings/webhook/5/switch/",
    "/settings/webhook/5/test/",
    "/settings/webhook/5/deliveries/9/again/",
    "/settings/proof/",
    "/settings/proof/5/",
    "/settings/proof/5/look-up/",
    "/settings/proof/5/try/",
    "/settings/proof/5/identity/",
    "/settings/proof/5/remove/",
    "/settings/branding/",
    "/settings/branding/preview/",
]
"""Every address that release 0.1.0 had, with something filled in."""


def leads_somewhere(path: str) -> bool:
    """Whether the URL conf has a view of its own for an address."""
    try:
        return resolve(path).view_name != "link_glued"
    except Resolver404:
        return False


@pytest.mark.parametrize("path", [path for path in OF_0_1 if not path.startswith("/c/")])
@pytest.mark.django_db
def test_an_address_of_0_1_answers_or_leads_on_for_good(client: Client, path: str) -> None:
    assert leads_somewhere(path)

    answer = client.get(f"{path}?q=a%26b&q=c")

    if answer.status_code in {301, 308}:
        to = urlsplit(answer.headers["Location"])
        assert leads_somewhere(to.path)
        assert to.query == "q=a%26b&q=c"
    else:
        assert answer.status_code != 404


@pytest.mark.parametrize("path", [path for path in OF_0_1 if path.startswith("/c/")])
@pytest.mark.django_db
def test_a_customers_address_of_0_1_is_never_moved(client: Client, path: str) -> None:
    assert leads_somewhere(path)

    assert client.get(path).status_code not in {301, 308}
