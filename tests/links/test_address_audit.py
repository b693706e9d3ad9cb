"""Who was shown a link's address, or its QR code, is recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.links.models import Link
from dashboard.people.models import Role
from tests.factories import make_link, make_user

pytestmark = pytest.mark.django_db


def pages(link: Link) -> list[tuple[str, str]]:
    return [
        (reverse("link_list"), "links.show_address"),
        (reverse("link_detail", args=[link.pk]), "links.show_address"),
        (reverse("link_account_tab", args=[link.account.pk]), "links.show_address"),
        (reverse("link_send", args=[link.pk]), "links.show_address"),
        (reverse("link_letter", args=[link.pk]), "links.show_address"),
        (reverse("link_qr", args=[link.pk, "svg"]), "links.show_qr"),
    ]


@pytest.mark.parametrize("number", range(6))
def test_each_page_with_an_address_is_recorded_once_a_while(number: int) -> None:
    link = make_link(recipient_email="ann@example.com")
    client = Client()
    client.force_login(make_user(Role.AGENT))
    url, action = pages(link)[number]

    client.get(url)
    client.get(url)

    entry = AuditEntry.objects.get(action__startswith="links.show")
    assert (entry.action, entry.target_url) == (action, link.get_absolute_url())
    assert link.token() not in str(AuditEntry.objects.values())
    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        client.force_login(make_user(Role.AGENT))
        client.get(url)
    assert AuditEntry.objects.filter(action=action).count() == 2


def test_who_may_not_send_links_is_shown_none() -> None:
    link = make_link()
    client = Client()
    client.force_login(make_user(Role.VIEWER))

    for url, _ in pages(link):
        client.get(url)

    assert not AuditEntry.objects.filter(action__startswith="links.show").exists()
