"""Two pages that say what this version does not show."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.people.models import Role
from tests.factories import make_user


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "heading"), [("template_list", "Templates"), ("cycle_list", "Cycles")]
)
def test_the_page_is_honest_and_leads_on(client: Client, name: str, heading: str) -> None:
    client.force_login(make_user(Role.VIEWER))

    page = client.get(reverse(name)).content.decode()

    assert f"<h1>{heading}</h1>" in page
    assert f"This version does not show {heading.lower()}" in page
    assert f'href="{reverse("connector_list")}"' in page
    assert "<table" not in page
