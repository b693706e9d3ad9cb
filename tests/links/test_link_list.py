"""The staff's list of links: live while one of those shown can move, and cheap meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.links.models import Link, LinkState
from tests.factories import make_account, make_link

SWAP = {"HX-Request": "true"}


def part(agent: Client, path: str, seen: str = "") -> Any:
    """The table as htmx asks for it, from a page that shows a version."""
    return agent.get(path, headers={**SWAP, "X-Seen": seen} if seen else SWAP)


def version(response: Any) -> str:
    """Which version the table says it shows."""
    found = re.search(r'"X-Seen": "([0-9a-f]+)"', response.content.decode())
    assert found, response.content.decode()[:300]
    return found.group(1)


@pytest.fixture(params=["list", "account"])
def path(request: pytest.FixtureRequest, agent: Client) -> str:
    """The two places that show the table, with one link."""
    link = make_link()
    if request.param == "list":
        return f"{reverse('link_list')}?q={link.account.cyclr_id}&show=waiting"
    return reverse("link_account_tab", args=[link.account_id])


def test_the_table_looks_again_at_what_it_shows(agent: Client, path: str) -> None:
    page = agent.get(path).content.decode()

    assert 'hx-trigger="poll-1s from:body"' not in page.split('id="link-table"')[1]
    table = re.search(r'<div id="link-table"[^>]*>', page)
    assert table and 'hx-trigger="poll-5s from:body"' in table.group(0)
    assert f'hx-get="{path.replace("&", "&amp;")}"' in table.group(0)


def test_nothing_is_drawn_while_nothing_changed(
    agent: Client, path: str, django_assert_max_num_queries: Any
) -> None:
    seen = version(part(agent, path))
    with django_assert_max_num_queries(12):
        assert part(agent, path, seen).status_code == 204
    Link.objects.update(state=LinkState.OPENED)
    answer = part(agent, path, seen)

    assert answer.status_code == 200
    assert "Opened" in answer.content.decode()
    assert version(answer) != seen


def test_a_list_in_which_nothing_can_move_is_left_alone(agent: Client) -> None:
    long_ago = timezone.now() - timedelta(days=1)
    make_link(expires_at=long_ago, moved_at=long_ago)
    answer = part(agent, reverse("link_list"))

    assert b'id="link-table"' in answer.content
    assert b"hx-trigger" not in answer.content


def test_another_page_of_the_list_is_never_taken_for_this_one(agent: Client) -> None:
    account = make_account()
    make_link(account=account)
    seen = version(part(agent, reverse("link_list")))

    assert part(agent, f"{reverse('link_list')}?q=nobody", seen).status_code == 200


def test_reading_the_list_costs_the_same_for_many(
    agent: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        make_link()
    seen = version(part(agent, reverse("link_list")))
    with django_assert_max_num_queries(8):
        assert part(agent, reverse("link_list"), seen).status_code == 204
